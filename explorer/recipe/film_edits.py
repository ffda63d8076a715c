"""The edits a hand makes on a timeline, as pure functions from film to film.

Each returns a film that is whole: keyframes in order, the first at 0, a loop long
enough. A panel passes what these return to `Store.edit_film`.
"""

import math
from collections.abc import Sequence
from typing import Any

from explorer.errors import RecipeError
from explorer.recipe.film import MAX_SECONDS, Film, Keyframe, Keys
from explorer.recipe.recipe import Recipe

STEP = 2.0
"""Seconds from one keyframe to the next, where nobody said."""


def film_of(recipes: Sequence[Recipe], seconds: float | None = None, **settings: Any) -> Film:
    """Make a film that visits recipes at equal distances.

    Parameters
    ----------
    recipes : one or more, of one network.
    seconds : playing time; `STEP` from key to key where not given.
    settings : `fps`, `loop`, `size` of the film; `easing`, `path`, `space`, `noise_loop` of every key.
    """
    return grid_of([recipes], 1, seconds, **settings)


def grid_of(
    rows_of_recipes: Sequence[Sequence[Recipe]], columns: int, seconds: float | None = None, **settings: Any
) -> Film:
    """Make a film of several cells, each visiting recipes of its own at equal distances; see `film_of`."""
    of_film = {name: settings.pop(name) for name in ("fps", "loop", "size") if name in settings}
    fps, loop = of_film.get("fps", Film.__dataclass_fields__["fps"].default), of_film.get("loop", False)
    most = max((len(recipes) for recipes in rows_of_recipes), default=0)
    if seconds is None:
        seconds = STEP * (most if loop else max(1, most - 1))
        last = seconds
    else:
        # The last of N frames is the last keyframe, so that the film has N and not N + 1.
        last = max(0.0, (max(1, int(seconds * fps + 0.5)) - 1) / fps)
    cells = []
    for recipes in rows_of_recipes:
        distance = seconds / len(recipes) if loop else last / max(1, len(recipes) - 1)
        keys = [Keyframe(recipe, distance * i, **settings) for i, recipe in enumerate(recipes)]
        if len(keys) == 1 and not loop:
            keys[0] = keys[0].with_(hold=last)
        cells.append(tuple(keys))
    return Film(tuple(cells), columns=columns, length=seconds if loop else 0.0, **of_film)


def circular_walk(recipe: Recipe, towards: Recipe, seconds: float, **settings: Any) -> Film:
    """Make a loop once round the great circle of Z through two seeds.

    Two random points of Z stand at nearly a right angle, so the first leg gets a
    quarter of the time and the way round the other three.
    """
    keys = (
        Keyframe(recipe, 0.0, path="slerp", space="z"),
        Keyframe(towards, seconds / 4, path="circle", space="z"),
    )
    return Film((keys,), loop=True, length=seconds, **settings)


def add_key(film: Film, recipe: Recipe, time: float | None = None, cell: int = 0) -> Film:
    """Put a recipe on the timeline.

    Parameters
    ----------
    time : seconds; None puts it after the last keyframe, `STEP` later. It takes easing
        and path from the keyframe before it.
    """
    keys = film.cells[cell]
    if time is None:
        time = keys[-1].time + keys[-1].hold + STEP
    before = max((key for key in keys if key.time <= time), key=lambda key: key.time, default=keys[0])
    return _arranged(film, (*keys, before.with_(recipe=recipe, time=_bounded(time), hold=0.0)), cell)


def move_key(film: Film, index: int, time: float, cell: int = 0) -> Film:
    """Move a keyframe to another time, past others where that is its way.

    Moved to before 0 it becomes the first, at 0. Where the first is moved, the one that is
    then the earliest starts the film, and all keep their distances.
    """
    keys = _keys(film, index, cell)
    return _arranged(film, _replaced(keys, index, keys[index].with_(time=_bounded(time))), cell)


def reorder_key(film: Film, index: int, place: int, cell: int = 0) -> Film:
    """Move a keyframe to another place in the row; the times stay, the recipes change seats."""
    keys = list(_keys(film, index, cell))
    times = [key.time for key in keys]
    keys.insert(min(max(place, 0), len(keys) - 1), keys.pop(index))
    return _with_cell(film, tuple(key.with_(time=time) for key, time in zip(keys, times, strict=True)), cell)


def duplicate_key(film: Film, index: int, time: float | None = None, cell: int = 0) -> Film:
    """Copy a keyframe to `time`; None puts the copy halfway to the next, or `STEP` later at the end."""
    keys = _keys(film, index, cell)
    key = keys[index]
    if time is None and index + 1 < len(keys):
        time = (key.time + keys[index + 1].time) / 2
    elif time is None:
        time = key.time + key.hold + STEP
    return _arranged(film, (*keys[: index + 1], key.with_(time=_bounded(time)), *keys[index + 1 :]), cell)


def delete_key(film: Film, index: int, cell: int = 0) -> Film:
    """Take a keyframe out; the last one of a cell stays."""
    keys = _keys(film, index, cell)
    if len(keys) == 1:
        return film
    return _arranged(film, keys[:index] + keys[index + 1 :], cell)


def place_after_move(film: Film, index: int, time: float, cell: int = 0) -> int:
    """Index a keyframe has after `move_key` with the same arguments."""
    times = [key.time for key in _keys(film, index, cell)]
    times[index] = _bounded(time)
    return sorted(range(len(times)), key=times.__getitem__).index(index)


def insert_film(film: Film, other: Film, time: float, cell: int = 0) -> Film:
    """Put the keyframes of another film's first cell on the timeline, beginning at `time`."""
    added = tuple(key.with_(time=_bounded(key.time + time)) for key in other.keys)
    return _arranged(film, (*film.cells[cell], *added), cell)


def beside(film: Film, other: Film) -> Film:
    """Let the cells of another film play beside those of this one; as many in a row as fill it."""
    cells = (*film.cells, *other.cells)
    length = max(film.length, other.length, _shortest(cells, film.fps)) if film.loop else film.length
    return film.with_(cells=cells, columns=_widest(len(cells)), length=length)


def without_cell(film: Film, cell: int) -> Film:
    """Take one of several films out; the last one stays."""
    if len(film.cells) == 1:
        return film
    cells = film.cells[:cell] + film.cells[cell + 1 :]
    return film.with_(cells=cells, columns=_widest(len(cells)))


def shapes(film: Film) -> tuple[int, ...]:
    """Numbers of columns that the cells of a film fill."""
    count = len(film.cells)
    return tuple(columns for columns in range(1, count + 1) if count % columns == 0)


def change_key(film: Film, index: int, cell: int = 0, **changes: Any) -> Film:
    """Change `recipe`, `hold`, `easing`, `path`, `space` or `noise_loop` of a keyframe."""
    keys = _keys(film, index, cell)
    return _arranged(film, _replaced(keys, index, keys[index].with_(**changes)), cell)


def with_ways_of(film: Film, index: int, cell: int = 0) -> Film:
    """Give all ways of a cell easing, path, space and noise of the way from one keyframe."""
    way = _keys(film, index, cell)[index]
    keys = tuple(
        key.with_(easing=way.easing, path=way.path, space=way.space, noise_loop=way.noise_loop)
        for key in film.cells[cell]
    )
    return _with_cell(film, keys, cell)


def with_loop(film: Film, loop: bool, length: float | None = None) -> Film:
    """Close a film to a loop of `length` seconds, or open it.

    Without a `length` the way back takes as long as the mean way from key to key.
    """
    if not loop:
        return film.with_(loop=False)
    end = max(keys[-1].time + keys[-1].hold for keys in film.cells)
    if length is None:
        ways = max(len(keys) for keys in film.cells) - 1
        length = end + (end / ways if ways and end else STEP)
    return film.with_(loop=True, length=max(_bounded(length), _shortest(film.cells, film.fps)))


def stretched(film: Film, factor: float) -> Film:
    """Play slower (above 1) or faster (below 1)."""
    cells = tuple(
        tuple(key.with_(time=key.time * factor, hold=key.hold * factor) for key in keys)
        for keys in film.cells
    )
    return film.with_(cells=cells, length=film.length * factor)


def snapped(film: Film, marks: Sequence[float], within: float = 0.25, cell: int = 0) -> Film:
    """Move keyframes onto the nearest of `marks`, seconds in rising order, where one is near enough.

    The first keyframe stays; two keyframes never meet on one mark.
    """
    keys = list(film.cells[cell])
    taken = {0.0}
    for index in range(1, len(keys)):
        free = [mark for mark in marks if mark not in taken and mark > keys[index - 1].time]
        nearest = min(free, key=lambda mark: abs(mark - keys[index].time), default=None)
        if nearest is not None and abs(nearest - keys[index].time) <= within:
            keys[index] = keys[index].with_(time=_bounded(nearest))
            taken.add(nearest)
    return _arranged(film, tuple(keys), cell)


def lasting(film: Film, seconds: float) -> Film:
    """Play in `seconds`, to the frame; a film of one still picture stands that long."""
    frames = max(1, int(seconds * film.fps + 0.5))
    if film.loop:
        return stretched(film, seconds / film.length)
    wanted = (frames - 1) / film.fps
    end = _shortest(film.cells, film.fps) - 1 / film.fps
    if end:
        return stretched(film, wanted / end)
    return film.with_(cells=tuple((keys[0].with_(hold=wanted),) for keys in film.cells))


def _keys(film: Film, index: int, cell: int) -> Keys:
    if not 0 <= cell < len(film.cells) or not 0 <= index < len(film.cells[cell]):
        raise RecipeError(f"there is no keyframe {index} in cell {cell} of this film")
    return film.cells[cell]


def _replaced(keys: Keys, index: int, key: Keyframe) -> Keys:
    return (*keys[:index], key, *keys[index + 1 :])


def _arranged(film: Film, keys: Keys, cell: int) -> Film:
    """Film with `keys` sorted by time and shifted so that the first stands at 0."""
    ordered = sorted(keys, key=lambda key: key.time)
    first = ordered[0].time
    shifted = tuple(key if first == 0 else key.with_(time=key.time - first) for key in ordered)
    return _with_cell(film, shifted, cell)


def _with_cell(film: Film, keys: Keys, cell: int) -> Film:
    cells = (*film.cells[:cell], keys, *film.cells[cell + 1 :])
    length = max(film.length, _shortest(cells, film.fps)) if film.loop else film.length
    return film.with_(cells=cells, length=length)


def _shortest(cells: tuple[Keys, ...], fps: float) -> float:
    """Seconds a loop takes at least: one frame to come back from the last key."""
    return max(keys[-1].time + keys[-1].hold for keys in cells) + 1 / fps


def _widest(count: int) -> int:
    """Columns of the grid nearest to a square that `count` cells fill; wider than high."""
    rows = max(rows for rows in range(1, math.isqrt(count) + 1) if count % rows == 0)
    return count // rows


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), MAX_SECONDS)
