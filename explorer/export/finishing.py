"""From a drawn frame to the pixels of a file: enlarged on wish, marked, labelled on wish."""

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explorer.errors import ExportError
from explorer.export.label import labelled
from explorer.mark import embed, has_room
from explorer.recipe.finish import Finish
from explorer.render.frame import Frame

Level = TypeVar("Level", np.uint8, np.uint16)
Pixels = NDArray[np.uint8] | NDArray[np.uint16]

LOSSY = ("JPEG", "WEBP")
"""Formats that have a quality."""


def check_finish(finish: Finish, format: str) -> None:
    """Refuse what a format cannot hold.

    Raises
    ------
    ExportError
        With what to do instead.
    """
    if finish.bits == 16 and format != "PNG":
        raise ExportError(f"{format} is written with 8 bits for each colour; 16 bits need PNG")
    if finish.quality is not None and format not in LOSSY:
        raise ExportError(f"{format} keeps every pixel and has no quality; leave it out, or use JPEG or WebP")


def done_to(finish: Finish, height: int, width: int) -> Finish:
    """What of `finish` is done to pictures that are drawn in that size; that is what a file tells.

    Pictures that are too small have no room for the mark.
    """
    room = has_room(height * finish.upscale, width * finish.upscale)
    return replace(finish, mark=finish.mark and room)


def finished(frame: Frame, finish: Finish) -> Pixels:
    """Pixels of `frame` as they go into a file, [H, W, 3] uint8, or uint16 for 16 bits.

    Raises
    ------
    ExportError
        If 16 bits are wished of a frame that was drawn without.
    """
    if finish.bits == 8:
        return _finished(frame.pixels, finish)
    if frame.deep_pixels is None:
        raise ExportError("this picture was drawn in 8 bits; ask for it with RenderRequest(deep=True)")
    return _finished(frame.deep_pixels, finish)


def _finished(pixels: NDArray[Level], finish: Finish) -> NDArray[Level]:
    if finish.upscale > 1:
        pixels = enlarged(pixels, finish.upscale)
    if finish.mark:
        pixels = embed(pixels)
    # Last, so that its letters are sharp.
    return pixels if finish.label is None else labelled(pixels, finish.label)


def enlarged(pixels: NDArray[Level], factor: int) -> NDArray[Level]:
    """Enlarge by Lanczos' filter, three lobes wide.

    Parameters
    ----------
    pixels : [H, W, 3] uint8 or uint16
    """
    height, width = pixels.shape[:2]
    size = (width * factor, height * factor)
    if pixels.dtype == np.uint8:
        return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
    # Pillow knows no colours of 16 bits: one plane after the other, as floats.
    planes = [
        np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS))
        for plane in np.moveaxis(pixels.astype(np.float32), -1, 0)
    ]
    return np.rint(np.stack(planes, -1)).clip(0, np.iinfo(pixels.dtype).max).astype(pixels.dtype)
