"""One direction: switch, name, groove, typed amount, lock, the rows it acts on, and details below."""

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.gui import theme
from explorer.gui.widgets.buttons import IconButton
from explorer.gui.widgets.direction_details import About, DirectionDetails, effect_words
from explorer.gui.widgets.track import Track
from explorer.gui.widgets.value_box import ValueBox
from explorer.recipe import Layers, Push, direction_edits
from explorer.recipe.notation import format_layers

REACH = 10.0
"""Standard deviations to either side; pictures usually fall apart from about 4 on."""
NAME_WIDTH = 90
WIDEST_NAME = 180
ROWS_WIDTH = 50
CHIP_LETTERS = 11
"""Height of the letters on the button of rows, as the style sheet has it."""
COLOURS: Mapping[str, QPalette.ColorRole] = {
    "pca": theme.ACCENT,
    "sefa": theme.SEED_B,
    "learned": theme.SEED_A,
    "measured": theme.SEED_A,
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
    "measured": "learned from measured pictures",
    "random": "random",
    "imported": "imported",
}
LOCK, UNLOCK = "Let it move with others again", "Keep it still while others move"


class DirectionRow(QWidget):
    """A slider for one push. Shows what it is told, and tells what the hand wants.

    Signals
    -------
    edited(float) : this amount, in standard deviations.
    sealed : a gesture is over (or a new one begins).
    switched(bool) : on or off.
    locked(bool) : keep its measure still, or not.
    layers_chosen(object) : these rows; None for the direction's own.
    strength_edited(int, float) : this factor for one row.
    noted(str) : this note.
    carried(int) : the name is dragged, at this global height.
    dropped : it was let go.
    opened : the details were asked for the first time, and have to be filled.
    asked(str) : "rename", "up", "down", "remove", or "rows" where rows are to be typed.
    """

    edited = Signal(float)
    sealed = Signal()
    switched = Signal(bool)
    locked = Signal(bool)
    layers_chosen = Signal(object)
    strength_edited = Signal(int, float)
    noted = Signal(str)
    carried = Signal(int)
    dropped = Signal()
    opened = Signal()
    asked = Signal(str)

    def __init__(self, name: str, kind: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self._colour = COLOURS.get(kind, OTHER)
        self.expander = IconButton("closed-section", f"Rows, note and effects of {name}", self, theme.DIM)
        self.expander.setObjectName("expander")
        self.expander.setProperty("compact", True)
        self.expander.setIconSize(QSize(14, 14))
        self.expander.setFixedSize(14, 22)
        self.expander.clicked.connect(self._toggle)
        self.switch = _Dot(self._colour, f"{name} on or off", self)
        self.switch.clicked.connect(self._switched)
        self.label = _Name(name)
        self.label.setMaximumWidth(WIDEST_NAME)
        self.label.clicked.connect(self._toggle)
        self.label.carried.connect(self.carried)
        self.label.dropped.connect(self.dropped)
        self.track = Track(-REACH, REACH, step=0.1, origin=0.0, ticks=(0.0,), fill=self._colour, parent=self)
        self.track.setAccessibleName(name)
        self.box = ValueBox(-REACH, REACH, 2, None)
        self.box.setAccessibleName(f"{name}, amount")
        self.box.setFixedWidth(46)
        self.lock = IconButton("unlock", UNLOCK, self, theme.GROOVE)
        self.lock.setObjectName("lock")
        self.lock.setAccessibleName(f"{name}, keep still")
        self.lock.setCheckable(True)
        self.lock.setProperty("compact", True)
        self.lock.setIconSize(QSize(15, 15))
        self.lock.setFixedSize(20, 22)
        self.lock.clicked.connect(self._locked)
        self.menu = QMenu(self)
        self.menu.setToolTipsVisible(True)
        self.rows = QToolButton()
        self.rows.setProperty("chip", True)
        self.rows.setFixedWidth(ROWS_WIDTH)
        self.rows.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.rows.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.rows.setMenu(self.menu)
        self.rows.setAccessibleName(f"{name}, rows and more")
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        parts: tuple[QWidget, ...] = (self.expander, self.switch, self.label, self.track)
        for part in (*parts, self.box, self.lock, self.rows):
            line.addWidget(part)
        # In a wide column names get their share of the room, each row the same.
        line.setStretch(len(parts) - 2, 1)
        line.setStretch(len(parts) - 1, 2)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addLayout(line)
        self.details: DirectionDetails | None = None
        self.track.moved.connect(self._moved)
        self.track.grabbed.connect(self.sealed)
        self.track.let_go.connect(self.sealed)
        self.box.typed.connect(self._typed)
        self._push: tuple[Push, Layers] | None = None
        self._about: About | None = None

    @property
    def is_open(self) -> bool:
        """Whether the details are seen."""
        return self.details is not None and not self.details.isHidden()

    def set_open(self, is_open: bool) -> None:
        """Show or hide the details."""
        if is_open and self.details is None:
            self.details = DirectionDetails(self.name, self._colour, self)
            self.details.edited.connect(self._strength_edited)
            self.details.sealed.connect(self.sealed)
            self.details.noted.connect(self.noted)
            self._column.addWidget(self.details)
            self.opened.emit()
            self._fill_details()
        if self.details is not None:
            self.details.setVisible(is_open)
        self.expander.set_icon("open-section" if is_open else "closed-section")

    def show_push(self, push: Push, own: Layers) -> None:
        """Show a push without an echo.

        Parameters
        ----------
        own : the direction's own rows.
        """
        # A list may be long, and is told of every step of a drag.
        if self._push == (push, own):
            return
        self._push = (push, own)
        self.track.set_amount(push.amount)
        self.box.set_amount(push.amount)
        self.switch.setChecked(push.is_on)
        self.label.setEnabled(push.is_on)
        self._show_lock(push.is_locked)
        text = format_layers(own if push.layers is None else push.layers)
        chip = f"{text} *" if push.row_strengths else text
        metrics = QFontMetrics(theme.with_weight(self.rows.font(), self.rows.font().weight(), CHIP_LETTERS))
        self.rows.setText(metrics.elidedText(chip, Qt.TextElideMode.ElideRight, ROWS_WIDTH - 10))
        also = ", some by a strength of their own" if push.row_strengths else ""
        self.rows.setToolTip(f"Acts on rows: {text}{also}\nClick to choose others, rename, move or remove")
        self._fill_details()

    def show_about(self, about: About) -> None:
        """Say what it is, and build its menu."""
        if self._about == about:
            return
        self._about = about
        lines = [self.name, KINDS.get(about.kind, about.kind)]
        lines += [about.note] if about.note else []
        lines += [f"One step: {effect_words(about.effects)}"] if about.effects else []
        self.label.setToolTip("\n".join([*lines, "Click for rows and note · drag to move it in the list"]))
        self.track.setToolTip("\n".join([*lines, "Shift: finer · Ctrl: coarser · double-click: reset"]))
        self.switch.setToolTip(f"On or off · {KINDS.get(about.kind, about.kind) or 'of unknown kind'}")
        self.menu.clear()
        add = self.menu.addAction
        for text, layers in ROW_CHOICES.items():
            add(text).triggered.connect(partial(self._choose, layers))
        for key, text, can in (
            ("rows", "Other rows…", True),
            ("", "", True),
            ("rename", "Rename…", about.is_own),
            ("up", "Move up", about.is_known),
            ("down", "Move down", about.is_known),
            ("remove", "Remove", about.is_own or not about.is_known),
        ):
            if not key:
                self.menu.addSeparator()
                continue
            action = add(text)
            action.setObjectName(key)
            action.triggered.connect(partial(self._ask, key))
            if not can:
                action.setEnabled(False)
                action.setToolTip("It came with the network, or with a picture")
        self._fill_details()

    def _fill_details(self) -> None:
        if self.details is None or self._push is None or self._about is None:
            return
        push, own = self._push
        count = len(self.details.tracks)
        self.details.set_strengths(direction_edits.row_strengths(push, own, count))
        self.details.show_about(self._about, KINDS.get(self._about.kind, self._about.kind))

    def _show_lock(self, is_locked: bool) -> None:
        self.lock.setChecked(is_locked)
        self.lock.set_icon("lock" if is_locked else "unlock", self._colour if is_locked else theme.GROOVE)
        self.lock.setToolTip(LOCK if is_locked else UNLOCK)

    def _toggle(self) -> None:
        self.set_open(not self.is_open)

    def _switched(self, is_on: bool) -> None:
        self._push = None
        self.switched.emit(is_on)

    def _locked(self, is_locked: bool) -> None:
        self._push = None
        self.locked.emit(is_locked)

    def _strength_edited(self, row: int, strength: float) -> None:
        self.strength_edited.emit(row, strength)

    def _choose(self, layers: Layers | None, _checked: bool = False) -> None:
        self.layers_chosen.emit(layers)

    def _ask(self, key: str, _checked: bool = False) -> None:
        self.asked.emit(key)

    def _moved(self, amount: float) -> None:
        self._push = None
        self.box.set_amount(amount)
        self.edited.emit(amount)

    def _typed(self, amount: float) -> None:
        self._push = None
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


class _Name(QLabel):
    """A name that shortens where it does not fit; clicked, or dragged to another place.

    Signals
    -------
    clicked : pressed and let go.
    carried(int) : dragged, at this global height.
    dropped : let go after a drag.
    """

    clicked = Signal()
    carried = Signal(int)
    dropped = Signal()

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._text = text
        self._pressed: QPointF | None = None
        self._is_carried = False
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        """The same for every name, so that all rows are alike."""
        return QSize(NAME_WIDTH, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """As the hint."""
        return self.sizeHint()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click or a drag begins."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.globalPosition()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Carry it."""
        if self._pressed is None:
            return
        way = abs(event.globalPosition().y() - self._pressed.y())
        if self._is_carried or way >= QApplication.startDragDistance():
            self._is_carried = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.carried.emit(round(event.globalPosition().y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if event.button() != Qt.MouseButton.LeftButton or self._pressed is None:
            return
        was_carried, self._is_carried, self._pressed = self._is_carried, False, None
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        if was_carried:
            self.dropped.emit()
        else:
            self.clicked.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self.contentsRect().width()
        self.setText(self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, room))
