"""Projection on the render thread: a piece at a time, the viewer first, pictures of the best on the way."""

import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

from explorer.gui.render_bridge import to_bgra, to_image
from explorer.recipe import ModelRef, Recipe

if TYPE_CHECKING:
    from explorer.projection import Crop, Progress, Settings, SuppliedPicture
    from explorer.render.engine import Engine

SHOWN_EVERY = 0.12
"""Seconds between two pictures of the way; converting more would cost steps."""


@dataclass(frozen=True, eq=False)
class Seen:
    """Where the search stands, as the page shows it."""

    done: int
    steps: int
    loss: float
    psnr: float
    seconds_left: float | None
    image: QImage | None
    """The best so far; None where it is the one shown before."""


@dataclass(frozen=True, eq=False)
class Found:
    """How a search ended."""

    recipe: Recipe
    done: int
    psnr: float
    image: QImage


class ProjectionJob:
    """Work for `RenderBridge.call`: a generator, one piece of a step per turn of the render thread.

    Parameters
    ----------
    enough : set to end with the best so far.
    given_up : set to end with nothing.
    tell : called on the render thread.
    """

    def __init__(
        self,
        ref: ModelRef,
        picture: "SuppliedPicture",
        crop: "Crop",
        settings: "Settings",
        with_features: bool,
        enough: threading.Event,
        given_up: threading.Event,
        tell: Callable[[Seen], None],
    ) -> None:
        self._ref, self._picture, self._crop, self._settings = ref, picture, crop, settings
        self._with_features, self._tell = with_features, tell
        self._enough, self._given_up = enough, given_up

    def __call__(self, engine: "Engine") -> Generator[None, None, Found | None]:
        """Search; the result is None where it was given up."""
        from explorer.projection import perceptual, project, recipe_of

        generator = engine.generator(self._ref)
        target = self._picture.cut(self._crop, generator.width, generator.resolution)
        features = perceptual.load(generator.device) if self._with_features else None
        best: Progress | None = None
        began = shown = time.monotonic()
        first = 0.0
        for progress in project(generator, target, self._settings, features):
            if self._given_up.is_set():
                return None
            if progress is not None:
                best = progress
                now = time.monotonic()
                first = first or (now if progress.done else 0.0)
                if now - shown >= SHOWN_EVERY or progress.is_last:
                    shown = now
                    self._tell(_seen(progress, now - (first or began)))
                if self._enough.is_set() and progress.done:
                    break
            yield
        assert best is not None, "a search has at least one step"
        return Found(recipe_of(self._ref, best, self._picture.sha256), best.done, best.psnr, _image(best))


def _seen(progress: "Progress", spent: float) -> Seen:
    left = None
    if progress.done > 1:
        left = spent / (progress.done - 1) * (progress.steps - progress.done)
    image = None if progress.image is None else _image(progress)
    return Seen(progress.done, progress.steps, progress.loss, progress.psnr, left, image)


def _image(progress: "Progress") -> QImage:
    """Render thread."""
    from explorer.render.pixels import to_pixels

    assert progress.image is not None, "there is a picture from the first step on"
    return to_image(to_bgra(to_pixels(progress.image)))
