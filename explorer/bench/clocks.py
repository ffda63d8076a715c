"""Timing with turns: A, B, A, B, ... and medians, so that a disturbance hits both."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

CONTENDED = 1.3
"""Wall time above this multiple of one thread's own time: others were on the core."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds that work took in a process of its own, which measured them itself."""

    wall: float
    thread: float


@dataclass(slots=True)
class Timing:
    """Seconds of each round."""

    wall: list[float] = field(default_factory=list)
    thread: list[float] = field(default_factory=list)
    """Processor time of the calling thread alone."""

    @property
    def p50_ms(self) -> float:
        """Median wall time in milliseconds."""
        return 1000 * statistics.median(self.wall)

    @property
    def min_ms(self) -> float:
        """Shortest wall time in milliseconds."""
        return 1000 * min(self.wall)

    @property
    def thread_ms(self) -> float:
        """Median processor time of the calling thread in milliseconds."""
        return 1000 * statistics.median(self.thread)

    @property
    def is_contended(self) -> bool:
        """Whether a single thread had to wait for its core; tells nothing of several threads."""
        return statistics.median(self.wall) > CONTENDED * statistics.median(self.thread)


def take_turns(
    works: Mapping[str, Callable[[int], Spent | object]],
    rounds: int,
    settle: Callable[[], None] = lambda: None,
) -> dict[str, Timing]:
    """Run all works once to warm up, then `rounds` times in turn.

    Parameters
    ----------
    works : name to function; it is given the number of the round, 0 for warming up. Where it
        returns `Spent`, that counts.
    settle : waits until the device has done its work; called before each clock is read.
    """
    timings = {name: Timing() for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            settle()
            wall, thread = time.perf_counter(), time.thread_time()
            told = work(number)
            settle()
            here = Spent(time.perf_counter() - wall, time.thread_time() - thread)
            spent = told if isinstance(told, Spent) else here
            if number > 0:
                timings[name].wall.append(spent.wall)
                timings[name].thread.append(spent.thread)
    return timings


def ratio(over: list[float], under: list[float]) -> float:
    """Median of the rounds' own ratios `over` / `under`."""
    return statistics.median(a / b for a, b in zip(over, under, strict=True))


def percentile(values: list[float], share: float) -> float:
    """Value that `share` (0 to 1) of the values do not exceed: the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
