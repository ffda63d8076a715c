"""Pixels of a picture or film from anywhere, as far as looking for the mark wants them.

Strange files are decoded here, and nowhere else in this room: sizes are looked at
first, few frames are taken, and whatever a decoder stumbles on is said in words.
"""

import math
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explorer.errors import RecipeError
from explorer.provenance.embedded import FORMATS

Pixels = NDArray[np.uint8]

FRAMES = 6
"""Of a film, spread over its length."""
MOST_PIXELS = 100_000_000
"""Larger pictures are not decoded."""
_SIDE = 1536
"""Larger ones are reduced to about that: the mark's waves are long."""
_LAST = 240
"""Frames of an animated picture that are decoded at most: each needs those before it."""
_FILMS = ("MP4", "MOV", "WEBM")


def pixels_of(path: Path, format: str) -> list[Pixels]:
    """Pixels of a picture, or of a few frames of a film: [H, W, 3] uint8 each, all of one size.

    Raises
    ------
    RecipeError
        If they cannot be decoded.
    OSError
        If the file cannot be opened.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, of large pictures; the limit here is our own
            frames = list(_of_film(path) if format in _FILMS else _of_picture(path))
    except RecipeError:
        raise
    except FileNotFoundError:
        raise
    except Exception as error:
        # Decoders answer damage with whatever they stumble on.
        raise RecipeError(f"its pixels cannot be read ({type(error).__name__})") from error
    if not frames:
        raise RecipeError("there is no picture in it")
    return [frame for frame in frames if frame.shape == frames[0].shape]


def _of_picture(path: Path) -> Iterator[Pixels]:
    with Image.open(path, formats=(*FORMATS, "GIF")) as image:
        _check_size(*image.size)
        for number in _spread(min(getattr(image, "n_frames", 1), _LAST)):
            image.seek(number)
            yield _reduced(image.convert("RGB"))


def _of_film(path: Path) -> Iterator[Pixels]:
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        _check_size(stream.codec_context.width, stream.codec_context.height)
        length = container.duration or 0  # microseconds
        for number in range(FRAMES if length else 1):
            if number:
                container.seek(length * number // FRAMES, backward=True, any_frame=False)
            for frame in islice(container.decode(stream), 1):
                _check_size(frame.width, frame.height)
                yield _reduced(frame.to_image())


def _spread(count: int) -> list[int]:
    return sorted({count * i // FRAMES for i in range(FRAMES)})


def _reduced(image: Image.Image) -> Pixels:
    factor = int(math.sqrt(image.width * image.height) / _SIDE)
    return np.asarray(image.reduce(factor) if factor > 1 else image)


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise RecipeError(f"the picture has {width}x{height} pixels, too many to be looked through")
