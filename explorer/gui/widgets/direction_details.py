"""What a direction's row folds out: a strength for each row of `ws`, its note, what one step changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from explorer.gui import theme
from explorer.gui.widgets.row_bars import RowBars
from explorer.gui.widgets.track import Track

HEIGHT = 84
HIGH = 2.0
MOST_EFFECTS = 6
LEAST_EFFECT = 0.05


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a direction, beside its vector."""

    kind: str
    note: str
    is_own: bool
    """The user keeps it, and may rename, annotate and remove it."""
    is_known: bool
    """It is in the list of its network, not only in the picture."""
    effects: tuple[tuple[str, float], ...] = ()
    """What one step changes, where that was measured."""


class DirectionDetails(QWidget):
    """Fills itself from what it is told, and tells what the hand wants.

    Signals
    -------
    edited(int, float) : this factor on the amount for one row.
    sealed : a gesture is over (or a new one begins).
    noted(str) : this note.
    """

    edited = Signal(int, float)
    sealed = Signal()
    noted = Signal(str)

    def __init__(self, name: str, colour: QPalette.ColorRole, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._shape: tuple[object, ...] = ()
        self._note = ""
        self.tracks: Sequence[Track] = ()
        self.bars = RowBars(
            0.0, HIGH, default=1.0, height=HEIGHT, fill=colour, marks=((1.0, theme.DIM),), parent=self
        )
        self.readout = _hint()
        self.note = QLineEdit()
        self.note.setObjectName("direction_note")
        self.note.setPlaceholderText("Note")
        self.note.setAccessibleName(f"Note on {name}")
        self.note.setMaxLength(500)
        self.note.editingFinished.connect(self._take_note)
        self.fixed_note = _hint()
        self.effects = _hint()
        self.effects.setToolTip(
            "Measured by drawing: how much one step changes each attribute, "
            "as a share of how much faces differ in it"
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 3, 0, 8)
        column.setSpacing(4)
        for part in (self.bars, self.readout, self.note, self.fixed_note, self.effects):
            column.addWidget(part)
        self._say()

    def set_rows(self, names: Sequence[str], zones: Mapping[str, tuple[int, ...]]) -> None:
        """Make one bar per row, where there are others.

        Parameters
        ----------
        names : what each row does.
        zones : rows of each group, in order.
        """
        if self._shape == tuple(names):
            return
        self._shape = tuple(names)
        words = "1 = the whole amount, 0 = none"
        self.tracks = tuple(self.bars.rebuild(names, zones, self._name, words))
        for row, track in enumerate(self.tracks):
            track.moved.connect(partial(self._moved, row))
            track.grabbed.connect(self.sealed)
            track.let_go.connect(self.sealed)

    def set_strengths(self, strengths: Sequence[float]) -> None:
        """Show strengths without telling anyone; one per row."""
        for track, strength in zip(self.tracks, strengths, strict=True):
            if track.amount != strength:
                track.set_amount(strength)

    def show_about(self, about: About, kind: str) -> None:
        """Show note, kind and effects."""
        self.note.setVisible(about.is_own)
        self._note = about.note
        if not (self.note.hasFocus() and self.note.isModified()):
            self.note.setText(about.note)
        told = kind if about.is_own else " · ".join(text for text in (kind, about.note) if text)
        self.fixed_note.setText(told[:1].upper() + told[1:])
        self.fixed_note.setVisible(bool(told))
        self.effects.setText(f"One step: {effect_words(about.effects)}")
        self.effects.setVisible(bool(about.effects))

    def _moved(self, row: int, amount: float) -> None:
        self._say(f"Row {row}: {amount:.2f} of the amount")
        self.edited.emit(row, amount)

    def _say(self, text: str = "") -> None:
        self.readout.setText(text or "Each bar is one row: how much of the amount it gets")

    def _take_note(self) -> None:
        text = " ".join(self.note.text().split())
        if text != self._note:
            self._note = text
            self.noted.emit(text)


def effect_words(effects: Sequence[tuple[str, float]]) -> str:
    """Largest effects first; what can hardly be seen is left out."""
    seen = [effect for effect in effects if abs(effect[1]) >= LEAST_EFFECT]
    ranked = sorted(seen, key=lambda effect: -abs(effect[1]))[:MOST_EFFECTS]
    return ", ".join(f"{name} {_signed(change)}" for name, change in ranked)


def _signed(change: float) -> str:
    return f"{change:+.2g}".replace("-", "\N{MINUS SIGN}")


def _hint() -> QLabel:
    label = QLabel()
    label.setProperty("role", "hint")
    label.setWordWrap(True)
    return label
