"""A picture with a frame in it that is dragged, resized, and moved by keys."""

from dataclasses import dataclass, replace
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.gui import theme

SMALLEST = 16
"""Pixels of the picture that a frame keeps in its shorter side."""
REACH = 14.0
"""Distance from a corner, on the screen, at which it is taken."""
KEYS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_CURSORS = {(1, 1): Qt.CursorShape.SizeFDiagCursor, (-1, -1): Qt.CursorShape.SizeFDiagCursor}


@dataclass(frozen=True)
class Frame:
    """Where the frame is, in pixels of the picture."""

    x: float
    y: float
    width: float
    height: float

    @property
    def rect(self) -> QRectF:
        """As Qt has it."""
        return QRectF(self.x, self.y, self.width, self.height)


class CropView(QWidget):
    """Shows a picture; what lies outside of the frame is dark.

    Signals
    -------
    changed : the frame is elsewhere.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self._size = (0, 0)
        self._aspect = 1.0
        self._frame = Frame(0, 0, 0, 0)
        self._taken: tuple[Literal["move"] | tuple[int, int], QPointF, Frame] | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Frame in the picture")
        self.setToolTip("Drag the frame or its corners · arrows move it, plus and minus resize, Shift: finer")

    def sizeHint(self) -> QSize:
        """Room for a picture."""
        return QSize(380, 380)

    def show_picture(self, image: QImage | None, width: int, height: int, aspect: float) -> None:
        """Show a picture of `width` x `height` pixels, the frame as large as it gets."""
        self._image, self._size, self._aspect = image, (width, height), aspect
        wide = min(float(width), height * aspect)
        self._frame = Frame((width - wide) / 2, (height - wide / aspect) / 2, wide, wide / aspect)
        self.update()
        self.changed.emit()

    @property
    def crop(self) -> tuple[int, int, int]:
        """Left, top and longer side in whole pixels of the picture, within it."""
        frame, (width, height) = self._frame, self._size
        size = int(max(frame.width, frame.height) + 1e-6)
        across, down = (size, size / self._aspect) if self._aspect >= 1 else (size * self._aspect, size)
        x = min(max(round(frame.x), 0), max(width - max(round(across), 1), 0))
        y = min(max(round(frame.y), 0), max(height - max(round(down), 1), 0))
        return x, y, size

    def move_by(self, dx: float, dy: float) -> None:
        """Move the frame by pixels of the picture."""
        self._set(replace(self._frame, x=self._frame.x + dx, y=self._frame.y + dy))

    def resize_by(self, factor: float) -> None:
        """Make the frame larger or smaller, around its middle."""
        frame = self._frame
        wide = self._possible(frame.width * factor)
        tall = wide / self._aspect
        self._set(Frame(frame.x + (frame.width - wide) / 2, frame.y + (frame.height - tall) / 2, wide, tall))

    def _possible(self, wide: float) -> float:
        """Width that a frame can have."""
        width, height = self._size
        most = min(float(width), height * self._aspect)
        least = min(SMALLEST * max(self._aspect, 1.0), most)
        return min(max(wide, least), most)

    def _set(self, frame: Frame) -> None:
        """Put the frame where it is wanted, as far as that is within the picture."""
        x = min(max(frame.x, 0.0), self._size[0] - frame.width)
        y = min(max(frame.y, 0.0), self._size[1] - frame.height)
        frame = replace(frame, x=x, y=y)
        if self._image is not None and frame != self._frame:
            self._frame = frame
            self.update()
            self.changed.emit()

    # Places on the screen.

    def _scale(self) -> float:
        width, height = self._size
        return min((self.width() - 2) / max(width, 1), (self.height() - 2) / max(height, 1))

    def _corner(self) -> QPointF:
        scale = self._scale()
        return QPointF(
            (self.width() - self._size[0] * scale) / 2, (self.height() - self._size[1] * scale) / 2
        )

    def _on_screen(self, rect: QRectF) -> QRectF:
        scale, corner = self._scale(), self._corner()
        return QRectF(
            corner.x() + rect.x() * scale,
            corner.y() + rect.y() * scale,
            rect.width() * scale,
            rect.height() * scale,
        )

    def frame_on_screen(self) -> QRectF:
        """Where the frame is painted."""
        return self._on_screen(self._frame.rect)

    def _what_is_at(self, point: QPointF) -> Literal["move"] | tuple[int, int] | None:
        """The corner (signs of its place) or the frame itself."""
        rect = self.frame_on_screen()
        for sign_x, x in ((-1, rect.left()), (1, rect.right())):
            for sign_y, y in ((-1, rect.top()), (1, rect.bottom())):
                if max(abs(point.x() - x), abs(point.y() - y)) <= REACH:
                    return sign_x, sign_y
        return "move" if rect.contains(point) else None

    # What the user does.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the frame or a corner."""
        what = self._what_is_at(event.position())
        if self.isEnabled() and what is not None and event.button() == Qt.MouseButton.LeftButton:
            self._taken = (what, event.position(), self._frame)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move what was taken."""
        if self._taken is None:
            what = self._what_is_at(event.position()) if self.isEnabled() else None
            if what is None:
                self.unsetCursor()
            elif what == "move":
                self.setCursor(Qt.CursorShape.SizeAllCursor)
            else:
                self.setCursor(_CURSORS.get(what, Qt.CursorShape.SizeBDiagCursor))
            return
        what, start, frame = self._taken
        by = (event.position() - start) / self._scale()
        if what == "move":
            self._set(replace(frame, x=frame.x + by.x(), y=frame.y + by.y()))
            return
        sign_x, sign_y = what
        # The corner follows the hand along whichever axis it has gone farther; the opposite one stays.
        grown = max(sign_x * by.x(), sign_y * by.y() * self._aspect, key=abs)
        room_x = self._size[0] - frame.x if sign_x > 0 else frame.x + frame.width
        room_y = self._size[1] - frame.y if sign_y > 0 else frame.y + frame.height
        wide = min(self._possible(frame.width + grown), room_x, room_y * self._aspect)
        tall = wide / self._aspect
        x = frame.x if sign_x > 0 else frame.x + frame.width - wide
        y = frame.y if sign_y > 0 else frame.y + frame.height - tall
        self._set(Frame(x, y, wide, tall))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._taken = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Resize."""
        if event.angleDelta().y():
            self.resize_by(1.05 if event.angleDelta().y() > 0 else 1 / 1.05)
            event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move, plus and minus resize; with Shift by single pixels."""
        is_fine = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        step = 1.0 if is_fine else max(self._frame.width * 0.03, 1.0)
        key = Qt.Key(event.key())
        if key in KEYS:
            self.move_by(KEYS[key][0] * step, KEYS[key][1] * step)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            factor = 1 + 2 / max(self._frame.width, 1) if is_fine else 1.05
            self.resize_by(1 / factor if key == Qt.Key.Key_Minus else factor)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Picture, darkness around the frame, the frame."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        palette = self.palette()
        if self._image is None:
            painter.fillRect(self.rect(), palette.color(theme.STAGE))
            painter.setPen(palette.color(theme.DIM))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "Drop a picture here,\nor choose one")
            return
        whole = self._on_screen(QRectF(0, 0, *self._size))
        painter.drawImage(whole, self._image)
        frame = self.frame_on_screen()
        outside = QPainterPath()
        outside.addRect(whole)
        inside = QPainterPath()
        inside.addRect(frame)
        painter.fillPath(outside.subtracted(inside), QColor(0, 0, 0, 150))
        if not self.isEnabled():
            return
        line = QColor(palette.color(theme.ACCENT)) if self.hasFocus() else QColor(255, 255, 255)
        painter.setPen(QPen(QColor(0, 0, 0, 120), 3))
        painter.drawRect(frame)
        painter.setPen(QPen(line, 1.5))
        painter.drawRect(frame)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(0, 0, 0, 120), 1))
        painter.setBrush(line)
        for point in (frame.topLeft(), frame.topRight(), frame.bottomLeft(), frame.bottomRight()):
            painter.drawEllipse(point, 5, 5)
