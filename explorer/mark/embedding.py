"""Laying the mark over a picture, at 46 dB by construction (the least that was asked for is 42)."""

from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from explorer.mark.networks import Embedder, bundled, mean_around
from explorer.mark.pattern import TILE, key, tiled

Level = TypeVar("Level", np.uint8, np.uint16)

Offsets = NDArray[np.int16] | NDArray[np.int32]

STRENGTH = 255 * 10 ** (-46 / 20)
"""Root of the mean square of what is laid over, in levels of 255; rounding adds a little, to 45.8 dB."""
SMALLEST = 24
"""Pixels; a picture less wide or high than that has no room for the mark."""

_PEAK = 2.5
_LUMA = (0.299, 0.587, 0.114)


def has_room(height: int, width: int) -> bool:
    """Whether a picture of that many pixels is large enough for the mark."""
    return min(height, width) >= SMALLEST


def embed(pixels: NDArray[Level]) -> NDArray[Level]:
    """Lay the mark over a picture.

    Parameters
    ----------
    pixels : [H, W, 3] uint8 or uint16. Pictures below 24 pixels come back as they are.

    Returns
    -------
    The same shape and type; PSNR to `pixels` about 46 dB.
    """
    if not has_room(*pixels.shape[:2]):
        return pixels
    return laid_over(pixels, offsets(pixels[None])[0])


def laid_over(pixels: NDArray[Level], over: Offsets) -> NDArray[Level]:
    """Pixels ([..., H, W, 3]) with `over` ([H, W, 3], from `offsets` of such a picture) added."""
    return np.add(pixels, over).clip(0, np.iinfo(pixels.dtype).max).astype(pixels.dtype)


def offsets(pictures: NDArray[Level]) -> Offsets:
    """What `embed` adds to each of `pictures`, in whole steps of their type: [N, H, W, 3], all colours alike.

    Laying them over another frame of a film takes 20 us at 128 px, an eighth of what fractions take.
    """
    steps = np.rint(residual(pictures) * (np.iinfo(pictures.dtype).max / 255))
    wider = np.int16 if pictures.dtype == np.uint8 else np.int32
    return np.repeat(steps.astype(wider)[..., None], 3, axis=3)


def residual(pictures: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.float64]:
    """What the mark adds to pictures: [N, H, W, 3] to [N, H, W] in levels of 255."""
    height, width = pictures.shape[1:3]
    whole = brightness(pictures).double()[:, None]
    with torch.inference_mode():
        small = resized(whole, working_size(height, width))
        pattern = tiled(key(), *small.shape[-2:])
        over = shaped(bundled()[0], small, pattern.expand_as(small))
        over = resized(over, (height, width))
        over = STRENGTH * _of_strength_one(over)
    return over[:, 0].numpy()


def shaped(embedder: Embedder, small: Tensor, pattern: Tensor) -> Tensor:
    """What is laid over `small` ([N, 1, H, W]), mean square 1: weighted by what hides it, without peaks."""
    activity = mean_around((small - mean_around(small, 5)).abs(), 5) + 1.5
    hides = (activity / activity.mean((1, 2, 3), keepdim=True)).pow(0.7).clamp(0.35, 2.0)
    over = embedder(small, pattern)
    over = _of_strength_one(over - mean_around(over, 21))
    return _of_strength_one(_PEAK * torch.tanh(over * hides / _PEAK))


def _of_strength_one(over: Tensor) -> Tensor:
    return over / over.square().mean((1, 2, 3), keepdim=True).sqrt()


def working_size(height: int, width: int) -> tuple[int, int]:
    """Samples of a picture whose area is that of one tile, sides in proportion."""
    unit = (height * width) ** 0.5 / TILE
    return even(height / unit), even(width / unit)


def even(count: float) -> int:
    """The nearest even number, as the networks want it; at least 2."""
    return max(2 * round(count / 2), 2)


def brightness(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> Tensor:
    """[..., H, W, 3] to [..., H, W] float32 in levels of 255 (Rec. 601)."""
    levels = pixels.astype(np.float32) @ np.array(_LUMA, np.float32)
    return torch.from_numpy(levels * np.float32(255 / np.iinfo(pixels.dtype).max))


def resized(planes: Tensor, size: tuple[int, int]) -> Tensor:
    """[N, C, H, W] at another size, without aliases."""
    if tuple(planes.shape[-2:]) == size:
        return planes
    return F.interpolate(planes, size, mode="bicubic", antialias=True, align_corners=False)


def psnr(one: NDArray[Level], other: NDArray[Level]) -> float:
    """Peak signal-to-noise ratio in dB."""
    square = np.square(one.astype(np.float64) - other).mean()
    return float(10 * np.log10(np.iinfo(one.dtype).max ** 2 / square)) if square else float("inf")
