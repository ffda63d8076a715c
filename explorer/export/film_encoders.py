"""Encoders of films. Each writes a film in segments, whole files by themselves, and joins them.

Segments make an export survive: after a crash the finished ones are taken as they
are. An export that ran through is made of the very same segments, so both give the
same bytes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from explorer.errors import ExportError
from explorer.export.film_formats import FilmFormat, FilmSettings
from explorer.export.film_frames import Pixels
from explorer.provenance import Claims


class Segment(Protocol):
    """A segment that is being written."""

    def add(self, number: int, pixels: Pixels) -> None:
        """Take the next frame; `number` counts from the beginning of the film."""

    def close(self) -> None:
        """Write what is left and close the file. Called after an error too."""


class Encoder(Protocol):
    """Writes one film in one format."""

    segment_frames: int
    """Frames in a segment; the last has what is left."""
    suffix: str
    """Of segment files."""

    def open(self, path: Path, frames: int) -> Segment:
        """Begin a segment that will hold so many frames."""

    def join(self, segments: Sequence[Path], out: Path, claims: Claims) -> None:
        """Make the film of its segments, with `claims` inside."""


def make_encoder(
    format: FilmFormat,
    settings: FilmSettings,
    fps: float,
    size: tuple[int, int],
    claims: Claims,
    music: Path | None = None,
    device: str = "cpu",
) -> Encoder:
    """Make the encoder of a format; libraries are imported here and not before.

    Parameters
    ----------
    size : width and height of a frame.
    music : a file whose sound goes under the film, where the format has sound.
    device : the frames are drawn on.
    """
    if format in ("MP4", "WEBM", "MOV"):
        try:
            from explorer.export.video_av import VideoEncoder
        except ImportError as error:
            raise ExportError(
                f"{format} needs the package av, which cannot be loaded here ({error}); install it with "
                "pip install av, or choose GIF, WebP or a folder of frames"
            ) from error

        return VideoEncoder(format, settings, fps, size, music, device)
    from explorer.export import video_pillow

    if format == "GIF":
        return video_pillow.GifEncoder(settings, fps, size, loop=_loops(claims))
    if format == "WEBP":
        return video_pillow.WebPEncoder(settings, fps, size, loop=_loops(claims))
    if format == "APNG":
        return video_pillow.ApngEncoder(fps, size, loop=_loops(claims))
    return video_pillow.FramesEncoder(claims, settings)


def _loops(claims: Claims) -> bool:
    return claims.film is not None and claims.film.loop
