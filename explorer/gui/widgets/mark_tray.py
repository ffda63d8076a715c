"""The marked faces of one kind, small and in a row, the newest first; a click takes one back."""

from collections.abc import Hashable

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.gui import theme

SIDE = 38
GAP = 4
HEAD = 62
"""Room for the name and the number."""


class MarkTray(QWidget):
    """Shows as many as fit, and the number of all.

    Signals
    -------
    chosen(object) : this face was clicked.
    """

    chosen = Signal(object)

    def __init__(self, name: str, colour: QPalette.ColorRole, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._colour = name, colour
        self._faces: dict[Hashable, QImage] = {}
        self._hovered: Hashable | None = None
        self.setMouseTracking(True)
        self.setFixedHeight(SIDE)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_faces({})

    def set_faces(self, faces: dict[Hashable, QImage]) -> None:
        """Show faces, the oldest mark first in `faces`."""
        self._faces = dict(reversed(faces.items()))
        self.setAccessibleName(f"{self._name}: {len(faces)} marked")
        self.update()

    def sizeHint(self) -> QSize:
        """A few faces."""
        return QSize(HEAD + 6 * (SIDE + GAP), SIDE)

    def _place(self, index: int) -> QRectF:
        return QRectF(HEAD + index * (SIDE + GAP), 0, SIDE, SIDE)

    def _at(self, event: QMouseEvent) -> Hashable | None:
        for index, key in enumerate(self._faces):
            if self._place(index).contains(event.position()):
                return key
        return None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what a click would do."""
        self._hovered = self._at(event)
        self.setToolTip("Click to take this mark back" if self._hovered is not None else "")
        self.update()

    def leaveEvent(self, _event: object) -> None:
        """Nothing is under the hand."""
        self._hovered = None
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Take one back."""
        key = self._at(event)
        if event.button() == Qt.MouseButton.LeftButton and key is not None:
            self.chosen.emit(key)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Name, number, faces."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        palette = self.palette()
        painter.setFont(theme.with_weight(self.font(), painter.font().Weight.DemiBold, 12))
        painter.setPen(palette.color(self._colour))
        middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, 0, HEAD, SIDE), middle, f"{self._name}  {len(self._faces)}")
        for index, (key, image) in enumerate(self._faces.items()):
            frame = self._place(index).adjusted(0.5, 0.5, -0.5, -0.5)
            if frame.right() > self.width():
                break
            shape = QPainterPath()
            shape.addRoundedRect(frame, 5, 5)
            painter.save()
            painter.setClipPath(shape)
            painter.setOpacity(0.45 if key == self._hovered else 1.0)
            painter.drawImage(frame, image)
            painter.restore()
            painter.setPen(QPen(palette.color(self._colour), 1.2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame, 5, 5)
