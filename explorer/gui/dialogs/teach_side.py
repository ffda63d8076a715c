"""The right side of teaching: what it is called, what it keeps still, how good it is, where it goes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from explorer.gui.widgets.buttons import TextButton
from explorer.recipe import Layers
from explorer.recipe.marked_pictures import MarkedPictures
from explorer.recipe.notation import parse_layers, plain_name

if TYPE_CHECKING:
    from explorer.latents import Direction
    from explorer.latents.learning import Learned

ROWS = ("All rows", "Coarse", "Middle", "Fine")
WIDTH = 272


class TeachSide(QWidget):
    """Fields, estimate and buttons.

    Signals
    -------
    changed : a field was changed.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumWidth(WIDTH)
        self._known: dict[str, Direction] = {}
        self.name = _line("Name, for instance smile", "Name", 100)
        self.note = _line("Note", "Note", 400)
        self.rows = QComboBox()
        self.rows.setEditable(True)
        self.rows.addItems(ROWS)
        self.rows.setAccessibleName("Rows")
        self.rows.setToolTip("Rows the direction acts on, and is learned from; type others like 4-8")
        self.still = QPushButton("nothing")
        self.still.setObjectName("keep_still_button")
        self.still.setToolTip("Directions whose measure this one must not move")
        self.menu = QMenu(self)
        self.still.setMenu(self.menu)
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(8)
        for words, field in (
            ("Name", self.name),
            ("Note", self.note),
            ("Rows", self.rows),
            ("Keep still", self.still),
        ):
            form.addRow(words, field)
        self.share = QLabel()
        self.share.setProperty("role", "heading")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(50, 100)
        self.words = QLabel()
        self.words.setProperty("role", "dim")
        self.words.setWordWrap(True)
        self.keep = TextButton("Keep", primary=True)
        self.keep.setObjectName("keep_learned")
        self.export = TextButton("Export…")
        self.open = TextButton("Open marks…")
        self.save = TextButton("Save marks…")
        self.clear = TextButton("Start over")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(form)
        column.addSpacing(14)
        column.addWidget(self.share)
        column.addWidget(self.bar)
        column.addWidget(self.words)
        column.addSpacing(10)
        column.addWidget(self.keep)
        column.addWidget(self.export)
        column.addStretch(1)
        marks = QHBoxLayout()
        marks.setSpacing(8)
        for button in (self.open, self.save):
            marks.addWidget(button)
        column.addLayout(marks)
        column.addWidget(self.clear)
        for field in (self.name, self.note):
            field.textEdited.connect(self.changed)
        self.rows.currentTextChanged.connect(self.changed)

    @property
    def wanted_name(self) -> str:
        """The name typed, without the signs that the notation of recipes reads."""
        return plain_name(self.name.text())

    @property
    def layers(self) -> Layers:
        """The rows chosen.

        Raises
        ------
        RecipeError
            If what is typed names none.
        """
        text = self.rows.currentText().strip().lower()
        return "all" if text in ("", "all rows") else parse_layers(text)

    @property
    def kept(self) -> tuple["Direction", ...]:
        """Directions whose measure stays."""
        return tuple(self._known[action.text()] for action in self.menu.actions() if action.isChecked())

    def set_known(self, directions: Sequence["Direction"], kept: Sequence[str]) -> None:
        """List what may be kept still."""
        self._known = {direction.name: direction for direction in directions if direction.vector.ndim == 1}
        self.menu.clear()
        for name in self._known:
            action = self.menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(name in kept)
            action.toggled.connect(self._choose)
        self.still.setEnabled(bool(self._known))
        self._show_kept()

    def show_marks(self, marks: MarkedPictures) -> None:
        """Show their name and note."""
        self.name.setText(marks.name)
        self.note.setText(marks.note)

    def show_estimate(self, words: str, learned: "Learned | None", is_enough: bool) -> None:
        """Say how good it is.

        Parameters
        ----------
        is_enough : whether the marks are enough to keep what they tell.
        """
        self.words.setText(words)
        is_known = learned is not None and is_enough
        self.share.setText(f"{100 * learned.accuracy:.0f} % right" if learned and is_known else "\N{EN DASH}")
        self.bar.setValue(round(100 * learned.accuracy) if learned and is_known else 50)
        for button in (self.keep, self.export):
            button.setEnabled(is_known)

    def set_can_save(self, can: bool) -> None:
        """Whether there are marks."""
        self.save.setEnabled(can)
        self.clear.setEnabled(can)

    def _choose(self) -> None:
        self._show_kept()
        self.changed.emit()

    def _show_kept(self) -> None:
        names = [direction.name for direction in self.kept]
        others = f" and {len(names) - 2} more" if len(names) > 2 else ""
        self.still.setText(", ".join(names[:2]) + others or "nothing")


def _line(hint: str, name: str, length: int) -> QLineEdit:
    line = QLineEdit()
    line.setPlaceholderText(hint)
    line.setAccessibleName(name)
    line.setMaxLength(length)
    return line
