"""How far drawn pictures are from the one that is wanted, without any download.

Per pixel two pictures are far apart as soon as an edge has moved by one. So they are
compared at all sizes at once: the bands of a Laplacian pyramid, where a coarse band sees
what a fine one is blind to, the picture at 32 pixels, and the slopes, which hold edges
sharp where the mean of many would blur them.

References
----------
Burt, Adelson. The Laplacian Pyramid as a Compact Image Code. 1983.
Bojanowski et al. Optimizing the Latent Space of Generative Networks. 2018 (Laplacian L1).
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

LOW = 32
"""Pixels of the picture that is compared as a whole."""
COARSEST = 8
"""Shorter side of what is left of the pyramid."""

Features = Callable[[Tensor], list[Tensor]]
"""[N, 3, H, W] in -1..1 to maps of features, [N, C, h, w] each."""


class Distance:
    """Distance of pictures to one target.

    Parameters
    ----------
    target : [1, C, H, W] float32, -1..1
    features : compared as well, where given
    weight : of the features beside all else
    """

    def __init__(self, target: Tensor, features: Features | None = None, weight: float = 0.2) -> None:
        # White is white, however much whiter the network would draw it; so is black.
        self._top = torch.where(target >= 1, target, math.inf)
        self._bottom = torch.where(target <= -1, target, -math.inf)
        self._bands = _pyramid(target)
        self._slopes = _slopes(target)
        self._low = low_pass(target)
        self._features, self._weight = features, weight
        self._wanted = [] if features is None else [_unit(part) for part in features(_three(target))]

    def __call__(self, images: Tensor) -> Tensor:
        """Distance of each picture: [N, C, H, W] to [N]."""
        images = images.minimum(self._top).maximum(self._bottom)
        bands = zip(_pyramid(images), self._bands, strict=True)
        # The finest band counts half: it is mostly noise.
        total = sum(
            (_mean((a - b).abs()) * (0.5 if i == 0 else 1.0) for i, (a, b) in enumerate(bands)), _zero
        )
        total = total + 0.5 * _mean((low_pass(images) - self._low).square())
        total = total + _mean((_slopes(images) - self._slopes).abs())
        if self._features is not None:
            for found, wanted in zip(self._features(_three(images)), self._wanted, strict=True):
                # Squared, summed over channels, averaged over places, as in LPIPS.
                apart = (_unit(found) - wanted).square().sum(dim=1, keepdim=True)
                total = total + self._weight * _mean(apart)
        return total


def low_pass(images: Tensor) -> Tensor:
    """Pictures averaged down to `LOW` pixels on the longer side, where they are larger."""
    height, width = images.shape[-2:]
    scale = min(LOW / max(height, width), 1.0)
    return F.adaptive_avg_pool2d(images, (max(round(height * scale), 1), max(round(width * scale), 1)))


def psnr(image: Tensor, target: Tensor) -> float:
    """Peak signal-to-noise ratio in decibels of two pictures in -1..1, as they look in 8 bits; 99 at most."""
    a, b = (((x + 1) * 127.5).round().clamp(0, 255) for x in (image, target))
    error = float((a - b).square().mean())
    return 99.0 if error == 0 else min(10 * math.log10(255**2 / error), 99.0)


_zero = torch.zeros(())


def _mean(x: Tensor) -> Tensor:
    """Mean of each sample: [N]."""
    return x.flatten(1).mean(1)


def _pyramid(x: Tensor) -> list[Tensor]:
    """Bands from fine to coarse, and what is left."""
    bands = []
    while min(x.shape[-2:]) >= 2 * COARSEST:
        smaller = F.avg_pool2d(x, 2)
        bands.append(x - F.interpolate(smaller, size=x.shape[-2:], mode="bilinear", align_corners=False))
        x = smaller
    return [*bands, x]


def _slopes(x: Tensor) -> Tensor:
    """Slopes across and down by Sobel's kernels, over eight so that they are in levels a pixel."""
    across = x.new_tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]]) / 8
    kernels = torch.stack([across, across.t()])[:, None]
    flat = x.reshape(-1, 1, *x.shape[-2:])
    return F.conv2d(F.pad(flat, (1, 1, 1, 1), mode="replicate"), kernels).view(len(x), -1, *x.shape[-2:])


def _three(x: Tensor) -> Tensor:
    """Colour channels for a network that wants three."""
    return x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else x[:, :3]


def _unit(x: Tensor) -> Tensor:
    """Features of length one at each place, so that no channel outshouts the others."""
    return x * (x.square().sum(dim=1, keepdim=True) + 1e-10).rsqrt()
