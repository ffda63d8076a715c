"""`frame` on a graphics processor: each precision, recorded chains on and off, batch 8 besides."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from explorer.bench import Result
from explorer.bench.clocks import Timing, percentile, take_turns
from explorer.bench.conditions import Conditions
from explorer.bench.subjects import Subject
from explorer.models import Generator, Precision
from explorer.render import Engine, RenderRequest, devices
from explorer.render.pixels import to_host, to_levels

MIB = 2**20
BATCH = 8
ROUNDS, SMOKE_ROUNDS = 60, 2
PRECISIONS: tuple[Precision, ...] = ("float32", "float16", "bfloat16")


def run(subject: Subject, conditions: Conditions, ws: Tensor, expected: Tensor | None) -> Iterator[Result]:
    """Three results per precision: batch 1 with recorded chains and without, and batch 8."""
    for precision in PRECISIONS if conditions.precision == "float32" else (conditions.precision,):
        settled, notices = devices.settle_precision(conditions.device, precision)
        if not notices:
            yield from _measure(subject, conditions, settled, ws, expected)


def _measure(
    subject: Subject, conditions: Conditions, precision: Precision, ws: Tensor, expected: Tensor | None
) -> Iterator[Result]:
    shelf = subject.shelf()
    engines = {on: subject.engine(shelf, conditions.device, precision, graphs=on) for on in (True, False)}
    generator = engines[True].generator(subject.ref)
    error = None
    if expected is not None:
        picture = generator.synthesis(ws.to(generator.device)).cpu()
        error = float((picture - expected).abs().max() / expected.abs().max())
    levels = to_levels(generator.synthesis(ws.to(generator.device)))
    many = ws.to(generator.device).expand(BATCH, -1, -1).contiguous()

    def whole(engine: Engine) -> Callable[[int], None]:
        # A psi of its own each time, so that nothing is cached before.
        return lambda number: _draw(engine, subject, 0.5 + number / 1000)

    works: dict[str, Callable[[int], None]] = {
        "graphs": whole(engines[True]),
        "steps": whole(engines[False]),
        "batch": lambda number: _draw_batch(generator, many),
        "to host": lambda number: _discard(to_host(levels)),
    }
    for number in range(3):  # a chain is recorded the second time
        works["graphs"](-1 - number)
    _forget_peak(conditions.device)
    timings = take_turns(
        works,
        SMOKE_ROUNDS if conditions.smoke else ROUNDS,
        lambda: devices.synchronise(conditions.device),
    )
    common: Result = {
        "name": "frame",
        "model": subject.name,
        "resolution": generator.resolution,
        "device": conditions.device,
        "precision": precision,
    }
    for way, batch in (("graphs", 1), ("steps", 1), ("batch", BATCH)):
        yield (
            common
            | _figures(timings[way], way, batch)
            | {
                "to_host_p50_ms": timings["to host"].p50_ms,
                "peak_mib": _peak(conditions.device),
                **({} if error is None else {"max_error": error}),
            }
        )


def _figures(timing: Timing, way: str, batch: int) -> Result:
    """Times from a request to bytes on the CPU."""
    return {
        "batch": batch,
        "graphs": way == "graphs",
        "p50_ms": timing.p50_ms,
        "p95_ms": 1000 * percentile(timing.wall, 0.95),
        "fps": batch * 1000 / timing.p50_ms,
    }


def _draw(engine: Engine, subject: Subject, psi: float) -> None:
    engine.render(RenderRequest(subject.recipe.with_(psi=psi)))


def _draw_batch(generator: Generator, ws: Tensor) -> None:
    images = generator.synthesis(ws)
    with torch.inference_mode():
        to_host(torch.stack([to_levels(image[None]) for image in images]))


def _discard(_: object) -> None:
    pass


def _forget_peak(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)


def _peak(device: str) -> float | None:
    """Most memory that tensors took since, recorded chains included."""
    return torch.cuda.max_memory_allocated(device) / MIB if device.startswith("cuda") else None
