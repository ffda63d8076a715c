"""The pattern: noise between 3 and 14 waves across a picture, its phases fixed by a digest.

Waves that long outlive a quarter of a small picture and the quantisation of JPEG; shorter ones
would not, and longer ones would be seen. All waves are equally strong and only their phases
are drawn, so that the correlation with any other picture is a sum of independent terms.
"""

import hashlib
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

TILE = 64
"""Side of the pattern, in samples; a picture's area is that of one tile, and the tile repeats."""
LOWEST, HIGHEST = 3.0, 14.0
"""Waves across a tile where the band is at half height."""
PHRASE = "Latent Explorer: this picture was made by AI."
"""Whose digest fixes the phases: nothing was tried out."""

_EDGE = 4 / 1.5


@lru_cache(maxsize=1)
@torch.inference_mode(False)  # kept for those too who want gradients, whoever asks first
def band() -> Tensor:
    """Strength of each wave, [TILE, TILE] float32, in the order of an FFT, 0 to 1."""
    waves = torch.fft.fftfreq(TILE) * TILE
    return strength_at(torch.hypot(waves[:, None], waves[None]))


def strength_at(waves: Tensor) -> Tensor:
    """Strength of waves, so many across a tile: 1 in the band, falling to 0 within two on either side."""
    return torch.sigmoid((waves - LOWEST) * _EDGE) * torch.sigmoid((HIGHEST - waves) * _EDGE)


def from_noise(noise: Tensor) -> Tensor:
    """Patterns with the phases of white `noise`, [..., TILE, TILE]; mean square 1."""
    waves = torch.fft.fft2(noise)
    waves = waves / waves.abs().clamp_min(1e-6) * band().to(noise)
    pattern = torch.fft.ifft2(waves).real
    return pattern / pattern.square().mean((-2, -1), keepdim=True).sqrt()


@lru_cache(maxsize=1)
@torch.inference_mode(False)
def key() -> Tensor:
    """The one pattern of this program, [TILE, TILE] float64; not to be written into."""
    return from_noise(torch.from_numpy(_digest_noise(TILE * TILE)).reshape(TILE, TILE))


def tiled(pattern: Tensor, height: int, width: int) -> Tensor:
    """The pattern repeated over [height, width] samples."""
    rows, columns = torch.arange(height) % TILE, torch.arange(width) % TILE
    return pattern[rows][:, columns]


def _digest_noise(count: int) -> NDArray[np.float64]:
    """Noise of a normal distribution, from SHA-256 in counter mode: the same everywhere, for ever."""
    blocks = (hashlib.sha256(f"{PHRASE}{number}".encode()).digest() for number in range(-(-count // 2)))
    words = np.frombuffer(b"".join(blocks), "<u8")[: 2 * count]
    one, other = (words.astype(np.float64) / 2**64).clip(1e-18, 1).reshape(2, count)
    return np.sqrt(-2 * np.log(one)) * np.cos(2 * np.pi * other)
