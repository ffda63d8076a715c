"""Adaptive augmentation: what the discriminator is shown instead of the picture itself.

Every transform is drawn per picture and applied with a probability p that the
controller moves, to real and generated pictures alike, so that the generator
does not learn the transforms as long as p stays below about 0.8.

Three sets: "light" for short runs on aligned subjects, cheap on a CPU;
"upright" with smooth shifts and sizes but nothing that turns or changes hue;
"ada" with all of the paper's pixel blitting, geometry and colour ("bgc").

References
----------
Karras et al. Training Generative Adversarial Networks with Limited Data. 2020,
sections 2 and 3, appendix B.
"""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor

from explorer.training.warp import warp

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the grey value that saturation keeps."""


def augment(images: Tensor, p: float, rng: torch.Generator, kind: str) -> Tensor:
    """Apply one of the sets.

    Parameters
    ----------
    images : [N, 3, H, W] float32; gradients of any order flow through
    p : 0..1; at 0 the pictures are returned as they are
    kind : "none", "light", "upright" or "ada"

    Returns
    -------
    [N, 3, H, W]
    """
    if kind == "none" or p <= 0:
        return images
    if kind == "light":
        return _light_colour(_shift(images, p, rng), p, rng)
    draw = Draw(len(images), p, rng, images.device)
    is_full = kind == "ada"
    inverse = geometry(draw, images.shape[3], images.shape[2], is_full)
    return recolour(warp(images, inverse), colour(draw, is_full))


def moved_p(p: float, r_t: float, target: float, images: int, kimg: float, cap: float) -> float:
    """Augmentation probability after `images` more pictures.

    Parameters
    ----------
    r_t : mean sign of the logits of real pictures; above `target`, p rises
    kimg : thousands of pictures in which p may move by 1
    cap : highest p
    """
    sign = (r_t > target) - (r_t < target)
    return min(max(p + sign * images / (1000 * kimg), 0.0), cap)


# -- the light set -----------------------------------------------------------


def _shift(images: Tensor, p: float, rng: torch.Generator) -> Tensor:
    """Move by up to an eighth of the size along each axis, reflecting at the border."""
    count, channels, height, width = images.shape
    device = images.device
    on = (torch.rand((count, 1), generator=rng, device=device) < p).to(torch.int64)
    for axis, size in ((2, height), (3, width)):
        most = size // 8
        shift = torch.randint(-most, most + 1, (count, 1), generator=rng, device=device) * on
        index = (torch.arange(size, device=device) + shift).abs()
        index = (size - 1) - (size - 1 - index).abs()  # [N, size]
        shape = (count, 1, size, 1) if axis == 2 else (count, 1, 1, size)
        images = images.gather(axis, index.view(shape).expand(count, channels, height, width))
    return images


@cache
def _luma(device: torch.device) -> Tensor:
    """`LUMA` as [1, 3, 1, 1], kept: to send it each time would be a wait for a GPU in every step."""
    return torch.tensor(LUMA, device=device).view(1, 3, 1, 1)


def _light_colour(images: Tensor, p: float, rng: torch.Generator) -> Tensor:
    count, device = len(images), images.device

    def drawn(low: float, high: float, still: float) -> Tensor:
        value = torch.rand((count, 1, 1, 1), generator=rng, device=device) * (high - low) + low
        on = torch.rand((count, 1, 1, 1), generator=rng, device=device) < p
        return torch.where(on, value, still)

    brightness, contrast, saturation = drawn(-0.3, 0.3, 0.0), drawn(0.6, 1.4, 1.0), drawn(0.5, 1.5, 1.0)
    grey = (images * _luma(device)).sum(dim=1, keepdim=True)
    images = grey + (images - grey) * saturation
    return images * contrast + brightness


# -- the paper's sets --------------------------------------------------------


class Draw:
    """Random numbers per picture, each replaced by "no change" with probability 1 − p.

    Parameters
    ----------
    count : pictures
    p : probability of every transform
    """

    def __init__(self, count: int, p: float, rng: torch.Generator, device: torch.device) -> None:
        self.count, self.p, self.rng, self.device = count, p, rng, device

    def _gate(self, value: Tensor, still: float, p: float | None) -> Tensor:
        on = torch.rand(self.count, generator=self.rng, device=self.device) < (self.p if p is None else p)
        return torch.where(on, value, still)

    def uniform(self, low: float, high: float, still: float = 0.0, p: float | None = None) -> Tensor:
        """[N] uniform in low..high, or `still`; `p` replaces the common probability."""
        value = torch.rand(self.count, generator=self.rng, device=self.device)
        return self._gate(value * (high - low) + low, still, p)

    def whole(self, low: int, high: int) -> Tensor:
        """[N] whole numbers low..high as float32, or 0."""
        value = torch.randint(low, high + 1, (self.count,), generator=self.rng, device=self.device)
        return self._gate(value.float(), 0.0, None)

    def normal(self, deviation: float) -> Tensor:
        """[N] normal with that standard deviation, or 0."""
        value = torch.randn(self.count, generator=self.rng, device=self.device)
        return self._gate(value * deviation, 0.0, None)


def geometry(draw: Draw, width: int, height: int, is_full: bool) -> Tensor:
    """The whole geometric part as inverse matrices.

    Parameters
    ----------
    is_full : with mirroring, quarter turns, free rotation and anisotropic scale

    Returns
    -------
    [N, 3, 3] float32 for `warp`; the transforms are applied in the paper's order
    """
    zero, one = torch.zeros(draw.count, device=draw.device), torch.ones(draw.count, device=draw.device)
    free = 1 - math.sqrt(1 - draw.p)  # two rotations, together with probability p
    inverse = _matrix([[one, zero, zero], [zero, one, zero], [zero, zero, one]])

    def shift(x: Tensor, y: Tensor) -> Tensor:
        return _matrix([[one, zero, -x], [zero, one, -y], [zero, zero, one]])

    def scale(x: Tensor, y: Tensor) -> Tensor:
        return _matrix([[1 / x, zero, zero], [zero, 1 / y, zero], [zero, zero, one]])

    def turn(angle: Tensor) -> Tensor:
        cos, sin = angle.cos(), angle.sin()
        return _matrix([[cos, sin, zero], [-sin, cos, zero], [zero, zero, one]])

    if is_full:
        inverse = inverse @ scale(1 - 2 * draw.whole(0, 1), one)
        inverse = inverse @ turn(draw.whole(0, 3) * (math.pi / 2))
    offset = draw.uniform(-0.125, 0.125), draw.uniform(-0.125, 0.125)
    inverse = inverse @ shift((offset[0] * width).round(), (offset[1] * height).round())
    size = torch.exp2(draw.normal(0.2))
    inverse = inverse @ scale(size, size)
    if is_full:
        inverse = inverse @ turn(draw.uniform(-math.pi, math.pi, p=free))
        stretch = torch.exp2(draw.normal(0.2))
        inverse = inverse @ scale(stretch, 1 / stretch)
        inverse = inverse @ turn(draw.uniform(-math.pi, math.pi, p=free))
    return inverse @ shift(draw.normal(0.125) * width, draw.normal(0.125) * height)


def colour(draw: Draw, is_full: bool) -> Tensor:
    """The whole colour part as affine matrices [N, 4, 4] on (r, g, b, 1).

    Parameters
    ----------
    is_full : with luma flip and hue
    """
    device = draw.device
    identity = torch.eye(4, device=device)
    axis = torch.tensor([1.0, 1.0, 1.0, 0.0], device=device) / math.sqrt(3)
    # Projections onto the grey axis, across it, and onto the constant 1.
    along, last = torch.outer(axis, axis), torch.diag(torch.tensor([0.0, 0.0, 0.0, 1.0], device=device))
    across = identity - along - last

    brightness = identity.repeat(draw.count, 1, 1)
    brightness[:, :3, 3] = draw.normal(0.2)[:, None]
    contrast = torch.exp2(draw.normal(0.5))
    factors = torch.stack([contrast, contrast, contrast, torch.ones_like(contrast)], dim=1)
    matrix = factors.diag_embed() @ brightness
    if is_full:
        flip = draw.whole(0, 1)[:, None, None]
        matrix = (identity - 2 * along * flip) @ matrix
        angle = draw.uniform(-math.pi, math.pi)[:, None, None]
        third = 1 / math.sqrt(3)
        cross = torch.zeros(4, 4, device=device)
        cross[:3, :3] = torch.tensor([[0, -third, third], [third, 0, -third], [-third, third, 0]])
        # Rodrigues' rotation about the grey axis.
        matrix = (along + across * angle.cos() + cross * angle.sin() + last) @ matrix
    saturation = torch.exp2(draw.normal(1.0))[:, None, None]
    return (along + across * saturation + last) @ matrix


def recolour(images: Tensor, matrix: Tensor) -> Tensor:
    """Apply [N, 4, 4] to the colours of [N, 3, H, W]."""
    count, channels, height, width = images.shape
    flat = images.reshape(count, channels, height * width)
    return torch.baddbmm(matrix[:, :3, 3:], matrix[:, :3, :3], flat).reshape(images.shape)


def _matrix(rows: list[list[Tensor]]) -> Tensor:
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)
