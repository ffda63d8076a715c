"""What a film can be written as, and the settings of a film's file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from explorer.errors import ExportError
from explorer.recipe.finish import Label

FilmFormat = Literal["MP4", "WEBM", "MOV", "GIF", "WEBP", "APNG", "FRAMES"]
Chroma = Literal["420", "444"]
Codec = Literal["vp9", "av1"]

FILM_SUFFIXES: dict[str, FilmFormat] = {
    ".mp4": "MP4",
    ".webm": "WEBM",
    ".mov": "MOV",
    ".gif": "GIF",
    ".webp": "WEBP",
    ".apng": "APNG",
}
GIF_FPS = 50.0
"""GIF counts hundredths of a second, and players slow down what is faster than two of them."""

_TYPICAL_BYTES: dict[FilmFormat, float] = {
    "MP4": 0.02,
    "WEBM": 0.015,
    "MOV": 0.6,
    "GIF": 0.5,
    "WEBP": 0.08,
    "APNG": 1.0,
    "FRAMES": 1.0,
}
"""Per pixel and frame, rather too low: a film must not be refused for a guess."""


@dataclass(frozen=True, slots=True)
class FilmSettings:
    """How a film is written; what it shows is the film's own."""

    quality: int = 80
    """1 to 100. 80 is free of visible loss; a PNG sequence loses nothing at any."""
    chroma: Chroma = "420"
    """MP4, WebM and MOV: "420" plays everywhere; "444" keeps fine colours, and many players refuse it."""
    label: Label | None = None
    """Draw "AI-generated" into a corner."""
    mark: bool = True
    """Lay the invisible mark over every picture."""
    sign: bool = True
    """Add Content Credentials, where the format can carry them."""

    codec: Codec = "vp9"
    """Of WebM: "vp9" plays everywhere; "av1" is smaller, and older players refuse it."""

    def __post_init__(self) -> None:
        if not 1 <= self.quality <= 100:
            raise ExportError(f"quality goes from 1 to 100, not {self.quality}")
        if self.chroma not in ("420", "444"):
            raise ExportError(f"chroma is 420 or 444, not {self.chroma}")
        if self.codec not in ("vp9", "av1"):
            raise ExportError(f"the codec of a WebM is vp9 or av1, not {self.codec}")


def film_format_of(path: str | Path) -> FilmFormat:
    """Format that the suffix of `path` asks for; a name without one is a folder of frames.

    Raises
    ------
    ExportError
        If the suffix is none of `FILM_SUFFIXES`.
    """
    suffix = Path(path).suffix.lower()
    if Path(path).is_dir() or not suffix:
        return "FRAMES"
    if suffix not in FILM_SUFFIXES:
        known = ", ".join(FILM_SUFFIXES)
        raise ExportError(f"cannot tell the format of {str(path)!r}; use one of {known}, or a folder")
    return FILM_SUFFIXES[suffix]


def check_fits(format: FilmFormat, width: int, height: int, fps: float, settings: FilmSettings) -> None:
    """Refuse what a format cannot hold, before anything is drawn.

    Raises
    ------
    ExportError
        With what to do instead.
    """
    if format == "WEBM" and settings.codec == "av1" and min(width, height) < 64:
        raise ExportError(f"AV1 wants 64 pixels at least, not {width}x{height}; choose the codec vp9")
    if format in ("MP4", "WEBM", "MOV") and (width % 2 or height % 2) and settings.chroma == "420":
        raise ExportError(
            f"a frame of {width}x{height} pixels does not fit this format, which wants even numbers; "
            f"choose the size {height + height % 2} or chroma 444"
        )
    if format == "MOV" and (width % 2 or height % 2):
        raise ExportError(f"ProRes wants even numbers of pixels, not {width}x{height}; choose another size")
    if format == "WEBM" and settings.codec == "av1" and settings.chroma == "444":
        raise ExportError("AV1 is written with chroma 420 alone; choose that, or the codec vp9")
    if format == "GIF" and fps > GIF_FPS:
        raise ExportError(f"GIF cannot show {fps:g} frames a second; choose 50 or fewer")
    limit = {"GIF": 65_535, "WEBP": 16_383, "MP4": 16_384, "WEBM": 16_384, "MOV": 16_384}.get(format)
    if limit is not None and max(width, height) > limit:
        raise ExportError(f"a frame of {width}x{height} pixels is too large for this format; choose a size")


def least_bytes(format: FilmFormat, width: int, height: int, frames: int) -> int:
    """Room a film surely takes on the disk while it is made: its pieces, and the whole beside them."""
    return int(2 * _TYPICAL_BYTES[format] * width * height * frames)
