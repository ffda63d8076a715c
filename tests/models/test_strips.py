"""Large pictures doubled a strip at a time, against all at once."""

from unittest.mock import Mock

import pytest
import torch

from explorer.models import forms, modulated
from explorer.models.generator import NoisePlan
from explorer.models.modulated import ModulatedConv
from explorer.models.stylegan2 import StyleGAN2
from tests.models.synthetic import random_network

NARROW = {4: 8, 8: 4, 16: 4, 32: 4}
WIDE = {4: 16, 8: 64, 16: 64}


@pytest.fixture
def strips(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Says how often a picture was drawn in strips, from when `cut` was called."""
    told = Mock(side_effect=ModulatedConv._up_in_strips, autospec=True)
    monkeypatch.setattr(ModulatedConv, "_up_in_strips", lambda *args: told(*args))
    return told


def cut(monkeypatch: pytest.MonkeyPatch, nbytes: int) -> None:
    monkeypatch.setattr(modulated, "_STRIPS_FROM", 1)
    monkeypatch.setattr(modulated, "_STRIP_BYTES", nbytes)


def latents(network: StyleGAN2) -> torch.Tensor:
    return torch.cat([network.mapping(network.latent(seed)) for seed in (1, 2)])


def difference(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found - wanted).abs().max() / wanted.abs().max())


@pytest.mark.parametrize("nbytes", [1, 1500, 4000, 9000])
@pytest.mark.parametrize("arch", ["skip", "resnet"])
@pytest.mark.parametrize("noise", [NoisePlan("const"), NoisePlan("const", strength=2.5), NoisePlan("none")])
def test_strips_of_any_height_make_the_same_picture(nbytes, arch, noise, monkeypatch, strips):
    network = random_network(arch, 32, channels=NARROW, conv_clamp=2.0)
    assert [form.kind for form in network.forms.rows.values()].count("weights") > 1
    ws = latents(network)
    wanted = [network._walk(w[None], noise, None) for w in ws]
    assert not strips.called
    cut(monkeypatch, nbytes)
    for w, one in zip(ws, wanted, strict=True):
        assert difference(network._walk(w[None], noise, None), one) < 1e-5
    assert strips.called
    strips.reset_mock()
    both = network._walk(ws, noise, None)
    followed = network.differentiable_synthesis(ws[:1].clone().requires_grad_(), noise).detach()
    assert not strips.called, "neither several samples nor gradients"
    assert difference(both[:1], wanted[0]) < 1e-5
    assert difference(followed, wanted[0]) < 1e-5


@pytest.mark.parametrize("nbytes", [1, 20_000, 40_000])
def test_strips_are_made_in_whatever_form_a_layer_has(nbytes, monkeypatch, strips):
    monkeypatch.setattr(forms, "NARROW_ROWS_FROM", 9 * 64 * 64 * 64)
    network = random_network("skip", 16, channels=WIDE)
    assert [form.kind for layer, form in network.forms.rows.items() if layer.up] == ["activations", "rows"]
    ws = latents(network)[:1]
    wanted = network.synthesis(ws)
    cut(monkeypatch, nbytes)
    assert difference(network.synthesis(ws), wanted) < 1e-5
    assert strips.call_count == (2 if nbytes < 20_736 else 1)


def test_small_pictures_are_drawn_at_once(strips):
    network = random_network("skip", 32, channels=NARROW)
    network.synthesis(latents(network)[:1])
    assert not strips.called
