"""`invert`: how well a network's own pictures are found again, and what a step costs.

Pictures that a network has drawn are the fair test of a search: each has a latent that
draws it exactly. 30 dB is where the eye no longer tells the two apart at a glance.
"""

import statistics
import time
from collections.abc import Iterator

from explorer.bench import Result
from explorer.bench.conditions import Conditions
from explorer.bench.subjects import Subject
from explorer.projection import Progress, Settings, project
from explorer.recipe import SeedBlend
from explorer.render import RenderRequest

SEEDS = 16
GOOD = 30.0
"""Decibels from which a picture counts as found again."""


def run(subject: Subject, conditions: Conditions) -> Iterator[Result]:
    """One result per space: W alone, and W followed by W+; pixels alone are compared."""
    engine = subject.engine(subject.shelf(), conditions.device, conditions.precision)
    generator = engine.generator(engine.info(subject.ref).ref)
    seeds = range(2 if conditions.smoke else SEEDS)
    for space, steps in (("w", 150), ("w+", 300)):
        # As drawn, so that no help comes from the average face.
        targets = [
            engine.render(RenderRequest(subject.recipe.with_(base=SeedBlend.of(s), psi=1.0))) for s in seeds
        ]
        settings = Settings(6 if conditions.smoke else steps, space)  # type: ignore[arg-type]
        found, seconds = [], []
        for target in targets:
            began = time.thread_time()
            *_, last = (p for p in project(generator, target.pixels, settings) if isinstance(p, Progress))
            seconds.append(time.thread_time() - began)
            found.append(last.psnr)
        yield {
            "name": "invert",
            "model": subject.name,
            "space": space,
            "steps": settings.steps,
            "seeds": len(found),
            "psnr_p50_db": statistics.median(found),
            "psnr_min_db": min(found),
            "found_share": sum(psnr >= GOOD for psnr in found) / len(found),
            "thread_s": statistics.median(seconds),
        }
