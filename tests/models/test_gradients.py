"""Gradients with respect to `ws`: pictures as without them, and slopes that finite differences confirm."""

import pytest
import torch
from torch import Tensor

from explorer.models import Generator
from explorer.models.stylegan1 import StyleGAN1
from explorer.models.stylegan3 import StyleGAN3
from tests.models import synthetic, synthetic_stylegan3
from tests.models import test_stylegan1 as stylegan1

WIDE = {4: 128, 8: 128, 16: 128}
"""Winograd's algorithm takes these at 16 pixels on a CPU."""


def stylegan3(config: str, **sizes: int) -> Generator:
    return StyleGAN3(*synthetic_stylegan3.random_network(config, **sizes))


NETWORKS = {
    "skip": lambda: synthetic.random_network("skip", conv_clamp=1.5),
    "resnet": lambda: synthetic.random_network("resnet", conv_clamp=1.5),
    "orig": lambda: synthetic.random_network("orig", has_noise=False, conv_clamp=None),
    "folded": lambda: synthetic.random_network("skip", 32, channels={4: 8, 8: 8, 16: 8, 32: 4}),
    "winograd": lambda: synthetic.random_network("skip", channels=WIDE, conv_clamp=None),
    "classes": lambda: synthetic.random_network("skip", c_dim=3),
    "stylegan1": lambda: StyleGAN1(stylegan1.description_of(), stylegan1.random_tensors(stylegan1.CHANNELS)),
    "stylegan3-t": lambda: stylegan3("T"),
    "stylegan3-r": lambda: stylegan3("R"),
    "stylegan3 wide": lambda: stylegan3("T", channel_base=4096, channel_max=130, num_layers=3, resolution=16),
}


def latents(generator: Generator, count: int) -> Tensor:
    return torch.randn(count, generator.num_ws, generator.w_dim, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_belong_to_the_picture_that_is_drawn(name: str) -> None:
    generator = NETWORKS[name]()
    for count in (1, 2):
        ws = latents(generator, count).requires_grad_()
        drawn = generator.synthesis(ws.detach())
        image = generator.differentiable_synthesis(ws)
        assert float((image.detach() - drawn).abs().max() / drawn.abs().max()) < 1e-5
        weights = torch.randn(image.shape, generator=torch.Generator().manual_seed(4))
        (gradient,) = torch.autograd.grad((image * weights).sum(), ws)
        along = gradient / gradient.norm()
        step = 3e-4  # small, since leaky ReLU has kinks everywhere
        ahead, behind = (generator.synthesis(ws.detach() + sign * step * along) for sign in (1, -1))
        slope = float(((ahead - behind).double() * weights).sum()) / (2 * step)
        assert slope == pytest.approx(float(gradient.norm()), rel=0.05)


@pytest.mark.parametrize("channels", [None, {4: 256, 8: 256, 16: 256}])
def test_a_network_opened_as_the_program_opens_it_can_be_followed(channels) -> None:
    """Tensors made in inference mode refuse gradients; nothing a network keeps may be one."""
    generator = synthetic.random_network("skip", channels=channels)
    with torch.inference_mode():
        for count in (1, 2):
            generator.synthesis(latents(generator, count), "random", noise_seed=3)
        ws = generator.mapping(generator.latent(0))
    ws = ws.clone().requires_grad_()
    generator.differentiable_synthesis(ws).sum().backward()
    assert ws.grad is not None


def test_without_a_wish_for_gradients_none_are_kept() -> None:
    generator = synthetic.random_network("skip")
    assert not generator.differentiable_synthesis(latents(generator, 1)).requires_grad
