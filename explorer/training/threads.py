"""How many CPU threads a step gets, found by trying, since other work comes and goes.

On idle cores more threads are faster; where a neighbour holds one of them,
every parallel section waits for the thread that was put aside, and one thread
alone can be several times faster than two.
"""

from __future__ import annotations

from collections.abc import Sequence


class ThreadTrial:
    """Tries every count for a moment, keeps the fastest for a while, tries again.

    It measures with the clock readings it is given and calls nothing.

    Parameters
    ----------
    counts : thread counts to choose from, the first one to begin with
    trial : seconds of each trial
    hold : seconds for which the winner is kept
    """

    def __init__(self, counts: Sequence[int], trial: float = 6.0, hold: float = 60.0) -> None:
        self._counts = list(counts)
        self._trial, self._hold = trial, hold
        self._rates: list[float] = []
        self._began: float | None = None
        self._images = 0
        self._holding = len(self._counts) < 2
        self.count = self._counts[0]

    def after_step(self, images: int, now: float) -> int:
        """Thread count for the next step, `images` pictures having been shown until `now` seconds."""
        if self._began is None:
            self._began, self._images = now, images
            return self.count
        spent = now - self._began
        if len(self._counts) < 2 or spent < (self._hold if self._holding else self._trial):
            return self.count
        if self._holding:
            self._holding, self._rates = False, []
        else:
            self._rates.append((images - self._images) / spent)
        if len(self._rates) < len(self._counts):
            self.count = self._counts[len(self._rates)]
        else:
            self.count = self._counts[self._rates.index(max(self._rates))]
            self._holding = True
        self._began, self._images = now, images
        return self.count
