"""Ctrl-C and a request to end close the window, without a timer that looks for them."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from PySide6.QtCore import QSocketNotifier
from PySide6.QtWidgets import QWidget


@contextmanager
def closing_on_signals(window: QWidget) -> Iterator[list[int]]:
    """Close `window` on SIGINT and SIGTERM; yields a list that then holds the signal.

    Python runs signal handlers between two steps of its own, and an idle event
    loop takes none. So each signal also writes a byte to a socket, whose
    arrival Qt reports, and that report is the step.
    """
    received: list[int] = []

    def stop(number: int, _frame: object) -> None:
        received.append(number)
        window.close()

    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    notifier = QSocketNotifier(ours.fileno(), QSocketNotifier.Type.Read, window)
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    before_fd = signal.set_wakeup_fd(theirs.fileno())

    def drain() -> None:
        with suppress(BlockingIOError):
            ours.recv(64)

    notifier.activated.connect(drain)
    try:
        yield received
    finally:
        notifier.setEnabled(False)
        signal.set_wakeup_fd(before_fd)
        for number, handler in before.items():
            signal.signal(number, handler)
        ours.close()
        theirs.close()
