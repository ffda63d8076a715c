"""Styles of all layers at once, as on a GPU, against each layer's own."""

import pytest
import torch

from explorer.models import build_generator
from explorer.models.network_styles import NetworkStyles
from explorer.models.style_bank import StyleBank
from explorer.models.stylegan1 import StyleGAN1
from explorer.models.styles import StyleSource
from tests.models import synthetic_stylegan3
from tests.models.synthetic import random_network
from tests.models.test_stylegan1 import description_of, random_tensors

NETWORKS = {
    "skip": lambda: random_network("skip", 16, channels={4: 24, 8: 16, 16: 8}),
    "resnet": lambda: random_network("resnet", 16, channels={4: 24, 8: 16, 16: 8}),
    "stylegan3-t": lambda: build_generator(*synthetic_stylegan3.random_network("T")),
    "stylegan3-r": lambda: build_generator(*synthetic_stylegan3.random_network("R")),
    "stylegan1": lambda: StyleGAN1(description_of(), random_tensors({4: 7, 8: 12, 16: 5})),
}


def batched(network):
    """Have a network on the CPU work out its styles as on a GPU."""
    network._styles = NetworkStyles(network._styles._parts, is_batched=True)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_that_begins_draws_the_same(name):
    network = NETWORKS[name]()
    ws = torch.cat([network.mapping(network.latent(seed)) for seed in (1, 2)])
    expected = network.synthesis(ws)
    batched(network)
    assert torch.allclose(network.synthesis(ws), expected, atol=1e-5 * float(expected.abs().max()))
    assert network._styles._begun is not None, "the styles came from the bank"


def test_other_latents_than_those_begun_with_are_styled_by_themselves():
    network = random_network("skip", 16, channels={4: 24, 8: 16, 16: 8})
    first, second = (network.mapping(network.latent(seed)) for seed in (1, 2))
    with torch.inference_mode():
        batched(network)
        expected = network.run(0, network.start(1), second).x
        network.begin(first)
        assert torch.equal(network.run(0, network.start(1), second).x, expected)


def test_layers_of_several_widths_and_half_precision():
    random = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(*shape, generator=random)

    sources = [
        StyleSource(0, draw(8, 4), draw(8), draw(8, 6).square(), torch.full((6,), 1e-8), "none"),
        StyleSource(2, draw(3, 4), draw(3), draw(3, 7).square(), torch.full((7,), 1e-8), "peak"),
        StyleSource(1, draw(5, 4), draw(5)),
    ]
    ws = draw(2, 3, 4)
    for source, found in zip(sources, StyleBank(sources)(ws), strict=True):
        style = ws[:, source.row] @ source.weight.t() + source.bias
        if source.norm == "peak":
            style = style / style.abs().amax(1, keepdim=True)
            assert float(found.style.abs().max()) == pytest.approx(1)
        assert torch.allclose(found.style, style, atol=1e-5)
        if source.power is None:
            assert found.demod is None
        else:
            demod = (style.square() @ source.power + source.epsilon).rsqrt()
            assert torch.allclose(found.demod, demod, rtol=1e-4)
