"""Frames of a film file drawn once more, and compared as far as its compression lets one compare."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from explorer.errors import ExplorerError, ExportError
from explorer.export.film_encoders import make_encoder
from explorer.export.film_formats import FilmFormat, FilmSettings
from explorer.export.film_frames import FrameFinisher, FrameMaker, Pixels, frame_size
from explorer.export.video import claims_of_film
from explorer.export.video_pillow import PALETTES, with_palette
from explorer.mark.film import EVERY
from explorer.provenance import Report
from explorer.recipe import Film
from explorer.recipe.finish import AS_DRAWN

if TYPE_CHECKING:
    from explorer.render import Engine

SAMPLES = 5
"""Frames that are compared, from the first to the last."""
FARTHEST = 3000
"""Frames that are decoded at most to come to the last of them."""
BLOCK = 8
"""Side of the squares whose means are compared: compression keeps those, whatever it does to pixels."""
MOST = {"GIF": 20.0}
MOST_ELSEWHERE = 12.0
"""Levels of 255 by which the mean of a square may differ. Measured at quality 50 to 100, the most is half
of it; another face differs by more than 40 somewhere."""
FORMATS: tuple[FilmFormat, ...] = ("MP4", "MOV", "WEBM", "GIF", "WEBP", "APNG")


def is_film(report: Report) -> bool:
    """Whether a report is of a file of moving pictures; a contact sheet is none."""
    return report.film is not None and report.frame is None and (report.film.frames > 1 or _is_video(report))


def format_of(report: Report) -> FilmFormat | None:
    """Its format; None where it is none of a film's."""
    # A picture's reader calls an animated PNG a PNG.
    name = "APNG" if report.format == "PNG" else report.format
    return next((format for format in FORMATS if format == name), None)


def compare(report: Report, engine: "Engine") -> tuple[tuple[int, ...], list[Pixels], list[Pixels]]:
    """Numbers of the frames that were compared; those frames as they are in the file, and drawn again.

    The last two are empty where the file shows another size.

    Raises
    ------
    ExplorerError, OSError
        If it cannot be drawn or decoded.
    """
    film, format = report.film, format_of(report)
    assert film is not None, "`check_can_redraw` looked"
    assert format is not None, "`check_can_redraw` looked"
    finish = report.finish or AS_DRAWN
    info = engine.info(film.model)
    size = frame_size(film, info.size)
    # The invisible mark is made anew on certain frames of each piece: those need no others before them.
    claims = claims_of_film(film, info)
    piece = make_encoder(format, FilmSettings(), film.fps, size, claims).segment_frames
    numbers = samples(film, piece)
    maker, finisher = FrameMaker(engine, film), FrameFinisher(film, finish.label, finish.mark, piece)
    found: list[Pixels] = []
    for pixels in _decoded(Path(report.path), format, numbers):
        if pixels.shape[1::-1] != size:
            return numbers, [], []
        found.append(pixels)
    if len(found) < len(numbers):
        raise ExportError(f"{report.path}: the film in the file is shorter than its recipe")
    return numbers, found, [finisher.finished(number, maker.frame(number)) for number in numbers]


def samples(film: Film, piece: int) -> tuple[int, ...]:
    """Numbers of a few frames that can be made without those before them, first and last among them."""
    able = [n for n in range(min(film.frames, FARTHEST)) if n % piece % EVERY == 0]
    places = np.linspace(0, len(able) - 1, min(SAMPLES, len(able)))
    return tuple(able[round(place)] for place in places)


def looks_alike(found: Sequence[Pixels], drawn: Sequence[Pixels], format: FilmFormat) -> bool:
    """Whether all frames are the same but for what compression changes."""
    if format == "GIF" and any(_same_palette(found, drawn, colours) for colours in PALETTES):
        return True
    most = MOST.get(format, MOST_ELSEWHERE)
    return all(np.abs(_means(a) - _means(b)).max() <= most for a, b in zip(found, drawn, strict=True))


def _same_palette(found: Sequence[Pixels], drawn: Sequence[Pixels], colours: int) -> bool:
    pairs = zip(found, drawn, strict=True)
    return all(np.array_equal(a, np.asarray(with_palette(b, colours).convert("RGB"))) for a, b in pairs)


def psnr(found: Sequence[Pixels], drawn: Sequence[Pixels]) -> float:
    """Ratio of a signal's peak to the error, over all frames, in decibels; infinite where they are equal."""
    error = np.mean([np.square(a.astype(np.float64) - b).mean() for a, b in zip(found, drawn, strict=True)])
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def _means(pixels: Pixels) -> np.ndarray:
    height, width = (side // BLOCK * BLOCK or side for side in pixels.shape[:2])
    rows, columns = max(1, height // BLOCK), max(1, width // BLOCK)
    blocks = pixels[:height, :width].reshape(rows, height // rows, columns, width // columns, 3)
    means: np.ndarray = blocks.astype(np.float64).mean(axis=(1, 3))
    return means


def _is_video(report: Report) -> bool:
    return report.format in ("MP4", "MOV", "WEBM", "GIF")


def _decoded(path: Path, format: FilmFormat, numbers: Sequence[int]) -> Iterator[Pixels]:
    """Frames of a file by their numbers, which rise."""
    if format in ("GIF", "WEBP", "APNG"):
        yield from _by_pillow(path, numbers)
        return
    try:
        import av
    except ImportError as error:
        raise ExportError(f"{path}: films need the package av, which cannot be loaded here") from error
    from av.video.reformatter import ColorRange, Colorspace

    wanted = set(numbers)
    try:
        with av.open(str(path)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                if number in wanted:
                    seen = frame.reformat(
                        format="rgb24",
                        src_colorspace=Colorspace.ITU709,
                        src_color_range=ColorRange.MPEG,
                        dst_color_range=ColorRange.JPEG,
                    )
                    yield np.asarray(seen.to_ndarray(), np.uint8)
                if number >= numbers[-1]:
                    return
    except av.error.FFmpegError as error:
        raise ExportError(f"{path}: the film cannot be decoded ({error.strerror or error})") from error


def _by_pillow(path: Path, numbers: Sequence[int]) -> Iterator[Pixels]:
    try:
        with Image.open(path, formats=("GIF", "WEBP", "PNG")) as image:
            for number in numbers:
                image.seek(number)
                yield np.asarray(image.convert("RGB"))
    except EOFError:
        return
    except ExplorerError:
        raise
    except Exception as error:  # Pillow answers damage with whatever its decoders stumble on
        raise ExportError(f"{path}: the film cannot be decoded ({type(error).__name__})") from error
