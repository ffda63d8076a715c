"""How many pictures a second reach the screen."""

import time
from collections import deque
from collections.abc import Callable

WINDOW = 1.0
"""Seconds looked back."""


class Pace:
    """Counts pictures as they are painted; needs no timer, so an idle window stays idle."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._times: deque[float] = deque(maxlen=240)

    def count(self) -> None:
        """A picture was painted now."""
        now = self._clock()
        if self._times and now - self._times[-1] > WINDOW:
            self._times.clear()  # a pause is no frame time
        self._times.append(now)
        while now - self._times[0] > WINDOW:
            self._times.popleft()

    def rate(self) -> float | None:
        """Pictures a second in the last burst; None where it is too short to say."""
        if len(self._times) < 4 or self._times[-1] - self._times[0] < 0.1:
            return None
        return (len(self._times) - 1) / (self._times[-1] - self._times[0])
