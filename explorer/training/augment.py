"""Adaptive augmentation: what the discriminator is shown instead of the picture itself.

Every transform is drawn per picture and applied with a probability p that the
controller moves, to real and generated pictures alike, so that the generator
does not learn the transforms as long as p stays below about 0.8.

References
----------
Karras et al. Training Generative Adversarial Networks with Limited Data. 2020,
sections 2 and 3, appendix B.
"""

from __future__ import annotations

import torch
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)


def light(images: Tensor, p: float, rng: torch.Generator) -> Tensor:
    """Shift by whole pixels, brightness, contrast and saturation, each with probability p.

    For aligned upright subjects and short runs: nothing turns or changes hue.

    Parameters
    ----------
    images : [N, 3, H, W] float32; gradients of any order flow through
    p : 0..1; at 0 the pictures are returned as they are

    Returns
    -------
    [N, 3, H, W]
    """
    if p <= 0:
        return images
    return _light_colour(_shift(images, p, rng), p, rng)


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


def _light_colour(images: Tensor, p: float, rng: torch.Generator) -> Tensor:
    count, device = len(images), images.device

    def drawn(low: float, high: float, still: float) -> Tensor:
        value = torch.rand((count, 1, 1, 1), generator=rng, device=device) * (high - low) + low
        on = torch.rand((count, 1, 1, 1), generator=rng, device=device) < p
        return torch.where(on, value, still)

    brightness, contrast, saturation = drawn(-0.3, 0.3, 0.0), drawn(0.6, 1.4, 1.0), drawn(0.5, 1.5, 1.0)
    weights = torch.tensor(LUMA, device=device).view(1, 3, 1, 1)
    grey = (images * weights).sum(dim=1, keepdim=True)
    images = grey + (images - grey) * saturation
    return images * contrast + brightness
