"""Edits of class and mix of classes, as pure functions from recipe to recipe."""

from explorer.recipe.recipe import ClassMix, Recipe

MOST = 8
"""Classes a hand mixes; a recipe may hold more."""


def own_share(recipe: Recipe) -> float:
    """What the mix leaves to the first class: 1 where nothing is mixed."""
    return max(1.0 - sum(weight for _, weight in recipe.class_mix), 0.0)


def with_class(recipe: Recipe, index: int | None) -> Recipe:
    """Choose the first class; None takes the one each seed draws. A mix with that very class drops it."""
    return recipe.with_(
        class_index=index, class_mix=tuple(term for term in recipe.class_mix if term[0] != index)
    )


def with_mixed_class(recipe: Recipe, index: int) -> Recipe:
    """Add a class to lean towards, at 0; nothing changes where it is there, or there are enough."""
    if index in _used(recipe) or len(recipe.class_mix) >= MOST:
        return recipe
    return recipe.with_(class_mix=(*recipe.class_mix, (index, 0.0)))


def without_mixed_class(recipe: Recipe, place: int) -> Recipe:
    """Let go of the class at `place` in the mix; its weight goes back to the first class."""
    return recipe.with_(class_mix=recipe.class_mix[:place] + recipe.class_mix[place + 1 :])


def replace_mixed_class(recipe: Recipe, place: int, index: int) -> Recipe:
    """Lean towards another class instead, as far; nothing changes where that one is in use already."""
    if index in _used(recipe):
        return recipe
    mix = list(recipe.class_mix)
    mix[place] = (index, mix[place][1])
    return recipe.with_(class_mix=tuple(mix))


def with_class_weight(recipe: Recipe, place: int, weight: float, held: ClassMix | None = None) -> Recipe:
    """Lean further towards the class at `place`, or less.

    The first class gives way; where it has nothing left to give, the other
    classes of the mix do, in proportion.

    Parameters
    ----------
    weight : 0 to 1
    held : mix at the beginning of a drag, so that what gave way comes back when the hand does.
    """
    mix = recipe.class_mix if held is None else held
    others = sum(w for i, (_, w) in enumerate(mix) if i != place)
    scale = min((1.0 - weight) / others, 1.0) if others > 0 else 1.0
    return recipe.with_(
        class_mix=tuple(
            (index, weight if i == place else round(w * scale, 6)) for i, (index, w) in enumerate(mix)
        )
    )


def next_free_class(recipe: Recipe, c_dim: int) -> int | None:
    """The class after the last one in use that is not in use itself; None where all are."""
    used = _used(recipe)
    last = recipe.class_mix[-1][0] if recipe.class_mix else recipe.class_index
    start = 0 if last is None else last + 1
    order = [(start + i) % c_dim for i in range(c_dim)] if c_dim else []
    return next((index for index in order if index not in used), None)


def _used(recipe: Recipe) -> set[int | None]:
    return {recipe.class_index, *(index for index, _ in recipe.class_mix)}
