"""Winograd's convolution against the ordinary one."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F

from explorer import mappings
from explorer.models import winograd
from explorer.models.packed import PackedConv, has_packed
from explorer.models.winograd import WinogradConv, tile_for, transforms
from tests.models.synthetic import random_network


def styled(size: int, inputs: int = 32, outputs: int = 48, n: int = 2) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(size)
    x = torch.randn(n, inputs, size, size, generator=generator).contiguous(memory_format=torch.channels_last)
    weight = torch.randn(outputs, inputs, 3, 3, generator=generator)
    style, scale = torch.randn(n, inputs, generator=generator), torch.rand(n, outputs, generator=generator)
    return x, weight, style, scale, torch.randn(outputs, generator=generator)


@pytest.mark.parametrize("has_grouped", [True, False])
@pytest.mark.parametrize("tile", [2, 4])
@pytest.mark.parametrize("size", [4, 8, 20])
def test_it_equals_the_ordinary_sum(
    tile: int, size: int, has_grouped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if has_grouped and not winograd._has_grouped():
        pytest.skip("this build of torch lacks the grouped product")
    monkeypatch.setattr(winograd, "_has_grouped", lambda: has_grouped)
    monkeypatch.setattr(winograd, "_CACHE_BYTES", 1)  # several strips, the last one shorter
    x, weight, style, scale, bias = styled(size)
    before = x.clone()
    found = WinogradConv(weight, tile, size)(x, style, scale, bias)
    wanted = F.conv2d((x * style[:, :, None, None]).double(), weight.double(), padding=1)
    wanted = wanted * scale.double()[:, :, None, None] + bias.double()[:, None, None]
    assert float((found - wanted).abs().max() / wanted.abs().max()) < 5e-6
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(x, before)


@pytest.mark.parametrize("tile", [2, 4])
@pytest.mark.parametrize(("size", "padding"), [(7, 1), (9, 2), (10, 2)])
def test_any_size_and_a_wider_rim(tile: int, size: int, padding: int) -> None:
    x, weight, style, scale, bias = styled(size)
    found = WinogradConv(weight, tile, size, padding)(x, style, scale, bias)
    wanted = F.conv2d((x * style[:, :, None, None]).double(), weight.double(), padding=padding)
    wanted = wanted * scale.double()[:, :, None, None] + bias.double()[:, None, None]
    assert found.shape == wanted.shape
    assert float((found - wanted).abs().max() / wanted.abs().max()) < 5e-6


@pytest.mark.parametrize("tile", [2, 4])
def test_the_transforms_filter_a_line(tile: int) -> None:
    kernel, before, after = transforms(tile)
    generator = torch.Generator().manual_seed(0)
    x, taps = torch.randn(tile + 2, generator=generator).numpy(), torch.randn(3, generator=generator).numpy()
    wanted = [float(x[i : i + 3] @ taps) for i in range(tile)]
    assert after @ ((kernel @ taps) * (before @ x)) == pytest.approx(wanted, abs=1e-6)


def test_narrow_and_small_layers_stay_as_they_are() -> None:
    assert tile_for(512, 512, 4) is None
    assert tile_for(64, 64, 32) is None
    assert tile_for(200, 200, 64) is None
    assert tile_for(256, 256, 8) is None
    assert tile_for(512, 512, 8) == 2
    assert tile_for(512, 256, 32) == 4


def test_a_network_uses_it_where_layers_are_wide() -> None:
    network = random_network("skip", 16, channels={4: 32, 8: 32, 16: 128})
    chosen = {
        step.name: link.conv.winograd is not None
        for step, link in zip(network.steps, network._links, strict=True)
        if link.conv is not None
    }
    assert chosen == {
        "b4.conv1": False,
        "b8.conv0": False,
        "b8.conv1": False,
        "b16.conv0": False,
        "b16.conv1": True,
    }
    transformed = 4 * 128 * 128 * 36
    opened = network.nbytes
    assert opened < transformed
    ws = network.mapping(network.latent(0))
    first = network.synthesis(ws)
    assert network.nbytes >= opened + transformed
    assert torch.equal(network.synthesis(ws), first)


@pytest.mark.parametrize("kind", ["winograd", "packed"])
def test_what_was_read_is_let_go_of_once_weights_are_laid_out(kind, monkeypatch):
    if not has_packed():  # which tries some, once
        pytest.skip("this build of torch has no packed weights")
    rested = []
    monkeypatch.setattr(mappings, "rest", lambda: rested.append(kind))
    weight = torch.randn(32, 32, 3, 3)
    x = torch.randn(1, 32, 16, 16).contiguous(memory_format=torch.channels_last)
    ones = torch.ones(1, 32)
    if kind == "winograd":
        conv = partial(WinogradConv(weight, 4, 16), style=ones, scale=ones, bias=torch.zeros(32))
    else:
        conv = PackedConv(lambda: weight, transposed=False, padding=(1, 1))
    for _ in range(3):
        conv(x)
    assert rested == [kind]
