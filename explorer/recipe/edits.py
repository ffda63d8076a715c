"""The edits a hand makes, as pure functions from recipe to recipe.

The window and the command line speak of a seed A, a seed B, and how far each
row leans towards B. A recipe knows only blends and mixes; this file is the one
place that translates between the two. A stored latent may stand for either seed.
"""

from collections.abc import Iterable

from explorer.recipe.recipe import Mix, Recipe, SeedBlend, Source, StoredLatent


def source_a(recipe: Recipe) -> Source:
    """What the picture starts from: a seed or a stored latent."""
    return recipe.base if isinstance(recipe.base, StoredLatent) else recipe.base.terms[0][0]


def source_b(recipe: Recipe) -> Source | None:
    """What the blend slider and the mixing rows lean towards; None if nothing was chosen."""
    if isinstance(recipe.base, SeedBlend) and len(recipe.base.terms) > 1:
        return recipe.base.terms[1][0]
    return recipe.mixes[0].seed if recipe.mixes else None


def seed_a(recipe: Recipe) -> int | None:
    """Seed the picture starts from; None where that is a stored latent."""
    a = source_a(recipe)
    return None if isinstance(a, StoredLatent) else a


def seed_b(recipe: Recipe) -> int | None:
    """Seed of B; None where nothing was chosen, or a stored latent."""
    b = source_b(recipe)
    return None if isinstance(b, StoredLatent) else b


def alone(source: Source) -> SeedBlend | StoredLatent:
    """Base of a picture of `source` and nothing else."""
    return source if isinstance(source, StoredLatent) else SeedBlend.of(source)


def blend(recipe: Recipe) -> float:
    """Position of the A-B slider: 0 = A, 1 = B."""
    if isinstance(recipe.base, SeedBlend) and len(recipe.base.terms) > 1:
        return recipe.base.terms[1][1]
    return 0.0


def with_seed_a(recipe: Recipe, seed: Source) -> Recipe:
    """Change A and keep B, the blend and every other wish."""
    if isinstance(recipe.base, SeedBlend) and len(recipe.base.terms) > 1:
        (_, weight), *rest = recipe.base.terms
        return recipe.with_(base=SeedBlend(((seed, weight), *rest)))
    return recipe.with_(base=alone(seed))


def with_seed_b(recipe: Recipe, seed: Source) -> Recipe:
    """Change B, in the blend and in the rows that lean towards it."""
    old = source_b(recipe)
    mixes = tuple(Mix(seed, m.layers, m.strength) if m.seed == old else m for m in recipe.mixes)
    first, *others = [(recipe.base, 1.0)] if isinstance(recipe.base, StoredLatent) else recipe.base.terms
    weight = others[0][1] if others else 0.0
    return recipe.with_(base=SeedBlend((first, (seed, weight), *others[1:])), mixes=mixes)


def with_blend(recipe: Recipe, t: float, seed: Source) -> Recipe:
    """Move the A-B slider to `t`; `seed` is the B to use where none was chosen yet."""
    b = source_b(recipe)
    return recipe.with_(base=SeedBlend.between(source_a(recipe), seed if b is None else b, t))


def swapped(recipe: Recipe) -> Recipe:
    """Exchange A and B; rows that leaned towards B now lean towards what was A."""
    a, b = source_a(recipe), source_b(recipe)
    if b is None:
        return recipe
    mixes = tuple(Mix(a, m.layers, m.strength) if m.seed == b else m for m in recipe.mixes)
    t = blend(recipe)
    return recipe.with_(base=SeedBlend(((b, 1.0 - t), (a, t))), mixes=mixes)


def row_strengths(recipe: Recipe, num_ws: int) -> tuple[float, ...]:
    """How far each row leans towards B, for mixes that name rows; [num_ws] values.

    Mixes towards other seeds than B do not show here. A zone counts as the rows
    it stands for in a network of `num_ws` rows.
    """
    strengths = [0.0] * num_ws
    b = source_b(recipe)
    for mix in recipe.mixes:
        if mix.seed == b:
            for row in rows_of(mix.layers, num_ws):
                strengths[row] = mix.strength
    return tuple(strengths)


def with_row_strengths(recipe: Recipe, strengths: Iterable[float], seed: Source) -> Recipe:
    """Set how far each row leans towards B; rows at 0 leave the recipe.

    Rows beyond those given keep their wish: a smaller network must not cut the
    edit made on a larger one.
    """
    values = tuple(strengths)
    b = source_b(recipe)
    target = seed if b is None else b
    beyond: dict[int, float] = {}
    others: list[Mix] = []
    for mix in recipe.mixes:
        if mix.seed != target:
            others.append(mix)
        elif not isinstance(mix.layers, str):
            beyond.update({row: mix.strength for row in mix.layers if row >= len(values)})
    wanted = {row: value for row, value in enumerate(values) if value != 0.0} | beyond
    by_strength: dict[float, list[int]] = {}
    for row in sorted(wanted):
        by_strength.setdefault(wanted[row], []).append(row)
    own = tuple(Mix(target, tuple(rows), value) for value, rows in by_strength.items())
    recipe = recipe.with_(mixes=own + tuple(others))
    return recipe if b is not None else with_seed_b(recipe, target)


def zone_rows(num_ws: int) -> dict[str, tuple[int, ...]]:
    """Rows of each zone in a network of `num_ws` rows.

    Coarse is 4x4 and 8x8 (rows 0-3), middle 16x16 and 32x32 (rows 4-7), fine the
    rest: Karras et al. 2019, figure 3. A zone may be empty in a small network.
    """
    rows = range(num_ws)
    return {
        "coarse": tuple(i for i in rows if i < 4),
        "middle": tuple(i for i in rows if 4 <= i < 8),
        "fine": tuple(i for i in rows if i >= 8),
        "all": tuple(rows),
    }


def rows_of(layers: tuple[int, ...] | str, num_ws: int) -> tuple[int, ...]:
    """Rows that `layers` names in a network of `num_ws` rows; rows it lacks are left out."""
    if isinstance(layers, str):
        return zone_rows(num_ws)[layers]
    return tuple(row for row in layers if row < num_ws)
