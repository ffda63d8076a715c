"""Finding directions: a method, a strip of pictures for each result, a name for what is worth keeping."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from explorer.errors import RecipeError
from explorer.gui import theme
from explorer.gui.direction_jobs import FIRST, Search, small_stop
from explorer.gui.directions_desk import DirectionsDesk
from explorer.gui.widgets.buttons import IconButton, Segment, TextButton
from explorer.gui.widgets.strip import GAP, SIDE, Strip, strip_heads
from explorer.recipe import Layers, Push, Recipe
from explorer.recipe.notation import parse_layers, plain_name

if TYPE_CHECKING:
    from explorer.latents import Direction

METHODS = {
    "pca": ("Principal", "The ways in which faces of this network differ most, widest first (PCA of W)"),
    "zone": ("By zone", "What changes most in the styles of the chosen rows (PCA of styles)"),
    "sefa": ("SeFa", "What the weights of the chosen rows react to most (closed form, no samples)"),
    "random": ("Random", "Any directions at right angles: what the other methods have to beat"),
}
ROWS = ("All rows", "Coarse", "Middle", "Fine")
AMOUNTS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
NAME_WIDTH = 168
HEAD_ROOM = 26 + 10 + NAME_WIDTH
MOST = 80


class FindDirections(QDialog):
    """Searches, draws, names and keeps. Stays open while directions are tried on the picture.

    Parameters
    ----------
    face : tells the recipe whose face the strips show.

    Signals
    -------
    tried(Push) : show this on the picture.
    """

    tried = Signal(object)

    def __init__(
        self, desk: DirectionsDesk, face: Callable[[], Recipe], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Find directions")
        self._desk, self._face = desk, face
        self._waiting: list[FoundRow] = []
        self._is_busy = False
        self.rows: list[FoundRow] = []
        self.methods: dict[str, Segment] = {}
        segments = QWidget()
        segments.setObjectName("segments")
        pair = QHBoxLayout(segments)
        pair.setContentsMargins(2, 2, 2, 2)
        pair.setSpacing(2)
        for key, (name, tip) in METHODS.items():
            segment = Segment(name)
            segment.setToolTip(tip)
            segment.clicked.connect(self._explain)
            pair.addWidget(segment)
            self.methods[key] = segment
        self.methods["pca"].setChecked(True)
        self.layers = QComboBox()
        self.layers.setObjectName("find_layers")
        self.layers.setEditable(True)
        self.layers.addItems(ROWS)
        self.layers.setAccessibleName("Rows")
        self.layers.setToolTip("Rows the directions act on; type others like 4-8 or 0,2,5")
        self.number = _number(1, MOST, FIRST, "How many to look for", 64)
        self.number.setAccessibleName("How many")
        self.samples = _number(100, 1_000_000, Search().samples, "Latents drawn to see how W varies", 84)
        self.samples.setAccessibleName("Samples")
        self.samples.setSingleStep(1000)
        self.seed = _number(0, 2**31 - 1, 0, "Seed of the samples, and of random directions", 84)
        self.seed.setAccessibleName("Seed")
        self.go = TextButton("Find", primary=True)
        self.go.setObjectName("find_button")
        self.go.clicked.connect(self._press)
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(segments)
        top.addSpacing(6)
        for words, box in (("Rows", self.layers), ("How many", self.number)):
            top.addSpacing(4)
            top.addWidget(_label(words, box))
            top.addWidget(box)
        top.addStretch(1)
        top.addWidget(self.go)
        self.about = QLabel()
        self.about.setProperty("role", "hint")
        self.about.setWordWrap(True)
        second = QHBoxLayout()
        second.setSpacing(10)
        second.addWidget(self.about, 1)
        for words, box in (("Samples", self.samples), ("Seed", self.seed)):
            second.addWidget(_label(words, box))
            second.addWidget(box)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        keep_height = self.bar.sizePolicy()
        keep_height.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(keep_height)
        self.bar.hide()
        self._results = QVBoxLayout()
        self._results.setContentsMargins(0, 0, 0, 0)
        self._results.setSpacing(8)
        self._results.addStretch(1)
        body = QWidget()
        body.setObjectName("controls_body")
        inner = QVBoxLayout(body)
        inner.setContentsMargins(14, 10, 14, 12)
        inner.setSpacing(8)
        inner.addLayout(strip_heads(AMOUNTS, HEAD_ROOM))
        inner.addLayout(self._results, 1)
        scroll = QScrollArea()
        scroll.setObjectName("found_directions")
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(body)
        self.words = QLabel()
        self.words.setProperty("role", "dim")
        self.words.setWordWrap(True)
        self.keep = TextButton("Keep")
        self.keep.setObjectName("keep_button")
        self.keep.clicked.connect(self._keep)
        bottom = QHBoxLayout()
        bottom.setSpacing(10)
        bottom.addWidget(self.words, 1)
        bottom.addWidget(self.keep)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(8)
        column.addLayout(top)
        column.addLayout(second)
        column.addWidget(self.bar)
        column.addWidget(scroll, 1)
        column.addLayout(bottom)
        self.resize(24 + NAME_WIDTH + 7 * (SIDE + GAP) + 130, 660)
        desk.progressed.connect(self._progressed)
        self._explain()
        self._show_state()
        self.go.setFocus()

    @property
    def is_busy(self) -> bool:
        """Whether something is being searched or drawn."""
        return self._is_busy

    def search(self) -> None:
        """Look for directions as the controls say."""
        try:
            layers = self._wanted_layers()
        except RecipeError as error:
            self.words.setText(str(error))
            return
        self._clear()
        self._set_busy(True)
        self.bar.setRange(0, 0)
        method = next(key for key, segment in self.methods.items() if segment.isChecked())
        wish = Search(method, layers, self.number.value(), self.samples.value(), self.seed.value())
        self._desk.find(wish, self._found)

    def forget(self) -> None:
        """Another network is in use: what was found belongs to the one before."""
        self._desk.cancel()
        self._clear()
        self._set_busy(False)
        self._show_state()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Give up what is under way."""
        self._stop()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes, and gives up what is under way."""
        self._stop()
        super().reject()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter in a name is no wish to close."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return
        super().keyPressEvent(event)

    def _wanted_layers(self) -> Layers:
        text = self.layers.currentText().strip().lower()
        return "all" if text in ("", "all rows") else parse_layers(text)

    def _press(self) -> None:
        if self._is_busy:
            self._stop()
        else:
            self.search()

    def _stop(self) -> None:
        if self._is_busy:
            self._desk.cancel()
            self._waiting.clear()
            self._set_busy(False)
            self._show_state()

    def _explain(self) -> None:
        key = next(key for key, segment in self.methods.items() if segment.isChecked())
        self.about.setText(METHODS[key][1] + ".")
        if key == "zone" and self.layers.currentText() == ROWS[0]:
            self.layers.setCurrentText(ROWS[1])

    # Results.

    def _progressed(self, drawn: int, total: int) -> None:
        if self._is_busy and not self.rows:
            self.bar.setRange(0, total)
            self.bar.setValue(drawn)

    def _found(self, result: Any) -> None:
        if not self._is_busy:
            return  # given up meanwhile
        if isinstance(result, Exception):
            self._set_busy(False)
            text = str(result) or type(result).__name__
            self.words.setText(text[:1].upper() + text[1:])
            return
        for direction in result:
            row = FoundRow(direction)
            row.changed.connect(self._show_state)
            row.strip.chosen.connect(partial(self._try, row))
            row.drop.clicked.connect(partial(self._drop, row))
            self._results.insertWidget(len(self.rows), row)
            self.rows.append(row)
        self._waiting = list(self.rows)
        self.bar.setRange(0, len(self.rows))
        self._show_state()
        self._draw_next()

    def _draw_next(self) -> None:
        self.bar.setValue(len(self.rows) - len(self._waiting))
        if not self._waiting:
            self._set_busy(False)
            return
        row = self._waiting[0]
        face = self._face()
        stored = row.direction.stored()
        pushes = [Push(row.direction.name, amount, stored=stored) for amount in AMOUNTS]
        recipes = [face.with_(directions=(push,)) for push in pushes]
        self._desk.draw(recipes, small_stop(self._desk.info, 2 * SIDE), partial(self._drawn, row))

    def _drawn(self, row: "FoundRow", result: Any) -> None:
        if not self._waiting or self._waiting[0] is not row:
            return  # given up meanwhile
        self._waiting.pop(0)
        if isinstance(result, Exception):
            self._waiting.clear()
            self.words.setText(str(result))
        else:
            row.strip.set_images(result)
        self._draw_next()

    def _try(self, row: "FoundRow", index: int) -> None:
        self.tried.emit(Push(row.wanted_name, AMOUNTS[index], stored=row.direction.stored()))

    def _drop(self, row: "FoundRow") -> None:
        """Look at it no longer."""
        self.rows.remove(row)
        was_first = bool(self._waiting) and self._waiting[0] is row
        self._waiting = [other for other in self._waiting if other is not row]
        self._results.removeWidget(row)
        row.hide()
        row.deleteLater()
        self._show_state()
        if was_first:
            self._draw_next()

    def _keep(self) -> None:
        chosen = [row for row in self.rows if row.tick.isChecked()]
        directions = [replace(row.direction, name=row.wanted_name) for row in chosen]
        self._desk.keep(directions, partial(self._kept, chosen))

    def _kept(self, chosen: list["FoundRow"]) -> None:
        for row in chosen:
            if row in self.rows:
                row.show_kept()
        self._show_state()
        self.words.setText("Kept: they are in the list of directions now.")

    def _clear(self) -> None:
        self._waiting.clear()
        for row in self.rows:
            self._results.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = []

    def _set_busy(self, is_busy: bool) -> None:
        self._is_busy = is_busy
        self.go.setText("Stop" if is_busy else "Find")
        self.bar.setVisible(is_busy)

    def _show_state(self) -> None:
        chosen = sum(row.tick.isChecked() for row in self.rows)
        self.keep.setText(f"Keep {chosen}" if chosen else "Keep")
        self.keep.setEnabled(bool(chosen))
        self.keep.setProperty("primary", bool(chosen))
        self.keep.style().polish(self.keep)
        if self.rows:
            self.words.setText("Tick what is worth keeping and give it a name. Click a picture to try it.")
        else:
            self.words.setText("Choose a method and press Find. The strips show the face of seed A.")


class FoundRow(QWidget):
    """One result: whether to keep it, its name, its strip.

    Signals
    -------
    changed : ticked or unticked.
    """

    changed = Signal()

    def __init__(self, direction: "Direction", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.direction = direction
        self.tick = QCheckBox()
        self.tick.setAccessibleName(f"Keep {direction.name}")
        self.tick.toggled.connect(self.changed)
        self.name = QLineEdit(direction.name)
        self.name.setAccessibleName(f"Name of {direction.name}")
        self.name.setMaxLength(100)
        self.name.setFixedWidth(NAME_WIDTH)
        self.name.textEdited.connect(self._named)
        self.note = QLabel(direction.note)
        self.note.setProperty("role", "hint")
        self.note.setWordWrap(True)
        self.note.setFixedWidth(NAME_WIDTH)
        self.strip = Strip(AMOUNTS, direction.name)
        words = QVBoxLayout()
        words.setSpacing(3)
        words.addStretch(1)
        words.addWidget(self.name)
        words.addWidget(self.note)
        words.addStretch(1)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(10)
        line.addWidget(self.tick)
        line.addLayout(words)
        self.drop = IconButton("close", f"Drop {direction.name}", self, theme.DIM)
        self.drop.setIconSize(QSize(15, 15))
        line.addWidget(self.strip)
        line.addWidget(self.drop)
        line.addStretch(1)

    @property
    def wanted_name(self) -> str:
        """The name typed, without the signs that the notation of recipes reads."""
        return plain_name(self.name.text()) or self.direction.name

    def show_kept(self) -> None:
        """It is in the list now."""
        self.tick.setChecked(False)
        self.note.setText("kept")

    def _named(self) -> None:
        """Who names a thing wants it."""
        self.tick.setChecked(True)


def _number(low: int, high: int, value: int, tip: str, width: int) -> QSpinBox:
    box = QSpinBox()
    box.lineEdit().setTextMargins(8, 0, 8, 0)
    box.setFixedWidth(width)
    box.setRange(low, high)
    box.setValue(value)
    box.setToolTip(tip)
    return box


def _label(words: str, box: QWidget) -> QLabel:
    label = QLabel(words)
    label.setProperty("role", "dim")
    label.setBuddy(box)
    return label
