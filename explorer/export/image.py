"""A frame as a picture file: PNG, JPEG, WebP or TIFF, chosen by suffix."""

import io
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from PIL import Image, ImageCms

from explorer.errors import ExportError
from explorer.export.files import write_whole
from explorer.provenance.claims import Claims
from explorer.provenance.embedded import picture_options
from explorer.render.frame import Frame

SUFFIXES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"}

_SETTINGS: dict[str, dict[str, Any]] = {
    "PNG": {"compress_level": 6},
    "JPEG": {"quality": 95, "subsampling": "4:4:4", "optimize": True},
    "WEBP": {"lossless": True, "quality": 80, "method": 4},
    "TIFF": {"compression": "tiff_adobe_deflate"},
}


class ModelFacts(Protocol):
    """What is told of a network; `render.ModelInfo` has it."""

    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def licence(self) -> str | None: ...  # noqa: D102


def format_of(path: str | Path) -> str:
    """Pillow's name of the format that the suffix of `path` asks for.

    Raises
    ------
    ExportError
        If the suffix is none of `SUFFIXES`.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise ExportError(f"cannot tell the format of {str(path)!r} from its suffix; use one of {known}")
    return SUFFIXES[suffix]


def save_picture(frame: Frame, path: str | Path, *, model_info: ModelFacts | None = None) -> None:
    """Write a full frame to `path`, recipe inside, replacing what was there.

    PNG, TIFF and WebP keep every pixel; JPEG is quality 95 without colour
    subsampling. All are tagged as sRGB. The same frame gives the same bytes.

    Parameters
    ----------
    model_info : title and licence of the network, to be told in the file.

    Raises
    ------
    ExportError
        If the frame is a draft, the suffix names no format, or the file cannot
        be written; then nothing is left behind.
    """
    write_whole(path, encode_picture(frame, format_of(path), model_info=model_info))


def encode_picture(frame: Frame, format: str, *, model_info: ModelFacts | None = None) -> bytes:
    """Bytes of `frame` as a file of `format` ("PNG", "JPEG", "WEBP", "TIFF"); see `save_picture`."""
    if frame.is_draft:
        height, width = frame.pixels.shape[:2]
        raise ExportError(
            f"this is a draft of {width}x{height} pixels, not the full picture of {frame.full_resolution}; "
            "wait until it has been drawn"
        )
    claims = Claims(
        frame.request.recipe,
        title=str(getattr(model_info, "title", "") or ""),
        licence=str(getattr(model_info, "licence", "") or ""),
        attribution=str(getattr(model_info, "attribution", "") or ""),
    )
    options = _SETTINGS[format] | picture_options(format, claims)
    if format != "PNG":  # PNG says "sRGB" in a chunk of its own
        options["icc_profile"] = srgb_profile()
    buffer = io.BytesIO()
    Image.fromarray(frame.pixels).save(buffer, format, **options)
    return buffer.getvalue()


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    """ICC profile of sRGB, the same bytes at any hour."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # ICC.1:2010, section 7.2: bytes 24-35 hold the time of making, 84-99 a digest that is optional.
    profile[24:36] = bytes((0x07, 0xEA, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0))
    profile[84:100] = bytes(16)
    return bytes(profile)
