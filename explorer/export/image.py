"""A frame as a picture file: PNG, JPEG, WebP or TIFF, chosen by suffix."""

import io
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageCms

from explorer.errors import ExportError
from explorer.export import png16
from explorer.export.files import write_whole
from explorer.export.finishing import Pixels, check_finish, done_to, finished
from explorer.provenance import credentials
from explorer.provenance.claims import Claims
from explorer.provenance.embedded import picture_options
from explorer.provenance.identity import signing_identity
from explorer.recipe.finish import Finish
from explorer.render.frame import Frame

if TYPE_CHECKING:
    from explorer.render.model_info import ModelInfo

SUFFIXES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"}

_AS_DRAWN = Finish()

_SETTINGS: dict[str, dict[str, Any]] = {
    "PNG": {"compress_level": 4},  # level 6 takes 2.4 times as long for 6 % less
    # Not "optimize": it needs a buffer for the whole file, and fails where noise outgrows the guess.
    "JPEG": {"quality": 95, "subsampling": "4:4:4"},
    "WEBP": {"lossless": True, "quality": 50, "method": 1},  # more effort gains nothing on faces
    "TIFF": {"compression": "tiff_adobe_deflate"},
}


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


def save_picture(
    frame: Frame,
    path: str | Path,
    *,
    model_info: "ModelInfo | None" = None,
    sign: bool = True,
    finish: Finish = _AS_DRAWN,
) -> tuple[str, ...]:
    """Write a full frame to `path`, recipe inside, replacing what was there.

    PNG, TIFF and WebP keep every pixel; JPEG is quality 95 without colour
    subsampling. All are tagged as sRGB.

    Parameters
    ----------
    model_info : title, licence and attribution of the network, to be told in the file.
    sign : add Content Credentials, where the packages for it are installed. The
        first signature makes this installation's certificate. Without them the
        same frame gives the same bytes.
    finish : depth, enlarging, label and quality; told in the file.

    Returns
    -------
    What could not be done as wished, in words; empty as a rule.

    Raises
    ------
    ExportError
        If the frame is a draft, the suffix names no format, the format cannot hold
        the finish, or the file cannot be written; then nothing is left behind.
    """
    claims = replace(claims_of(frame, model_info), finish=done_to(finish, *frame.pixels.shape[:2]))
    return save_bytes(encode_picture(frame, format_of(path), claims), path, claims, sign=sign)


def save_bytes(data: bytes, path: str | Path, claims: Claims, *, sign: bool = True) -> tuple[str, ...]:
    """Sign a picture that is encoded already, and write it to `path`; see `save_picture`."""
    format = format_of(path)
    notices: tuple[str, ...] = ()
    if sign:
        try:
            data = _signed(data, format, claims)
        except ExportError as error:
            notices = (f"saved without Content Credentials: {error}",)
    write_whole(path, data)
    return notices


def claims_of(frame: Frame, model_info: "ModelInfo | None" = None) -> Claims:
    """What a file of `frame` says of itself."""
    recipe, moment = frame.request.recipe, frame.request.moment
    claims = Claims(recipe)
    if model_info is not None:
        claims = Claims(recipe, model_info.title, model_info.licence, model_info.attribution)
    if moment is None or moment.is_key:
        return claims
    # Between keyframes no recipe alone draws it: the film does, of which this cell is all that is seen.
    alone = moment.film.with_(cells=(moment.film.cells[moment.cell],), columns=1, size=None)
    return replace(claims, film=alone, frame=moment.number)


def encode_picture(frame: Frame, format: str, claims: Claims) -> bytes:
    """Bytes of `frame` as a file of `format` ("PNG", "JPEG", "WEBP", "TIFF"), not signed.

    It is finished as `claims` say.
    """
    check_finish(claims.finish, format)
    if frame.is_draft:
        height, width = frame.pixels.shape[:2]
        raise ExportError(
            f"this is a draft of {width}x{height} pixels, not the full picture of {frame.full_resolution}; "
            "wait until it has been drawn"
        )
    return encode_pixels(finished(frame, claims.finish), format, claims)


def encode_pixels(pixels: Pixels, format: str, claims: Claims) -> bytes:
    """Bytes of any finished picture, [H, W, 3] uint8 or (PNG) uint16, as a file of `format`, not signed."""
    options = _SETTINGS[format] | picture_options(format, claims)
    if pixels.dtype == np.uint16:
        return png16.encode(pixels, [(chunk[0], chunk[1]) for chunk in options["pnginfo"].chunks])  # type: ignore[arg-type]
    if claims.finish.quality is not None:
        options |= {"quality": claims.finish.quality, "lossless": False}
    if format != "PNG":  # PNG says "sRGB" in a chunk of its own
        options["icc_profile"] = srgb_profile()
    buffer = io.BytesIO()
    try:
        Image.fromarray(pixels).save(buffer, format, **options)
    except (OSError, ValueError) as error:  # too many pixels for the format is either
        raise ExportError(f"the picture could not be turned into {format}: {error}") from error
    return buffer.getvalue()


def _signed(data: bytes, format: str, claims: Claims) -> bytes:
    if not credentials.can_sign():
        raise ExportError("the package c2pa-python is not installed")
    return credentials.sign(data, format, claims, signing_identity())


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    """ICC profile of sRGB, the same bytes at any hour."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # ICC.1:2010, section 7.2: bytes 24-35 hold the time of making, 84-99 a digest that is optional.
    profile[24:36] = bytes((0x07, 0xEA, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0))
    profile[84:100] = bytes(16)
    return bytes(profile)
