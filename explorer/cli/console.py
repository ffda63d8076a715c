"""What verbs say: one JSON document on standard output, progress and notices on standard error."""

import json
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, TextIO


def print_json(document: Any) -> None:
    """Print the one JSON document of a `--json` run."""
    print(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def notice(text: str) -> None:
    """Say something beside the result."""
    print(f"note: {text}", file=sys.stderr)


class Progress:
    """A bar with count, rate and time left, on a terminal; silent elsewhere.

    Use as a context manager; `step` after each piece of work. The line is
    wiped at the end, so that what follows starts clean.
    """

    def __init__(
        self,
        total: int,
        unit: str,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._visible = self._stream.isatty() and total > 1
        self._total, self._unit, self._clock = total, unit, clock
        self._done, self._began, self._drawn = 0, clock(), float("-inf")
        self._more = ""

    def __enter__(self) -> "Progress":
        self._draw()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._visible:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def step(self, more: str = "") -> None:
        """Count one piece as done; `more` is said beside it."""
        self._done += 1
        self._more = more
        # Ten lines a second are enough for the eye, and cost a terminal nothing.
        if self._done == self._total or self._clock() - self._drawn >= 0.1:
            self._draw()

    def _draw(self) -> None:
        if not self._visible:
            return
        self._drawn = self._clock()
        spent = max(self._drawn - self._began, 1e-9)
        filled = round(24 * self._done / self._total)
        line = f"{'█' * filled}{'░' * (24 - filled)} {self._done}/{self._total} {self._unit}"
        if self._done:
            rate = self._done / spent
            line += f"  {rate:.3g}/s  {_clock_time((self._total - self._done) / rate)} left"
        line += f"  {self._more}" if self._more else ""
        self._stream.write(f"\r{line}\x1b[K")
        self._stream.flush()


class ByteBar:
    """A bar for bytes, with rate and time left, on a terminal; silent elsewhere.

    Use as a context manager; the line is wiped at the end.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._visible = self._stream.isatty()

    def __enter__(self) -> "ByteBar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._visible:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def show(self, stage: str, done: int, total: int | None, rate: float, left: float | None) -> None:
        """Draw how far it is: bytes, bytes a second, seconds left."""
        if not self._visible:
            return
        line = f"{stage} {done / 2**20:.1f}"
        if total:
            filled = round(24 * min(done / total, 1))
            line = f"{'█' * filled}{'░' * (24 - filled)} {line}/{total / 2**20:.1f}"
        line += " MiB"
        if rate > 0:
            line += f"  {rate / 2**20:.3g} MiB/s"
        if left is not None:
            line += f"  {_clock_time(left)} left"
        self._stream.write(f"\r{line}\x1b[K")
        self._stream.flush()


def _clock_time(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
