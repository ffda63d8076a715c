"""Results that come home to the GUI thread, whichever thread made them."""

import itertools
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot


class Homecoming(QObject):
    """Keeps callables in the GUI thread, and calls them there when `post` brings their result.

    A signal connected to a plain function runs it in the *emitting* thread;
    only a bound slot of an object that lives in the GUI thread, on a queued
    connection, comes home. So callables wait here under a number, and only the
    number and the result travel.
    """

    _arrived = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: dict[int, Callable[[Any], None]] = {}
        self._numbers = itertools.count(1)
        self._arrived.connect(self._receive, Qt.ConnectionType.QueuedConnection)

    def expect(self, receive: Callable[[Any], None]) -> int:
        """Remember whom to call; returns the number to post under. GUI thread."""
        number = next(self._numbers)
        self._waiting[number] = receive
        return number

    def post(self, number: int, result: object) -> None:
        """Send a result home. Any thread."""
        # A RuntimeError says that the window is gone, and nobody waits any more.
        with suppress(RuntimeError):
            self._arrived.emit(number, result)

    def forget(self) -> None:
        """Call nobody any more: the window closes."""
        self._waiting.clear()

    @property
    def is_waiting(self) -> bool:
        """Whether any result is still to come."""
        return bool(self._waiting)

    @Slot(int, object)
    def _receive(self, number: int, result: object) -> None:
        receive = self._waiting.pop(number, None)
        if receive is not None:
            receive(result)
