"""Class: what a conditional network draws, one kind of thing or a little of several."""

import secrets
from collections.abc import Sequence

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from explorer.gui.panels.panel import Panel
from explorer.gui.store import Store
from explorer.gui.widgets.buttons import IconButton, TextButton
from explorer.gui.widgets.class_box import ClassBox, class_title
from explorer.gui.widgets.float_slider import LABEL_WIDTH, FloatSlider
from explorer.recipe import ClassMix, Recipe, class_edits, edits
from explorer.render.model_info import ModelInfo


class ClassPanel(Panel):
    """The class, and further classes to lean towards."""

    TITLE = "Class"
    KEY = "class"

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._c_dim = 0
        self._names: Sequence[str] = ()
        self._held: ClassMix | None = None
        self.box = ClassBox("Class", has_seed=True)
        self.box.setObjectName("class_box")
        self.box.setToolTip("Type a number or a name · Up and Down step")
        self.box.chosen.connect(self._choose)
        self.dice = IconButton("dice", "Random class")
        self.dice.setObjectName("class_random")
        self.dice.clicked.connect(self._roll)
        label = QLabel("Class")
        label.setFixedWidth(LABEL_WIDTH)
        label.setBuddy(self.box)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(label)
        line.addWidget(self.box, 1)
        line.addWidget(self.dice)
        self.column.addLayout(line)
        self.mixed: list[MixedClass] = []
        self._rows = QVBoxLayout()
        self._rows.setSpacing(4)
        self.column.addLayout(self._rows)
        self.share = QLabel()
        self.share.setProperty("role", "hint")
        self.share.setWordWrap(True)
        self.column.addWidget(self.share)
        self.add = TextButton("Mix with another class")
        self.add.setObjectName("add_class_button")
        self.add.clicked.connect(self._add)
        self.column.addWidget(self.add)
        self.column.setSpacing(8)
        self.reset = IconButton("reset", "Reset class: from the seed, nothing mixed")
        self.reset.setObjectName("reset_class_button")
        self.reset.clicked.connect(self._reset)

    def tools(self) -> tuple[QWidget, ...]:
        """Reset."""
        return (self.reset,)

    def is_shown(self, info: ModelInfo | None) -> bool:
        """Only conditional networks have classes."""
        return info is not None and info.c_dim > 0

    def show_recipe(self, recipe: Recipe, info: ModelInfo | None) -> None:
        """Show the class and the mix."""
        if info is None or info.c_dim == 0:
            return
        self._c_dim, self._names = info.c_dim, info.class_names
        self.box.set_classes(self._c_dim, self._names)
        self.box.set_index(recipe.class_index, self._drawn(recipe, info))
        while len(self.mixed) > len(recipe.class_mix):
            gone = self.mixed.pop()
            self._rows.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        while len(self.mixed) < len(recipe.class_mix):
            self.mixed.append(self._new_row(len(self.mixed)))
        for row, (index, weight) in zip(self.mixed, recipe.class_mix, strict=True):
            row.box.set_classes(self._c_dim, self._names)
            row.box.set_index(index)
            row.weight.set_amount(weight)
        share = f"{class_edits.own_share(recipe):.2f} of the label stays with the class above"
        self.share.setText(share)
        self.share.setVisible(bool(recipe.class_mix))
        full = len(recipe.class_mix) >= class_edits.MOST
        none_left = class_edits.next_free_class(recipe, self._c_dim) is None
        self.add.setEnabled(not (full or none_left))
        self.add.setToolTip(
            "All classes of this network are in use."
            if none_left
            else f"{class_edits.MOST} classes are as many as can be mixed here."
            if full
            else "Lean towards a second class, by as much as you like"
        )
        self.reset.setEnabled(recipe.class_index is not None or bool(recipe.class_mix))

    def _drawn(self, recipe: Recipe, info: ModelInfo) -> str:
        """The class that seed A draws."""
        seed = edits.seed_a(recipe)
        if seed is None or recipe.class_index is not None:
            return ""
        # By now the render thread has imported torch, which this room leans on.
        from explorer.latents.seeds import class_of_seed

        return class_title(class_of_seed(seed, info.z_dim, info.c_dim), self._names)

    def _new_row(self, place: int) -> "MixedClass":
        row = MixedClass(place)
        row.box.chosen.connect(self._replace)
        row.weight.edited.connect(self._edit_weight)
        row.weight.sealed.connect(self._seal)
        row.remove.clicked.connect(self._remove)
        self._rows.addWidget(row)
        return row

    # What the user does.

    def _choose(self, index: int | None) -> None:
        self.store.edit(class_edits.with_class(self.store.recipe, index), "Choose class")

    def _roll(self) -> None:
        self._choose(secrets.randbelow(self._c_dim))

    def _reset(self) -> None:
        self.store.edit(self.store.recipe.with_(class_index=None, class_mix=()), "Reset class")

    def _add(self) -> None:
        index = class_edits.next_free_class(self.store.recipe, self._c_dim)
        if index is not None:
            self.store.edit(class_edits.with_mixed_class(self.store.recipe, index), "Mix with another class")

    def _place(self) -> int:
        """Row whose control has just spoken."""
        row: QObject | None = self.sender()
        while row is not None and not isinstance(row, MixedClass):
            row = row.parent()
        assert isinstance(row, MixedClass)
        return row.place

    def _replace(self, index: int | None) -> None:
        if index is None:
            return
        self.store.edit(
            class_edits.replace_mixed_class(self.store.recipe, self._place(), index), "Change mixed class"
        )
        # A class that is in use already stays where it is; the box shows that again.
        for row, (now, _) in zip(self.mixed, self.store.recipe.class_mix, strict=True):
            row.box.set_index(now)

    def _edit_weight(self, weight: float) -> None:
        if self._held is None:
            self._held = self.store.recipe.class_mix
        place = self._place()
        recipe = class_edits.with_class_weight(self.store.recipe, place, weight, self._held)
        self.store.edit(recipe, "Mix classes", merge=f"class {place}")

    def _seal(self) -> None:
        self._held = None
        self.store.seal()

    def _remove(self) -> None:
        recipe = class_edits.without_mixed_class(self.store.recipe, self._place())
        self.store.edit(recipe, "Mix one class less")


class MixedClass(QWidget):
    """A class to lean towards, and how far."""

    def __init__(self, place: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.place = place
        self.box = ClassBox(f"Mixed class {place + 1}", has_seed=False)
        self.box.setObjectName(f"mixed_class_{place}")
        self.box.setFixedWidth(116)
        self.weight = FloatSlider(
            "", 0.0, 1.0, tip="Weight of this class in the label: 0 = none, 1 = nothing else"
        )
        self.weight.label.hide()
        self.weight.setObjectName(f"mixed_class_weight_{place}")
        self.weight.track.setAccessibleName(f"Weight of mixed class {place + 1}")
        self.weight.box.setAccessibleName(f"Weight of mixed class {place + 1}, value")
        self.remove = IconButton("close", "Mix without this class")
        self.remove.setObjectName(f"remove_class_{place}")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.box)
        row.addWidget(self.weight, 1)
        row.addWidget(self.remove)
