"""A busy neighbour: takes a core whenever it is let, as an encoder or another program would."""

import os
import signal
import subprocess
import sys
from types import TracebackType
from typing import Self

CAN_PAUSE = hasattr(signal, "SIGSTOP")
"""Whether this system can stop and continue a process; Windows cannot."""


class Neighbour:
    """One thread that computes without end, and can be paused."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        self.pause()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def work(self) -> None:
        """Let it take a core."""
        os.kill(self._process.pid, signal.SIGCONT)

    def pause(self) -> None:
        """Let it sleep."""
        os.kill(self._process.pid, signal.SIGSTOP)
