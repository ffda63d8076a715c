"""What changes in the film: one thin lane for each control that moves, with its values at the keyframes."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from explorer.gui import theme
from explorer.gui.timeline.lane import Lane
from explorer.gui.timeline.view import TimeView
from explorer.recipe.film_tracks import Track, Value


class TrackLane(Lane):
    """One control: a dot and its value at each keyframe, a line where it is on its way."""

    HEIGHT = 22

    def __init__(self, view: TimeView, track: Track) -> None:
        super().__init__(view)
        self.show_track(track)

    def show_track(self, track: Track) -> None:
        """Show another control."""
        self.track = track
        self.NAME = track.name[:1].upper() + track.name[1:]
        self.setToolTip(f"{self.NAME}: " + ", ".join(words_of(value) for value in track.values))
        self.update()

    def draw(self, painter: QPainter) -> None:
        """Lines, then dots with values where there is room."""
        keys, film = self.view.keys, self.view.film
        if film is None or len(self.track.values) != len(keys):
            return  # the film has changed, and the lanes are told next
        palette, y = self.palette(), self.height() / 2
        for index, changes in enumerate(self.track.changes):
            key = keys[index]
            end = keys[index + 1].time if index + 1 < len(keys) else film.length
            start = self.view.x_of(key.time + key.hold)
            painter.setPen(
                QPen(palette.color(theme.ACCENT if changes else theme.GROOVE), 2 if changes else 1)
            )
            painter.drawLine(QPointF(start, y), QPointF(self.view.x_of(end), y))
        painter.setFont(self.small_font())
        for index, value in enumerate(self.track.values):
            x = self.view.x_of(keys[index].time)
            is_last = index + 1 == len(keys)
            end = float(self.width()) if is_last else self.view.x_of(keys[index + 1].time)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(theme.DIM))
            painter.drawEllipse(QPointF(x, y), 3, 3)
            self._draw_value(painter, words_of(value), x, end - x)

    def _draw_value(self, painter: QPainter, text: str, x: float, room: float) -> None:
        """The value right of its dot, on the lane's own ground so that the line does not cross it."""
        if room < 26:
            return
        metrics = painter.fontMetrics()
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(max(room - 16, 10)))
        place = QRectF(x + 6, 1, metrics.horizontalAdvance(text) + 6, self.height() - 3)
        painter.fillRect(place, self.palette().color(theme.PANEL))
        painter.setPen(self.palette().color(theme.Role.Text))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)


def words_of(value: Value) -> str:
    """A value for people."""
    if value is None:
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
