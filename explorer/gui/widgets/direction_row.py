"""One direction: switch, name, groove, typed amount, and the rows it acts on."""

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPalette, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from explorer.gui import theme
from explorer.gui.widgets.track import Track
from explorer.gui.widgets.value_box import ValueBox
from explorer.recipe import Layers
from explorer.recipe.notation import format_layers

REACH = 10.0
"""Standard deviations to either side; pictures usually fall apart from about 4 on."""
NAME_WIDTH = 74
ROWS_WIDTH = 46
COLOURS: Mapping[str, QPalette.ColorRole] = {
    "pca": theme.ACCENT,
    "sefa": theme.SEED_B,
    "learned": theme.SEED_A,
    "random": theme.DIM,
}
OTHER = QPalette.ColorRole.WindowText
"""Colour of what came from other tools."""
ROW_CHOICES: Mapping[str, Layers | None] = {
    "Its own rows": None,
    "All rows": "all",
    "Coarse: pose, shape": "coarse",
    "Middle: features": "middle",
    "Fine: colour, light": "fine",
}
KINDS = {
    "pca": "principal component",
    "sefa": "SeFa, closed form",
    "learned": "learned from marked pictures",
    "random": "random",
    "imported": "imported",
}


class DirectionRow(QWidget):
    """A slider for one push. Shows what it is told, and tells what the hand wants.

    Signals
    -------
    edited(float) : this amount, in standard deviations.
    sealed : a gesture is over (or a new one begins).
    switched(bool) : on or off.
    layers_chosen(object) : these rows; None for the direction's own.
    asked(str) : "rename", "up", "down", "remove", or "rows" where rows are to be typed.
    """

    edited = Signal(float)
    sealed = Signal()
    switched = Signal(bool)
    layers_chosen = Signal(object)
    asked = Signal(str)

    def __init__(self, name: str, kind: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        colour = COLOURS.get(kind, OTHER)
        self.switch = _Dot(colour, f"{name} on or off", self)
        self.switch.clicked.connect(self._switched)
        self.label = _Elided(name)
        self.label.setFixedWidth(NAME_WIDTH)
        self.track = Track(-REACH, REACH, step=0.1, origin=0.0, ticks=(0.0,), fill=colour, parent=self)
        self.track.setAccessibleName(name)
        self.box = ValueBox(-REACH, REACH, 2, None)
        self.box.setAccessibleName(f"{name}, amount")
        self.box.setFixedWidth(48)
        self.menu = QMenu(self)
        self.menu.setToolTipsVisible(True)
        self.rows = QToolButton()
        self.rows.setProperty("chip", True)
        self.rows.setFixedWidth(ROWS_WIDTH)
        self.rows.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.rows.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.rows.setMenu(self.menu)
        self.rows.setAccessibleName(f"{name}, rows and more")
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(5)
        for part in (self.switch, self.label):
            line.addWidget(part)
        line.addWidget(self.track, 1)
        line.addWidget(self.box)
        line.addWidget(self.rows)
        self.track.moved.connect(self._moved)
        self.track.grabbed.connect(self.sealed)
        self.track.let_go.connect(self.sealed)
        self.box.typed.connect(self._typed)
        self._push: tuple[object, ...] = ()
        self._about: tuple[object, ...] = ()

    def show_push(self, amount: float, is_on: bool, layers: Layers | None, own: Layers) -> None:
        """Show a push without an echo.

        Parameters
        ----------
        layers : rows the recipe asks for; None where it leaves them to the direction.
        own : the direction's own rows.
        """
        # A list may be long, and is told of every step of a drag.
        if self._push == (amount, is_on, layers, own):
            return
        self._push = (amount, is_on, layers, own)
        self.track.set_amount(amount)
        self.box.set_amount(amount)
        self.switch.setChecked(is_on)
        self.label.setEnabled(is_on)
        text = format_layers(own if layers is None else layers)
        self.rows.setText(QFontMetrics(self.rows.font()).elidedText(text, Qt.TextElideMode.ElideRight, 40))
        self.rows.setToolTip(f"Acts on rows: {text}\nClick to choose others, rename, move or remove")

    def show_about(self, kind: str, note: str, can_edit: bool) -> None:
        """Say what it is, and build its menu.

        Parameters
        ----------
        can_edit : whether it is the user's own, to be renamed, moved and removed.
        """
        if self._about == (kind, note, can_edit):
            return
        self._about = (kind, note, can_edit)
        lines = [self.name, KINDS.get(kind, kind)]
        lines += [note] if note else []
        self.label.setToolTip("\n".join(lines))
        self.track.setToolTip("\n".join([*lines, "Shift: finer · Ctrl: coarser · double-click: reset"]))
        self.menu.clear()
        add = self.menu.addAction
        for text, layers in ROW_CHOICES.items():
            add(text).triggered.connect(partial(self._choose, layers))
        for key, text in (
            ("rows", "Other rows…"),
            ("", ""),
            ("rename", "Rename…"),
            ("up", "Move up"),
            ("down", "Move down"),
            ("remove", "Remove"),
        ):
            if not key:
                self.menu.addSeparator()
                continue
            action = add(text)
            action.setObjectName(key)
            action.triggered.connect(partial(self._ask, key))
            if not can_edit and key in ("rename", "up", "down"):
                action.setEnabled(False)
                action.setToolTip("It came with the network, or with a picture")

    def _switched(self, is_on: bool) -> None:
        self._push = ()
        self.switched.emit(is_on)

    def _choose(self, layers: Layers | None, _checked: bool = False) -> None:
        self.layers_chosen.emit(layers)

    def _ask(self, key: str, _checked: bool = False) -> None:
        self.asked.emit(key)

    def _moved(self, amount: float) -> None:
        self._push = ()
        self.box.set_amount(amount)
        self.edited.emit(amount)

    def _typed(self, amount: float) -> None:
        self._push = ()
        self.track.set_amount(amount)
        self.sealed.emit()
        self.edited.emit(amount)
        self.sealed.emit()
        self.track.setFocus(Qt.FocusReason.OtherFocusReason)


class _Dot(QAbstractButton):
    """A switch in the colour of the kind: full is on, a ring is off."""

    def __init__(self, colour: QPalette.ColorRole, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._colour = colour
        self.setCheckable(True)
        self.setChecked(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(name)
        self.setToolTip("On or off")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedSize(self.sizeHint())

    def sizeHint(self) -> QSize:
        return QSize(14, 22)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = QColor(self.palette().color(self._colour if self.isEnabled() else theme.GROOVE))
        painter.setPen(QPen(colour, 1.6))
        painter.setBrush(colour if self.isChecked() else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(7, self.height() / 2), 4.2, 4.2)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().color(theme.ACCENT), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(7, self.height() / 2), 6.4, 6.4)


class _Elided(QLabel):
    """A label that shortens what does not fit."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._text = text
        self.setTextFormat(Qt.TextFormat.PlainText)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self.contentsRect().width()
        self.setText(self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, room))
