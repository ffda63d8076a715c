"""The stage cache as it is in use after a second or two: full."""

import time
from itertools import count

from explorer.bench.subjects import Subject
from explorer.render import Engine, RenderRequest

FILL_SECONDS = 5
"""Longest time to fill it before anything is measured."""


def fill_cache(engine: Engine, subject: Subject) -> None:
    """Draw until the stage cache lets go of what it kept first, as in use after a second or two.

    Up to then each picture that is kept leaves the next one, whoever draws it, with memory that was
    never touched, and the system clears page after page: 4 ms of a picture of 128 pixels in a
    virtual machine, 100 of 256 pixels.
    """
    began, entries = time.perf_counter(), -1
    for number in count():
        engine.render(RenderRequest(subject.recipe.with_(psi=-1 - number / 1000)))
        kept = engine.cache_stats.entries
        if kept <= entries or time.perf_counter() - began > FILL_SECONDS:
            return
        entries = kept
