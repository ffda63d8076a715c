"""When a draft comes first, and how large it is: a pure policy fed with measured times.

A full picture is drawn at once where it is predicted to keep 30 frames a second.
Otherwise the largest early stop that keeps them comes first. Sizes must not
flicker, so a change has to be worth it: bounds are wider for the choice that is
on screen than for one that would replace it.

Measured on a CPU, a draft of a quarter of the size takes 0.42-0.48 of a full picture and one of an
eighth 0.23-0.26. Going on from the draft's own features, both together take 0.97-1.07 of it.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

SECONDS = 1 / 30
"""What is shown while a hand moves should come at least this fast."""
SLACK = 1.2
"""A choice is kept until it misses its bound by this factor, and a larger one
is taken when it would meet its bound with as much to spare."""
SMOOTHING = 0.3
"""Share of a new measurement in the running mean."""
WARM_SHARE = 0.25
"""What a first measurement is worth: first pictures take up to four times as long."""
SMALLEST_DRAFT = 32
"""Pixels; below it a face cannot be followed."""


@dataclass(slots=True)
class _Mean:
    seconds: float
    samples: int = 1


class Budget:
    """Measured seconds per step of each network, and the choice made from them."""

    def __init__(self) -> None:
        self._means: dict[tuple[Hashable, int], _Mean] = {}
        self._last: tuple[Hashable, int | None] | None = None

    def record(self, network: Hashable, step: int, seconds: float) -> None:
        """Take a measurement of one step.

        The first one holds the choosing of kernels and the first touch of memory: it
        counts for a part of itself, and only until there is a second.

        Parameters
        ----------
        network : whatever tells networks, devices and precisions apart.
        step : index of the step; -1 for what every picture costs besides.
        """
        mean = self._means.get((network, step))
        if mean is None:
            self._means[network, step] = _Mean(WARM_SHARE * seconds)
            return
        share = SMOOTHING if mean.samples > 1 else 1.0
        mean.seconds += share * (seconds - mean.seconds)
        mean.samples += 1

    def record_chain(self, network: Hashable, first: int, last: int, seconds: float) -> None:
        """Take a measurement of steps `first` to `last` in one go: shared out as they were so far."""
        parts = {
            i: self._means[network, i].seconds for i in range(first, last + 1) if (network, i) in self._means
        }
        total = sum(parts.values())
        for step, part in parts.items():
            self.record(network, step, seconds * part / total if total else 0.0)

    def predict(self, network: Hashable, first: int, last: int) -> float | None:
        """Seconds of a picture whose steps `first` to `last` have to run; None if not measured yet."""
        total = 0.0
        for step in (-1, *range(first, last + 1)):
            mean = self._means.get((network, step))
            if mean is None:
                return None
            total += mean.seconds
        return total

    def choose(self, network: Hashable, stops: Mapping[int, int], first: int) -> int | None:
        """Resolution of the draft to show first; None where the full picture comes at once.

        Parameters
        ----------
        stops : resolution to the index of its last step; the largest is the full picture.
        first : step to begin with, after what the cache holds.
        """
        situation = (network, first)
        before = self._last[1] if self._last is not None and self._last[0] == situation else None
        stop = self._choose(network, stops, first, before)
        self._last = (situation, stop)
        return stop

    def _choose(
        self, network: Hashable, stops: Mapping[int, int], first: int, before: int | None
    ) -> int | None:
        full = max(stops)
        whole = self.predict(network, first, stops[full])
        if whole is None:
            return None
        drafting = before is not None
        if whole <= (SECONDS / SLACK if drafting else SECONDS):
            return None
        # A stop before `first` would show the picture without the edit.
        sizes = [s for s in sorted(stops) if SMALLEST_DRAFT <= s < full and stops[s] >= first]
        best: int | None = sizes[0] if sizes else None
        for size in sizes:
            seconds = self.predict(network, first, stops[size])
            if seconds is not None and seconds <= SECONDS * _bound(size, before):
                best = size
        return best


def _bound(size: int, before: int | None) -> float:
    """Factor on the bound: wider for the size on screen, narrower for a larger one."""
    if before is None:
        return 1.0
    if size == before:
        return SLACK
    return 1 / SLACK if size > before else 1.0
