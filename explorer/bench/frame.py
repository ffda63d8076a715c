"""`frame`: one picture at batch 1, on one thread and on all that the engine uses, against the plain form."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from explorer.bench import Result, frame_gpu
from explorer.bench.clocks import Spent, Timing, ratio, take_turns
from explorer.bench.conditions import Conditions
from explorer.bench.full_cache import fill_cache
from explorer.bench.neighbour import CAN_PAUSE, Neighbour
from explorer.bench.one_process import one_process_ratio
from explorer.bench.plain_process import PLAIN, PROCESSES, PlainForms
from explorer.bench.subjects import Subject
from explorer.models import Generator
from explorer.render import Engine, RenderRequest, devices

SLOW_SECONDS = 10
"""A plain picture that takes longer is drawn in few rounds and, in the plain form, on one thread alone."""


def run(subject: Subject, conditions: Conditions) -> Iterator[Result]:
    """One result per number of threads; on a graphics processor, one per precision and way to draw."""
    engine = subject.engine(subject.shelf(), conditions.device, conditions.precision)
    generator = engine.generator(subject.ref)
    ws = generator.mapping(generator.latent(1), psi=0.7)
    if generator.architecture not in PLAIN:
        yield from _results(subject, conditions, engine, generator, ws, None)
        return
    with PlainForms(subject.path, ws) as plain:
        yield from _results(subject, conditions, engine, generator, ws, plain)


def _results(
    subject: Subject,
    conditions: Conditions,
    engine: Engine,
    generator: Generator,
    ws: Tensor,
    plain: PlainForms | None,
) -> Iterator[Result]:
    most = 1 if engine.device != "cpu" else 2 if conditions.smoke else PROCESSES
    warm = None if plain is None else plain.begin(engine.threads, most)
    expected = None if plain is None else plain.picture()
    if engine.device != "cpu":
        yield from frame_gpu.run(subject, conditions, ws, expected)
        return
    if not conditions.smoke:
        fill_cache(engine, subject)
    for threads in sorted({1, engine.threads}):
        torch.set_num_threads(threads)
        engine.fixed_threads = threads
        is_slow = warm is not None and warm.wall > SLOW_SECONDS
        draw_plain = None if plain is None or (is_slow and threads > 1) else plain.draw
        once = 3 if is_slow else conditions.rounds(generator.resolution)
        rounds = once if plain is None or conditions.smoke else once * plain.processes
        timings, picture = _take_turns(subject, engine, generator, ws, threads, rounds, draw_plain)
        result = _result(subject, engine, threads, timings, picture, expected)
        if threads == 1 and plain is not None:
            result["one_process_ratio"] = one_process_ratio(subject.path, ws, once, plain.processes)
        result["chosen"] = threads == devices.threads_for(generator, engine.threads)
        if threads > 1 and CAN_PAUSE:
            result |= _beside_a_neighbour(generator, ws, threads, rounds)
        yield result
    torch.set_num_threads(engine.threads)
    engine.fixed_threads = None


def _beside_a_neighbour(generator: Generator, ws: Tensor, threads: int, rounds: int) -> Result:
    """Wall time on all threads beside a busy neighbour, against one thread alone."""

    def draw(count: int) -> None:
        torch.set_num_threads(count)
        generator.synthesis(ws)

    with Neighbour() as neighbour:

        def beside(number: int) -> None:
            draw(threads)
            neighbour.pause()

        def alone(number: int) -> None:
            draw(1)
            neighbour.work()  # for the next turn

        timings = take_turns({"beside": beside, "alone": alone}, rounds)
    return {
        "beside_neighbour_p50_ms": timings["beside"].p50_ms,
        "beside_to_one_thread_ratio": ratio(timings["beside"].wall, timings["alone"].wall),
    }


def _take_turns(
    subject: Subject,
    engine: Engine,
    generator: Generator,
    ws: Tensor,
    threads: int,
    rounds: int,
    draw_plain: Callable[[int], Spent] | None,
) -> tuple[dict[str, Timing], Tensor]:
    """Timings of ours, of ours through the engine to pixels, and of the plain form; and our picture."""
    pictures: dict[str, Tensor] = {}

    def fast(number: int) -> None:
        pictures["fast"] = generator.synthesis(ws)

    def whole(number: int) -> None:
        # A psi of its own each time, so that nothing is cached before.
        engine.render(RenderRequest(subject.recipe.with_(psi=0.7 + threads / 10 + number / 1000)))

    works: dict[str, Callable[[int], Spent | None]] = {"fast": fast, "whole": whole}
    if draw_plain is not None:
        # It drew its first picture before.
        works["plain"] = lambda number: draw_plain(threads) if number > 0 else None
    return take_turns(works, rounds), pictures["fast"]


def _result(
    subject: Subject,
    engine: Engine,
    threads: int,
    timings: dict[str, Timing],
    picture: Tensor,
    expected: Tensor | None,
) -> Result:
    best = timings["fast"]
    result: Result = {
        "name": "frame",
        "model": subject.name,
        "resolution": picture.shape[2],
        "device": engine.device,
        "precision": engine.precision,
        "threads": threads,
        "p50_ms": best.p50_ms,
        "min_ms": best.min_ms,
        "to_pixels_p50_ms": timings["whole"].p50_ms,
        "fps": 1000 / timings["whole"].p50_ms,
    }
    if threads == 1:
        result |= {"thread_ms": best.thread_ms, "contended": best.is_contended}
    if expected is not None:
        result["max_error"] = float((picture - expected).abs().max() / expected.abs().max())
    if "plain" in timings:
        plain = timings["plain"]
        # One thread's own time does not count what others took from the core.
        alone = threads == 1
        result |= {
            "plain_p50_ms": plain.p50_ms,
            "ratio": ratio(plain.thread, best.thread) if alone else ratio(plain.wall, best.wall),
        }
    return result
