"""A film to a file: frame by frame, exact, whatever the window does meanwhile.

`write_film` draws on the thread that calls it and encodes on another. It is a
generator: between frames it yields how far it is, so the render thread can serve the
viewer, a window can pause it (by not asking on), and closing it gives up. Finished
segments outlive a crash and a closed generator alike; `discard` throws them away.
"""

import hashlib
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import explorer
from explorer.errors import ExportError
from explorer.export.files import make_folder
from explorer.export.film_encoders import make_encoder
from explorer.export.film_finishing import Finishing
from explorer.export.film_formats import FilmFormat, FilmSettings, check_fits, film_format_of, least_bytes
from explorer.export.film_frames import FrameFinisher, FrameMaker, Pixels, frame_size
from explorer.export.film_job import FRAME_NAME, Job, discard, finished
from explorer.export.film_writer import FilmWriter
from explorer.export.finishing import done_to
from explorer.provenance import Claims
from explorer.recipe import Film
from explorer.recipe.film_document import dumps
from explorer.recipe.finish import Finish

if TYPE_CHECKING:
    from explorer.render import Engine, ModelInfo

DRAWN_TOGETHER: tuple[FilmFormat, ...] = ("MP4", "MOV", "WEBM")
"""Formats that change pixels by more than rounding. In the others a frame drawn again is the very same."""

__all__ = [
    "FilmProgress",
    "FilmReport",
    "claims_of_film",
    "discard",
    "finished_frames",
    "save_film",
    "write_film",
]


@dataclass(frozen=True, slots=True, eq=False)
class FilmProgress:
    """How far an export is."""

    done: int
    """Frames drawn, those of an earlier attempt included."""
    total: int
    resumed: int
    """Frames that an earlier attempt had finished."""
    frames_per_second: float
    """Of this attempt; 0 before its first frame."""
    seconds_left: float | None
    """Estimate; None before the first frame."""
    bytes_written: int
    preview: Pixels | None = None
    """[H, W, 3] uint8, the newest frame as it goes into the file."""


@dataclass(frozen=True, slots=True)
class FilmReport:
    """A film that is on the disk."""

    path: Path
    format: FilmFormat
    frames: int
    resumed: int
    width: int
    height: int
    bytes: int
    seconds: float
    notices: tuple[str, ...]


def save_film(
    engine: "Engine",
    film: Film,
    path: str | Path,
    settings: FilmSettings = FilmSettings(),
    music: str | Path | None = None,
) -> FilmReport:
    """Write a film in one go; see `write_film`."""
    work = write_film(engine, film, path, settings, music)
    while True:
        try:
            next(work)
        except StopIteration as end:
            report: FilmReport = end.value
            return report


def write_film(
    engine: "Engine",
    film: Film,
    path: str | Path,
    settings: FilmSettings = FilmSettings(),
    music: str | Path | None = None,
) -> Generator[FilmProgress, None, FilmReport]:
    """Write a film to `path`, film document inside, replacing what was there.

    Parameters
    ----------
    engine : belongs to the calling thread.
    path : `.mp4`, `.webm`, `.mov`, `.gif`, `.webp` or `.apng`; a name without a suffix, or a folder
        that exists, takes PNG files (frame000000.png, ...).
    music : a sound file to go under MP4, MOV and WebM, from its beginning to the film's end.

    Yields
    ------
    Progress, between the cells of a frame and after each; while the file is being finished
    some twenty times a second.

    Returns
    -------
    What was written (the `value` of `StopIteration`).

    Raises
    ------
    ExportError
        If it cannot be written. Finished segments stay beside the target, hidden, and the same
        export goes on from there.
    """
    path = Path(path)
    began = monotonic()
    info = engine.info(film.model)
    format = film_format_of(path)
    size = frame_size(film, info.size)
    check_fits(format, *size, film.fps, settings)
    if music is not None:
        _check_music(music, format)
    if format == "FRAMES":
        _check_folder(path, film.frames)
        make_folder(path.parent)
    cell = size[1] // film.rows, size[0] // film.columns
    finish = done_to(Finish(label=settings.label, mark=settings.mark), *cell)
    claims = replace(claims_of_film(film, info), finish=finish)
    sound = None if music is None else Path(music)
    encoder = make_encoder(format, settings, film.fps, size, claims, sound, engine.device)
    about = _about(engine, film, settings, format, size)
    job = Job(path, about, film.frames, encoder.segment_frames, encoder.suffix)
    missing = job.missing()
    job.check_room(least_bytes(format, *size, len(missing)))
    resumed = film.frames - len(missing)
    maker = FrameMaker(engine, film, together=format in DRAWN_TOGETHER)
    frame_bytes = 3 * size[0] * size[1]
    make = partial(FrameFinisher, film, finish.label, finish.mark, encoder.segment_frames)
    finishing = Finishing(make, engine.device, frame_bytes)
    writer = FilmWriter(encoder, job, format, settings, claims, finishing, frame_bytes)

    def progress(done: int, preview: Pixels | None = None) -> FilmProgress:
        drawn = done - resumed
        rate = drawn / max(monotonic() - began, 1e-9)
        left = (film.frames - done) / rate if drawn else None
        return FilmProgress(done, film.frames, resumed, rate, left, writer.bytes_written, preview)

    writer.start()
    try:
        done = resumed
        for pixels in maker.steps(missing):
            if pixels is not None:
                # A slow encoder must not hold up the viewer, which this thread serves too.
                number = missing[done - resumed]
                while not writer.has_room(number):
                    yield progress(done)
                writer.put(number, pixels)
                done += 1
            yield progress(done, pixels)
        writer.finish()
        yield from _wait(writer, progress(film.frames))
    except BaseException:
        writer.abandon()
        raise
    job.remove()
    return FilmReport(
        path,
        format,
        film.frames,
        resumed,
        *size,
        _bytes_of(path),
        monotonic() - began,
        (*maker.notices, *writer.notices),
    )


def finished_frames(
    engine: "Engine", film: Film, path: str | Path, settings: FilmSettings = FilmSettings()
) -> int:
    """Frames that an interrupted export of this very film to `path` has finished; changes nothing.

    Raises
    ------
    ExportError
        If the suffix is of no known format.
    """
    path = Path(path)
    info = engine.info(film.model)
    format = film_format_of(path)
    size = frame_size(film, info.size)
    claims = claims_of_film(film, info)
    encoder = make_encoder(format, settings, film.fps, size, claims)
    about = _about(engine, film, settings, format, size)
    return finished(path, about, film.frames, encoder.segment_frames, encoder.suffix)


def claims_of_film(film: Film, info: "ModelInfo") -> Claims:
    """What a file of `film` says of itself."""
    return Claims(film.keys[0].recipe, info.title, info.licence, info.attribution, film)


def _wait(writer: FilmWriter, progress: FilmProgress) -> Iterator[FilmProgress]:
    while writer.is_alive():
        writer.join(0.05)
        yield progress
    writer.check()


def _about(
    engine: "Engine", film: Film, settings: FilmSettings, format: FilmFormat, size: tuple[int, int]
) -> dict[str, Any]:
    """Everything the bytes of a segment depend on."""
    named = {p.name for keys in film.cells for key in keys for p in key.recipe.directions if p.stored is None}
    known = engine.directions_of(film.model)
    vectors = {
        name: hashlib.sha256(known[name].vector.cpu().numpy().tobytes()).hexdigest()
        for name in sorted(named & set(known))
    }
    return {
        "program": explorer.__version__,
        "film": hashlib.sha256(dumps(film).encode()).hexdigest(),
        "settings": asdict(settings),
        "format": format,
        "size": size,
        "device": engine.device,
        "precision": engine.precision,
        "directions": vectors,
    }


def _check_music(music: str | Path, format: FilmFormat) -> None:
    if format not in ("MP4", "MOV", "WEBM"):
        raise ExportError("this format has no sound; choose MP4, MOV or WebM, or leave out the music")
    from explorer.export.music import check_music

    check_music(music)


def _check_folder(path: Path, frames: int) -> None:
    if path.is_dir() and any(path.glob("frame*.png")):
        ours = {FRAME_NAME.format(n) for n in range(frames)}
        if not {file.name for file in path.glob("frame*.png")} <= ours:
            raise ExportError(f"{path} holds frames of another, longer film; choose an empty folder")


def _bytes_of(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.glob("frame*.png"))
    return path.stat().st_size
