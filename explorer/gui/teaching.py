"""The teacher's desk: which faces to ask about, and what the marks so far tell.

Points and pictures come from the render thread, which owns the network; the learning
itself is plain numbers and runs beside the files. Answers come home as calls.
"""

import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from explorer.gui.direction_jobs import Draw, check
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.tasks import Tasks
from explorer.recipe import Layers, ModelRef, Recipe, SeedBlend
from explorer.recipe.edits import rows_of
from explorer.recipe.marked_pictures import MarkedPictures
from explorer.render.model_info import ModelInfo

if TYPE_CHECKING:
    from explorer.latents import Direction
    from explorer.latents.discovery import Statistics
    from explorer.latents.learning import Learned
    from explorer.render.engine import Engine

FEWEST = 8
"""Marks of each kind from which a direction is worth keeping; `latents.learning` has the same."""
FIRST = 2
"""Marks of each kind from which there is anything to see."""
SAMPLES = 20_000
"""Latents for the statistics of W."""
PSI = 0.7
"""Truncation of the faces asked about: as people know them, and yet different."""

Point = NDArray[np.float64]


@dataclass(frozen=True)
class Lesson:
    """What a direction is to be learned from, and how."""

    marks: MarkedPictures
    keep: tuple["Direction", ...] = ()
    """Directions whose measure stays."""
    layers: Layers = "all"


class TeachingDesk(QObject):
    """Asks, learns and draws for the network in use. Nothing here waits."""

    def __init__(self, bridge: RenderBridge, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._tasks = bridge, tasks
        self._info: ModelInfo | None = None
        self._stop = threading.Event()
        self._memory = _Memory()

    @property
    def info(self) -> ModelInfo | None:
        """Network in use."""
        return self._info

    def show_network(self, info: ModelInfo) -> None:
        """Another network is in use; what is under way is given up."""
        self.cancel()
        if self._info is None or self._info.ref != info.ref:
            self._info, self._memory = info, _Memory()

    def cancel(self) -> None:
        """Give up what is under way."""
        self._stop.set()
        self._stop = threading.Event()

    def propose(self, lesson: Lesson, seen: Sequence[int], count: int, done: Callable[[Any], None]) -> None:
        """Choose faces to ask about, the most informative first; `done` gets recipes, or the error."""
        if self._info is not None:
            self._bridge.call(_Propose(self._info.ref, lesson, seen, count, self._memory, self._stop), done)

    def learn(self, lesson: Lesson, done: Callable[[Any], None]) -> None:
        """Learn the direction; `done` gets a `Learned`, or the error."""
        if self._info is not None:
            job = _Points(self._info.ref, lesson, self._memory, self._stop)
            self._bridge.call(job, partial(self._have_points, lesson, done))

    def draw(self, recipes: Sequence[Recipe], done: Callable[[Any], None], stop: int | None = None) -> None:
        """Draw small pictures; `done` gets the images, or the error."""
        self._bridge.call(Draw(tuple(recipes), stop, self._stop), done)

    def _have_points(self, lesson: Lesson, done: Callable[[Any], None], result: Any) -> None:
        if isinstance(result, Exception):
            done(result)
        else:
            more, less, stats = result
            self._tasks.run(partial(_learn, more, less, stats, lesson), done)


def face_of(model: ModelRef, seed: int) -> Recipe:
    """The face of a seed as it is asked about."""
    return Recipe(model, base=SeedBlend.of(seed), psi=PSI)


class _Memory:
    """What the render thread worked out for one network, and need not work out again."""

    def __init__(self) -> None:
        self.stats: Statistics | None = None
        self.points: dict[tuple[Recipe, Layers], Point] = {}

    def statistics(self, engine: "Engine", ref: ModelRef) -> Generator[None, None, "Statistics"]:
        """Mean and covariance of W, piece by piece."""
        from explorer.render.finding import statistics_of

        if self.stats is None:
            work = statistics_of(engine.generator(ref), ref, SAMPLES)
            while True:
                try:
                    next(work)
                except StopIteration as end:
                    self.stats = end.value
                    break
                yield
        return self.stats

    def points_of(
        self, engine: "Engine", ref: ModelRef, recipes: Sequence[Recipe], layers: Layers
    ) -> Generator[None, None, Point]:
        """Points of W of pictures, untruncated: [N, w_dim]."""
        for recipe in recipes:
            if (recipe, layers) not in self.points:
                self.points[recipe, layers] = point_of(engine, ref, recipe, layers)
                yield
        width = engine.generator(ref).w_dim
        return np.stack([self.points[recipe, layers] for recipe in recipes] or [np.zeros((0,))]).reshape(
            len(recipes), width
        )


def point_of(engine: "Engine", ref: ModelRef, recipe: Recipe, layers: Layers) -> Point:
    """The point of W that a picture shows: the mean of its rows, as if it were not truncated: [w_dim].

    A picture near the average tells the same as the untruncated one behind it.
    """
    from explorer.latents import compose

    generator = engine.generator(ref)
    rows = rows_of(layers, generator.num_ws) or rows_of("all", generator.num_ws)

    def mean(of: Recipe) -> Point:
        ws = compose(of, generator, directions=engine.directions_of(ref))
        values: Point = ws[0, list(rows)].mean(0).cpu().double().numpy()
        return values

    shown = mean(recipe)
    if not 0.3 <= recipe.psi < 1 or recipe.cutoff is not None:
        return shown
    average = mean(recipe.with_(psi=0.0, directions=()))
    return average + (shown - average) / recipe.psi


class _Points:
    """Points of both kinds of marks, and the statistics of W."""

    def __init__(self, ref: ModelRef, lesson: Lesson, memory: _Memory, stop: threading.Event) -> None:
        self._ref, self._lesson, self._memory, self._stop = ref, lesson, memory, stop

    def __call__(self, engine: "Engine") -> Generator[None, None, tuple[Point, Point, "Statistics"]]:
        check(self._stop)
        stats = yield from self._memory.statistics(engine, self._ref)
        kinds = []
        for is_more in (True, False):
            recipes = self._lesson.marks.of(is_more)
            points = yield from self._memory.points_of(engine, self._ref, recipes, self._lesson.layers)
            kinds.append(points)
            check(self._stop)
        return kinds[0], kinds[1], stats


class _Propose:
    """Faces to ask about, one by one."""

    def __init__(
        self,
        ref: ModelRef,
        lesson: Lesson,
        seen: Sequence[int],
        count: int,
        memory: _Memory,
        stop: threading.Event,
    ) -> None:
        self._points = _Points(ref, lesson, memory, stop)
        self._ref, self._keep, self._count, self._stop = ref, lesson.keep, count, stop
        self._seen = tuple(seen)

    def __call__(self, engine: "Engine") -> Generator[None, None, list[Recipe]]:
        from explorer.latents.learning import propose

        more, less, stats = yield from self._points(engine)
        generator = engine.generator(self._ref)
        # A new pool each time: its faces are seen soon, and there are always others.
        work = propose(
            generator, stats, more, less, self._count, seed=len(self._seen), seen=self._seen, keep=self._keep
        )
        faces = []
        for proposal in work:
            check(self._stop)
            faces.append(face_of(self._ref, proposal.seed))
            yield
        return faces


def _learn(more: Point, less: Point, stats: "Statistics", lesson: Lesson) -> "Learned":
    """Learn from points. Background thread."""
    from explorer.latents.learning import learn

    learned = learn(more, less, stats, lesson.marks.name or "learned", lesson.keep, lesson.layers)
    note = "; ".join(text for text in (lesson.marks.note, learned.direction.note) if text)
    return replace(learned, direction=replace(learned.direction, note=note))
