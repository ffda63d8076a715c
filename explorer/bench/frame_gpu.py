"""`frame` on a graphics processor: each precision, one picture and eight, recorded chains on and off."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from explorer.bench import Result
from explorer.bench.clocks import Timing, percentile, take_turns
from explorer.bench.conditions import Conditions
from explorer.bench.subjects import Subject
from explorer.models import Precision
from explorer.render import Engine, RenderRequest, devices, together
from explorer.render.pixels import to_host, to_levels

MIB = 2**20
BATCH = together.AT_ONCE
ROUNDS, FEWEST, SMOKE_ROUNDS = 60, 7, 2
SECONDS = 8.0
"""For all rounds of one precision, where the fewest do not take longer."""
WAYS = (("graphs", True, 1), ("steps", False, 1), ("batch", True, BATCH), ("batch in steps", False, BATCH))
"""Name, whether chains are recorded, and pictures at once."""
PRECISIONS: tuple[Precision, ...] = ("float32", "float16", "bfloat16")


def run(subject: Subject, conditions: Conditions, ws: Tensor, expected: Tensor | None) -> Iterator[Result]:
    """Four results per precision: batch 1 with recorded chains and without, and batch 8 likewise."""
    for precision in PRECISIONS if conditions.precision == "float32" else (conditions.precision,):
        settled, notices = devices.settle_precision(conditions.device, precision)
        if not notices:
            yield from _measure(subject, conditions, settled, ws, expected)


def _measure(
    subject: Subject, conditions: Conditions, precision: Precision, ws: Tensor, expected: Tensor | None
) -> Iterator[Result]:
    shelf = subject.shelf()
    engines = {
        on: subject.engine(shelf, conditions.device, precision, graphs=on, at_once=BATCH)
        for on in (True, False)
    }
    generator = engines[True].generator(subject.ref)
    error = None
    if expected is not None:
        picture = generator.synthesis(ws.to(generator.device)).cpu()
        error = float((picture - expected).abs().max() / expected.abs().max())
    levels = to_levels(generator.synthesis(ws.to(generator.device)))

    def whole(engine: Engine, batch: int) -> Callable[[int], None]:
        # A psi of its own each time, so that nothing is cached before.
        return lambda number: _draw(engine, subject, [0.5 + number / 1000 + i / 1e5 for i in range(batch)])

    works: dict[str, Callable[[int], None]] = {
        name: whole(engines[graphs], batch) for name, graphs, batch in WAYS
    }
    works["to host"] = lambda number: _discard(to_host(levels))
    for number in range(3):  # a chain is recorded the second time
        began = time.perf_counter()
        for name, *_ in WAYS:
            works[name](-1 - number)
    rounds = SMOKE_ROUNDS if conditions.smoke else _rounds(time.perf_counter() - began)
    _forget_peak(conditions.device)
    timings = take_turns(works, rounds, lambda: devices.synchronise(conditions.device))
    common: Result = {
        "name": "frame",
        "model": subject.name,
        "resolution": generator.resolution,
        "device": conditions.device,
        "precision": precision,
    }
    for name, graphs, batch in WAYS:
        yield (
            common
            | _figures(timings[name], graphs, batch)
            | {
                "rounds": rounds,
                "to_host_p50_ms": timings["to host"].p50_ms,
                "peak_mib": _peak(conditions.device),
                **({} if error is None else {"max_error": error}),
            }
        )


def _rounds(seconds: float) -> int:
    """How many, where one takes so long: all that `SECONDS` hold, within limits."""
    return max(FEWEST, min(ROUNDS, int(SECONDS / max(seconds, 1e-9))))


def _figures(timing: Timing, graphs: bool, batch: int) -> Result:
    """Times from a request to bytes on the CPU."""
    return {
        "batch": batch,
        "graphs": graphs,
        "p50_ms": timing.p50_ms,
        "p95_ms": 1000 * percentile(timing.wall, 0.95),
        "fps": batch * 1000 / timing.p50_ms,
    }


def _draw(engine: Engine, subject: Subject, psis: Sequence[float]) -> None:
    frames = engine.render_all(RenderRequest(subject.recipe.with_(psi=psi)) for psi in psis)
    deque(frames, maxlen=0)


def _discard(_: object) -> None:
    pass


def _forget_peak(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)


def _peak(device: str) -> float | None:
    """Most memory that tensors took since, recorded chains included."""
    return torch.cuda.max_memory_allocated(device) / MIB if device.startswith("cuda") else None
