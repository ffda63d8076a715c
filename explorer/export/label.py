"""Text drawn into pictures: the visible note that a machine made them, and captions."""

from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from explorer.recipe.finish import WORDS, Label, LabelSize

__all__ = ["WORDS", "font", "label_fits", "labelled", "text_size"]

Level = TypeVar("Level", np.uint8, np.uint16)

_SHARES: dict[LabelSize, int] = {"small": 36, "medium": 24, "large": 14}
"""The label's letters are this part of the picture's height."""
_SMALLEST = 9
_DARKENED = 0.45
"""How much of the picture shines through the ground of the label."""


@lru_cache(maxsize=16)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, which every installation has."""
    return ImageFont.load_default(size)


def text_size(text: str, size: int) -> tuple[int, int]:
    """Width and height in pixels of a line of text."""
    left, _, right, _ = font(size).getbbox(text)
    _, top, _, bottom = font(size).getbbox("Ag")
    return int(right - left), int(bottom - top)


def label_fits(width: int) -> bool:
    """Whether the smallest label covers no more than half the width of a picture: a stamp, not a cover."""
    return 2 * text_size(WORDS, _SMALLEST)[0] <= width


def labelled(pixels: NDArray[Level], label: Label | None = None) -> NDArray[Level]:
    """Copy of a picture with `WORDS` in a corner, white on half-dark.

    Parameters
    ----------
    pixels : [H, W, 3] uint8 or uint16
    label : where, and how large; the lower left corner by default.
    """
    label = label or Label()
    height, width = pixels.shape[:2]
    letters = max(_SMALLEST, height // _SHARES[label.size])
    pad = max(2, letters // 3)
    size = [side + 2 * pad for side in text_size(WORDS, letters)]
    # What does not fit into a tiny picture is cut off on the right and above.
    across, down = min(size[0], width), min(size[1], height)
    stamp = Image.new("L", (across, down))
    ImageDraw.Draw(stamp).text((pad, down - pad), WORDS, 255, font(letters), anchor="lb")
    ink = np.asarray(stamp, np.float64)[..., None] / 255
    rows = slice(0, down) if label.corner.startswith("top") else slice(height - down, height)
    columns = slice(0, across) if label.corner.endswith("left") else slice(width - across, width)
    white = float(np.iinfo(pixels.dtype).max)
    marked = pixels.copy()
    marked[rows, columns] = np.rint(pixels[rows, columns] * _DARKENED * (1 - ink) + white * ink)
    return marked
