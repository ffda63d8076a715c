"""Benchmarks that compare: ratios of interleaved runs, with the error beside every speed.

Promises: figures of one row come from one sitting; A and B take
turns, so that what disturbs one disturbs the other; a row tells when the
machine was busy with something else. Deliberately ignorant of windows (those
benchmarks live with the command line) and of good and bad: it asserts nothing.

Each benchmark is one file with one generator function that yields results:
dictionaries with "name", "model" and figures whose unit is in the key.
"""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explorer.bench.conditions import Conditions
    from explorer.bench.subjects import Subject

Result = dict[str, Any]
Benchmark = Callable[["Subject", "Conditions"], Iterator[Result]]

BENCHMARKS: Mapping[str, str] = {
    "frame": "seconds of one picture, against the plain form",
    "partial": "an edit of each row, as a share of a full picture",
    "draft": "each early stop, and going on from it to the full picture",
    "film": "an exported film, as a share of the rate of drawing its frames",
    "mark": "how often the invisible mark is found, after what, and where there is none",
    "invert": "a network's own pictures found again by projection",
    "memory": "most memory of a process that draws, and what unloading gives back",
}
"""Name and meaning of each benchmark that needs no window."""


def benchmark(name: str) -> Benchmark:
    """Function of a benchmark; its module comes along only now."""
    function: Benchmark = import_module(f"explorer.bench.{name}").run
    return function
