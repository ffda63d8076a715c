"""`Lane`: one row over the axis of time, with its name at the left and the playhead through it."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.gui import theme
from explorer.gui.timeline.view import GUTTER, TimeView


class Lane(QWidget):
    """Paints its ground, then what a subclass draws, then the playhead.

    The wheel moves along the time; with Ctrl it zooms to the pointer.
    """

    NAME = ""
    HEIGHT = 24

    def __init__(self, view: TimeView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = view
        self.setFixedHeight(self.HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(GUTTER + 160)
        view.changed.connect(self.update)

    def draw(self, painter: QPainter) -> None:
        """Paint what this lane shows; clipped to the right of the names."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Along the time, or nearer."""
        turn = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.view.zoom_by(1.0018**turn, event.position().x())
        elif event.angleDelta().x() or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.view.pan_by(-turn / 2)
        else:
            event.ignore()  # the list of lanes scrolls
            return
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Ground, name, content, playhead."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        palette = self.palette()
        painter.fillRect(self.rect(), palette.color(theme.PANEL))
        self.draw_name(painter)
        painter.setPen(QPen(palette.color(theme.LINE), 1))
        painter.drawLine(QPointF(0, self.height() - 0.5), QPointF(self.width(), self.height() - 0.5))
        painter.setClipRect(QRectF(GUTTER, 0, self.width() - GUTTER, self.height()))
        self._draw_end(painter)
        self.draw(painter)
        if self.view.film:
            x = round(self.view.x_of(self.view.number / self.view.fps)) + 0.5
            painter.setPen(QPen(palette.color(theme.ACCENT), 1.4))
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))

    def draw_name(self, painter: QPainter) -> None:
        """Name of the lane, quietly."""
        painter.setFont(self.small_font())
        painter.setPen(self.palette().color(theme.DIM))
        place = QRectF(14, 0, GUTTER - 20, self.height())
        text = painter.fontMetrics().elidedText(self.NAME, Qt.TextElideMode.ElideRight, int(place.width()))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    def small_font(self) -> QFont:
        """Font of names and numbers; digits of one width."""
        font = theme.with_weight(self.font(), QFont.Weight.Medium, 11)
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def _draw_end(self, painter: QPainter) -> None:
        """Shade what lies before the film's beginning and behind its end."""
        ground = self.palette().color(theme.STAGE)
        ground.setAlpha(120)
        begin = self.view.x_of(0)
        painter.fillRect(QRectF(GUTTER, 0, max(begin - GUTTER, 0), self.height() - 1), ground)
        if self.view.film:
            end = self.view.x_of(self.view.film.seconds)
            painter.fillRect(QRectF(end, 0, max(self.width() - end, 0), self.height() - 1), ground)
