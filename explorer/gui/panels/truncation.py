"""Truncation: how far the face may be from the average one."""

from PySide6.QtWidgets import QWidget

from explorer.gui import moves
from explorer.gui.panels.panel import Panel
from explorer.gui.store import Store
from explorer.gui.widgets.float_slider import FloatSlider
from explorer.recipe import Recipe
from explorer.render.model_info import ModelInfo

PLACEHOLDER_ROWS = 12


class TruncationPanel(Panel):
    """`psi` and `cutoff`."""

    TITLE = "Truncation"
    KEY = "truncation"

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._num_ws = PLACEHOLDER_ROWS
        self.psi = FloatSlider(
            "Psi",
            -1.0,
            2.0,
            default=moves.PSI,
            reach=(-10.0, 10.0),
            origin=0.0,
            ticks=(0.0, 1.0),
            tip="0 = the average face, 1 = as drawn, below 0 = its opposite. Smaller is safer, larger wilder",
        )
        self.psi.setObjectName("psi_slider")
        self.psi.edited.connect(self._edit_psi)
        self.cutoff = FloatSlider(
            "Cutoff",
            0,
            PLACEHOLDER_ROWS,
            default=PLACEHOLDER_ROWS,
            step=1,
            decimals=0,
            special=(PLACEHOLDER_ROWS, "all"),
            tip="How many rows psi acts on, counted from the coarsest; the finer ones stay as drawn",
        )
        self.cutoff.setObjectName("cutoff_slider")
        self.cutoff.edited.connect(self._edit_cutoff)
        for slider in (self.psi, self.cutoff):
            slider.sealed.connect(store.seal)
            self.column.addWidget(slider)

    def show_recipe(self, recipe: Recipe, info: ModelInfo | None) -> None:
        """Show both numbers; "all" stands for no cutoff."""
        num_ws = PLACEHOLDER_ROWS if info is None else info.num_ws
        if num_ws != self._num_ws:
            self._num_ws = num_ws
            self.cutoff.track.default = num_ws
            self.cutoff.set_range(0, num_ws, special=(num_ws, "all"))
        self.psi.set_amount(recipe.psi)
        self.cutoff.set_amount(num_ws if recipe.cutoff is None else min(recipe.cutoff, num_ws))

    def _edit_psi(self, psi: float) -> None:
        self.store.edit(self.store.recipe.with_(psi=psi), "Change psi", merge="psi")

    def _edit_cutoff(self, cutoff: float) -> None:
        wanted = None if cutoff >= self._num_ws else round(cutoff)
        self.store.edit(self.store.recipe.with_(cutoff=wanted), "Change cutoff", merge="cutoff")
