"""Styles out of tables of weights, as for single pictures on a CPU, against each layer's own."""

from unittest.mock import Mock

import pytest
import torch
import torch.nn.functional as F

from explorer.models import build_generator, network_styles, ops, style_table
from explorer.models.ops import by_input, linear
from explorer.models.style_table import StyleTable
from explorer.models.stylegan1 import StyleGAN1
from tests.models import synthetic_stylegan3
from tests.models.synthetic import random_network
from tests.models.test_stylegan1 import description_of, random_tensors

CHANNELS = {4: 24, 8: 24, 16: 8}
NETWORKS = {
    "skip": lambda: random_network("skip", 16, channels=CHANNELS),
    "resnet": lambda: random_network("resnet", 16, channels=CHANNELS),
    "stylegan1": lambda: StyleGAN1(description_of(), random_tensors({4: 7, 8: 12, 16: 5})),
}

pytestmark = pytest.mark.skipif(not ops.has_lookup(), reason="torch has no lookups for this processor")


def begun(network, ws):
    """Styles of all layers, told what is drawn."""
    network.begin(ws)
    return [network._styles.of(i, ws) for i in range(len(network._styles._parts))]


def own(network, ws):
    """What each layer makes of its row by itself."""
    return [part.styles(ws[:, row].clone()) for part, row in network._styles._parts]


def assert_near(found, wanted):
    for one, other in zip(found, wanted, strict=True):
        assert one.style.shape == other.style.shape
        assert torch.allclose(one.style, other.style, rtol=1e-5, atol=1e-5)
        assert (one.demod is None) == (other.demod is None)
        if one.demod is not None:
            assert one.demod.shape == other.demod.shape
            assert torch.allclose(one.demod, other.demod, rtol=1e-4)


def equal(one, other):
    if one.demod is not None and not torch.equal(one.demod, other.demod):
        return False
    return torch.equal(one.style, other.style)


@pytest.fixture(params=NETWORKS)
def network(request):
    made = NETWORKS[request.param]()
    assert made._styles._table is not None
    return made


def latents(network, count=1):
    """Rows that differ, so that a wrong one shows."""
    return torch.randn(count, network.num_ws, network.w_dim, generator=torch.Generator().manual_seed(3))


def test_they_are_the_layers_own(network):
    ws = latents(network)
    assert_near(begun(network, ws), own(network, ws))


def test_from_the_middle_on_alone_and_without_a_beginning_they_have_the_same_bits(network):
    ws = latents(network)
    whole = begun(network, ws)
    for first in range(len(whole)):
        network.begin(ws)
        assert all(equal(network._styles.of(i, ws), whole[i]) for i in range(first, len(whole)))
        network.begin(latents(network))
        assert equal(network._styles.of(first, ws), whole[first])


def test_a_step_back_is_styled_too(network):
    ws = latents(network)
    whole = begun(network, ws)
    network.begin(ws)
    assert equal(network._styles.of(len(whole) - 1, ws), whole[-1])
    assert equal(network._styles.of(0, ws), whole[0])


def test_latents_that_were_written_over_are_read_again(network):
    ws = latents(network)
    first = begun(network, ws)[0]
    ws.mul_(2)
    assert not equal(begun(network, ws)[0], first)
    network.begin(latents(network))
    before = network._styles.of(0, ws)
    ws.mul_(2)
    assert not equal(network._styles.of(0, ws), before)


def test_what_goes_on_from_a_draft_finds_its_styles(network, monkeypatch):
    ws = latents(network)
    whole = begun(network, ws)
    table = Mock(wraps=network._styles._table)
    network._styles._table = table
    network.begin(ws.clone())
    rest = [network._styles.of(i, network._styles._begun.ws) for i in range(2, len(whole))]
    assert all(map(equal, rest, whole[2:]))
    assert not table.called
    changed = ws.clone()
    changed[:, -1] += 1
    network.begin(changed)
    assert not equal(network._styles.of(len(whole) - 1, changed), whole[-1])
    assert table.call_count == 1
    begun(network, changed)
    assert table.call_count == 2, "a whole picture is styled anew"
    network.begin(changed)
    network._styles.of(3, changed)
    network.begin(changed)
    network._styles.of(1, changed)
    assert table.call_count == 2, "all of them were known"


def test_several_pictures_and_gradients_are_left_to_the_layers(network, monkeypatch):
    pair, followed = latents(network, 2), latents(network).requires_grad_()
    wanted = own(network, pair), own(network, followed)
    monkeypatch.setattr(StyleTable, "__call__", None)
    assert all(map(equal, begun(network, pair), wanted[0]))
    assert all(map(equal, begun(network, followed), wanted[1]))
    assert begun(network, followed)[0].style.requires_grad


def test_weights_are_in_memory_once(network, monkeypatch):
    table = network._styles._table
    for (part, row), source in zip(network._styles._parts, table.sources, strict=True):
        mine = part.source(row)
        assert mine.weight.data_ptr() == source.weight.data_ptr()
        assert mine.power is None or mine.power.data_ptr() == source.power.data_ptr()
    monkeypatch.setattr(network_styles.StyleTable, "suits", lambda sources: False)
    plain = type(network)(network.description, network._tensors)
    assert plain._styles._table is None
    assert plain.nbytes == network.nbytes


def test_where_torch_has_no_lookups_layers_do_it(monkeypatch):
    monkeypatch.setattr(style_table, "has_lookup", lambda: False)
    monkeypatch.setattr(ops, "has_lookup", lambda: False)
    monkeypatch.setattr(ops, "weighted_sums", None)
    network = random_network("skip", 16, channels=CHANNELS)
    assert network._styles._table is None
    ws = network.mapping(network.latent(1))
    assert all(map(equal, begun(network, ws), own(network, ws)))


def test_styles_with_norms_are_left_to_the_layers():
    assert build_generator(*synthetic_stylegan3.random_network("T"))._styles._table is None


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("follows", [False, True])
def test_a_linear_layer_is_the_same_in_every_order_of_memory(count, follows):
    random = torch.Generator().manual_seed(count)
    x = torch.randn(count, 40, generator=random).requires_grad_(follows)
    weight, bias = torch.randn(24, 40, generator=random), torch.randn(24, generator=random)
    kept = bias.clone()
    wanted = F.linear(x, 0.5 * weight, bias)
    for laid in (0.5 * weight, by_input(weight, 0.5)):
        assert torch.allclose(linear(x, laid, bias), wanted, atol=1e-5)
    assert torch.equal(bias, kept)
    assert by_input(weight).t().is_contiguous()
    assert torch.equal(by_input(weight), weight)


def test_a_single_row_is_looked_up(monkeypatch):
    weight, bias, x = torch.randn(24, 40), torch.zeros(24), torch.randn(1, 40)
    asked = []
    monkeypatch.setattr(ops, "weighted_sums", lambda *args: asked.append(args) or torch.zeros(1, 24))
    linear(x, by_input(weight), bias)
    assert len(asked) == 1
    linear(x, weight, bias)
    linear(x.expand(2, -1), by_input(weight), bias)
    assert len(asked) == 1
