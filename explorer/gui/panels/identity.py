"""Who: seed A, seed B, and where between the two."""

from PySide6.QtGui import QImage, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from explorer.gui import moves, theme
from explorer.gui.panels.panel import Panel
from explorer.gui.store import Store
from explorer.gui.widgets.buttons import IconButton, TextButton
from explorer.gui.widgets.float_slider import FloatSlider
from explorer.gui.widgets.seed_box import SeedBox
from explorer.gui.widgets.thumbnail import Thumbnail
from explorer.recipe import Recipe, SeedBlend, Source, StoredLatent, edits
from explorer.render.model_info import ModelInfo


class IdentityPanel(Panel):
    """Seeds and their blend."""

    TITLE = "Identity"
    KEY = "identity"

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._num_ws = 0
        self.new_face = TextButton("New face", primary=True)
        self.new_face.setObjectName("new_face_button")
        self.new_face.setToolTip("A face nobody has seen: a random seed for A (Space)")
        self.new_face.clicked.connect(self._new_face)
        self.a = _SeedRow("A", theme.SEED_A, "seed_a")
        self.b = _SeedRow("B", theme.SEED_B, "seed_b")
        self.blend = FloatSlider(
            "A to B",
            0.0,
            1.0,
            reach=(-2.0, 3.0),
            fill=theme.SEED_B,
            start=theme.SEED_A,
            tip="Walk from the face of A to the face of B; typed values may go past both",
        )
        self.blend.setObjectName("blend_slider")
        self.origin = QLabel()
        self.origin.setProperty("role", "hint")
        self.origin.setWordWrap(True)
        for widget in (self.new_face, self.origin, self.a, self.b, self.blend):
            self.column.addWidget(widget)
        self.column.setSpacing(8)

        self.a.box.edited.connect(self._edit_a)
        self.a.dice.clicked.connect(self._new_face)
        self.b.box.edited.connect(self._edit_b)
        self.b.dice.clicked.connect(self._new_b)
        self.a.thumbnail.chosen.connect(self._go_to_a)
        self.b.thumbnail.chosen.connect(self._go_to_b)
        self.blend.edited.connect(self._edit_blend)
        for part in (self.a.box, self.b.box, self.blend):
            part.sealed.connect(store.seal)

    def show_recipe(self, recipe: Recipe, info: ModelInfo | None) -> None:
        """Show seeds and blend."""
        self._num_ws = 0 if info is None else info.num_ws
        self.a.show_source(edits.source_a(recipe))
        self.b.show_source(edits.source_b(recipe))
        self.blend.set_amount(edits.blend(recipe))
        more = len(recipe.base.terms) - 2 if isinstance(recipe.base, SeedBlend) else 0
        self.origin.setText(f"and {more} more seeds, as the recipe has it" if more > 0 else "")
        self.origin.setVisible(bool(self.origin.text()))

    def show_thumbnail(self, key: str, image: QImage) -> None:
        """Show the faces of A and B beside their seeds."""
        {"a": self.a, "b": self.b}[key].thumbnail.set_image(image)

    def _new_face(self) -> None:
        moves.new_face(self.store, self._num_ws)

    def _new_b(self) -> None:
        moves.new_b(self.store)

    def _edit_a(self, seed: int) -> None:
        self.store.edit(edits.with_seed_a(self.store.recipe, seed), "Change seed A", merge="seed a")

    def _edit_b(self, seed: int) -> None:
        self.store.edit(edits.with_seed_b(self.store.recipe, seed), "Change seed B", merge="seed b")

    def _edit_blend(self, t: float) -> None:
        recipe = edits.with_blend(self.store.recipe, t, moves.draw_seed())
        self.store.edit(recipe, "Blend A and B", merge="blend")

    def _go_to_a(self) -> None:
        self.store.edit(edits.with_blend(self.store.recipe, 0.0, moves.draw_seed()), "Go to A")

    def _go_to_b(self) -> None:
        self.store.edit(edits.with_blend(self.store.recipe, 1.0, moves.draw_seed()), "Go to B")


class _SeedRow(QWidget):
    """Thumbnail, seed box, and the buttons around it."""

    def __init__(self, letter: str, colour: QPalette.ColorRole, name: str) -> None:
        super().__init__()
        self.thumbnail = Thumbnail(letter, colour, 52)
        self.thumbnail.setObjectName(f"{name}_thumbnail")
        self.thumbnail.setToolTip(f"Click: go to {letter}")
        self.thumbnail.setAccessibleName(f"Face of seed {letter}; Enter goes there")
        self._letter = letter
        caption = self.caption = QLabel(f"Seed {letter}")
        caption.setProperty("role", name)
        self.box = SeedBox(f"Seed {letter}")
        self.box.setObjectName(f"{name}_box")
        self.box.setToolTip("0 to 4294967295 · Up and Down step")
        caption.setBuddy(self.box)
        self.previous = IconButton("previous", f"Previous seed {letter}")
        self.next = IconButton("next", f"Next seed {letter}")
        self.dice = IconButton("dice", f"Random seed {letter}")
        for button, by in ((self.previous, "previous"), (self.next, "next"), (self.dice, "random")):
            button.setObjectName(f"{name}_{by}")
        self.previous.clicked.connect(self._previous)
        self.next.clicked.connect(self._next)
        line = QHBoxLayout()
        line.setSpacing(2)
        line.addWidget(self.box, 1)
        line.addSpacing(4)
        line.addWidget(self.previous)
        line.addWidget(self.next)
        line.addWidget(self.dice)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(caption)
        words.addLayout(line)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.thumbnail)
        row.addLayout(words, 1)

    def show_source(self, source: Source | None) -> None:
        """Show a seed by its number, anything else by where it came from; a number typed replaces it."""
        origin = source.origin if isinstance(source, StoredLatent) else ""
        self.caption.setText(f"{origin.capitalize() or 'Seed'} {self._letter}")
        self.box.setPlaceholderText(origin or "seed")
        self.box.set_seed(None if isinstance(source, StoredLatent) else source)

    def _previous(self) -> None:
        self.box.step(-1)
        self.box.sealed.emit()

    def _next(self) -> None:
        self.box.step(1)
        self.box.sealed.emit()
