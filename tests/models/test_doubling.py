"""The transposed convolution in fewer multiplications against the ordinary one."""

import weakref
from unittest.mock import Mock

import pytest
import torch
import torch.nn.functional as F

from explorer.models import forms
from explorer.models.doubling import DoublingConv
from tests.models.synthetic import random_network


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("size", [(1, 3), (4, 4), (5, 7), (9, 2), (10, 6), (24, 5), (32, 3)])
def test_it_equals_the_ordinary_sum(size: tuple[int, int], n: int) -> None:
    generator = torch.Generator().manual_seed(sum(size))
    x = torch.randn(n, 6, *size, generator=generator).contiguous(memory_format=torch.channels_last)
    weight = torch.randn(6, 4, 3, 3, generator=generator)
    before = x.clone()
    conv = DoublingConv(weight)
    found = conv(x)
    wanted = F.conv_transpose2d(x.double(), weight.double(), stride=2)
    assert found.shape == wanted.shape
    assert float((found - wanted).abs().max() / wanted.abs().max()) < 3e-6
    assert torch.equal(x, before)
    assert n > 1 or found.is_contiguous(memory_format=torch.channels_last)
    assert all(torch.equal(conv(one), both) for one, both in zip(x.split(1), found.split(1), strict=True))


def test_its_weights_are_made_when_it_first_draws() -> None:
    conv = DoublingConv(torch.randn(6, 4, 3, 3))
    opened = len(conv.tensors())
    conv(torch.randn(1, 6, 8, 8))
    assert len(conv.tensors()) == opened + 7


def test_it_is_gone_when_its_layer_is() -> None:
    conv = DoublingConv(torch.randn(6, 4, 3, 3))
    conv(torch.randn(1, 6, 8, 8))
    gone = weakref.ref(conv)
    del conv
    assert gone() is None  # without waiting for cycles to be looked for


def test_a_network_uses_it_where_layers_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    channels = {4: 16, 8: 64, 16: 64}
    ordinary = random_network("skip", 16, channels=channels)
    assert "rows" not in str(ordinary.forms)
    monkeypatch.setattr(forms, "NARROW_ROWS_FROM", 9 * 64 * 64 * 64)
    network = random_network("skip", 16, channels=channels)
    assert [line.rsplit(": ")[1] for line in str(network.forms).splitlines() if "doubled" in line] == [
        "activations",
        "rows",
    ]
    ws = network.mapping(torch.cat([network.latent(seed) for seed in (1, 2)]))
    wanted = ordinary.synthesis(ws)
    found = network.synthesis(ws)
    assert float((found - wanted).abs().max() / wanted.abs().max()) < 1e-5
    assert torch.equal(network.synthesis(ws), found)


def test_some_layers_use_it_on_one_thread_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "ALONE_ROWS_FROM", 0)
    network = random_network("skip", 8, channels={4: 256, 8: 128})
    assert str(network.forms).splitlines()[1].endswith("doubled: rows, on one thread, packed")
    conv = network._links[2].conv
    conv._doubling = rows = Mock(wraps=conv._doubling)
    ws = network.mapping(network.latent(1))
    threads, found = torch.get_num_threads(), []
    try:
        for count in (2, 1):
            torch.set_num_threads(count)
            found.append(network.synthesis(ws))
            assert rows.call_count == 2 - count
    finally:
        torch.set_num_threads(threads)
    assert float((found[0] - found[1]).abs().max() / found[0].abs().max()) < 1e-5
