"""Noise: the small things that no seed decides, such as where a curl falls."""

from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from explorer.gui import moves
from explorer.gui.panels.panel import Panel
from explorer.gui.store import Store
from explorer.gui.widgets.buttons import IconButton, Segment
from explorer.gui.widgets.float_slider import LABEL_WIDTH, FloatSlider
from explorer.gui.widgets.seed_box import SeedBox
from explorer.recipe import Noise, NoiseMode, Recipe
from explorer.render.model_info import ModelInfo

MODES: dict[NoiseMode, tuple[str, str]] = {
    "const": ("Fixed", "const: the noise stored in the network, the same for every face"),
    "random": ("Random", "random: drawn from the seed below"),
    "none": ("Off", "none: without noise, smoother"),
}


class NoisePanel(Panel):
    """Mode, seed and strength."""

    TITLE = "Noise"
    KEY = "noise"

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.modes: dict[NoiseMode, Segment] = {}
        segments = QWidget()
        segments.setObjectName("segments")
        row = QHBoxLayout(segments)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        for mode, (name, tip) in MODES.items():
            segment = Segment(name)
            segment.setObjectName(f"noise_{mode}")
            segment.setToolTip(tip)
            segment.setAccessibleName(f"Noise {name.lower()}")
            segment.clicked.connect(getattr(self, f"_choose_{mode}"))
            segment.setSizePolicy(segment.sizePolicy().Policy.Expanding, segment.sizePolicy().Policy.Fixed)
            row.addWidget(segment, 1)
            self.modes[mode] = segment
        self.column.addLayout(_labelled("Mode", segments))
        self.seed = SeedBox("Seed of the noise")
        self.seed.setObjectName("noise_seed_box")
        self.seed.edited.connect(self._edit_seed)
        self.seed.sealed.connect(store.seal)
        self.dice = IconButton("dice", "Random seed for the noise")
        self.dice.setObjectName("noise_seed_random")
        self.dice.clicked.connect(self._new_seed)
        line = _labelled("Seed", self.seed)
        line.addWidget(self.dice)
        self.column.addLayout(line)
        self.strength = FloatSlider(
            "Strength",
            0.0,
            2.0,
            default=1.0,
            reach=(0.0, 10.0),
            ticks=(1.0,),
            tip="Factor on the network's own noise; 1 = as trained",
        )
        self.strength.setObjectName("noise_strength_slider")
        self.strength.edited.connect(self._edit_strength)
        self.strength.sealed.connect(store.seal)
        self.column.addWidget(self.strength)

    def why_not(self, info: ModelInfo | None) -> str:
        """StyleGAN3 has no noise."""
        return "" if info is None or info.has_noise else "This network draws without noise."

    def show_recipe(self, recipe: Recipe, info: ModelInfo | None) -> None:
        """Show mode, seed and strength; what the mode does not use is disabled and says so."""
        noise = recipe.noise
        for mode, segment in self.modes.items():
            segment.setChecked(mode == noise.mode)
        self.seed.set_seed(noise.seed)
        random = noise.mode == "random"
        for part in (self.seed, self.dice):
            part.setEnabled(random)
        self.seed.setToolTip("" if random else "Only random noise has a seed.")
        self.strength.set_amount(noise.strength)
        self.strength.set_available("Noise is off." if noise.mode == "none" else "")

    def _choose_const(self) -> None:
        self._choose("const")

    def _choose_random(self) -> None:
        self._choose("random")

    def _choose_none(self) -> None:
        self._choose("none")

    def _choose(self, mode: NoiseMode) -> None:
        self._edit(mode=mode, name="Change noise mode")

    def _edit_seed(self, seed: int) -> None:
        self._edit(seed=seed, name="Change noise seed", merge="noise seed")

    def _new_seed(self) -> None:
        self._edit(seed=moves.draw_seed(), name="New noise")

    def _edit_strength(self, strength: float) -> None:
        self._edit(strength=strength, name="Change noise strength", merge="noise strength")

    def _edit(
        self,
        name: str,
        merge: str | None = None,
        mode: NoiseMode | None = None,
        seed: int | None = None,
        strength: float | None = None,
    ) -> None:
        old = self.store.recipe.noise
        noise = Noise(
            old.mode if mode is None else mode,
            old.seed if seed is None else seed,
            old.strength if strength is None else strength,
        )
        self.store.edit(self.store.recipe.with_(noise=noise), name, merge)


def _labelled(name: str, widget: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    label = QLabel(name)
    label.setFixedWidth(LABEL_WIDTH)
    row.addWidget(label)
    row.addWidget(widget, 1)
    return row
