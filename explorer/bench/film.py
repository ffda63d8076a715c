"""`film`: frames a second of an export, as a share of the rate at which the same frames are only drawn.

Encoding runs beside the drawing, on a thread of its own behind a short queue, so that an export
takes little longer than its frames do. Without a library for films the drawing alone is measured.
On a GPU frames are drawn several at once, as an export does it.
"""

from collections import deque
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from explorer.bench import Result
from explorer.bench.clocks import ratio, take_turns
from explorer.bench.conditions import Conditions
from explorer.bench.memory import resident_mib
from explorer.bench.subjects import Subject
from explorer.export import save_film
from explorer.export.film_frames import FrameMaker
from explorer.recipe import Film, SeedBlend, film_edits
from explorer.render import Engine, devices

FORMATS = ("mp4", "webm")
FPS = 24.0


def run(subject: Subject, conditions: Conditions) -> Iterator[Result]:
    """One result for each format."""
    engine = subject.engine(subject.shelf(), conditions.device, conditions.precision)
    resolution = engine.info(subject.ref).resolution
    is_quick = resolution <= 256 or engine.device != "cpu"
    frames = 4 if conditions.smoke else 96 if is_quick else 12
    if find_spec("av") is None:
        yield _measure(subject, conditions, engine, frames, None)
        return
    for suffix in FORMATS:
        with TemporaryDirectory(prefix="latent-explorer-bench-") as folder:
            yield _measure(subject, conditions, engine, frames, Path(folder) / f"film.{suffix}")


def _measure(
    subject: Subject, conditions: Conditions, engine: Engine, frames: int, path: Path | None
) -> Result:
    def film(number: int) -> Film:
        # A psi of its own each time, so that nothing is cached before.
        recipe = subject.recipe.with_(psi=0.7 + number / 1000)
        recipes = [recipe.with_(base=SeedBlend.of(seed)) for seed in (1, 2)]
        return film_edits.film_of(recipes, seconds=frames / FPS, fps=FPS, loop=True)

    def draw(number: int) -> None:
        deque(FrameMaker(engine, film(2 * number), together=True).steps(range(frames)), maxlen=0)

    def export(number: int) -> None:
        assert path is not None
        save_film(engine, film(2 * number + 1), path)

    works: dict[str, Callable[[int], None]] = (
        {"draw": draw} if path is None else {"draw": draw, "export": export}
    )
    resolution = engine.info(subject.ref).resolution
    timings = take_turns(
        works,
        conditions.rounds(resolution),
        lambda: devices.synchronise(engine.device),
    )
    result: Result = {
        "name": "film",
        "model": subject.name,
        "format": "none" if path is None else path.suffix[1:],
        "resolution": resolution,
        "device": engine.device,
        "precision": engine.precision,
        "threads": engine.threads,
        "frames": frames,
        "synthesis_fps": 1000 * frames / timings["draw"].p50_ms,
    }
    if path is not None:
        result |= {
            "export_fps": 1000 * frames / timings["export"].p50_ms,
            "share": ratio(timings["draw"].wall, timings["export"].wall),
            "bytes": path.stat().st_size,
        }
    return result | {"resident_mib": resident_mib()}
