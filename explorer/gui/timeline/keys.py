"""The lane of keyframes: their pictures at their times, and the ways between them.

Dragging moves a keyframe in time, past others too; with Ctrl it changes seats with
others and the times stay; with Alt it ignores beats. The handle at a hold's end drags
the hold.
"""

from collections.abc import Hashable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFont,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication

from explorer.gui import theme
from explorer.gui.timeline.curves import curve_path
from explorer.gui.timeline.lane import Lane
from explorer.gui.timeline.onion import middle_of
from explorer.gui.timeline.pictures import STOP, Pictures
from explorer.gui.timeline.view import TimeView
from explorer.recipe import Film, Keyframe
from explorer.render.frame import RenderRequest

SIDE = 56
"""Of a keyframe's picture."""
TOP = 8
SMALLEST_WAY = 30
"""Pixels between two pictures from which on the curve between them is drawn."""
RECIPE_MIME = "application/x-latent-explorer-recipe"

PATH_NAMES = {
    "linear": "Straight",
    "slerp": "Great circle",
    "spline": "Spline",
    "circle": "The long way round",
}
SHORT_NAMES = {"linear": "Straight", "slerp": "Circle", "spline": "Spline", "circle": "Long way"}


@dataclass(frozen=True)
class _Grip:
    """What a hand holds: a keyframe, or the end of its hold, of the film as it was then."""

    film: Film
    index: int
    x: float
    is_hold: bool
    moved: bool = False


class KeyLane(Lane):
    """Shows keyframes and takes hold of them.

    Signals
    -------
    retimed(Film, int, float) : of this film this keyframe shall stand at this time.
    reseated(Film, int, int) : ... shall have this place in the row.
    held(Film, int, float) : ... shall hold so many seconds.
    let_go : the drag is over.
    opened(int) : a keyframe was double-clicked.
    menu_wanted(int, QPoint) : a context menu, for a keyframe or (-1) for none.
    """

    NAME = "Keyframes"
    HEIGHT = SIDE + TOP + 30

    retimed = Signal(object, int, float)
    reseated = Signal(object, int, int)
    held = Signal(object, int, float)
    let_go = Signal()
    opened = Signal(int)
    menu_wanted = Signal(int, object)

    def __init__(self, view: TimeView, pictures: Pictures) -> None:
        super().__init__(view)
        self._pictures = pictures
        self._grip: _Grip | None = None
        self._drop_at: float | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAccessibleName("Keyframes")
        pictures.ready.connect(self.update)

    # Places.

    def picture_of(self, index: int) -> QRectF:
        """Where the picture of a keyframe stands: over its time."""
        x = self.view.x_of(self.view.keys[index].time)
        return QRectF(x - SIDE / 2, TOP, SIDE, SIDE)

    def hold_handle(self, index: int) -> QRectF:
        """Where the end of a hold can be taken."""
        key = self.view.keys[index]
        x = self.view.x_of(key.time + key.hold)
        return QRectF(x - 5, TOP + SIDE + 8, 10, 16)

    def key_at(self, point: QPointF) -> int:
        """Keyframe under the hand, by picture or diamond; the chosen one lies on top. -1 for none."""
        indices = list(range(len(self.view.keys)))
        if self.view.index in indices:
            indices.append(self.view.index)
        for index in reversed(indices):
            place = self.picture_of(index)
            if place.contains(point) or QRectF(place.center().x() - 7, TOP + SIDE, 14, 30).contains(point):
                return index
        return -1

    def way_at(self, point: QPointF) -> int:
        """Keyframe whose way to the next lies under the hand; -1 for none."""
        film = self.view.film
        if film is None or not 0 <= self.view.seconds_at(point.x()) <= film.seconds:
            return -1
        seconds = self.view.seconds_at(point.x())
        before = [i for i, key in enumerate(self.view.keys) if key.time <= seconds]
        if not before or (before[-1] == len(self.view.keys) - 1 and not film.loop):
            return -1
        return before[-1]

    def wanted(self) -> dict[Hashable, RenderRequest]:
        """Requests for the pictures of all keyframes."""
        return {key.recipe: RenderRequest(key.recipe, stop=STOP) for key in self.view.keys}

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tell how much time fits."""
        super().resizeEvent(event)
        self.view.resize(self.width())

    # The hand.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose what is under the hand, and take hold of it."""
        film = self.view.film
        if film is None or event.button() != Qt.MouseButton.LeftButton:
            return
        point = event.position()
        for index in range(len(self.view.keys)):
            if index == self.view.index and self.hold_handle(index).contains(point):
                self._grip = _Grip(film, index, point.x(), is_hold=True)
                self.view.hold(True)
                return
        index = self.key_at(point)
        if index >= 0:
            self.view.choose(index)
            self.view.seek(film.frame_at(self.view.keys[index].time))
            self._grip = _Grip(film, index, point.x(), is_hold=False)
            self.view.hold(True)
            return
        self.view.choose(self.way_at(point))
        self.view.seek(self.view.frame_at_x(point.x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Carry what is held."""
        grip = self._grip
        if grip is None:
            over_handle = self.view.index >= 0 and self.hold_handle(self.view.index).contains(
                event.position()
            )
            shape = Qt.CursorShape.SizeHorCursor if over_handle else Qt.CursorShape.ArrowCursor
            self.setCursor(Qt.CursorShape.PointingHandCursor if self.key_at(event.position()) >= 0 else shape)
            self.setToolTip(self._words_at(event.position()))
            return
        moved = event.position().x() - grip.x
        if not grip.moved and abs(moved) < QApplication.startDragDistance() / 2:
            return
        self._grip = _Grip(grip.film, grip.index, grip.x, grip.is_hold, moved=True)
        key = grip.film.cells[self.view.cell][grip.index]
        free = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if grip.is_hold:
            end = self.view.snapped(key.time + key.hold + moved / self.view.scale, free)
            self.held.emit(grip.film, grip.index, max(0.0, end - key.time))
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            times = [other.time for other in grip.film.cells[self.view.cell]]
            seconds = key.time + moved / self.view.scale
            seat = min(range(len(times)), key=lambda i: abs(times[i] - seconds))
            self.reseated.emit(grip.film, grip.index, seat)
        else:
            seconds = self.view.snapped(key.time + moved / self.view.scale, free)
            self.retimed.emit(grip.film, grip.index, seconds)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if self._grip is not None:
            moved, self._grip = self._grip.moved, None
            self.view.hold(False)
            if moved:
                self.let_go.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Take a keyframe's recipe into the controls."""
        index = self.key_at(event.position())
        if index >= 0:
            self.opened.emit(index)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with it."""
        index = self.key_at(QPointF(event.pos()))
        if index >= 0:
            self.view.choose(index)
        self.menu_wanted.emit(index, event.globalPos())

    def show_drop(self, seconds: float | None) -> None:
        """Show where something that is dragged here would stand."""
        self._drop_at = seconds
        self.update()

    def _words_at(self, point: QPointF) -> str:
        index = self.key_at(point)
        if index >= 0:
            key = self.view.keys[index]
            return (
                f"Keyframe {index + 1}, frame {self.view.film.frame_at(key.time)}" if self.view.film else ""
            )
        way = self.way_at(point)
        if way < 0:
            return ""
        key = self.view.keys[way]
        return f"{PATH_NAMES[key.path]} in {key.space.upper()}, {key.easing}"

    # Painting.

    def draw(self, painter: QPainter) -> None:
        """Ways first, then pictures, the chosen one last."""
        keys, film = self.view.keys, self.view.film
        if film is None:
            return
        self._draw_beats(painter)
        for index in range(len(keys) - 1 + film.loop):
            self._draw_way(painter, film, index)
        order = [index for index in range(len(keys)) if index != self.view.index]
        for index in (*order, *([self.view.index] if self.view.index >= 0 else [])):
            self._draw_key(painter, keys[index], index)
        if self._drop_at is not None:
            x = self.view.x_of(self._drop_at)
            painter.setPen(QPen(self.palette().color(theme.ACCENT), 2, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))

    def _draw_beats(self, painter: QPainter) -> None:
        """Where keyframes may snap to, quietly."""
        colour = self.palette().color(theme.SEED_A)
        colour.setAlpha(110)
        painter.setPen(QPen(colour, 1))
        for beat in self.view.beats:
            x = round(self.view.x_of(beat)) + 0.5
            if 0 <= x <= self.width():
                painter.drawLine(QPointF(x, TOP + SIDE + 22), QPointF(x, self.height() - 1))

    def _draw_way(self, painter: QPainter, film: Film, index: int) -> None:
        """Line from the end of the hold to the next keyframe, with the curve in its middle."""
        keys, palette = self.view.keys, self.palette()
        key = keys[index]
        is_last = index + 1 == len(keys)
        end = film.length if is_last else keys[index + 1].time
        start, stop = self.view.x_of(key.time + key.hold), self.view.x_of(end)
        y = TOP + SIDE + 16
        chosen = index == self.view.index
        pen = QPen(palette.color(theme.ACCENT if chosen else theme.GROOVE), 2 if chosen else 1.4)
        if is_last:
            pen.setStyle(Qt.PenStyle.DashLine)  # the way back of a loop
        painter.setPen(pen)
        painter.drawLine(QPointF(min(start, stop), y), QPointF(stop, y))
        left = max(start, self.view.x_of(key.time) + SIDE / 2)
        right = stop - (0 if is_last else SIDE / 2)
        if right - left < SMALLEST_WAY:
            return
        side = min(34.0, right - left - 8)
        place = QRectF((left + right) / 2 - side / 2, TOP + 6, side, min(side, 30.0))
        painter.setPen(QPen(palette.color(theme.ACCENT if chosen else theme.DIM), 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(curve_path(key.easing, place))
        if key.noise_loop:
            painter.drawEllipse(place.topLeft() + QPointF(-3, 3), 2.5, 2.5)
        painter.setFont(self.small_font())
        painter.setPen(palette.color(theme.DIM))
        metrics, name = painter.fontMetrics(), SHORT_NAMES[key.path]
        # As much as has room: half a word says less than none.
        texts = (f"{name} · {key.space.upper()}", name, "")
        text = next(text for text in texts if metrics.horizontalAdvance(text) <= right - left - 6)
        painter.drawText(QRectF(left, TOP + 38, right - left, 16), Qt.AlignmentFlag.AlignCenter, text)

    def _draw_key(self, painter: QPainter, key: Keyframe, index: int) -> None:
        """Picture in a rounded frame, a diamond under it, its hold as a bar."""
        palette = self.palette()
        place = self.picture_of(index).adjusted(0.5, 0.5, -0.5, -0.5)
        chosen = index == self.view.index
        shape = QPainterPath()
        shape.addRoundedRect(place, 7, 7)
        painter.fillPath(shape, palette.color(theme.STAGE))
        image = self._pictures.get(key.recipe)
        if image is not None:
            painter.save()
            painter.setClipPath(shape, Qt.ClipOperation.IntersectClip)
            painter.drawImage(place, image, middle_of(image, 1.0))
            painter.restore()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(palette.color(theme.ACCENT if chosen else theme.GROOVE), 2 if chosen else 1.2))
        painter.drawRoundedRect(place, 7, 7)
        self._draw_badge(painter, place, str(index + 1), chosen)
        x, y = self.view.x_of(key.time), TOP + SIDE + 16
        colour = palette.color(theme.ACCENT if chosen else theme.DIM)
        if key.hold:
            painter.setPen(QPen(colour, 5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawLine(QPointF(x, y), QPointF(self.view.x_of(key.time + key.hold), y))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        diamond = QPainterPath(QPointF(x, y - 6))
        for corner in (QPointF(x + 6, y), QPointF(x, y + 6), QPointF(x - 6, y)):
            diamond.lineTo(corner)
        painter.drawPath(diamond)
        if chosen:
            handle = self.hold_handle(index)
            painter.drawRoundedRect(QRectF(handle.center().x() + 4, handle.top() + 2, 3, 12), 1.5, 1.5)

    def _draw_badge(self, painter: QPainter, place: QRectF, text: str, chosen: bool) -> None:
        """Number of the keyframe in the picture's corner."""
        painter.setFont(theme.with_weight(self.font(), QFont.Weight.DemiBold, 10))
        width = max(painter.fontMetrics().horizontalAdvance(text) + 8, 15)
        badge = QRectF(place.left() + 3, place.bottom() - 18, width, 15)
        painter.setPen(Qt.PenStyle.NoPen)
        colour = self.palette().color(theme.ACCENT if chosen else theme.STAGE)
        colour.setAlpha(255 if chosen else 190)
        painter.setBrush(colour)
        painter.drawRoundedRect(badge, 4, 4)
        role = theme.Role.HighlightedText if chosen else theme.Role.Text
        painter.setPen(self.palette().color(role))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, text)
