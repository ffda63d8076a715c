"""What is done with directions on the render thread: each job is called with the engine.

Long ones are generators, so that the viewer lives between their pieces, and look at an
event that gives them up.
"""

import threading
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
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
    samples: int = 20_000
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
        from explorer.render import finding

        wish = self._search
        work = finding.find(
            engine.generator(self._ref),
            self._ref,
            wish.method,  # type: ignore[arg-type]
            wish.layers,
            wish.components,
            wish.samples,
            wish.seed,
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


@dataclass(frozen=True, eq=False)
class Offer:
    """What a file of directions holds, made fit for the network in use."""

    path: Path
    directions: tuple["Direction", ...]
    warnings: tuple[str, ...]
    """What to mind, in words; empty where they were made for this very network."""
    author: str = ""
    licence: str = ""


class Read:
    """A file's directions, of ours or of another tool."""

    def __init__(self, path: Path, info: ModelInfo) -> None:
        self._path, self._info = path, info

    def __call__(self, engine: "Engine") -> Offer:
        """Read; nothing is kept yet."""
        from explorer.latents.direction_form import SUFFIX
        from explorer.render.foreign_directions import open_directions
        from explorer.render.known_directions import read_directions

        ref = self._info.ref
        found, warnings = open_directions(self._path, ref, engine.generator(ref))
        if self._path.suffix.lower() != SUFFIX:
            return Offer(self._path, found, warnings)
        whole = read_directions(self._path)
        # Who made them goes with each, wherever it goes from here.
        origin = ", ".join(text for text in (whole.author and f"by {whole.author}", whole.licence) if text)
        if origin:
            found = tuple(replace(one, note="; ".join(filter(None, (one.note, origin)))) for one in found)
        return Offer(self._path, found, warnings, whole.author, whole.licence)


@dataclass(frozen=True, eq=False)
class Export:
    """Directions, into a file."""

    path: Path
    info: ModelInfo
    directions: tuple["Direction", ...]
    author: str = ""
    licence: str = ""

    def __call__(self, engine: "Engine") -> None:
        """Write the file, whole or not at all."""
        from explorer.export.files import write_whole
        from explorer.latents.direction_form import DirectionSet, dumps

        info, known = self.info, self.directions or engine.known.of(self.info.ref)
        if not known:
            raise DirectionError("no directions are known for this network yet; find or import some first")
        found = DirectionSet(
            info.ref, info.num_ws, info.w_dim, known, self.author, self.licence, info.architecture
        )
        write_whole(self.path, dumps(found))


def check(stop: threading.Event) -> None:
    """Raise `CancelledError` where the work was given up."""
    if stop.is_set():
        raise CancelledError("given up")


def small_stop(info: ModelInfo | None, height: int) -> int | None:
    """Where a large network may stop early, if its pictures are shown this high."""
    return None if info is None else min((stop for stop in info.stops if stop >= height), default=None)
