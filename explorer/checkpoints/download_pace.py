"""How far a download is, and how fast."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

_SECONDS = 3.0
_STEP_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """How far a download is."""

    stage: str
    """`"connecting"`, `"downloading"` or `"checking"`."""
    done: int
    """Bytes on the disk, those of earlier runs included."""
    total: int | None
    """Bytes of the whole file, where the server says so."""
    rate: float
    """Bytes a second over the last seconds; 0 while unknown."""

    @property
    def seconds_left(self) -> float | None:
        """At the present rate, or None where that cannot be told."""
        if self.total is None or self.rate <= 0:
            return None
        return max(self.total - self.done, 0) / self.rate


class Pace:
    """Bytes a second over the last few seconds, and when to speak of it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._marks: deque[tuple[float, int]] = deque()
        self._said = float("-inf")

    def rate(self, done: int) -> float:
        """Note how many bytes are there; bytes a second since some seconds ago, 0 while unknown."""
        now = self._clock()
        if self._marks and done < self._marks[-1][1]:
            self._marks.clear()  # begun anew
        if not self._marks or now - self._marks[-1][0] >= _STEP_SECONDS:
            self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[0][0] > _SECONDS:
            self._marks.popleft()
        begun, before = self._marks[0]
        return (done - before) / (now - begun) if now > begun else 0.0

    def is_due(self) -> bool:
        """Whether a tenth of a second has passed since this last said so."""
        if self._clock() - self._said < _STEP_SECONDS:
            return False
        self._said = self._clock()
        return True
