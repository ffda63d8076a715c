"""Convolutions over packed weights against those over dense ones."""

import pytest
import torch
import torch.nn.functional as F

from explorer.models import packed
from explorer.models.packed import PackedConv, has_packed
from tests.models.synthetic import random_network


@pytest.mark.parametrize("can", [True, False])
@pytest.mark.parametrize("stride", [(2, 2), (1, 2)])
@pytest.mark.parametrize("size", [(4, 4), (3, 9)])
def test_it_equals_the_dense_sum(size, stride, can, monkeypatch):
    if can and not has_packed():
        pytest.skip("this build of torch lacks the operations")
    monkeypatch.setattr(packed, "has_packed", lambda: can)
    random = torch.Generator().manual_seed(0)
    weight = torch.randn(32, 48, 3, 3, generator=random).contiguous(memory_format=torch.channels_last)
    up = PackedConv(lambda: weight, transposed=True, stride=stride)
    same = PackedConv(lambda: weight.transpose(0, 1), transposed=False, padding=(1, 1))
    assert up.tensors() == same.tensors() == []
    for height, width in (size, (5, 6)):
        x = torch.randn(1, 32, height, width, generator=random).contiguous(memory_format=torch.channels_last)
        wanted = F.conv_transpose2d(x.double(), weight.double(), stride=stride)
        torch.testing.assert_close(up(x).double(), wanted, rtol=1e-4, atol=1e-4)
        wanted = F.conv2d(x.double(), weight.transpose(0, 1).double(), padding=1)
        torch.testing.assert_close(same(x).double(), wanted, rtol=1e-4, atol=1e-4)
        assert torch.equal(up(x), up(x))
        assert up(x).is_contiguous(memory_format=torch.channels_last)
    assert len(up.tensors()) == 1


def test_a_network_packs_its_widest_layers_for_single_pictures():
    network = random_network("skip", 8, channels={4: 256, 8: 256})
    assert [form.packed for form in network.forms.rows.values()] == [False, True, True]
    ws = network.mapping(torch.cat([network.latent(seed) for seed in (1, 2)]))
    both = network.synthesis(ws)
    drawn = network.nbytes
    one = network.synthesis(ws[:1])
    assert network.nbytes == drawn + 2 * 4 * 9 * 256 * 256
    torch.testing.assert_close(one, both[:1], rtol=1e-4, atol=1e-4)
