"""`Film`: recipes in time, as a small frozen value.

A film is one or more cells of a grid; each cell is a row of keyframes, and a
keyframe is a whole recipe, so whatever a recipe holds can move. Times are in
seconds; frames are counted from 0, and a keyframe lies on the frame nearest to
its time, whatever the rate, so it is always met exactly.

A frame of a film is a `Moment`; what is drawn there is decided by
`explorer.latents.film`.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

from explorer.errors import RecipeError
from explorer.recipe.easing import EASINGS, ease
from explorer.recipe.recipe import ModelRef, Recipe

Path = Literal["linear", "slerp", "spline", "circle"]
PATHS: tuple[Path, ...] = ("linear", "slerp", "spline", "circle")
"""Ways to the next keyframe: a straight line; a great circle; a smooth closed curve
through all keyframes; the great circle the other, longer way round."""

Space = Literal["w", "z"]
SPACES: tuple[Space, ...] = ("w", "z")

MAX_SECONDS = 24 * 3600.0
MAX_KEYS = 1000
MAX_CELLS = 1024
MAX_FPS = 240.0
MAX_SIZE = 8192


def _need(condition: bool, message: str) -> None:
    if not condition:
        raise RecipeError(message)


def _number(value: float, what: str, low: float, high: float) -> None:
    _need(
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and low <= value <= high,
        f"{what} is a number from {low:g} to {high:g}, not {value!r:.60}",
    )


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A recipe at a time, and the way from it to the next one."""

    recipe: Recipe
    time: float = 0.0
    """Seconds from the beginning of the film."""
    hold: float = 0.0
    """Seconds the picture stands before it sets out for the next keyframe."""
    easing: str = "linear"
    """Name of a curve in `EASINGS`."""
    path: Path = "linear"
    space: Space = "w"
    """Where the path runs: in W, or between the seeds' points of Z (where both
    keyframes start from a single seed; otherwise in W)."""
    noise_loop: bool = False
    """Let the noise make one full turn on the way, and come back to what it was."""

    def __post_init__(self) -> None:
        _number(self.time, "the time of a keyframe", 0, MAX_SECONDS)
        _number(self.hold, "the hold of a keyframe", 0, MAX_SECONDS)
        _need(self.easing in EASINGS, f"unknown easing {self.easing!r:.60}; easings are {', '.join(EASINGS)}")
        _need(self.path in PATHS, f"unknown path {self.path!r:.60}; paths are {', '.join(PATHS)}")
        _need(self.space in SPACES, f"unknown space {self.space!r:.60}; spaces are w, z")
        _need(isinstance(self.noise_loop, bool), "noise_loop is true or false")

    def with_(self, **changes: Any) -> "Keyframe":
        """Return a copy with some fields changed."""
        return replace(self, **changes)


Keys = tuple[Keyframe, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a frame lies between keyframes."""

    before: int
    """Index of the keyframe it comes from."""
    after: int
    """Index of the keyframe it goes to; the same as `before` where the picture stands."""
    t: float = 0.0
    """Part of the way, by the clock: 0 at `before`, below 1."""
    eased: float = 0.0
    """Part of the way, by the easing; may swing below 0 and above 1."""


@dataclass(frozen=True, slots=True)
class Film:
    """Keyframes in time. One cell as a rule; several play side by side, `columns` in a row."""

    cells: tuple[Keys, ...]
    """Keyframes of each cell, by time; the first at 0."""
    fps: float = 30.0
    """Frames per second, 1 to 240."""
    loop: bool = False
    """Whether each cell leads back to its first keyframe, so that the film can run on without a seam."""
    length: float = 0.0
    """Seconds after which a loop begins again. Of no meaning in a film that is no loop: that
    ends with its last keyframe."""
    columns: int = 1
    size: int | None = None
    """Height of a cell in pixels; None leaves it as the network draws it."""

    def __post_init__(self) -> None:
        _number(self.fps, "the rate of a film in frames per second", 1, MAX_FPS)
        _number(self.length, "the length of a loop in seconds", 0, MAX_SECONDS)
        _need(isinstance(self.loop, bool), "loop is true or false")
        _need(
            self.size is None
            or (
                isinstance(self.size, int) and not isinstance(self.size, bool) and 1 <= self.size <= MAX_SIZE
            ),
            f"the size of a film is a whole number of pixels from 1 to {MAX_SIZE}, not {self.size!r:.60}",
        )
        _need(1 <= len(self.cells) <= MAX_CELLS, f"a film has 1 to {MAX_CELLS} cells")
        _need(
            isinstance(self.columns, int)
            and not isinstance(self.columns, bool)
            and 1 <= self.columns <= len(self.cells),
            f"{len(self.cells)} cells stand in 1 to {len(self.cells)} columns, not {self.columns!r:.60}",
        )
        _need(
            len(self.cells) % self.columns == 0, f"{len(self.cells)} cells do not fill {self.columns} columns"
        )
        for keys in self.cells:
            self._check(keys)
        _need(
            all(key.recipe.model == self.model for keys in self.cells for key in keys),
            "all keyframes of a film are drawn by the same network",
        )

    def _check(self, keys: Keys) -> None:
        _need(1 <= len(keys) <= MAX_KEYS, f"a film has 1 to {MAX_KEYS} keyframes")
        _need(keys[0].time == 0, "the first keyframe of a film stands at 0 seconds")
        times = [key.time for key in keys]
        _need(times == sorted(times), "keyframes stand in the order of their times")
        _need(
            not self.loop or self.length > times[-1],
            f"a loop of {self.length:g} seconds has to end after its last keyframe, at {times[-1]:g} seconds",
        )

    def with_(self, **changes: Any) -> "Film":
        """Return a copy with some fields changed: the only way to edit a film."""
        return replace(self, **changes)

    @property
    def keys(self) -> Keys:
        """Keyframes of the first cell: all there are, where the film is no grid."""
        return self.cells[0]

    @property
    def model(self) -> ModelRef:
        """Network that draws it."""
        return self.cells[0][0].recipe.model

    @property
    def rows(self) -> int:
        """Rows of the grid of cells."""
        return len(self.cells) // self.columns

    @property
    def frames(self) -> int:
        """Number of frames. The frame after the last of a loop would be frame 0."""
        if self.loop:
            return max(1, self.frame_at(self.length))
        return 1 + max(self.frame_at(keys[-1].time + keys[-1].hold) for keys in self.cells)

    @property
    def seconds(self) -> float:
        """Time it takes to play."""
        return self.frames / self.fps

    def frame_at(self, seconds: float) -> int:
        """Frame nearest to a time; halves go up."""
        return math.floor(seconds * self.fps + 0.5)

    def place(self, number: int, cell: int = 0) -> Place:
        """Tell between which keyframes frame `number` lies.

        A loop goes on for ever: frame `frames` is frame 0. A film that is no loop
        stands on its last keyframe.

        Raises
        ------
        RecipeError
            If the number is negative, or there is no such cell.
        """
        _need(number >= 0, f"frames are counted from 0; there is no frame {number}")
        _need(0 <= cell < len(self.cells), f"there is no cell {cell} in this film")
        keys = self.cells[cell]
        if self.loop:
            number %= self.frames
        # Two keyframes on one frame are a cut: the later one is seen.
        before = max(i for i, key in enumerate(keys) if self.frame_at(key.time) <= number or i == 0)
        key = keys[before]
        if before + 1 < len(keys):
            after, end = before + 1, self.frame_at(keys[before + 1].time)
        elif self.loop:
            after, end = 0, self.frames
        else:
            return Place(before, before)
        # A hold as long as the way, or longer, leaves a single frame's jump.
        start = min(self.frame_at(key.time + key.hold), end - 1)
        if number <= start:
            return Place(before, before)
        t = (number - start) / (end - start)
        eased = ease(key.easing, t)
        return Place(before, before if eased == 0 else after, t, eased)


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame of one cell of a film: a picture is a pure function of it, as of a recipe."""

    film: Film
    number: int
    cell: int = 0

    def __post_init__(self) -> None:
        self.film.place(self.number, self.cell)  # refuses what is not there

    @property
    def place(self) -> Place:
        """Where it lies between keyframes."""
        return self.film.place(self.number, self.cell)

    @property
    def recipe(self) -> Recipe:
        """Recipe of the keyframe it comes from."""
        return self.film.cells[self.cell][self.place.before].recipe

    @property
    def is_key(self) -> bool:
        """Whether `recipe` is the whole truth: the picture stands on a keyframe."""
        place = self.place
        turns = self.film.cells[self.cell][place.before].noise_loop and place.t != 0
        return place.before == place.after and not turns
