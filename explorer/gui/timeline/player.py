"""Playing: the clock decides which frame is wanted; the machine decides how many of them are drawn."""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from explorer.recipe import Film

FASTEST = 8
"""Milliseconds from one look at the clock to the next, at least."""


class Player(QObject):
    """Asks for the frame whose turn it is; frames that could not be drawn in time are left out, never late.

    Signals
    -------
    wanted(int) : this frame's turn has come.
    playing_changed(bool) : it began or ended.
    """

    wanted = Signal(int)
    playing_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None, clock: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(parent)
        self._clock = clock
        self._film: Film | None = None
        self._began, self._first, self._last = 0.0, 0, -1
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.look)

    @property
    def is_playing(self) -> bool:
        """Whether frames are asked for."""
        return self._film is not None

    def play(self, film: Film, number: int) -> None:
        """Play from a frame on; from the beginning where that is the last of a film without a loop."""
        if not film.loop and number >= film.frames - 1:
            number = 0
        self._film, self._first, self._last = film, number, -1
        self._began = self._clock()
        self._timer.start(max(FASTEST, round(500 / film.fps)))
        self.playing_changed.emit(True)
        self.look()

    def stop(self) -> None:
        """Stand still."""
        if self._film is not None:
            self._film = None
            self._timer.stop()
            self.playing_changed.emit(False)

    def show_film(self, film: Film | None) -> None:
        """The film is edited while it plays: go on where it is, in the new one."""
        if self._film is None:
            return
        if film is None:
            self.stop()
        else:
            self._first, self._began = max(self._last, 0), self._clock()
            self._film = film

    def look(self) -> None:
        """Look at the clock, and ask for the frame of this moment if it is another."""
        film = self._film
        if film is None:
            return
        number = self._first + int((self._clock() - self._began) * film.fps)
        is_over = not film.loop and number >= film.frames - 1
        number = number % film.frames if film.loop else min(number, film.frames - 1)
        if number != self._last:
            self._last = number
            self.wanted.emit(number)
        if is_over:
            self.stop()
