"""The library's form of Winograd's convolution against the ordinary one."""

import pytest
import torch
import torch.nn.functional as F

from explorer.models import forms, nnpack
from explorer.models.nnpack import NnpackConv, channels_last, has_nnpack, row_major, suits
from tests.models.synthetic import random_network

needs_library = pytest.mark.skipif(not has_nnpack(), reason="this build of torch has no NNPACK")


@needs_library
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("workspace", [nnpack._WORKSPACE_BYTES, 1])
@pytest.mark.parametrize("size", [(6, 6), (20, 13)])
def test_it_equals_the_ordinary_sum(size, workspace, layout, monkeypatch):
    monkeypatch.setattr(nnpack, "_WORKSPACE_BYTES", workspace)
    monkeypatch.setattr(nnpack, "_NARROW_BYTES", workspace)
    random = torch.Generator().manual_seed(size[0])
    x = torch.randn(2, 32, *size, generator=random).contiguous(memory_format=layout)
    weight = torch.randn(48, 32, 3, 3, generator=random).contiguous(memory_format=torch.channels_last)
    style, scale = torch.randn(2, 32, generator=random), torch.rand(2, 48, generator=random)
    bias = torch.randn(48, generator=random)
    before = x.clone()
    conv = NnpackConv(weight)
    for n in (1, 2):
        found = conv(x[:n], style[:n], scale[:n], bias)
        wanted = F.conv2d((x[:n] * style[:n, :, None, None]).double(), weight.double(), padding=1)
        wanted = wanted * scale[:n].double()[:, :, None, None] + bias.double()[:, None, None]
        assert float((found - wanted).abs().max() / wanted.abs().max()) < 3e-5
        assert found.is_contiguous()
    assert torch.equal(x, before)


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
    shapes = {(64, 128), (64, 256), (256, 64), (256, 128)}
    every = [
        (width, size) for width in (16, 32, 64, 128, 256, 512) for size in (8, 16, 32, 64, 128, 256, 512)
    ]
    assert {(width, size) for width, size in every if suits(width, width, size)} == shapes


@needs_library
@pytest.mark.parametrize("arch", ["skip", "resnet", "orig"])
def test_a_network_uses_it_on_one_thread(arch, monkeypatch):
    monkeypatch.setattr(forms, "suits", lambda *_: True)
    monkeypatch.setattr(forms, "tile_for", lambda _in, _out, size: 4 if size >= 8 else None)
    network = random_network(arch, 16, channels={4: 32, 8: 32, 16: 16})
    assert [form.in_library for form in network.forms.rows.values()] == [False, False, True, False, True]
    drawn = []
    for conv in (link.conv for link in network._links if link.conv is not None and link.conv.nnpack):
        call = conv.nnpack.__call__
        conv.nnpack = lambda *args, call=call: drawn.append(args[0].shape) or call(*args)
    ws = network.mapping(torch.randn(2, network.z_dim))
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        wanted = network.synthesis(ws)
        assert not drawn
        torch.set_num_threads(1)
        found = network.synthesis(ws)
    finally:
        torch.set_num_threads(threads)
    assert [shape[2] for shape in drawn] == [8, 16]
    assert float((found - wanted).abs().max() / wanted.abs().max()) < 2e-5
