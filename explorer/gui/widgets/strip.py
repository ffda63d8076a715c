"""What a direction does: small pictures side by side, from less to more."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from explorer.gui import theme

SIDE = 66
GAP = 4


class Strip(QWidget):
    """Pictures of the steps of one direction; empty frames until they are drawn.

    Signals
    -------
    chosen(int) : this picture was clicked.
    """

    chosen = Signal(int)

    def __init__(self, amounts: Sequence[float], name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._amounts = tuple(amounts)
        self._images: tuple[QImage, ...] = ()
        self._hovered = -1
        self.setAccessibleName(f"Pictures along {name}")
        self.setFixedSize(self.sizeHint())
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    @property
    def images(self) -> tuple[QImage, ...]:
        """Pictures shown."""
        return self._images

    def set_images(self, images: Sequence[QImage]) -> None:
        """Show pictures, one for each amount."""
        # Halved on the way, so that what is much larger does not turn grainy.
        self._images = tuple(
            image.scaledToHeight(2 * SIDE, Qt.TransformationMode.SmoothTransformation)
            if image.height() > 4 * SIDE
            else image
            for image in images
        )
        self.update()

    def sizeHint(self) -> QSize:
        """All pictures in a row."""
        return QSize(len(self._amounts) * (SIDE + GAP) - GAP, SIDE)

    def place_of(self, index: int) -> QRectF:
        """Where a picture stands."""
        return QRectF(index * (SIDE + GAP), 0, SIDE, SIDE)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say which amount is under the hand."""
        self._hover(self._at(event))

    def leaveEvent(self, _event: object) -> None:
        """Nothing is under the hand."""
        self._hover(-1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose."""
        index = self._at(event)
        if event.button() == Qt.MouseButton.LeftButton and index >= 0:
            self.chosen.emit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave keys to the dialog."""
        event.ignore()

    def _at(self, event: QMouseEvent) -> int:
        for index in range(len(self._amounts)):
            if self.place_of(index).contains(event.position()):
                return index
        return -1

    def _hover(self, index: int) -> None:
        if index != self._hovered:
            self._hovered = index
            self.setToolTip(
                f"{self._amounts[index]:+g} standard deviations · click to try it on the picture"
                if index >= 0
                else ""
            )
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Rounded pictures; the one in the middle is the face as it is."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        for index in range(len(self._amounts)):
            frame = self.place_of(index).adjusted(0.5, 0.5, -0.5, -0.5)
            shape = QPainterPath()
            shape.addRoundedRect(frame, 6, 6)
            painter.fillPath(shape, self.palette().color(theme.STAGE))
            if index < len(self._images):
                painter.save()
                painter.setClipPath(shape)
                painter.drawImage(frame, self._images[index])
                painter.restore()
            colour = theme.ACCENT if index == self._hovered else theme.LINE
            painter.setPen(QPen(self.palette().color(colour), 1.4 if index == self._hovered else 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame, 6, 6)


def strip_heads(amounts: Sequence[float], room: int = 0) -> QHBoxLayout:
    """Amounts to stand above strips.

    Parameters
    ----------
    room : what stands left of the strips, in logical pixels.
    """
    heads = QHBoxLayout()
    heads.setContentsMargins(room, 0, 0, 0)
    heads.setSpacing(GAP)
    for amount in amounts:
        label = QLabel(f"{amount:+g}".replace("-", "\N{MINUS SIGN}") if amount else "0")
        label.setProperty("role", "hint")
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        label.setFixedWidth(SIDE)
        heads.addWidget(label)
    heads.addStretch(1)
    return heads
