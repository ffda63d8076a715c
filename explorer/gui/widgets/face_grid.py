"""A grid of faces to be marked: by arrows and two keys, or by a click on either half of a face."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QWidget

from explorer.gui import theme

SIDE = 104
GAP = 6
FOOT = 22
"""Height of the two words at the lower edge of the face that would be marked."""
MORE = (Qt.Key.Key_M, Qt.Key.Key_Plus, Qt.Key.Key_Equal)
LESS = (Qt.Key.Key_L, Qt.Key.Key_Minus)
SKIP = (Qt.Key.Key_N, Qt.Key.Key_Delete)


@dataclass
class _Cell:
    key: Hashable | None = None
    image: QImage | None = None


class FaceGrid(QWidget):
    """Shows faces under keys; an empty cell waits for one.

    Signals
    -------
    marked(object, bool) : this face is more (True) or less.
    skipped(object) : another face in its place, please.
    took_back : the last mark is to be taken back.
    """

    marked = Signal(object, bool)
    skipped = Signal(object)
    took_back = Signal()

    def __init__(self, columns: int, rows: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._columns = columns
        self._cells = [_Cell() for _ in range(columns * rows)]
        self._at, self._pressed = 0, -1
        self._hover = QPointF(-1, -1)
        self.setFixedSize(self.sizeHint())
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Faces to mark")
        self.setToolTip("Arrows: move · M: more · L: less · N: another face · Backspace: take the last back")

    @property
    def keys(self) -> tuple[Hashable, ...]:
        """Keys of the faces shown."""
        return tuple(cell.key for cell in self._cells if cell.key is not None)

    @property
    def empty(self) -> int:
        """How many cells wait for a face."""
        return sum(cell.key is None for cell in self._cells)

    @property
    def current(self) -> Hashable | None:
        """Key of the face that the keyboard would mark."""
        return self._cells[self._at].key

    def put(self, faces: Sequence[tuple[Hashable, QImage]]) -> None:
        """Show faces in the empty cells, the first ones first."""
        waiting = [cell for cell in self._cells if cell.key is None]
        for cell, (key, image) in zip(waiting, faces, strict=False):
            cell.key, cell.image = key, image
        self.update()

    def take_out(self, key: Hashable) -> None:
        """Empty the cell of a face."""
        for cell in self._cells:
            if cell.key == key:
                cell.key = cell.image = None
        self.update()

    def clear(self) -> None:
        """Empty all cells."""
        self._cells = [_Cell() for _ in self._cells]
        self._at = 0
        self.update()

    def sizeHint(self) -> QSize:
        """All cells."""
        rows = len(self._cells) // self._columns
        return QSize(self._columns * (SIDE + GAP) - GAP + 4, rows * (SIDE + GAP) - GAP + 4)

    def place_of(self, index: int) -> QRectF:
        """Where a cell stands."""
        row, column = divmod(index, self._columns)
        return QRectF(2 + column * (SIDE + GAP), 2 + row * (SIDE + GAP), SIDE, SIDE)

    # What the user does.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move, mark, or leave the key to the dialog."""
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -self._columns,
            Qt.Key.Key_Down: self._columns,
        }
        key = event.key()
        if key in steps:
            to = self._at + steps[Qt.Key(key)]
            self._go(to if 0 <= to < len(self._cells) else self._at)
        elif key in MORE or key in LESS:
            self._mark(self._at, key in MORE)
        elif key in SKIP:
            self._skip(self._at)
        elif key == Qt.Key.Key_Backspace:
            self.took_back.emit()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Keep the letters that mark for this grid, where the window has commands on them."""
        if event.type() == QEvent.Type.ShortcutOverride and event.key() in (*MORE, *LESS, *SKIP):  # type: ignore[attr-defined]
            event.accept()
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show which half is under the hand."""
        self._hover = event.position()
        self.setCursor(
            Qt.CursorShape.PointingHandCursor if self._under(self._hover) >= 0 else Qt.CursorShape.ArrowCursor
        )
        self.update()

    def leaveEvent(self, _event: object) -> None:
        """Nothing is under the hand."""
        self._hover = QPointF(-1, -1)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click begins."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = self._under(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Left half is less, right half is more."""
        index = self._under(event.position())
        if event.button() == Qt.MouseButton.LeftButton and 0 <= index == self._pressed:
            self._at = index
            self._mark(index, event.position().x() >= self.place_of(index).center().x(), move=False)
        self._pressed = -1

    def _mark(self, index: int, is_more: bool, move: bool = True) -> None:
        cell = self._cells[index]
        if cell.key is not None and cell.image is not None:
            if move:
                self._go((index + 1) % len(self._cells))
            self.marked.emit(cell.key, is_more)

    def _skip(self, index: int) -> None:
        cell = self._cells[index]
        if cell.key is not None:
            self._go((index + 1) % len(self._cells))
            self.skipped.emit(cell.key)

    def _go(self, index: int) -> None:
        self._at = index
        self.update()

    def _under(self, point: QPointF) -> int:
        for index in range(len(self._cells)):
            if self.place_of(index).contains(point):
                return index
        return -1

    # Looks.

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard stands."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The keyboard is elsewhere."""
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Rounded pictures; the one that would be marked has its two words."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        hovered = self._under(self._hover)
        for index, cell in enumerate(self._cells):
            frame = self.place_of(index).adjusted(0.5, 0.5, -0.5, -0.5)
            shape = QPainterPath()
            shape.addRoundedRect(frame, 7, 7)
            painter.fillPath(shape, self.palette().color(theme.STAGE))
            painter.save()
            painter.setClipPath(shape)
            if cell.image is not None:
                painter.drawImage(frame, cell.image)
                has_keyboard = index == self._at and self.hasFocus() and hovered < 0
                if index == hovered or has_keyboard:
                    self._paint_words(painter, frame, index == hovered)
            painter.restore()
            is_current = index == self._at and self.hasFocus()
            colour = theme.ACCENT if is_current else theme.LINE
            painter.setPen(QPen(self.palette().color(colour), 2.4 if is_current else 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame, 7, 7)

    def _paint_words(self, painter: QPainter, frame: QRectF, is_hovered: bool) -> None:
        """Write "Less" and "More" at the lower edge; the half under the hand is lit."""
        half = frame.width() / 2
        painter.setFont(theme.with_weight(self.font(), painter.font().Weight.DemiBold, 11))
        for side, word in enumerate(("− Less", "+ More")):
            place = QRectF(frame.left() + side * half, frame.bottom() - FOOT, half, FOOT)
            lit = is_hovered and (self._hover.x() >= frame.center().x()) == bool(side)
            ground = self.palette().color(theme.ACCENT if lit else QPalette.ColorRole.Window)
            ground.setAlpha(235 if lit else 190)
            painter.fillRect(place, ground)
            text = QPalette.ColorRole.HighlightedText if lit else QPalette.ColorRole.WindowText
            painter.setPen(self.palette().color(text))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, word)
