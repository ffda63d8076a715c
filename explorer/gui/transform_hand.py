"""A hand on the picture of a StyleGAN3: Ctrl and drag moves it, with Shift it turns."""

import math

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent

from explorer.gui.store import Store
from explorer.gui.viewer import Viewer
from explorer.recipe import Transform
from explorer.render.model_info import ModelInfo


class TransformHand(QObject):
    """Watches the viewer, and takes drags with Ctrl where the network has an input transform.

    Alt is left alone: many desktops move windows with it.
    """

    def __init__(self, viewer: Viewer, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer, self._store = viewer, store
        self._can = False
        self._grip: _Grip | None = None
        viewer.installEventFilter(self)

    def show_info(self, info: ModelInfo) -> None:
        """Take or leave drags, as the network can."""
        self._can = info.has_transform
        self._let_go()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take what is ours; everything else goes on to the viewer."""
        if isinstance(event, QMouseEvent):
            if event.type() == QEvent.Type.MouseButtonPress:
                return self._press(event)
            if event.type() == QEvent.Type.MouseButtonDblClick:
                return self._double_click(event)
            if event.type() == QEvent.Type.MouseMove and self._grip is not None:
                self._move(event.position())
                return True
            if event.type() == QEvent.Type.MouseButtonRelease and self._grip is not None:
                self._let_go()
                return True
        if event.type() in (QEvent.Type.FocusOut, QEvent.Type.Hide):
            self._let_go()
        return super().eventFilter(watched, event)

    def _is_ours(self, event: QMouseEvent) -> bool:
        with_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        left = event.button() == Qt.MouseButton.LeftButton
        return self._can and self._viewer.picture is not None and left and with_control

    def _press(self, event: QMouseEvent) -> bool:
        if not self._is_ours(event):
            return False
        self._store.seal()
        turns = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._grip = _Grip(self._place(event.position()), self._store.recipe.transform, turns)
        QGuiApplication.setOverrideCursor(
            Qt.CursorShape.CrossCursor if turns else Qt.CursorShape.SizeAllCursor
        )
        return True

    def _move(self, point: QPointF) -> None:
        assert self._grip is not None
        transform = self._grip.transform_at(self._place(point))
        name, merge = ("Turn picture", "turn") if self._grip.turns else ("Move picture", "move")
        self._store.edit(self._store.recipe.with_(transform=transform), name, merge=f"transform {merge}")

    def _double_click(self, event: QMouseEvent) -> bool:
        if not self._is_ours(event):
            return False
        self._store.seal()
        self._store.edit(self._store.recipe.with_(transform=Transform()), "Reset transform")
        return True

    def _let_go(self) -> None:
        if self._grip is not None:
            self._grip = None
            QGuiApplication.restoreOverrideCursor()
            self._store.seal()

    def _place(self, point: QPointF) -> QPointF:
        """Widget coordinates as picture heights from its middle: the unit of the input's grid."""
        target = self._viewer.target()
        return (point - target.center()) / max(target.height(), 1e-9)


class _Grip:
    """Where the hand took hold, and what the transform was then."""

    def __init__(self, place: QPointF, transform: Transform, turns: bool) -> None:
        self._place, self._transform, self.turns = place, transform, turns

    def transform_at(self, place: QPointF) -> Transform:
        """Transform with which the point under the hand has come along to `place`."""
        old = self._transform
        if not self.turns:
            by = place - self._place
            return Transform(round(old.x + by.x(), 4), round(old.y + by.y(), 4), old.degrees)
        # The picture turns around its own middle, which a shift has moved.
        middle = QPointF(old.x, old.y)
        by_degrees = _angle(place - middle) - _angle(self._place - middle)
        return Transform(old.x, old.y, round(_wrap(old.degrees + by_degrees), 2))


def _angle(arm: QPointF) -> float:
    """Degrees, counter-clockwise from the right; y points down."""
    return math.degrees(math.atan2(-arm.y(), arm.x()))


def _wrap(degrees: float) -> float:
    """The same angle in -180..180."""
    return (degrees + 180.0) % 360.0 - 180.0
