"""The lane of the music: its waveform, and marks where something new begins to sound."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from explorer.gui import theme
from explorer.gui.timeline.lane import Lane
from explorer.gui.timeline.view import GUTTER, TimeView

if TYPE_CHECKING:
    from explorer.export.music import Heard


class SoundLane(Lane):
    """Waveform around the middle, beats as thin lines."""

    NAME = "Music"
    HEIGHT = 44

    def __init__(self, view: TimeView) -> None:
        super().__init__(view)
        self._sound: Heard | None = None
        self._words = ""

    def show_sound(self, sound: "Heard | None", words: str = "") -> None:
        """Show a sound, or words where there is none (yet)."""
        self._sound, self._words = sound, words
        self.setToolTip(
            f"{sound.path.name}: {sound.seconds:.1f} s, {len(sound.onsets)} beats" if sound else words
        )
        self.update()

    def draw(self, painter: QPainter) -> None:
        """Beats, waveform; what lies behind the film's end is not heard."""
        palette = self.palette()
        if self._sound is None:
            painter.setFont(self.small_font())
            painter.setPen(palette.color(theme.DIM))
            place = QRectF(self.view.x_of(0) + 6, 0, self.width(), self.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._words)
            return
        sound, view = self._sound, self.view
        middle, half = (self.height() - 1) / 2, self.height() / 2 - 5
        colour = palette.color(theme.SEED_A)
        colour.setAlpha(110)
        painter.setPen(QPen(colour, 1))
        painter.drawLines(
            [
                QLineF(view.x_of(beat), 2, view.x_of(beat), self.height() - 3)
                for beat in sound.onsets
                if GUTTER <= view.x_of(beat) <= self.width()
            ]
        )
        painter.setPen(QPen(palette.color(theme.SEED_A), 1))
        lines = []
        for x in range(max(GUTTER, int(view.x_of(0))), int(min(self.width(), view.x_of(sound.seconds)))):
            first = int(view.seconds_at(x) * sound.rate)
            last = max(first + 1, int(view.seconds_at(x + 1) * sound.rate))
            high = float(sound.loudness[first:last].max(initial=0.0)) * half
            lines.append(QLineF(QPointF(x + 0.5, middle - high), QPointF(x + 0.5, middle + high + 0.5)))
        painter.drawLines(lines)
        painter.setFont(self.small_font())
        painter.setPen(palette.color(theme.DIM))
        place = QRectF(view.x_of(0) + 6, 1, 240, 14)
        name = painter.fontMetrics().elidedText(sound.path.name, Qt.TextElideMode.ElideMiddle, 240)
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft, name)
