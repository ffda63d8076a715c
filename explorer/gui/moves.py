"""Named edits that both a panel and a menu offer, each one step of undo."""

import secrets

from explorer.gui.store import Store
from explorer.recipe import SEED_LIMIT, ModelRef, Noise, Recipe, SeedBlend, edits

FIRST_SEED_A, FIRST_SEED_B = 60, 33
"""What a first start shows: chosen by eye on the bundled faces."""
PSI = 0.7
"""Where psi starts and returns to: the best balance of likeness and variety on faces."""


def first_recipe(model: ModelRef) -> Recipe:
    """Where a new session begins."""
    return Recipe(model, SeedBlend.between(FIRST_SEED_A, FIRST_SEED_B, 0.0), psi=PSI)


def draw_seed() -> int:
    """Draw any seed there is."""
    return secrets.randbelow(SEED_LIMIT)


def new_face(store: Store, num_ws: int) -> None:
    """Take a random seed for A, as a refresh of a page would.

    Where B covers A completely the new face would not show, so B lets go.
    """
    recipe = edits.with_seed_a(store.recipe, draw_seed())
    if edits.blend(recipe) == 1.0:
        recipe = edits.with_blend(recipe, 0.0, draw_seed())
    strengths = edits.row_strengths(recipe, num_ws)
    if strengths and all(strength == 1.0 for strength in strengths):
        recipe = without_mixing(recipe, num_ws)
    store.edit(recipe, "New face")


def step_seed_a(store: Store, by: int) -> None:
    """Go to a neighbouring seed; the last is followed by the first."""
    seed = edits.seed_a(store.recipe)
    wanted = draw_seed() if seed is None else (seed + by) % SEED_LIMIT
    store.edit(edits.with_seed_a(store.recipe, wanted), "Next seed" if by > 0 else "Previous seed")


def new_b(store: Store) -> None:
    """Take a random seed for B."""
    store.edit(edits.with_seed_b(store.recipe, draw_seed()), "New B")


def swap(store: Store) -> None:
    """Exchange A and B."""
    store.edit(edits.swapped(store.recipe), "Swap A and B")


def reset_mixing(store: Store, num_ws: int) -> None:
    """Put all rows back to A."""
    store.edit(without_mixing(store.recipe, num_ws), "Reset mixing")


def reset_all(store: Store, num_ws: int) -> None:
    """Keep the seeds, and put everything else back."""
    recipe = without_mixing(store.recipe, num_ws)
    a, b = edits.source_a(recipe), edits.source_b(recipe)
    recipe = recipe.with_(base=edits.alone(a) if b is None else SeedBlend.between(a, b, 0.0))
    first = first_recipe(recipe.model)
    recipe = recipe.with_(
        class_index=first.class_index,
        class_mix=first.class_mix,
        psi=first.psi,
        cutoff=first.cutoff,
        noise=Noise(),
        transform=first.transform,
        mixes=(),
        directions=(),
    )
    store.edit(recipe, "Reset all controls")


def without_mixing(recipe: Recipe, num_ws: int) -> Recipe:
    """Put all rows of this network back to A; B stays chosen."""
    b = edits.source_b(recipe)
    if b is None:
        return recipe
    cleared = edits.with_row_strengths(recipe, [0.0] * num_ws, b)
    return cleared if edits.source_b(cleared) == b else edits.with_seed_b(cleared, b)
