"""Transform: StyleGAN3 draws its picture moved and turned, as one whole with no edge to fill."""

from PySide6.QtWidgets import QLabel, QWidget

from explorer.gui.panels.panel import Panel
from explorer.gui.store import Store
from explorer.gui.widgets.buttons import IconButton
from explorer.gui.widgets.float_slider import FloatSlider
from explorer.recipe import Recipe, Transform
from explorer.render.model_info import ModelInfo

HINT = "Drag the picture with Ctrl to move it, with Ctrl and Shift to turn it; double-click with Ctrl resets"


class TransformPanel(Panel):
    """Shift across, shift down, rotation."""

    TITLE = "Transform"
    KEY = "transform"

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.across = FloatSlider(
            "Across",
            -0.5,
            0.5,
            reach=(-10.0, 10.0),
            origin=0.0,
            ticks=(0.0,),
            tip="x: to the right, in picture widths",
        )
        self.down = FloatSlider(
            "Down",
            -0.5,
            0.5,
            reach=(-10.0, 10.0),
            origin=0.0,
            ticks=(0.0,),
            tip="y: downwards, in picture widths",
        )
        self.rotation = FloatSlider(
            "Rotate",
            -180.0,
            180.0,
            reach=(-3600.0, 3600.0),
            origin=0.0,
            step=1.0,
            decimals=1,
            ticks=(-90.0, 0.0, 90.0),
            tip="Degrees, counter-clockwise",
        )
        for slider, name in ((self.across, "x"), (self.down, "y"), (self.rotation, "rotate")):
            slider.setObjectName(f"transform_{name}_slider")
            slider.sealed.connect(store.seal)
            self.column.addWidget(slider)
        self.across.edited.connect(self._edit_x)
        self.down.edited.connect(self._edit_y)
        self.rotation.edited.connect(self._edit_degrees)
        hint = QLabel(HINT)
        hint.setProperty("role", "hint")
        hint.setWordWrap(True)
        self.column.addWidget(hint)
        self.reset = IconButton("reset", "Reset transform: upright, in the middle")
        self.reset.setObjectName("reset_transform_button")
        self.reset.clicked.connect(self._reset)

    def tools(self) -> tuple[QWidget, ...]:
        """Reset."""
        return (self.reset,)

    def is_shown(self, info: ModelInfo | None) -> bool:
        """Only StyleGAN3 has an input that moves."""
        return info is not None and info.has_transform

    def show_recipe(self, recipe: Recipe, info: ModelInfo | None) -> None:
        """Show the three numbers."""
        self.across.set_amount(recipe.transform.x)
        self.down.set_amount(recipe.transform.y)
        self.rotation.set_amount(recipe.transform.degrees)
        self.reset.setEnabled(recipe.transform != Transform())

    def _edit_x(self, x: float) -> None:
        old = self.store.recipe.transform
        self._edit(Transform(x, old.y, old.degrees), "Move across", "transform x")

    def _edit_y(self, y: float) -> None:
        old = self.store.recipe.transform
        self._edit(Transform(old.x, y, old.degrees), "Move down", "transform y")

    def _edit_degrees(self, degrees: float) -> None:
        old = self.store.recipe.transform
        self._edit(Transform(old.x, old.y, degrees), "Rotate", "transform degrees")

    def _reset(self) -> None:
        self._edit(Transform(), "Reset transform", None)

    def _edit(self, transform: Transform, name: str, merge: str | None) -> None:
        self.store.edit(self.store.recipe.with_(transform=transform), name, merge)
