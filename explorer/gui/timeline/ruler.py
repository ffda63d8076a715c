"""The ruler: seconds and frames; dragging along it scrubs."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPen, QPolygonF

from explorer.gui import theme
from explorer.gui.timeline.lane import Lane

STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
LEAST = 64
"""Pixels from number to number."""


def step_of(scale: float, fps: float) -> float:
    """Seconds from one number to the next, at `scale` pixels a second; single frames where there is room."""
    if scale / fps >= LEAST:
        return 1 / fps
    return next((step for step in STEPS if step * scale >= LEAST), 7200)


def clock(seconds: float) -> str:
    """Time for people: 1:05.2, or 5.2 s below a minute."""
    if seconds < 60:
        return f"{seconds:.4g} s"
    minutes, rest = divmod(round(seconds, 2), 60)
    return f"{int(minutes)}:{rest:05.2f}".removesuffix("0").removesuffix("0").removesuffix(".")


class Ruler(Lane):
    """Numbers of seconds, marks of beats, and the head of the playhead."""

    HEIGHT = 28

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go there."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.view.seek(self.view.frame_at_x(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.view.seek(self.view.frame_at_x(event.position().x()))

    def draw_name(self, painter: QPainter) -> None:
        """The number of the frame, where other lanes have their names."""
        if self.view.film:
            painter.setFont(self.small_font())
            painter.setPen(self.palette().color(theme.DIM))
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            painter.drawText(QRectF(14, 0, 80, self.height()), flags, f"{self.view.film.seconds:.4g} s")

    def draw(self, painter: QPainter) -> None:
        """Ticks and numbers, then the head."""
        view, palette = self.view, self.palette()
        step = step_of(view.scale, view.fps)
        first = max(0, int(view.left / step))
        painter.setFont(self.small_font())
        bottom = self.height() - 1
        for count in range(first, first + int(self.width() / (step * view.scale)) + 2):
            seconds = count * step
            x = round(view.x_of(seconds)) + 0.5
            painter.setPen(QPen(palette.color(theme.GROOVE), 1))
            painter.drawLine(QPointF(x, bottom - 8), QPointF(x, bottom))
            for part in range(1, 5):
                minor = round(view.x_of(seconds + part * step / 5)) + 0.5
                painter.drawLine(QPointF(minor, bottom - 4), QPointF(minor, bottom))
            painter.setPen(palette.color(theme.DIM))
            painter.drawText(QPointF(x + 4, bottom - 9), clock(seconds))
        if view.film:
            self._draw_head(painter, view.x_of(view.number / view.fps))

    def _draw_head(self, painter: QPainter, x: float) -> None:
        x = round(x) + 0.5
        bottom = self.height()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(theme.ACCENT))
        head = [(-5.5, 12), (5.5, 12), (5.5, 6), (0, 0), (-5.5, 6)]
        painter.drawPolygon(QPolygonF([QPointF(x + dx, bottom - dy) for dx, dy in head]))
