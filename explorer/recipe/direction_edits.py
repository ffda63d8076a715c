"""Edits of directions, as pure functions from recipe to recipe.

A push is named by its direction and its place among the pushes of that name: the same
direction may act on coarse rows and, by another amount, on fine ones.
"""

from dataclasses import replace

from explorer.recipe.recipe import Push, Recipe


def pushes_of(recipe: Recipe, name: str) -> tuple[Push, ...]:
    """All pushes along one direction, in order."""
    return tuple(push for push in recipe.directions if push.name == name)


def with_push(recipe: Recipe, push: Push, place: int = 0, *, keep: bool = False) -> Recipe:
    """Put `push` in the place of one of the same name, or at the end where there is none.

    A push that says nothing (amount 0, its own rows, switched on) is taken out, unless `keep`.
    """
    says_nothing = not keep and push.amount == 0 and push.layers is None and push.is_on
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
            if not says_nothing:
                pushes.append(push)
        seen += 1
    if not is_placed and not says_nothing:
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
