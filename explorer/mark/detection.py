"""Looking for the mark: guess what was laid over a picture, and compare it with the pattern.

A picture may have been turned, mirrored, cropped and resized since. The guess is turned and
resized back in small steps, and compared with the pattern at every place at once (by FFT).
For a picture that was never marked each comparison is a draw from a normal distribution, its
width known (the guess's own energy): so the chance of the best of all of them is known
too, and the mark counts as found where that chance is below one in a million.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from explorer.mark.embedding import brightness, even, resized
from explorer.mark.networks import bundled
from explorer.mark.pattern import TILE, band, key, strength_at

CHANCE = 1e-6
"""A picture that holds no mark is taken for one that does in so many cases."""
SMALLEST = 16
"""Pixels; nothing can be told of a picture less wide or high than that."""
MOST_TILES = 12
"""On a contact sheet a mark is looked for in pictures down to one twelfth of its side."""

_TURNS = tuple(range(-8, 9, 2))
"""Degrees."""
_SMALLEST_CELL = 32
_STEP = 1.04
"""Between sizes: at half a step the shortest waves are out of step by a sixth at the edges."""
_WINDOW = 2.5
"""Pictures of a sheet, across: wherever a window so wide lies, one picture in it is whole."""
_SHOWN = ((1.0, tuple(_STEP**-n for n in range(-1, 7))), (0.72, tuple(_STEP**-n for n in range(-1, 5))))
"""How much of a tile's side is left: rough sizes the guess is made at, and finer ones around each."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What looking for the mark gave."""

    found: bool
    score: float
    """Standard deviations above what chance gives, of the best comparison."""
    chance: float
    """That an unmarked picture scores as high in any of the comparisons made, at most; 0 to 1."""
    mirrored: bool = False
    """The picture is a mirror image of the one that was marked."""

    def as_json(self) -> dict[str, Any]:
        """Plain values, for reports."""
        return {
            "found": self.found,
            "score": round(self.score, 2),
            "chance": float(f"{self.chance:.2g}"),
            "mirrored": self.mirrored,
        }


def detect(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> Detection:
    """Look for the mark in a picture, [H, W, 3] uint8 or uint16."""
    return detect_film([pixels])


def detect_film(frames: Sequence[NDArray[np.uint8] | NDArray[np.uint16]]) -> Detection:
    """Look for the mark that several frames of one film share: guesses are added up."""
    planes = [brightness(frame) for frame in frames]
    if not planes or min(planes[0].shape) < SMALLEST:
        return Detection(False, 0.0, 1.0)
    best, tried = Detection(False, -math.inf, 1.0), 0
    with torch.inference_mode():
        for scores in _comparisons(torch.stack(planes)[:, None]):
            tried += scores.numel()
            score = float(scores.max())
            if score > best.score:
                chance = min(1.0, tried * _tail(score))
                mirrored = bool(scores[1].max() > scores[0].max())
                best = Detection(chance < CHANCE, score, chance, mirrored)
            if best.found:
                break
    return best


def _comparisons(planes: Tensor) -> Iterator[Tensor]:
    """Scores of more and more places, [2, ...]: against the pattern, and against its mirror image.

    What is likely comes first: the picture as it was; cropped and turned; many small ones on a sheet.
    """
    height, width = planes.shape[-2:]
    side = math.sqrt(height * width)
    upright = guess(planes, side / TILE)
    yield _around(upright, (1.0,), 1.0, (0,))
    for rough, shown in _SHOWN:
        seen = upright if rough == 1.0 else guess(planes, side / (TILE * rough))
        yield _around(seen, tuple(rough * share for share in shown), rough, _TURNS)
    tiles = _STEP**2
    while tiles <= MOST_TILES and side / tiles >= _SMALLEST_CELL:
        window = math.ceil(side / tiles * _WINDOW)
        top, left = max(height - window, 0) // 2, max(width - window, 0) // 2
        middle = planes[..., top : top + window, left : left + window]
        seen = guess(middle, side / (TILE * tiles))
        for step in (1 / _STEP, 1, _STEP):
            yield _anywhere(_stretched(seen, step))
        tiles *= _STEP**3


def guess(planes: Tensor, unit: float) -> Tensor:
    """What was laid over, by the second network, of `planes` ([N, 1, H, W], levels of 255).

    Parameters
    ----------
    unit : pixels for one sample of the guess.

    Returns
    -------
    [rows, columns]: the mean over all planes.
    """
    height, width = planes.shape[-2:]
    found = bundled()[1](resized(planes, (even(height / unit), even(width / unit))))
    found = found / found.square().mean((1, 2, 3), keepdim=True).sqrt().clamp_min(1e-6)
    return found.mean((0, 1))


def _around(found: Tensor, shown: Sequence[float], rough: float, turns: Sequence[int]) -> Tensor:
    """Scores for each share of a tile that may be shown, and each turn, [2, shares * turns, TILE, TILE].

    Parameters
    ----------
    found : guess at as many samples as make a share of `rough`.
    """
    height, width = found.shape
    # A whole number of tiles, which are added up: the pattern repeats from one to the next.
    side = TILE * math.ceil(max(height, width) / rough * max(shown) / TILE - 0.1)
    rows = torch.arange(side) - (side - 1) / 2
    y, x = torch.meshgrid(rows, rows, indexing="ij")
    grids = []
    for share in shown:
        for turn in turns:
            c, s = (f(math.radians(turn)) * rough / share for f in (math.cos, math.sin))
            grids.append(torch.stack([(c * x - s * y) * 2 / width, (s * x + c * y) * 2 / height], -1))
    grid = torch.stack(grids)
    many = found.expand(len(grid), 1, -1, -1)
    moved = F.grid_sample(many, grid, "bilinear", "zeros", align_corners=False)
    return _scores(moved.reshape(len(grid), side // TILE, TILE, side // TILE, TILE).sum((1, 3)))


def _scores(found: Tensor) -> Tensor:
    """Standard deviations of the correlation at each place, [2, N, TILE, TILE], of [N, TILE, TILE]."""
    waves = torch.fft.rfft2(found)
    strength = band()[:, : TILE // 2 + 1]
    # With phases drawn by lot, a correlation's variance is the energy of the guess in the band.
    power = (waves.abs() * strength).square()
    energy = 2 * power.sum((-2, -1)) - power[..., 0].sum(-1) - power[..., -1].sum(-1)
    reference = torch.fft.rfft2(torch.stack([key(), key().flip(-1)]).float())
    reference = reference / reference.abs().clamp_min(1e-3) * strength
    matched = torch.fft.irfft2(waves * reference[:, None].conj(), found.shape[-2:]) * TILE**2
    return matched / energy.sqrt().clamp_min(1e-9)[:, None, None]


def _stretched(found: Tensor, factor: float) -> Tensor:
    if factor == 1:
        return found
    return F.interpolate(found[None, None], scale_factor=factor, mode="bilinear")[0, 0]


def _anywhere(found: Tensor) -> Tensor:
    """Scores of the pattern lying anywhere in a larger guess, [2, H, W]: by the energy at each place."""
    size = [TILE * math.ceil(side / TILE + 1) for side in found.shape]
    rows, columns = torch.fft.fftfreq(size[0]) * TILE, torch.fft.rfftfreq(size[1]) * TILE
    # A tile cut out of the pattern answers to waves beyond the band too: those are taken off before.
    waves = torch.fft.rfft2(found, size) * strength_at(torch.hypot(rows[:, None], columns[None]))
    patterns = torch.fft.rfft2(torch.stack([key(), key().flip(-1)]).float(), size)
    matched = torch.fft.irfft2(waves * patterns.conj(), size)
    window = torch.fft.rfft2(torch.ones(TILE, TILE), size)
    in_band = torch.fft.irfft2(waves, size)
    energy = torch.fft.irfft2(torch.fft.rfft2(in_band.square(), size) * window.conj(), size)
    # Where a place is all but empty, rounding would be taken for a perfect match.
    energy = energy.clamp_min(float(energy.max()) / 16)
    scores = matched * band().square().mean().sqrt() / energy.sqrt()
    return scores[:, : found.shape[0], : found.shape[1]]


def _tail(score: float) -> float:
    """Probability that a normally distributed value is above `score`."""
    return 0.5 * math.erfc(score / math.sqrt(2))
