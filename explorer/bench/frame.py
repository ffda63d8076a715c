"""`frame`: one picture at batch 1, on one thread and on all that the engine uses, against the plain form."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from explorer.bench import Result
from explorer.bench.clocks import ratio, take_turns
from explorer.bench.conditions import Conditions
from explorer.bench.plain import PlainStyleGAN2
from explorer.bench.plain_stylegan3 import PlainStyleGAN3
from explorer.bench.subjects import Subject
from explorer.render import Engine, RenderRequest, devices

Yardstick = PlainStyleGAN2 | PlainStyleGAN3

PLAIN: Mapping[str, type[Yardstick]] = {
    "stylegan2": PlainStyleGAN2,
    "stylegan3-t": PlainStyleGAN3,
    "stylegan3-r": PlainStyleGAN3,
}
"""The yardstick of each family that has one."""


def run(subject: Subject, conditions: Conditions) -> Iterator[Result]:
    """One result per number of threads; on other devices than a CPU, one."""
    engine = Engine(subject.shelf(), conditions.device, conditions.precision)
    network = subject.read()
    plain = PLAIN.get(network.description.architecture)
    yardstick = plain(network.description, network.tensors) if plain else None
    on_cpu = engine.device == "cpu"
    for threads in sorted({1, engine.threads}) if on_cpu else (engine.threads,):
        torch.set_num_threads(threads)
        yield _measure(subject, conditions, engine, yardstick, threads)
    torch.set_num_threads(engine.threads)


def _measure(
    subject: Subject, conditions: Conditions, engine: Engine, yardstick: Yardstick | None, threads: int
) -> Result:
    generator = engine.generator(subject.ref)
    ws = generator.mapping(generator.latent(1), psi=0.7)
    plain_ws = ws.cpu()
    pictures: dict[str, Tensor] = {}

    def fast(number: int) -> None:
        pictures["fast"] = generator.synthesis(ws)

    def whole(number: int) -> None:
        # A psi of its own each time, so that nothing is cached before.
        engine.render(RenderRequest(subject.recipe.with_(psi=0.7 + threads / 10 + number / 1000)))

    def slow(number: int) -> None:
        if yardstick is not None:
            pictures["plain"] = yardstick.synthesis(plain_ws)

    works = {"fast": fast, "whole": whole}
    on_cpu = engine.device == "cpu"
    if yardstick is not None and on_cpu:
        works["plain"] = slow
    timings = take_turns(
        works, conditions.rounds(generator.resolution), lambda: devices.synchronise(engine.device)
    )
    best = timings["fast"]
    result: Result = {
        "name": "frame",
        "model": subject.name,
        "resolution": generator.resolution,
        "device": engine.device,
        "precision": engine.precision,
        "threads": threads,
        "p50_ms": best.p50_ms,
        "min_ms": best.min_ms,
        "to_pixels_p50_ms": timings["whole"].p50_ms,
        "fps": 1000 / timings["whole"].p50_ms,
    }
    if threads == 1 and on_cpu:
        result |= {"thread_ms": best.thread_ms, "contended": best.is_contended}
    if yardstick is not None:
        slow(0)
        expected = pictures["plain"]
        error = (pictures["fast"].cpu() - expected).abs().max() / expected.abs().max()
        result["max_error"] = float(error)
    if "plain" in timings:
        # One thread's own time does not count what others took from the core.
        alone = threads == 1
        result |= {
            "plain_p50_ms": timings["plain"].p50_ms,
            "ratio": ratio(timings["plain"].thread, best.thread)
            if alone
            else ratio(timings["plain"].wall, best.wall),
        }
    return result
