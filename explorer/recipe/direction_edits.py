"""Edits of directions, as pure functions from recipe to recipe.

A push is named by its direction and its place among the pushes of that name: the same
direction may act on coarse rows and, by another amount, on fine ones.
"""

from collections.abc import Sequence
from dataclasses import replace

from explorer.recipe.edits import rows_of
from explorer.recipe.recipe import Layers, Push, Recipe


def pushes_of(recipe: Recipe, name: str) -> tuple[Push, ...]:
    """All pushes along one direction, in order."""
    return tuple(push for push in recipe.directions if push.name == name)


def says_nothing(push: Push) -> bool:
    """Whether nothing is lost without it: amount 0, and nothing else chosen."""
    plain = Push(push.name, 0.0, stored=push.stored)
    return push == plain


def with_push(recipe: Recipe, push: Push, place: int = 0, *, keep: bool = False) -> Recipe:
    """Put `push` in the place of one of the same name, or at the end where there is none.

    A push that says nothing (see `says_nothing`) is taken out, unless `keep`.
    """
    goes = not keep and says_nothing(push)
    pushes: list[Push] = []
    seen, is_placed = 0, False
    for other in recipe.directions:
        if other.name != push.name:
            pushes.append(other)
            continue
        if seen != place:
            pushes.append(other)
        else:
            is_placed = True
            if not goes:
                pushes.append(push)
        seen += 1
    if not is_placed and not goes:
        pushes.append(push)
    return recipe.with_(directions=tuple(pushes))


def without(recipe: Recipe, name: str) -> Recipe:
    """Take out all pushes along one direction."""
    return recipe.with_(directions=tuple(push for push in recipe.directions if push.name != name))


def renamed(recipe: Recipe, old: str, new: str) -> Recipe:
    """Call a direction otherwise; pushes of that name must carry it, or they would lose it."""
    return recipe.with_(
        directions=tuple(
            replace(push, name=new) if push.name == old and push.stored is not None else push
            for push in recipe.directions
        )
    )


def row_strengths(push: Push, own: Layers, num_ws: int) -> tuple[float, ...]:
    """Factor on the amount for each row of a network; [num_ws] values, 0 where the push does not act.

    Parameters
    ----------
    own : the direction's own rows, where the push does not name any.
    """
    rows = rows_of(own if push.layers is None else push.layers, num_ws)
    strengths = dict(push.row_strengths)
    return tuple(strengths.get(row, 1.0) if row in rows else 0.0 for row in range(num_ws))


def with_row_strengths(push: Push, strengths: Sequence[float], own: Layers) -> Push:
    """Set the factor of each row; rows beyond those given keep their wish.

    The rows named stay what they are (a zone stays a zone) as long as no other row gets a strength.

    Parameters
    ----------
    strengths : one for each row of the network in use.
    own : the direction's own rows, where the push does not name any.
    """
    num_ws = len(strengths)
    layers = own if push.layers is None else push.layers
    rows = set(rows_of(layers, num_ws))
    given = {row: value for row, value in push.row_strengths if row >= num_ws}
    outside = {row for row in range(num_ws) if strengths[row] != 0 and row not in rows}
    if outside:
        beyond = {row for row in layers if row >= num_ws} if isinstance(layers, tuple) else set()
        rows |= outside
        layers = tuple(sorted(rows | beyond))
        given = {row: value for row, value in given.items() if row in beyond}
        push = replace(push, layers=layers, row_strengths=())
    given |= {row: float(strengths[row]) for row in rows if strengths[row] != 1}
    return replace(push, row_strengths=tuple(sorted(given.items())))
