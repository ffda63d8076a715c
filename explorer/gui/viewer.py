"""The picture, large: fitted or zoomed, panned, with a quiet line of facts.

What is seen has a name here: `viewer.frame.request.recipe`. Painting is plain
QPainter, which works on every platform, offscreen too, and takes a few
milliseconds for a full window.
"""

from typing import Literal

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.gui import theme
from explorer.gui.pace import Pace
from explorer.gui.render_bridge import Picture
from explorer.render.frame import Frame

Enlarging = Literal["auto", "smooth", "crisp"]
ENLARGING: tuple[Enlarging, ...] = ("auto", "smooth", "crisp")

MARGIN = 20
"""Around a fitted picture, in logical pixels."""
MAX_SCALE = 64.0
STEP = 1.25
"""One press of zoom in."""


class Viewer(QWidget):
    """Shows one picture at a time, always the newest it was given.

    `scale` is device pixels per pixel of the full picture, so 1 is one to one on
    any screen. A draft is stretched to where its full picture will be.

    Signals
    -------
    painted(int) : the picture of the request with this serial has just been painted, once per picture.
    view_changed : zoom or place are different now.
    """

    painted = Signal(int)
    view_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: Picture | None = None
        self._fresh = False
        self._message = ""
        self._scale = 0.0  # 0 stands for "fitted", which follows the size of the window
        self._centre = QPointF(0.5, 0.5)  # point of the picture in the middle, in parts of its size
        self._grip: QPointF | None = None
        self._drop_wanted = False
        self._enlarging: Enlarging = "auto"
        self._overlay = True
        self._pace = Pace()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(220, 220)
        self.setAccessibleName("Picture")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    # What is shown.

    @property
    def picture(self) -> Picture | None:
        """Picture on screen; None before the first."""
        return self._picture

    @property
    def frame(self) -> Frame | None:
        """Frame on screen, which knows the recipe that is *seen*."""
        return None if self._picture is None else self._picture.frame

    @property
    def overlay_text(self) -> str:
        """Line of facts about the frame on screen."""
        return "  ".join(self._facts())

    def show_picture(self, picture: Picture) -> None:
        """Take over from the picture shown before."""
        before = self._full_size()
        self._picture = picture
        self._message = ""
        self._fresh = True
        self.update()
        if before != self._full_size():
            self.view_changed.emit()

    def set_message(self, message: str) -> None:
        """Say something in the empty stage, before the first picture."""
        self._message = message
        self.update()

    def set_overlay(self, visible: bool) -> None:
        """Show or hide the line of facts."""
        self._overlay = visible
        self.update()

    def set_enlarging(self, how: Enlarging) -> None:
        """Choose how pixels are enlarged: "auto" is smooth when fitted, crisp when zoomed."""
        self._enlarging = how
        self.update()

    def set_drop_wanted(self, wanted: bool) -> None:
        """Show that a file may be dropped now."""
        self._drop_wanted = wanted
        self.update()

    # Zoom and place.

    @property
    def is_fitted(self) -> bool:
        """Whether the picture follows the size of the window."""
        return self._scale == 0.0

    @property
    def scale(self) -> float:
        """Device pixels per pixel of the full picture."""
        return self._fit_scale() if self.is_fitted else self._scale

    def fit(self) -> None:
        """Show all of it, as large as it goes."""
        self._look(0.0, QPointF(0.5, 0.5))

    def zoom_to(self, scale: float, at: QPointF | None = None) -> None:
        """Zoom; the point of the picture under `at` (widget coordinates; default the middle) stays."""
        if self._picture is None:
            return
        smallest = min(self._fit_scale(), 1.0) / 2
        scale = min(max(scale, smallest), MAX_SCALE)
        at = QRectF(self.rect()).center() if at is None else at
        held = self.to_picture(at)
        size = self._full_size() * scale / self.devicePixelRatioF()
        offset = at - QRectF(self.rect()).center()
        self._look(scale, held - QPointF(offset.x() / size.width(), offset.y() / size.height()))

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom in (above 1) or out (below 1)."""
        self.zoom_to(self.scale * factor, at)

    def to_picture(self, point: QPointF) -> QPointF:
        """Widget coordinates as parts of the picture's size: 0..1 inside."""
        target = self.target()
        return QPointF(
            (point.x() - target.x()) / max(target.width(), 1e-9),
            (point.y() - target.y()) / max(target.height(), 1e-9),
        )

    def target(self) -> QRectF:
        """Where the picture is painted, in widget coordinates, on whole device pixels."""
        ratio = self.devicePixelRatioF()
        size = self._full_size() * self.scale / ratio
        centre = QRectF(self.rect()).center()
        left = centre.x() - self._centre.x() * size.width()
        top = centre.y() - self._centre.y() * size.height()
        return QRectF(QPointF(round(left * ratio) / ratio, round(top * ratio) / ratio), size)

    def view_state(self) -> dict[str, float]:
        """Zoom and place, for a session."""
        return {"scale": self._scale, "x": self._centre.x(), "y": self._centre.y()}

    def restore_view(self, state: object) -> None:
        """Take over what `view_state` gave; anything else is ignored."""
        if isinstance(state, dict):
            values = [state.get(key) for key in ("scale", "x", "y")]
            if all(isinstance(value, int | float) and -1e3 < value < 1e3 for value in values):
                scale, x, y = (float(value) for value in values)  # type: ignore[arg-type]
                self._look(min(max(scale, 0.0), MAX_SCALE), QPointF(x, y))

    def _look(self, scale: float, centre: QPointF) -> None:
        # Something of the picture always stays in the middle, so it cannot get lost.
        centre = QPointF(min(max(centre.x(), 0.0), 1.0), min(max(centre.y(), 0.0), 1.0))
        if (scale, centre) != (self._scale, self._centre):
            self._scale, self._centre = scale, centre
            self._show_cursor()
            self.update()
            self.view_changed.emit()

    def _full_size(self) -> QSizeF:
        """Size of the full picture in its own pixels."""
        if self._picture is None:
            return QSizeF(1, 1)
        frame = self._picture.frame
        height, width = frame.pixels.shape[:2]
        return QSizeF(frame.full_resolution * width / height, frame.full_resolution)

    def _fit_scale(self) -> float:
        size, ratio = self._full_size(), self.devicePixelRatioF()
        across = max(self.width() - 2 * MARGIN, 1) * ratio / size.width()
        down = max(self.height() - 2 * MARGIN, 1) * ratio / size.height()
        return min(across, down)

    # What the user does.

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom to the pointer."""
        turn = event.angleDelta().y()
        if turn:
            self.zoom_by(1.0018**turn, event.position())
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Zoom by pinching a touchpad."""
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self.zoom_by(1.0 + event.value(), event.position())
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the picture."""
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._grip = event.position()
            self._show_cursor()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan."""
        if self._grip is None or self.is_fitted:
            return
        moved, self._grip = event.position() - self._grip, event.position()
        self._pan(moved)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go of the picture."""
        self.let_go()

    def let_go(self) -> None:
        """Forget a button that is held: its release may have gone elsewhere."""
        self._grip = None
        self._show_cursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fitted, then one to one at the pointer, then fitted."""
        if self.is_fitted:
            self.zoom_to(1.0 if self.scale != 1.0 else 2.0, event.position())
        else:
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Pan with the arrow keys."""
        steps = {
            Qt.Key.Key_Left: (1, 0),
            Qt.Key.Key_Right: (-1, 0),
            Qt.Key.Key_Up: (0, 1),
            Qt.Key.Key_Down: (0, -1),
        }
        if event.key() in steps and not self.is_fitted:
            self._pan(QPointF(*steps[Qt.Key(event.key())]) * 40)
        else:
            super().keyPressEvent(event)

    def _pan(self, by: QPointF) -> None:
        size = self.target().size()
        self._look(self._scale, self._centre - QPointF(by.x() / size.width(), by.y() / size.height()))

    def _show_cursor(self) -> None:
        if self.is_fitted:
            self.unsetCursor()
        else:
            held = self._grip is not None
            self.setCursor(Qt.CursorShape.ClosedHandCursor if held else Qt.CursorShape.OpenHandCursor)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tell that a fitted picture has another scale."""
        super().resizeEvent(event)
        if self.is_fitted:
            self.view_changed.emit()

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Ground, picture, facts."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), self.palette().color(theme.STAGE))
        if self._picture is None:
            self._paint_message(painter)
        else:
            target = self.target()
            image, smooth = self._choose_image(self._picture, target)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
            painter.drawImage(target, image)
        first_time, self._fresh = self._fresh, False
        if first_time:
            self._pace.count()
        if self._overlay and self._picture is not None:
            self._paint_facts(painter)
        if self._drop_wanted:
            self._paint_drop(painter)
        painter.end()
        if first_time and self._picture is not None:
            self.painted.emit(self._picture.frame.request.serial)

    def _choose_image(self, picture: Picture, target: QRectF) -> tuple[QImage, bool]:
        """Image to paint, and whether Qt shall smooth while it scales."""
        scale = target.height() * self.devicePixelRatioF() / picture.image.height()
        crisp = self._enlarging == "crisp" or (self._enlarging == "auto" and not self.is_fitted)
        # A draft's pixels are not the picture's: stretched, they are always smoothed.
        if scale >= 1.0 and crisp and not picture.frame.is_draft:
            return picture.image, False
        return (picture.smooth if scale > 1.0 else picture.image), scale != 1.0

    def _paint_message(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.rect().center()
        mark = theme.app_icon().pixmap(72, 72)
        painter.setOpacity(0.55)
        painter.drawPixmap(middle - QPoint(36, 64), mark)
        painter.setOpacity(1.0)
        painter.setPen(self.palette().color(theme.DIM))
        line = QRectF(0, middle.y() + 24, self.width(), 60)
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.drawText(line, flags, self._message)

    def _facts(self) -> list[str]:
        frame = self.frame
        if frame is None:
            return []
        height, width = frame.pixels.shape[:2]
        full_width = round(width * frame.full_resolution / height)
        facts = [f"{full_width} × {frame.full_resolution}"]
        if frame.is_draft:
            facts.append(f"draft {width} × {height}")
        milliseconds = frame.seconds * 1000
        facts.append(f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms")
        rate = self._pace.rate()
        if rate is not None:
            facts.append(f"{rate:.0f} fps")
        facts.append(device_name(frame))
        return facts

    def _paint_facts(self, painter: QPainter) -> None:
        """Quietly in the lower left corner; on a ground of its own where the picture reaches there."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = theme.with_weight(self.font(), self.font().Weight.Medium, 11)
        font.setFeature(QFont.Tag("tnum"), 1)
        painter.setFont(font)
        facts, metrics = self._facts(), painter.fontMetrics()
        line = metrics.height() + 3
        width = max(metrics.horizontalAdvance(fact) for fact in facts) + 16
        ground = QRectF(10, self.height() - 12 - line * len(facts) - 8, width, line * len(facts) + 8)
        target = self.target()
        if ground.intersects(target):
            ground.moveLeft(max(10.0, target.left() + 10))
            ground.moveBottom(min(self.height() - 12.0, target.bottom() - 10))
            colour = QColor(self.palette().color(theme.STAGE))
            colour.setAlpha(170)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawRoundedRect(ground, 6, 6)
        painter.setPen(self.palette().color(theme.DIM))
        for index, fact in enumerate(facts):
            place = QRectF(ground.left() + 8, ground.top() + 4 + index * line, width, line)
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, fact)

    def _paint_drop(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(self.palette().color(theme.STAGE))
        veil.setAlpha(200)
        painter.fillRect(self.rect(), veil)
        painter.setPen(QPen(self.palette().color(theme.ACCENT), 2, Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(14, 14, -14, -14), 12, 12)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.setFont(theme.with_weight(self.font(), self.font().Weight.DemiBold, 16))
        painter.drawText(
            self.rect(),
            Qt.AlignmentFlag.AlignCenter,
            "Drop to open: a network, a picture made here, or a session",
        )


def device_name(frame: Frame) -> str:
    """Device and precision of a frame, for people."""
    name = {"cpu": "CPU", "mps": "Apple GPU"}.get(frame.device, frame.device.upper())
    return name if frame.precision == "float32" else f"{name} {frame.precision}"
