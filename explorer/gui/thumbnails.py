"""Small pictures of single seeds, drawn on the render thread when it has nothing better to do."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from explorer.gui.render_bridge import RenderBridge, to_bgra, to_image
from explorer.recipe import ModelRef, Noise, Recipe, SeedBlend, StoredLatent
from explorer.render.frame import Frame, RenderRequest

KEPT = 64
"""Pictures kept, so that swapping and undoing show theirs at once."""


class Thumbnails(QObject):
    """Draws the pictures of A and B, one at a time; only the latest wish of each counts.

    Signals
    -------
    ready(str, QImage) : the picture under this key.
    idle : no picture is still to come.
    """

    ready = Signal(str, QImage)
    idle = Signal()

    def __init__(self, bridge: RenderBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._wanted: dict[str, Recipe] = {}
        self._shown: dict[str, Recipe] = {}
        self._kept: dict[Recipe, QImage] = {}
        self._drawing: Recipe | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a picture is still to come."""
        return self._drawing is not None or bool(self._wanted)

    def want(self, key: str, recipe: Recipe) -> None:
        """Ask for the picture of `recipe` under `key`."""
        if self._shown.get(key) == recipe:
            self._wanted.pop(key, None)
            return
        self._wanted[key] = recipe
        self._next()

    def _next(self) -> None:
        if self._drawing is not None:
            return
        for key, recipe in list(self._wanted.items()):
            if recipe in self._kept:
                self._show(key, recipe)
        if self._wanted:
            self._drawing = next(iter(self._wanted.values()))
            self._bridge.call(_Draw(self._drawing), self._drawn)
        else:
            self.idle.emit()

    def _drawn(self, result: Frame | Exception) -> None:
        recipe, self._drawing = self._drawing, None
        if recipe is None:
            return
        if isinstance(result, Exception):
            # The viewer says what went wrong; a thumbnail just stays as it was.
            self._wanted = {key: other for key, other in self._wanted.items() if other != recipe}
        else:
            self._kept[recipe] = to_image(to_bgra(result.pixels))
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        self._next()

    def _show(self, key: str, recipe: Recipe) -> None:
        del self._wanted[key]
        self._shown[key] = recipe
        self.ready.emit(key, self._kept[recipe])


class _Draw:
    """Draw one recipe on the render thread."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe

    def __call__(self, engine: object) -> Frame:
        return engine.render(RenderRequest(self._recipe))  # type: ignore[attr-defined]


def portrait(model: ModelRef, base: SeedBlend | StoredLatent, recipe: Recipe) -> Recipe:
    """Recipe of one base alone, truncated like `recipe`: what A or B would be by itself."""
    return Recipe(
        model=model,
        base=base,
        class_index=recipe.class_index,
        class_mix=recipe.class_mix,
        psi=recipe.psi,
        cutoff=recipe.cutoff,
        noise=Noise(),
        transform=recipe.transform,
    )
