"""Large pictures doubled a strip at a time, against all at once."""

from unittest.mock import Mock

import pytest
import torch

from explorer.models import modulated
from explorer.models.generator import NoisePlan
from explorer.models.modulated import ModulatedConv
from tests.models.synthetic import random_network


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("arch", ["skip", "resnet"])
@pytest.mark.parametrize("noise", [NoisePlan("const"), NoisePlan("const", strength=2.5), NoisePlan("none")])
def test_strips_of_any_height_make_the_same_picture(rows, arch, noise, monkeypatch):
    network = random_network(arch, 16, channels={4: 8, 8: 4, 16: 4}, conv_clamp=2.0)
    assert [form.kind for form in network.forms.rows.values()].count("weights") > 1
    ws = torch.cat([network.mapping(network.latent(seed)) for seed in (1, 2)])
    wanted = [network._walk(w[None], noise, None) for w in ws]
    strips = Mock(side_effect=ModulatedConv._up_in_strips, autospec=True)
    monkeypatch.setattr(ModulatedConv, "_up_in_strips", lambda *args: strips(*args))
    monkeypatch.setattr(modulated, "_STRIP_ROWS", rows)
    for w, one in zip(ws, wanted, strict=True):
        found = network._walk(w[None], noise, None)
        assert float((found - one).abs().max() / one.abs().max()) < 1e-5
    assert strips.called
    strips.reset_mock()
    both = network._walk(ws, noise, None)
    followed = network.differentiable_synthesis(ws[:1].clone().requires_grad_(), noise).detach()
    assert not strips.called, "neither several samples nor gradients"
    assert float((both[:1] - wanted[0]).abs().max() / wanted[0].abs().max()) < 1e-5
    assert float((followed - wanted[0]).abs().max() / wanted[0].abs().max()) < 1e-5
