"""What is done with directions on the render thread: each job is called with the engine.

Long ones are generators, so that the viewer lives between their pieces, and look at an
event that gives them up.
"""

import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

from explorer.errors import DirectionError
from explorer.gui.render_bridge import to_bgra, to_image
from explorer.recipe import Layers, ModelRef, Recipe
from explorer.render.frame import RenderRequest
from explorer.render.model_info import ModelInfo

if TYPE_CHECKING:
    from explorer.latents import Direction
    from explorer.render.engine import Engine

FIRST = 10
"""Directions of a search without questions."""


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for."""

    method: str = "pca"
    layers: Layers = "all"
    components: int = FIRST
    seed: int = 0


class List:
    """What is known, on the render thread."""

    def __init__(self, ref: ModelRef) -> None:
        self._ref = ref

    def __call__(self, engine: "Engine") -> tuple[tuple["Direction", ...], frozenset[str]]:
        """Name them, those that came first, and the names of the own ones."""
        known = engine.known.of(self._ref)
        return known, frozenset(d.name for d in known if engine.known.is_own(self._ref, d.name))


class Find:
    """A search, piece by piece."""

    def __init__(
        self, ref: ModelRef, search: Search, stop: threading.Event, tell: Callable[[int, int], None]
    ) -> None:
        self._ref, self._search, self._stop, self._tell = ref, search, stop, tell

    def __call__(self, engine: "Engine") -> Generator[None, None, list["Direction"]]:
        """Search; gives the directions."""
        from explorer.latents import discovery

        wish = self._search
        work = discovery.find(
            engine.generator(self._ref),
            wish.method,  # type: ignore[arg-type]
            wish.layers,
            wish.components,
            seed=wish.seed,
        )
        while True:
            check(self._stop)
            try:
                self._tell(*next(work))
            except StopIteration as end:
                return list(end.value)
            yield


class Draw:
    """Pictures, one at a time, so that the viewer lives."""

    def __init__(self, recipes: tuple[Recipe, ...], stop: int | None, cancelled: threading.Event) -> None:
        self._recipes, self._stop, self._cancelled = recipes, stop, cancelled

    def __call__(self, engine: "Engine") -> Generator[None, None, list[QImage]]:
        """Draw; gives the images."""
        images = []
        for recipe in self._recipes:
            check(self._cancelled)
            frame = engine.render(RenderRequest(recipe, stop=self._stop))
            images.append(to_image(to_bgra(frame.pixels)))
            yield
        return images


class Import:
    """A file's directions, kept."""

    def __init__(self, path: Path, info: ModelInfo) -> None:
        self._path, self._info = path, info

    def __call__(self, engine: "Engine") -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Read and keep; gives the names they got, and what to mind."""
        from explorer.render.foreign_directions import open_directions

        info = self._info
        found, warnings = open_directions(self._path, info.ref, engine.generator(info.ref))
        return engine.known.keep(info.ref, info.num_ws, info.w_dim, found), warnings


class Export:
    """Everything known, into a file."""

    def __init__(self, path: Path, info: ModelInfo, directions: Sequence["Direction"] | None) -> None:
        self._path, self._info, self._directions = path, info, directions

    def __call__(self, engine: "Engine") -> None:
        """Write the file, whole or not at all."""
        from explorer.export.files import write_whole
        from explorer.latents.direction_form import DirectionSet, dumps

        info = self._info
        known = engine.known.of(info.ref) if self._directions is None else tuple(self._directions)
        if not known:
            raise DirectionError("no directions are known for this network yet; find or import some first")
        write_whole(self._path, dumps(DirectionSet(info.ref, info.num_ws, info.w_dim, known)))


def check(stop: threading.Event) -> None:
    """Raise `CancelledError` where the work was given up."""
    if stop.is_set():
        raise CancelledError("given up")


def small_stop(info: ModelInfo | None, height: int) -> int | None:
    """Where a large network may stop early, if its pictures are shown this high."""
    return None if info is None else min((stop for stop in info.stops if stop >= height), default=None)
