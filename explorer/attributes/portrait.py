"""A portrait as the measures look at it: CIELAB at one size, with the colours of its parts."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.float64]

SIDE = 128
"""Pixels a side at which all pictures are measured."""

_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])

BACKGROUND = ((0.02, 0.12, 0.03, 0.30), (0.88, 0.98, 0.03, 0.30))
"""Boxes (left, right, top, bottom) in shares of the picture: beside the head, above the shoulders."""
HAIR = ((0.35, 0.65, 0.05, 0.14),)
CHEEKS = ((0.30, 0.42, 0.55, 0.66), (0.58, 0.70, 0.55, 0.66))
"""That on the left of the picture, that on the right."""
FOREHEAD = (0.40, 0.60, 0.27, 0.36)


class Portrait:
    """One aligned portrait.

    Parameters
    ----------
    pixels : [H, W, 3] uint8, sRGB; square, from 32 pixels a side.
    """

    def __init__(self, pixels: Pixels) -> None:
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
            raise ValueError(f"a portrait is [H, W, 3] uint8, not {list(pixels.shape)} {pixels.dtype}")
        if pixels.shape[0] != pixels.shape[1] or pixels.shape[0] < 32:
            raise ValueError(
                f"a portrait is square, from 32 pixels a side, not {pixels.shape[1]}×{pixels.shape[0]}"
            )
        if pixels.shape[0] != SIDE:
            image = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
            pixels = np.asarray(image)
        self.lab = to_lab(pixels)
        """[SIDE, SIDE, 3]: L* 0 to 100, a*, b*."""

    def box(self, left: float, right: float, top: float, bottom: float) -> Numbers:
        """Part of the picture, in shares of it: [h, w, 3]."""
        x0, x1, y0, y1 = (round(share * SIDE) for share in (left, right, top, bottom))
        return self.lab[y0:y1, x0:x1]

    def colour(self, *boxes: tuple[float, float, float, float]) -> Numbers:
        """Median colour of some boxes: [3]."""
        return np.median(np.concatenate([self.box(*box).reshape(-1, 3) for box in boxes]), axis=0)

    @cached_property
    def background(self) -> Numbers:
        """Colour behind the head."""
        return self.colour(*BACKGROUND)

    @cached_property
    def skin(self) -> Numbers:
        """Colour of cheeks and forehead."""
        return self.colour(*CHEEKS, FOREHEAD)

    @cached_property
    def hair(self) -> Numbers:
        """Colour above the forehead: hair, where there is any."""
        return self.colour(*HAIR)


def to_lab(pixels: Pixels) -> Numbers:
    """CIELAB under D65 of sRGB values: [..., 3] uint8 to [..., 3] float64 (IEC 61966-2-1, CIE 15)."""
    xyz = _LINEAR[pixels] @ _TO_XYZ.T / _WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _linear() -> Numbers:
    value = np.arange(256) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


_LINEAR = _linear()
