"""What all lanes share: the piece of time that is seen, the playhead, the chosen keyframe."""

import math

from PySide6.QtCore import QObject, Signal

from explorer.recipe import Film
from explorer.recipe.film import Keys

GUTTER = 86
"""Width of the names left of the lanes, in logical pixels."""
PAD = 36
"""Between the names and second 0, so that the first picture has room."""
ROOM = 1.12
"""A fitted film leaves room behind its end, to drag keyframes into."""
NEAREST = 8.0
"""Pixels within which a dragged keyframe jumps onto a beat."""


class TimeView(QObject):
    """No truth, and no part of undo or a session: how somebody looks at the film just now.

    Signals
    -------
    changed : lanes have to be painted anew.
    sought(int) : a hand wants to see this frame.
    chosen(int) : another keyframe is the chosen one; -1 stands for none.
    """

    changed = Signal()
    sought = Signal(int)
    chosen = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.film: Film | None = None
        self.beats: tuple[float, ...] = ()
        self.number = 0
        """Frame under the playhead."""
        self.cell = 0
        self.index = -1
        """The chosen keyframe; -1 where none is."""
        self._width = 800
        self._zoom = 1.0
        self._left = 0.0
        self._held: float | None = None

    # The film.

    def show_film(self, film: Film | None) -> None:
        """Show another film; what is chosen stays where that exists."""
        self.film = film
        self.cell = min(self.cell, len(film.cells) - 1) if film else 0
        self.number = min(self.number, film.frames - 1) if film else 0
        if self.index >= len(self.keys):
            self.choose(len(self.keys) - 1)
        self.changed.emit()

    @property
    def keys(self) -> Keys:
        """Keyframes of the cell that is seen."""
        return self.film.cells[self.cell] if self.film else ()

    @property
    def fps(self) -> float:
        """Rate of the film."""
        return self.film.fps if self.film else 30.0

    def choose(self, index: int) -> None:
        """Choose a keyframe."""
        if index != self.index:
            self.index = index
            self.chosen.emit(index)
            self.changed.emit()

    def show_cell(self, cell: int) -> None:
        """Look at another of several films."""
        if self.film and 0 <= cell < len(self.film.cells) and cell != self.cell:
            self.cell = cell
            self.index = -1
            self.chosen.emit(-1)
            self.changed.emit()

    def show_number(self, number: int) -> None:
        """Put the playhead on a frame."""
        if number != self.number:
            self.number = number
            self.changed.emit()

    def seek(self, number: int) -> None:
        """A hand wants to see a frame."""
        if self.film:
            number = min(max(number, 0), self.film.frames - 1)
            self.show_number(number)
            self.sought.emit(number)

    # Time and place.

    @property
    def span(self) -> float:
        """Seconds that a fitted view shows."""
        if self._held is not None:
            return self._held
        return max(self.film.seconds if self.film else 0.0, 1.0) * ROOM

    def hold(self, held: bool) -> None:
        """Keep the scale while a hand drags: what it holds must not run away from it."""
        self._held = self.span if held else None
        self.changed.emit()

    @property
    def scale(self) -> float:
        """Pixels a second."""
        return max(self._width - GUTTER - PAD - 12, 50) / self.span * self._zoom

    @property
    def left(self) -> float:
        """Second at the left end."""
        return min(self._left, max(0.0, self.span * (1 - 1 / self._zoom)))

    def resize(self, width: int) -> None:
        """Lanes are this wide now."""
        if width != self._width:
            self._width = width
            self.changed.emit()

    def x_of(self, seconds: float) -> float:
        """Where a time stands, in pixels of a lane."""
        return GUTTER + PAD + (seconds - self.left) * self.scale

    def seconds_at(self, x: float) -> float:
        """Time at a place; below 0 in the margin."""
        return self.left + (x - GUTTER - PAD) / self.scale

    def frame_at_x(self, x: float) -> int:
        """Frame nearest to a place."""
        return max(0, math.floor(self.seconds_at(x) * self.fps + 0.5))

    def snapped(self, seconds: float, free: bool = False) -> float:
        """Time on the nearest frame, or on a beat that is near enough; `free` leaves beats alone."""
        if self.beats and not free:
            beat = min(self.beats, key=lambda mark: abs(mark - seconds))
            if abs(beat - seconds) * self.scale <= NEAREST:
                return beat
        return max(0.0, math.floor(seconds * self.fps + 0.5) / self.fps)

    def zoom_by(self, factor: float, x: float) -> None:
        """Show less or more of the time; what is under the pointer stays."""
        at = self.seconds_at(x)
        self._zoom = min(max(self._zoom * factor, 1.0), 400.0)
        self._left = max(0.0, at - (x - GUTTER - PAD) / self.scale)
        self.changed.emit()

    def pan_by(self, pixels: float) -> None:
        """Move along the time."""
        self._left = max(0.0, self.left + pixels / self.scale)
        self.changed.emit()
