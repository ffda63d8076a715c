"""Small pictures of single seeds, drawn on the render thread when it has nothing better to do."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from explorer.gui.render_bridge import RenderBridge
from explorer.gui.small_pictures import DrawSmall
from explorer.recipe import ModelRef, Noise, Recipe, SeedBlend, StoredLatent
from explorer.render.frame import RenderRequest

SIDE = 208
"""Height that is kept, in pixels: twice the largest that is shown, for screens with fine pixels."""


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
        # Kept, so that swapping and undoing show theirs at once.
        self._kept = bridge.kept
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
            image = self._kept.get(recipe)
            if image is not None:
                self._show(key, recipe, image)
        if self._wanted:
            self._drawing = next(iter(self._wanted.values()))
            self._bridge.call(DrawSmall(RenderRequest(self._drawing), SIDE), self._drawn)
        else:
            self.idle.emit()

    def _drawn(self, result: QImage | Exception) -> None:
        recipe, self._drawing = self._drawing, None
        if recipe is None:
            return
        if isinstance(result, Exception):
            # The viewer says what went wrong; a thumbnail just stays as it was.
            self._wanted = {key: other for key, other in self._wanted.items() if other != recipe}
        else:
            self._kept.put(recipe, result)
        self._next()

    def _show(self, key: str, recipe: Recipe, image: QImage) -> None:
        del self._wanted[key]
        self._shown[key] = recipe
        self.ready.emit(key, image)


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
