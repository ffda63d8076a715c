"""`partial`: what an edit of each row costs, as a share of a full picture, and whether it is equal."""

from collections.abc import Iterator

import numpy as np

from explorer.bench import Result
from explorer.bench.clocks import ratio, take_turns
from explorer.bench.conditions import Conditions
from explorer.bench.subjects import Subject
from explorer.recipe import Mix
from explorer.render import Engine, RenderRequest, devices


def run(subject: Subject, conditions: Conditions) -> Iterator[Result]:
    """One result for an unchanged recipe, then one per row of `ws`, or for some of a slow network."""
    shelf = subject.shelf()
    cached = subject.engine(shelf, conditions.device, conditions.precision)
    full = subject.engine(shelf, conditions.device, conditions.precision, cache_bytes=0)
    info = cached.info(subject.ref)
    rounds = conditions.rounds(info.resolution)
    rows = range(info.num_ws)
    some = (0, info.num_ws // 2, *rows[-4:])
    for row in (None, *(some if conditions.is_slow(info.resolution) else rows)):
        yield _measure(subject, cached, full, row, rounds)


def _measure(subject: Subject, cached: Engine, full: Engine, row: int | None, rounds: int) -> Result:
    info = cached.info(subject.ref)
    equal: list[bool] = []
    pixels: dict[str, object] = {}

    def request(number: int) -> RenderRequest:
        if row is None:
            return RenderRequest(subject.recipe)
        return RenderRequest(subject.recipe.with_(mixes=(Mix(2, (row,), 0.5 + number / 1000),)))

    def edit(number: int) -> None:
        pixels["edit"] = cached.render(request(number)).pixels

    def whole(number: int) -> None:
        pixels["whole"] = full.render(request(number)).pixels
        equal.append(bool(np.array_equal(pixels["edit"], pixels["whole"])))  # type: ignore[arg-type]

    cached.render(RenderRequest(subject.recipe))
    timings = take_turns({"edit": edit, "whole": whole}, rounds, lambda: devices.synchronise(cached.device))
    first = next((s.name for s in info.steps if row is not None and row in s.rows), "")
    return {
        "name": "partial",
        "model": subject.name,
        "row": row,
        "from_step": first,
        "p50_ms": timings["edit"].p50_ms,
        "full_p50_ms": timings["whole"].p50_ms,
        "share": ratio(timings["edit"].wall, timings["whole"].wall),
        "equal": all(equal),
    }
