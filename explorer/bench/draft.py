"""`draft`: what stopping early costs, what going on from there costs, and how near the draft looks."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from explorer.bench import Result
from explorer.bench.clocks import ratio, take_turns
from explorer.bench.conditions import Conditions
from explorer.bench.full_cache import fill_cache
from explorer.bench.subjects import Subject
from explorer.recipe import SeedBlend
from explorer.render import Engine, RenderRequest, devices


def run(subject: Subject, conditions: Conditions) -> Iterator[Result]:
    """One result per early stop, the smallest first; of a slow network the three largest."""
    shelf = subject.shelf()
    engine = subject.engine(shelf, conditions.device, conditions.precision)
    direct = subject.engine(shelf, conditions.device, conditions.precision, cache_bytes=0)
    info = engine.info(subject.ref)
    if not conditions.smoke and engine.device == "cpu":
        fill_cache(engine, subject)
    is_slow = conditions.is_slow(info.resolution)
    # Of a few milliseconds each, seven rounds tell little.
    rounds = conditions.rounds(info.resolution) * (1 if is_slow or conditions.smoke else 5)
    for stop in info.stops[-4:-1] if is_slow else info.stops[:-1]:
        yield _measure(subject, engine, direct, stop, rounds)


def _measure(subject: Subject, engine: Engine, direct: Engine, stop: int, rounds: int) -> Result:
    drafts: list[NDArray[np.uint8]] = []
    pictures: list[NDArray[np.uint8]] = []

    def request(number: int, at: int | None = None) -> RenderRequest:
        # A face of its own for each round and stop, so that nothing is cached before.
        return RenderRequest(subject.recipe.with_(base=SeedBlend.of(1000 * stop + number)), stop=at)

    def draft(number: int) -> None:
        drafts.append(engine.render(request(number, stop)).pixels)

    def rest(number: int) -> None:
        pictures.append(engine.render(request(number)).pixels)

    def full(number: int) -> None:
        direct.render(request(number))

    timings = take_turns(
        {"draft": draft, "rest": rest, "full": full}, rounds, lambda: devices.synchronise(engine.device)
    )
    differences = [_difference(small, large) for small, large in zip(drafts, pictures, strict=True)]
    both = [a + b for a, b in zip(timings["draft"].wall, timings["rest"].wall, strict=True)]
    return {
        "name": "draft",
        "model": subject.name,
        "stop": stop,
        "p50_ms": timings["draft"].p50_ms,
        "rest_p50_ms": timings["rest"].p50_ms,
        "full_p50_ms": timings["full"].p50_ms,
        "share": ratio(timings["draft"].wall, timings["full"].wall),
        "share_with_rest": ratio(both, timings["full"].wall),
        "difference_levels": float(np.mean(differences)),
    }


def _difference(draft: NDArray[np.uint8], full: NDArray[np.uint8]) -> float:
    """Mean absolute difference in levels of 0..255, the full picture averaged down to the draft's size."""
    size = draft.shape[0]
    factor = full.shape[0] // size
    small = full.reshape(size, factor, size, factor, 3).mean(axis=(1, 3))
    return float(np.abs(small - draft).mean())
