"""The layer that reads the network's constant, against the ordinary convolution of it."""

import pytest
import torch
import torch.nn.functional as F

from explorer.models.constant import ConstantConv
from tests.models.synthetic import random_network


@pytest.mark.parametrize("size", [(4, 4), (2, 5)])
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_it_equals_the_ordinary_sum(size, layout):
    random = torch.Generator().manual_seed(0)
    const = torch.randn(1, 6, *size, generator=random).contiguous(memory_format=layout)
    weight, style = torch.randn(8, 6, 3, 3, generator=random), torch.randn(3, 6, generator=random)
    conv = ConstantConv(weight, const)
    for n in (1, 3):
        found = conv(style[:n])
        wanted = F.conv2d(const * style[:n, :, None, None], weight, padding=1)
        assert found.shape == wanted.shape
        assert found.is_contiguous(memory_format=torch.channels_last)
        assert float((found - wanted).abs().max() / wanted.abs().max()) < 1e-6


def test_it_draws_with_memory_of_its_own():
    """What it was given may lie in a file that is gone by the next picture."""
    weight = torch.randn(8, 6, 3, 3)
    conv, style = ConstantConv(weight, torch.randn(1, 6, 4, 4)), torch.randn(1, 6)
    first = conv(style)
    weight.zero_()
    assert torch.equal(conv(style), first)


@pytest.mark.parametrize("arch", ["skip", "resnet", "orig"])
def test_a_network_uses_it_where_no_gradients_are_followed(arch):
    network = random_network(arch, 16, channels={4: 32, 8: 32, 16: 16})
    assert [form.kind for form in network.forms.rows.values()].count("constant") == 1
    assert str(network.forms).splitlines()[0].endswith("constant")
    ws = network.mapping(torch.randn(2, network.z_dim, generator=torch.Generator().manual_seed(1)))
    followed = network.differentiable_synthesis(ws.clone().requires_grad_()).detach()
    found = network.synthesis(ws)
    assert float((found - followed).abs().max() / followed.abs().max()) < 1e-5
