"""A slider's groove and knob, horizontal or vertical, for real numbers.

Drag: Shift moves ten times finer, Ctrl snaps to coarse steps. A click on the
groove goes there. Double-click resets. Arrow keys step, with the same modifiers.
"""

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QSlider, QWidget

from explorer.gui import theme

KNOB = 7
"""Radius in logical pixels."""


class Track(QSlider):
    """A slider over `low..high`; `amount` may lie outside, the knob then stays at the end.

    Parameters
    ----------
    origin : amount from which the groove is filled up to the knob; `low` where omitted.
    fill : palette role of the filled part.
    start : role from which the whole groove shades over into `fill`, for a walk between two things.

    Signals
    -------
    grabbed : a gesture begins.
    moved(float) : the user wants this amount.
    resetting : between `grabbed` and `moved`, where the default is asked for.
    let_go : the gesture is over.
    """

    grabbed = Signal()
    moved = Signal(float)
    resetting = Signal()
    let_go = Signal()

    def __init__(
        self,
        low: float,
        high: float,
        *,
        default: float = 0.0,
        step: float = 0.01,
        origin: float | None = None,
        ticks: tuple[float, ...] = (),
        orientation: Qt.Orientation = Qt.Orientation.Horizontal,
        fill: QPalette.ColorRole = theme.ACCENT,
        start: QPalette.ColorRole | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(orientation, parent)
        self.low, self.high, self.default, self.step = low, high, default, step
        self.ticks = ticks
        self._origin = low if origin is None else origin
        self._fill, self._start = fill, start
        self._amount = default
        self._whole = step >= 1
        self._anchor = (0.0, default, Qt.KeyboardModifier.NoModifier)
        self._hovered = False
        self._drawn: tuple[object, ...] = ()
        """What `_drawing` shows."""
        self._drawing = QPixmap()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setTracking(True)
        horizontal = orientation == Qt.Orientation.Horizontal
        expanding, fixed = QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed
        self.setSizePolicy(expanding if horizontal else fixed, fixed if horizontal else expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.set_range(low, high)
        self.valueChanged.connect(self._assisted)

    @property
    def amount(self) -> float:
        """Number shown, exactly as set."""
        return self._amount

    def set_amount(self, amount: float) -> None:
        """Show a number without telling anyone."""
        if amount != self._amount:
            self._amount = amount
            self._show()

    def _show(self) -> None:
        # QSlider's own integer position serves screen readers.
        self.blockSignals(True)
        self.setValue(round((min(max(self._amount, self.low), self.high) - self.low) / self._unit))
        self.blockSignals(False)
        self.update()

    def set_range(self, low: float, high: float) -> None:
        """Change the ends."""
        self.low, self.high = low, high
        self._unit = self.step if self._whole else self.step / 10
        self.blockSignals(True)
        self.setRange(0, round((high - low) / self._unit))
        self.blockSignals(False)
        self._show()

    def point_of(self, amount: float) -> QPoint:
        """Where the knob stands for an amount, in widget coordinates."""
        start, length = self._span()
        along = start + length * (amount - self.low) / (self.high - self.low)
        if self._horizontal():
            return QPoint(round(along), self.height() // 2)
        return QPoint(self.width() // 2, round(self.height() - along))

    def sizeHint(self) -> QSize:
        """Long enough to aim at."""
        return QSize(120, 22) if self._horizontal() else QSize(18, 110)

    def minimumSizeHint(self) -> QSize:
        """Still usable."""
        return QSize(60, 22) if self._horizontal() else QSize(12, 60)

    # What the user does.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the knob, or send it here."""
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        event.accept()
        self.grabbed.emit()
        self.setSliderDown(True)
        here = self._along(event.position())
        knob = self._amount_to_along(min(max(self._amount, self.low), self.high))
        if abs(here - knob) > KNOB + 3:
            self._want(self._along_to_amount(here), event.modifiers())
        self._anchor = (here, self._amount, event.modifiers())
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the hand."""
        if not self.isSliderDown():
            return
        here = self._along(event.position())
        if event.modifiers() != self._anchor[2]:
            # A modifier pressed on the way changes the gear from here on, without a jump.
            self._anchor = (here, self._amount, event.modifiers())
            return
        from_, amount, modifiers = self._anchor
        gear = 0.1 if modifiers & Qt.KeyboardModifier.ShiftModifier else 1.0
        _, length = self._span()
        self._want(amount + (here - from_) * (self.high - self.low) / length * gear, modifiers)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if event.button() == Qt.MouseButton.LeftButton and self.isSliderDown():
            self.setSliderDown(False)
            self.let_go.emit()
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Go back to where it started."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.reset()

    def reset(self) -> None:
        """Ask for the default, as one gesture."""
        self.grabbed.emit()
        self.resetting.emit()
        self._want(self.default, Qt.KeyboardModifier.NoModifier)
        self.let_go.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Step, if focused; otherwise the panel scrolls."""
        if not self.hasFocus():
            event.ignore()
            return
        event.accept()
        turns = (event.angleDelta().y() or event.angleDelta().x()) / 120
        self._want(self._amount + turns * self._stride(event.modifiers()), event.modifiers())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step by arrows, ten steps by Page, ends by Home and End, default by Delete."""
        key = event.key()
        strides = {
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: 1,
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Down: -1,
            Qt.Key.Key_PageUp: 10,
            Qt.Key.Key_PageDown: -10,
        }
        if key in strides:
            wanted = self._amount + strides[Qt.Key(key)] * self._stride(event.modifiers())
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            wanted = self.low if key == Qt.Key.Key_Home else self.high
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.reset()
            return
        else:
            event.ignore()
            return
        if not event.isAutoRepeat():
            self.grabbed.emit()
        self._want(wanted, event.modifiers())

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """End the gesture of a held key."""
        if not event.isAutoRepeat():
            self.let_go.emit()
        super().keyReleaseEvent(event)

    def _assisted(self, position: int) -> None:
        """A screen reader (or a script) set QSlider's own position."""
        self.grabbed.emit()
        self._want(self.low + position * self._unit, Qt.KeyboardModifier.ShiftModifier)
        self.let_go.emit()

    def _stride(self, modifiers: Qt.KeyboardModifier) -> float:
        if modifiers & Qt.KeyboardModifier.ShiftModifier and not self._whole:
            return self.step / 10
        return self.step * 10 if modifiers & Qt.KeyboardModifier.ControlModifier else self.step

    def _want(self, amount: float, modifiers: Qt.KeyboardModifier) -> None:
        grain = self._unit
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            grain = self.step * 10
        elif not modifiers & Qt.KeyboardModifier.ShiftModifier:
            grain = self.step
        rounded = round(round(amount / grain) * grain, 9)
        rounded = min(max(rounded, self.low), self.high)
        if rounded != self._amount:
            self.set_amount(rounded)
            self.moved.emit(rounded)

    # Geometry: `along` runs from the low end to the high end, in logical pixels.

    def _horizontal(self) -> bool:
        return self.orientation() == Qt.Orientation.Horizontal

    def _span(self) -> tuple[float, float]:
        length = self.width() if self._horizontal() else self.height()
        return KNOB + 1, max(length - 2 * (KNOB + 1), 1)

    def _along(self, point: QPointF) -> float:
        return point.x() if self._horizontal() else self.height() - point.y()

    def _amount_to_along(self, amount: float) -> float:
        start, length = self._span()
        return start + length * (amount - self.low) / (self.high - self.low)

    def _along_to_amount(self, along: float) -> float:
        start, length = self._span()
        return self.low + (along - start) / length * (self.high - self.low)

    # Looks.

    def event(self, event: QEvent) -> bool:
        """Light up under the pointer."""
        if event.type() in (QEvent.Type.HoverEnter, QEvent.Type.HoverLeave):
            self._hovered = event.type() == QEvent.Type.HoverEnter
            self.update()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Show the drawing, made anew where anything in it is another.

        Whatever changes in the column, all of it is painted: forty sliders, 0.15 ms each to draw.
        """
        ratio = self.devicePixelRatioF()
        drawn = (
            *(self.size().toTuple(), ratio, self.palette().cacheKey(), self.isEnabled()),
            *(self.low, self.high, self.ticks, self._amount, self._origin),
            *(self._hovered, self.isSliderDown(), self.hasFocus()),
        )
        if drawn != self._drawn:
            self._drawn = drawn
            self._drawing = QPixmap(self.size() * ratio)
            self._drawing.setDevicePixelRatio(ratio)
            self._drawing.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._drawing)
            self._draw(painter)
            painter.end()
        QPainter(self).drawPixmap(0, 0, self._drawing)

    def _draw(self, painter: QPainter) -> None:
        """Groove, ticks, fill from the origin, knob."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        if not self._horizontal():
            painter.translate(0, self.height())
            painter.rotate(-90)
        across = (self.height() if self._horizontal() else self.width()) / 2
        start, length = self._span()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.color(theme.GROOVE))
        painter.drawRoundedRect(QRectF(start, across - 2, length, 4), 2, 2)
        painter.setPen(QPen(palette.color(theme.GROOVE), 1.5))
        for tick in self.ticks:
            x = self._amount_to_along(tick)
            painter.drawLine(QPointF(x, across - 6), QPointF(x, across + 6))
        knob = self._amount_to_along(min(max(self._amount, self.low), self.high))
        origin = self._amount_to_along(min(max(self._origin, self.low), self.high))
        colour = palette.color(self._fill) if self.isEnabled() else palette.color(theme.GROOVE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        if self._start is not None and self.isEnabled():
            # A walk between two things: the whole groove shades from one to the other.
            shade = QLinearGradient(start, 0, start + length, 0)
            shade.setColorAt(0, palette.color(self._start))
            shade.setColorAt(1, colour)
            painter.setBrush(shade)
            filled = QRectF(start, across - 2, length, 4)
        else:
            filled = QRectF(min(knob, origin), across - 2, abs(knob - origin), 4)
        painter.drawRoundedRect(filled, 2, 2)
        self._paint_knob(painter, QPointF(knob, across), colour)

    def _paint_knob(self, painter: QPainter, centre: QPointF, colour: QColor) -> None:
        palette = self.palette()
        radius = KNOB if self._horizontal() or self.width() >= 18 else self.width() / 2 - 2.5
        if self.hasFocus():
            halo = QColor(colour)
            halo.setAlpha(70)
            painter.setBrush(halo)
            painter.drawEllipse(centre, radius + 3, radius + 3)
        light = palette.color(QPalette.ColorRole.Window).lightness() > 128
        lit = self._hovered or self.isSliderDown() or self.hasFocus()
        knob, edge = palette.color(QPalette.ColorRole.Text), palette.color(theme.GROOVE)
        if light:
            knob, edge = QColor("#ffffff"), palette.color(theme.DIM)
        if not self.isEnabled():
            knob = edge = palette.color(theme.GROOVE)
        painter.setBrush(knob)
        painter.setPen(QPen(colour if lit and self.isEnabled() else edge, 1.6))
        painter.drawEllipse(centre, radius - 0.5, radius - 0.5)
