"""A small picture with a letter, in the colour of its seed."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QWidget

from explorer.gui import theme


class Thumbnail(QWidget):
    """Shows a picture `side` pixels wide; clicking it, or Enter, is `chosen`."""

    chosen = Signal()

    def __init__(
        self, letter: str, colour: QPalette.ColorRole, side: int = 56, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._letter, self._colour, self._side = letter, colour, side
        self._image: QImage | None = None
        self.setFixedSize(side, side)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    @property
    def image(self) -> QImage | None:
        """Picture shown; None before the first."""
        return self._image

    def set_image(self, image: QImage | None) -> None:
        """Show a picture, or the empty frame."""
        self._image = image
        self.update()

    def sizeHint(self) -> QSize:
        """Square."""
        return QSize(self._side, self._side)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose by keyboard."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Rounded picture, coloured edge, letter."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        palette = self.palette()
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        shape = QPainterPath()
        shape.addRoundedRect(frame, 7, 7)
        painter.fillPath(shape, palette.color(theme.STAGE))
        if self._image is not None:
            painter.save()
            painter.setClipPath(shape)
            painter.setOpacity(1.0 if self.isEnabled() else 0.35)
            # Whole, and in its own shape: some networks draw pictures that are not square.
            ratio = self._image.width() / max(self._image.height(), 1)
            inside = QRectF(0, 0, frame.width() * min(ratio, 1), frame.height() / max(ratio, 1))
            inside.moveCenter(frame.center())
            painter.drawImage(inside, self._image)
            painter.restore()
        colour = palette.color(self._colour if self.isEnabled() else theme.GROOVE)
        painter.setPen(QPen(colour, 2.4 if self.hasFocus() else 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(frame, 7, 7)
        badge = QRectF(frame.left() - 0.5, frame.bottom() - 15.5, 16, 16)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(badge, 5, 5)
        painter.setPen(palette.color(QPalette.ColorRole.HighlightedText))
        painter.setFont(theme.with_weight(self.font(), painter.font().Weight.DemiBold, 11))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, self._letter)
