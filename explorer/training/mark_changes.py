"""What pictures go through, in a form that gradients pass: resizing, JPEG, noise, light, a turn, a crop.

References
----------
Zhu et al. HiDDeN: Hiding Data with Deep Networks. 2018 (training through distortions).
ITU-T T.81, annex K.1 (the table of JPEG's quantisation of brightness).
"""

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from explorer.mark.embedding import resized
from explorer.mark.pattern import TILE

BLOCK = 8
_TABLE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)


def changed(pictures: Tensor, dice: Generator) -> Tensor:
    """A quarter each: nothing, resized, JPEG, and something like video; all with other light.

    Parameters
    ----------
    pictures : [4 N, 1, 128, 128] in levels of 255.

    Returns
    -------
    [4 N, 1, TILE, TILE].
    """
    plain, small, still, moving = pictures.chunk(4)
    count = len(small)
    side = 32 if float(_between(1, 0, 1, dice)) < 0.7 else int(_between(1, 28, 80, dice))
    small = rounded(resized(small, (side, side)))
    still = jpeg(still, _between(count, 0.45, 1.4, dice), torch.full((count,), 0.5))
    moving = jpeg(moving, _between(count, 0.5, 1.1, dice), _between(count, 0.3, 0.5, dice))
    noise = torch.randn(moving.shape, generator=dice)
    moving = moving + noise * _between(count, 0, 4, dice).view(-1, 1, 1, 1)
    seen = torch.cat([resized(part, (TILE, TILE)) for part in (plain, small, still, moving)])
    light = _between(len(seen), -20, 20, dice).view(-1, 1, 1, 1)
    return (seen - 128) * _between(len(seen), 0.8, 1.2, dice).view(-1, 1, 1, 1) + 128 + light


def moved(pictures: Tensor, patterns: Tensor, share: float, dice: Generator) -> tuple[Tensor, Tensor]:
    """Both turned up to 8°, cropped by up to a quarter and shifted alike, in a `share` of cases."""
    count = len(pictures)
    on = (_between(count, 0, 1, dice) < share).float()
    turn, scale = _between(count, -8, 8, dice).deg2rad() * on, 1 - on * _between(count, -0.05, 0.25, dice)
    c, s = torch.cos(turn) * scale, torch.sin(turn) * scale
    across, down = (_between(count, -0.1, 0.1, dice) * on for _ in range(2))
    theta = torch.stack([c, -s, across, s, c, down], 1).view(count, 2, 3)
    grid = F.affine_grid(theta, [*pictures.shape], align_corners=False)
    seen = F.grid_sample(pictures, grid, "bilinear", "reflection", align_corners=False)
    return seen, F.grid_sample(patterns, grid, "bilinear", "zeros", align_corners=False)


def jpeg(pictures: Tensor, scale: Tensor, half: Tensor) -> Tensor:
    """Blocks of 8 by 8, their waves rounded to steps of the table times `scale`; gradients pass rounding.

    Parameters
    ----------
    scale : [N]; 1 is quality 50.
    half : [N]; what is added before values are cut off: 0.5 rounds, less leaves more of them 0.
    """
    count, _, height, width = pictures.shape
    cosines = _cosines()
    blocks = (pictures - 128).reshape(count, height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    waves = cosines @ blocks.transpose(2, 3) @ cosines.T
    steps = (torch.tensor(_TABLE) * scale.view(-1, 1, 1, 1, 1)).clamp_min(1)
    kept = torch.sign(waves) * torch.floor((waves / steps).abs() + half.view(-1, 1, 1, 1, 1)) * steps
    back = cosines.T @ _straight(waves, kept) @ cosines
    return back.transpose(2, 3).reshape(count, 1, height, width) + 128


def rounded(pictures: Tensor) -> Tensor:
    """Whole levels from 0 to 255; gradients pass as if nothing had been done."""
    return _straight(pictures, pictures.clamp(0, 255).round())


def _straight(values: Tensor, instead: Tensor) -> Tensor:
    return values + (instead - values).detach()


def _cosines() -> Tensor:
    """The matrix of the discrete cosine transform, [8, 8], orthonormal."""
    n = torch.arange(BLOCK)
    matrix = torch.cos(math.pi * (2 * n[None] + 1) * n[:, None] / (2 * BLOCK)) * math.sqrt(2 / BLOCK)
    matrix[0] = math.sqrt(1 / BLOCK)
    return matrix


def _between(count: int, low: float, high: float, dice: Generator) -> Tensor:
    return low + (high - low) * torch.rand(count, generator=dice)
