"""The library's form of Winograd's convolution against the ordinary one."""

from unittest.mock import Mock

import pytest
import torch
import torch.nn.functional as F

from explorer.models import forms, modulated, nnpack
from explorer.models.finish import Finish
from explorer.models.nnpack import NnpackConv, channels_last, has_nnpack, mixed, row_major, suits
from tests.models.synthetic import random_network

needs_library = pytest.mark.skipif(not has_nnpack(), reason="this build of torch has no NNPACK")


@needs_library
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("piece_bytes", [nnpack._MOST_BYTES, 4])
@pytest.mark.parametrize("size", [(6, 6), (20, 13)])
@pytest.mark.parametrize("has_noise", [True, False])
def test_it_equals_the_ordinary_sum(size, piece_bytes, layout, has_noise, monkeypatch):
    monkeypatch.setattr(nnpack, "_MOST_BYTES", piece_bytes)
    random = torch.Generator().manual_seed(size[0])
    x = torch.randn(2, 32, *size, generator=random).contiguous(memory_format=layout)
    weight = torch.randn(48, 32, 3, 3, generator=random).contiguous(memory_format=torch.channels_last)
    style, scale = torch.randn(2, 32, generator=random), torch.rand(2, 48, generator=random)
    bias = torch.randn(48, generator=random)
    noise = torch.randn(1, 1, *size, generator=random) if has_noise else None
    before = x.clone()
    conv = NnpackConv(weight)
    for n in (1, 2):
        found = conv(x[:n], style[:n], scale[:n], bias, Finish(noise, 3.0, clamp=20.0))
        wanted = F.conv2d((x[:n] * style[:n, :, None, None]).double(), weight.double(), padding=1)
        wanted = wanted * scale[:n].double()[:, :, None, None] + bias.double()[:, None, None]
        wanted += 3 * noise if noise is not None else 0
        wanted = F.leaky_relu(wanted, 0.2).clamp(-20, 20)
        assert float(wanted.max()) == 20
        assert float((found - wanted).abs().max() / 20) < 3e-5
        assert found.is_contiguous()
    assert torch.equal(x, before)


@needs_library
def test_pieces_on_several_threads_make_the_same_picture():
    random = torch.Generator().manual_seed(0)
    x, weight = (torch.randn(1, 32, 40, 40, generator=random), torch.randn(32, 32, 3, 3, generator=random))
    style, bias = torch.ones(1, 32), torch.zeros(32)
    conv, finish = NnpackConv(weight), Finish(torch.randn(1, 1, 40, 40, generator=random), 1.0, None)
    threads, found = torch.get_num_threads(), []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            found.append(conv(x, style, style, bias, finish))
    finally:
        torch.set_num_threads(threads)
    for other in found[1:]:
        assert torch.equal(found[0], other)


def test_layouts_change_and_numbers_do_not():
    rows = torch.randn(2, 3, 5, 4)
    last = rows.contiguous(memory_format=torch.channels_last)
    cut = last[:, :, 1:4]
    assert torch.equal(row_major(last), rows)
    assert row_major(last).is_contiguous()
    assert row_major(rows) is rows
    assert row_major(cut).is_contiguous()
    assert torch.equal(row_major(cut), cut)
    assert torch.equal(channels_last(rows), rows)
    assert channels_last(rows).is_contiguous(memory_format=torch.channels_last)
    assert channels_last(last) is last


def test_it_suits_layers_with_many_more_pixels_than_channels():
    assert suits(64, 64, 32)
    assert suits(128, 128, 32)
    assert suits(32, 32, 1024)
    assert suits(256, 256, 64)
    assert not suits(256, 256, 32)
    assert not suits(512, 512, 64)
    assert not suits(48, 48, 32)
    assert not suits(16, 16, 128)
    assert not suits(72, 72, 64)
    assert not suits(64, 64, 16)
    assert not suits(32, 32, 2048)


@needs_library
@pytest.mark.parametrize("arch", ["skip", "resnet", "orig"])
def test_a_network_uses_it(arch, monkeypatch):
    plain = random_network(arch, 16, channels={4: 32, 8: 32, 16: 16})
    monkeypatch.setattr(forms, "suits", lambda _in, _out, size: size >= 8)
    network = random_network(arch, 16, channels={4: 32, 8: 32, 16: 16})
    kinds = [form.kind == "nnpack" for form in network.forms.rows.values()]
    assert kinds == [False, False, True, False, True]
    drawn = []
    for conv in (link.conv for link in network._links if link.conv is not None and link.conv.nnpack):
        call = conv.nnpack.__call__
        conv.nnpack = lambda *args, call=call: drawn.append(args[0].shape) or call(*args)
    ws = network.mapping(torch.randn(2, network.z_dim))
    wanted = plain.synthesis(ws)
    mixes = Mock(wraps=nnpack.mixed)
    monkeypatch.setattr(modulated, "mixed", mixes)
    found = network.synthesis(ws)
    assert [shape[2] for shape in drawn] == [8, 16]
    assert mixes.call_count == (2 if arch == "skip" else 1), "toRGB after these layers"
    assert float((found - wanted).abs().max() / wanted.abs().max()) < 2e-5


@needs_library
def test_it_draws_with_memory_of_its_own():
    """What it was given may lie in a file that is gone by the next picture."""
    random = torch.Generator().manual_seed(0)
    given, x = torch.randn(32, 32, 3, 3, generator=random), torch.randn(1, 32, 12, 12, generator=random)
    conv, one, finish = NnpackConv(given), torch.ones(1, 32), Finish(None, 1.0, None)
    first = conv(x, one, one, one[0], finish)
    given.zero_()
    assert torch.equal(conv(x, one, one, one[0], finish), first)


@needs_library
def test_a_size_drawn_before_does_not_stay_the_size():
    random = torch.Generator().manual_seed(0)
    weight, one = torch.randn(16, 16, 3, 3, generator=random), torch.ones(1, 16)
    conv = NnpackConv(weight)
    for size in ((12, 12), (30, 7), (12, 12)):
        x = torch.randn(1, 16, *size, generator=random)
        found = conv(x, one, one, torch.zeros(16), Finish(None, 1.0, None))
        wanted = F.leaky_relu(F.conv2d(x, weight, padding=1), 0.2)
        assert float((found - wanted).abs().max() / wanted.abs().max()) < 3e-5


@needs_library
@pytest.mark.parametrize("channels", [(16, 3), (33, 1), (7, 5)])
@pytest.mark.parametrize("size", [(8, 8), (13, 20), (1, 1)])
def test_pixels_are_mixed_as_by_a_product(channels, size):
    random = torch.Generator().manual_seed(0)
    many, few = channels
    x, bias = torch.randn(2, many, *size, generator=random), torch.randn(few, generator=random)
    weight = torch.randn(2, few, many, generator=random)
    for n in (1, 2):
        found = mixed(x[:n], weight[:n], bias)
        wanted = torch.einsum("nihw,noi->nohw", x[:n], weight[:n]) + bias[:, None, None]
        assert float((found - wanted).abs().max() / wanted.abs().max()) < 2e-6


@needs_library
def test_what_the_library_refuses_is_an_error():
    """Never asked for in use; were it, no picture would be made of what happens to lie in memory."""
    space = torch.empty(1)
    x, weight = torch.zeros(1, 16, 12, 12), torch.zeros(64 * 16 * 16)
    with pytest.raises(RuntimeError, match="NNPACK"):
        nnpack._Call(16, 16, 12, 12, (1, 1)).draw(x, weight, torch.zeros(16), torch.zeros_like(x), space)


@pytest.mark.parametrize("failure", [OSError, AttributeError, RuntimeError])
def test_a_torch_without_the_library_goes_without(failure, monkeypatch):
    def missing():
        raise failure("not there")

    monkeypatch.setattr(nnpack, "_library", missing)
    assert not has_nnpack.__wrapped__()
