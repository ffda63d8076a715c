"""What a frame of a film looks like, as a key: two frames with equal looks are one picture.

Moving a keyframe in time changes the film but few of its pictures, so small pictures are
kept by their looks.
"""

from collections.abc import Hashable

from explorer.recipe import Film, Moment, Recipe

FINENESS = 1000
"""Small pictures nearer to each other than this part of the way are one."""


def look_of(film: Film, number: int, cell: int) -> Hashable:
    """Everything the picture of a frame depends on."""
    moment = Moment(film, number, cell)
    place, keys = moment.place, film.cells[cell]
    key = keys[place.before]
    if moment.is_key:
        return key.recipe
    ends: tuple[Recipe, ...] = (key.recipe, keys[place.after].recipe)
    if key.path == "spline":
        ends = tuple(other.recipe for other in keys)
    at = (place.before, round(place.eased * FINENESS), round(place.t * FINENESS) if key.noise_loop else 0)
    return (ends, key.path, key.space, key.noise_loop, at if key.path == "spline" else at[1:])
