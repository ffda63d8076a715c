"""Style mixing: how far each row of `ws` leans from A towards B."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel, QWidget

from explorer.gui import moves, theme
from explorer.gui.panels.panel import Panel, row_name
from explorer.gui.store import Store
from explorer.gui.widgets.buttons import IconButton
from explorer.gui.widgets.float_slider import FloatSlider
from explorer.gui.widgets.row_strengths import HIGH, LOW, RowStrengths
from explorer.recipe import Recipe, edits, source_name
from explorer.render.model_info import ModelInfo

ZONES = {
    "coarse": "pose, head shape, hair line (4 to 8 pixels)",
    "middle": "features, hair style (16 to 32 pixels)",
    "fine": "colour, skin, light (64 pixels and more)",
}
PLACEHOLDER_ROWS = 12
"""Shown, disabled, until a network says how many it has."""


class MixingPanel(Panel):
    """A slider per row, and one per zone that moves its rows."""

    TITLE = "Style mixing"
    KEY = "mixing"

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._rows: dict[str, tuple[int, ...]] = {}
        self._shape: tuple[object, ...] = ()
        self._strengths: tuple[float, ...] = ()
        self._held: tuple[str, tuple[float, ...]] | None = None
        self.handles: dict[str, FloatSlider] = {}
        for zone, meaning in ZONES.items():
            handle = FloatSlider(
                zone.capitalize(),
                LOW,
                HIGH,
                origin=0.0,
                ticks=(0.0, 1.0),
                fill=theme.SEED_B,
                tip=f"How much of B: {meaning}. 0 = A, 1 = B",
            )
            handle.setObjectName(f"{zone}_slider")
            handle.edited.connect(partial(self._edit_zone, zone))
            handle.sealed.connect(self._seal)
            handle.track.resetting.connect(partial(self._reset_zone, zone))
            self.handles[zone] = handle
            self.column.addWidget(handle)
        self.rows = RowStrengths()
        self.rows.setObjectName("row_strengths")
        self.rows.edited.connect(self._edit_row)
        self.rows.sealed.connect(self._seal)
        self.rows.chosen.connect(self._choose_all)
        self.column.addWidget(self.rows)
        self.others = QLabel()
        self.others.setProperty("role", "hint")
        self.others.setWordWrap(True)
        self.column.addWidget(self.others)
        self.swap = IconButton("swap", "Swap A and B")
        self.swap.setObjectName("swap_button")
        self.swap.clicked.connect(self._swap)
        self.reset = IconButton("reset", "Reset mixing: all rows to A")
        self.reset.setObjectName("reset_mixing_button")
        self.reset.clicked.connect(self._reset)
        self._build(None)

    def tools(self) -> tuple[QWidget, ...]:
        """Swap and reset."""
        return (self.swap, self.reset)

    def why_not(self, info: ModelInfo | None) -> str:
        """Without a network there are no rows."""
        return "" if info is not None else "Rows appear when the network is loaded."

    def show_recipe(self, recipe: Recipe, info: ModelInfo | None) -> None:
        """Show strengths; rows are made anew where the network has others."""
        self._build(info)
        strengths = edits.row_strengths(recipe, len(self.rows.tracks))
        self._strengths = strengths
        self.rows.set_strengths(strengths)
        for zone, handle in self.handles.items():
            handle.set_amount(round(_mean([strengths[row] for row in self._rows[zone]]), 2))
        b = edits.source_b(recipe)
        others = sorted({source_name(mix.seed) for mix in recipe.mixes if mix.seed != b})
        self.others.setText(f"Also mixed, as the recipe has it: {', '.join(others)}")
        self.others.setVisible(bool(others))
        self.reset.setEnabled(any(strengths))
        self.swap.setEnabled(b is not None)

    def show_thumbnail(self, key: str, image: QImage) -> None:
        """Show the faces of A and B at 0 and 1."""
        {"a": self.rows.a, "b": self.rows.b}[key].set_image(image)

    def _build(self, info: ModelInfo | None) -> None:
        num_ws = PLACEHOLDER_ROWS if info is None else info.num_ws
        names = [row_name(row, info) for row in range(num_ws)]
        zones = edits.zone_rows(num_ws)
        self._rows = {zone: zones[zone] for zone in ZONES}
        if self._shape == tuple(names):
            return
        self._shape = tuple(names)
        self.rows.set_rows(names, self._rows)
        for zone, handle in self.handles.items():
            empty = info is not None and not self._rows[zone]
            handle.set_available(
                f"This network has no {zone} rows: it draws {info.resolution} pixels."
                if empty and info
                else ""
            )

    # What the user does.

    def _edit_row(self, row: int, strength: float) -> None:
        strengths = list(self._strengths)
        strengths[row] = strength
        self._edit(strengths, f"Mix row {row}", f"row {row}")

    def _edit_zone(self, zone: str, amount: float) -> None:
        """Move the rows of a zone together, from where they stood when the handle was taken."""
        if self._held is None or self._held[0] != zone:
            self._held = (zone, self._strengths)
        strengths = list(self._held[1])
        by = amount - _mean([strengths[row] for row in self._rows[zone]])
        for row in self._rows[zone]:
            strengths[row] = round(min(max(strengths[row] + by, LOW), HIGH), 6)
        self._edit(strengths, f"Mix {zone} rows", zone)

    def _reset_zone(self, zone: str) -> None:
        own = self._rows[zone]
        strengths = [0.0 if row in own else value for row, value in enumerate(self._strengths)]
        self._edit(strengths, f"Reset {zone} rows", zone)

    def _choose_all(self, strength: float) -> None:
        name = "All rows to B" if strength else "All rows to A"
        self._edit([strength] * len(self._strengths), name, None)

    def _edit(self, strengths: Sequence[float], name: str, merge: str | None) -> None:
        recipe = edits.with_row_strengths(self.store.recipe, strengths, moves.draw_seed())
        self.store.edit(recipe, name, merge=None if merge is None else f"mix {merge}")

    def _seal(self) -> None:
        self._held = None
        self.store.seal()

    def _swap(self) -> None:
        moves.swap(self.store)

    def _reset(self) -> None:
        moves.reset_mixing(self.store, len(self._strengths))


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 6) if values else 0.0
