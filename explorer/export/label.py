"""Text drawn into pictures: the visible note that a machine made them, and captions."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

WORDS = "AI-generated"
_SHARE = 24
"""The label's letters are this part of the picture's height."""
_SMALLEST = 9


@lru_cache(maxsize=16)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, which every installation has."""
    return ImageFont.load_default(size)


def text_size(text: str, size: int) -> tuple[int, int]:
    """Width and height in pixels of a line of text."""
    left, _, right, _ = font(size).getbbox(text)
    _, top, _, bottom = font(size).getbbox("Ag")
    return int(right - left), int(bottom - top)


def labelled(pixels: NDArray[np.uint8], words: str = WORDS) -> NDArray[np.uint8]:
    """Copy of a picture with `words` in its lower left corner, white on half-dark.

    Parameters
    ----------
    pixels : [H, W, 3] uint8
    """
    image = Image.fromarray(pixels).convert("RGB")
    letters = max(_SMALLEST, image.height // _SHARE)
    width, height = text_size(words, letters)
    pad = max(2, letters // 3)
    left, top = 0, image.height - height - 2 * pad
    band = image.crop((left, top, width + 2 * pad, image.height))
    image.paste(Image.blend(band, Image.new("RGB", band.size), 0.55), (left, top))
    ImageDraw.Draw(image).text((left + pad, image.height - pad), words, "white", font(letters), anchor="lb")
    return np.asarray(image)
