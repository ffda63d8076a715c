"""Choices for a contact sheet: what stands in its rows and columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QSpinBox, QWidget

from explorer.errors import RecipeError
from explorer.gui.widgets.finish_box import Segments, choices_grid
from explorer.recipe import ZONES, Mix, Push, Recipe, SeedBlend, edits
from explorer.recipe.notation import parse_amounts, parse_layers, parse_seeds

if TYPE_CHECKING:
    from explorer.export.sheet import Sheet

KINDS = ("Seeds", "Truncation", "Mixing", "Direction")
TELLS = (
    "Faces side by side, each with its seed.",
    "Seeds down, psi across: from the average face to the face as drawn, or beyond.",
    "Seeds down; across, what they take over from other seeds in some rows of the network.",
    "Seeds down; across, steps along a direction, in standard deviations.",
)
SIZES = (0, 64, 96, 128, 192, 256, 512)
"""Heights of a picture on the sheet; 0 leaves it as drawn."""


class SheetForm(QWidget):
    """Shows and takes the choices; knows nothing of drawing.

    Signals
    -------
    changed : something is chosen otherwise now.
    """

    changed = Signal()

    def __init__(self, recipe: Recipe, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._recipe = recipe
        self._pushes: tuple[Push, ...] = ()
        first = edits.seed_a(recipe) or 0
        self.kind = Segments("Kind of sheet", KINDS)
        self.tells = _hint()
        self.seeds = _line("Seeds", f"{first}-{first + 15}", "0-15, 20, 42")
        self.columns = QSpinBox()
        self.columns.setRange(0, 64)
        self.columns.setSpecialValueText("As square as it gets")
        self.columns.lineEdit().setTextMargins(8, 0, 8, 0)
        self.columns.setMinimumWidth(180)
        self.columns.setAccessibleName("Pictures in a row")
        self.psis = _line("Values of psi", "0:1:5", "0, 0.5, 1 or FROM:TO:COUNT")
        self.others = _line("Seeds to mix with", f"{first + 100}-{first + 103}", "55, 821")
        self.layers = QComboBox()
        self.layers.setEditable(True)
        self.layers.addItems(ZONES)
        self.layers.setAccessibleName("Rows taken over")
        self.direction = QComboBox()
        self.direction.setAccessibleName("Direction")
        self.amounts = _line("Amounts", "-3:3:7", "-2, 0, 2 or FROM:TO:COUNT")
        self.side = QComboBox()
        self.side.addItems(["As drawn", *(f"{size} pixels high" for size in SIZES[1:])])
        self.side.setAccessibleName("Size of each picture")
        grid = choices_grid(self)
        self._rows: list[tuple[tuple[int, ...], QLabel, QWidget]] = []
        for kinds, name, widget in (
            ((0, 1, 2, 3), "Sheet", self.kind),
            ((0, 1, 2, 3), "", self.tells),
            ((0, 1, 2, 3), "Seeds", self.seeds),
            ((0,), "In a row", self.columns),
            ((1,), "Psi", self.psis),
            ((2,), "Mix with", self.others),
            ((2,), "In rows", self.layers),
            ((3,), "Direction", self.direction),
            ((3,), "Amounts", self.amounts),
            ((0, 1, 2, 3), "Size", self.side),
        ):
            label = QLabel(name)
            grid.addWidget(label, len(self._rows), 0)
            grid.addWidget(widget, len(self._rows), 1)
            self._rows.append((kinds, label, widget))
        self.kind.changed.connect(self._show_kind)
        for line in (self.seeds, self.psis, self.others, self.amounts):
            line.textChanged.connect(self.changed)
        for box in (self.layers, self.direction, self.side):
            box.currentTextChanged.connect(self.changed)
        self.columns.valueChanged.connect(self.changed)
        self._show_kind()

    def show_directions(self, pushes: Sequence[Push]) -> None:
        """Offer these, each carrying its direction."""
        self._pushes = tuple(pushes)
        self.direction.clear()
        self.direction.addItems([push.name for push in pushes])

    @property
    def height_of_pictures(self) -> int | None:
        """Of each picture on the sheet, in pixels; None leaves it as drawn."""
        return SIZES[self.side.currentIndex()] or None

    def sheet(self) -> "Sheet":
        """What is chosen.

        Raises
        ------
        RecipeError, ExportError
            If it is no sheet, in words.
        """
        from explorer.export import sheet

        start = self._recipe.with_(base=SeedBlend.of(0))
        seeds = tuple(dict.fromkeys(parse_seeds(self.seeds.text())))
        kind = self.kind.index
        if kind == 1:
            return sheet.psi_sheet(start, seeds, parse_amounts(self.psis.text(), -10, 10))
        if kind == 2:
            layers = parse_layers(self.layers.currentText())
            # The table shows what a mix does: those of the picture would cover it.
            start = start.with_(mixes=())
            mixes = [Mix(seed, layers) for seed in parse_seeds(self.others.text())]
            return sheet.mixing_sheet(start, seeds, mixes)
        if kind == 3:
            return self._strips(start, seeds)
        return sheet.contact_sheet(start, seeds, self.columns.value() or None)

    def _strips(self, start: Recipe, seeds: tuple[int, ...]) -> "Sheet":
        from explorer.export.sheet import strips_sheet

        if not self._pushes:
            raise RecipeError("no direction is known for this network yet; find some with Ctrl+D")
        push = self._pushes[max(0, self.direction.currentIndex())]
        start = start.with_(directions=tuple(p for p in start.directions if p.name != push.name))
        return strips_sheet(start, seeds, (push,), parse_amounts(self.amounts.text()))

    def _show_kind(self) -> None:
        kind = self.kind.index
        self.tells.setText(TELLS[kind])
        for kinds, label, widget in self._rows:
            label.setVisible(kind in kinds)
            widget.setVisible(kind in kinds)
        self.changed.emit()


def _line(name: str, text: str, placeholder: str) -> QLineEdit:
    line = QLineEdit(text)
    line.setPlaceholderText(placeholder)
    line.setAccessibleName(name)
    return line


def _hint() -> QLabel:
    label = QLabel()
    label.setProperty("role", "hint")
    label.setWordWrap(True)
    return label
