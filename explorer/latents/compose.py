"""`resolve` and `compose`: from what is wished, by what a network can do, to `ws`.

The order of operations is decided here and nowhere else:

1. seeds are blended in W around `w_avg` (or a stored latent is taken),
2. rows are mixed towards other seeds,
3. rows are truncated towards `w_avg`,
4. rows are pushed along directions, each made orthogonal to those that are locked.

Truncation is affine in W, so it commutes with 1 and 2. Directions come last: a
push is then as long at psi 0.5 as at psi 1, and psi 0 shows it on `w_avg`. Each step
depends on what is locked, not on the pushes before it, so their order changes nothing
but the last bits of the sum.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from explorer.errors import RecipeError
from explorer.latents.directions import Direction, push
from explorer.latents.locks import Lock, Locks
from explorer.latents.mixing import mix_rows
from explorer.latents.seeds import SeedCache, blend, label_of
from explorer.models import Generator
from explorer.models.ops import truncate
from explorer.recipe import (
    ClassMix,
    Mix,
    Push,
    Recipe,
    SeedBlend,
    Source,
    StoredLatent,
    Transform,
    edits,
    source_name,
)
from explorer.recipe.edits import rows_of
from explorer.recipe.notation import format_layers

NO_DIRECTIONS: Mapping[str, Direction] = {}
NOTHING = 0.01
"""A push of which less is left than this, for what is locked, does nothing that could be seen."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a network can do of a recipe. Made to be compared by value."""

    recipe: Recipe
    """The reachable part. Mixes and pushes name rows that exist."""
    notices: tuple[str, ...] = ()
    """What was left out, in words; empty where every wish is granted."""


def resolve(
    recipe: Recipe, generator: Generator, directions: Mapping[str, Direction] = NO_DIRECTIONS
) -> Resolved:
    """Take out of a recipe what `generator` cannot do; the recipe itself is untouched.

    Raises
    ------
    RecipeError
        If nothing of it can be drawn: a stored latent of another network's size.
    """
    notices: list[str] = []
    _check_base(recipe, generator)
    resolved = replace(
        recipe,
        class_index=_class(recipe, generator, notices),
        class_mix=_class_mix(recipe, generator, notices),
        mixes=_mixes(recipe, generator, notices),
        cutoff=None if recipe.cutoff is None else min(recipe.cutoff, generator.num_ws),
        directions=_directions(recipe, generator, directions, notices),
    )
    if recipe.transform != Transform() and not generator.has_transform:
        notices.append("this network has no input transform, so shift and rotation are left out")
        resolved = replace(resolved, transform=Transform())
    return Resolved(resolved, tuple(notices))


def compose(
    recipe: Recipe,
    generator: Generator,
    cache: SeedCache | None = None,
    directions: Mapping[str, Direction] = NO_DIRECTIONS,
) -> Tensor:
    """Turn a recipe into the latents its picture is drawn from.

    Parameters
    ----------
    recipe : resolved or not; wishes the network cannot fulfil are left out.
    cache : where mapped seeds are kept; with it, only a new seed runs the mapping network.
    directions : what names in the recipe stand for.

    Returns
    -------
    ws : [1, num_ws, w_dim] float32, not to be written to. On the CPU: these few numbers are the
        key to the stage cache too, and asking a GPU for them would make it wait once more per picture.

    Raises
    ------
    RecipeError
        See `resolve`.
    """
    cache = cache or SeedCache()
    recipe = resolve(recipe, generator, directions).recipe
    with torch.inference_mode():
        w_avg = _class_average(recipe, generator)  # [1, w_dim]
        ws = _base(recipe, generator, cache, w_avg)  # [1, num_ws, w_dim]
        for mix in recipe.mixes:
            other = _point(mix.seed, recipe, generator, cache).expand_as(ws)
            ws = mix_rows(ws, other, rows_of(mix.layers, generator.num_ws), mix.strength)
        if recipe.psi != 1:
            ws = truncate(ws, w_avg, recipe.psi, recipe.cutoff)
        return _pushed(ws, recipe.directions, directions, generator.num_ws)


def _pushed(ws: Tensor, wishes: Sequence[Push], directions: Mapping[str, Direction], num_ws: int) -> Tensor:
    """Go along resolved pushes."""
    locks = _locks(wishes, directions, num_ws)
    for wish in wishes:
        if wish.amount == 0:
            continue
        direction = _meant(wish, directions)
        assert direction is not None, "resolve leaves only directions that are known"
        rows = rows_of(wish.layers or direction.layers, num_ws)
        given = dict(wish.row_strengths)
        strengths = [given.get(row, 1.0) for row in rows] if given else None
        hold = partial(locks.held_back, rows=rows, name=wish.name) if locks.others(wish.name) else None
        ws = push(ws, direction, wish.amount, rows, strengths, hold)
    return ws


def _locks(wishes: Sequence[Push], directions: Mapping[str, Direction], num_ws: int) -> Locks:
    """What resolved pushes keep still."""
    return Locks(
        [
            Lock(direction, frozenset(rows_of(wish.layers or direction.layers, num_ws)))
            for wish in wishes
            if wish.is_locked and (direction := _meant(wish, directions)) is not None
        ]
    )


def _base(recipe: Recipe, generator: Generator, cache: SeedCache, w_avg: Tensor) -> Tensor:
    if isinstance(recipe.base, SeedBlend):
        points = [
            (weight, _point(source, recipe, generator, cache))
            for source, weight in recipe.base.terms
            if weight != 0  # a B that no one looks at yet need not be mapped
        ]
        ws = blend(points, w_avg[:, None])
    else:
        ws = _point(recipe.base, recipe, generator, cache)
    return ws.expand(-1, generator.num_ws, -1)


def _point(source: Source, recipe: Recipe, generator: Generator, cache: SeedCache) -> Tensor:
    """Rows of a seed or of a stored latent: [1, 1, w_dim], or [1, num_ws, w_dim] for a point of W+."""
    if not isinstance(source, StoredLatent):
        return cache.w(generator, source, recipe.class_index, recipe.class_mix)[:, None]
    values = np.frombuffer(source.data, dtype="<f4").astype(np.float32)
    return torch.from_numpy(values.reshape(1, source.rows, source.width))


def _class_average(recipe: Recipe, generator: Generator) -> Tensor:
    if generator.host_w_avg.ndim == 1:
        return generator.host_w_avg[None]
    first = edits.seed_a(recipe) or 0
    label = label_of(generator, first, recipe.class_index, recipe.class_mix)
    # Summed over the classes that count, so that one class alone gives its very average.
    present = label[0].nonzero()[:, 0]
    return (label[0, present, None] * generator.host_w_avg[present]).sum(dim=0, keepdim=True)


def _check_base(recipe: Recipe, generator: Generator) -> None:
    for latent in recipe.latents:
        if latent.width != generator.w_dim or latent.rows not in (1, generator.num_ws):
            raise RecipeError(
                f"the latent in this recipe has {latent.rows} x {latent.width} values, but this network "
                f"takes 1 or {generator.num_ws} rows of {generator.w_dim}; open the network it was made "
                f"for, {recipe.model.name!r}"
            )


def _class(recipe: Recipe, generator: Generator, notices: list[str]) -> int | None:
    if recipe.class_index is None or recipe.class_index < generator.c_dim:
        return recipe.class_index
    if generator.c_dim == 0:
        notices.append(f"this network has no classes, so class {recipe.class_index} is left out")
    else:
        notices.append(
            f"this network has classes 0 to {generator.c_dim - 1}, so class {recipe.class_index} is left out"
        )
    return None


def _class_mix(recipe: Recipe, generator: Generator, notices: list[str]) -> ClassMix:
    possible = tuple(term for term in recipe.class_mix if term[0] < generator.c_dim)
    missing = [index for index, weight in recipe.class_mix if index >= generator.c_dim and weight]
    if missing:
        has = f"classes 0 to {generator.c_dim - 1}" if generator.c_dim else "no classes"
        notices.append(
            f"this network has {has}, so class {', '.join(map(str, missing))} of the mix is left out"
        )
    return possible


def _mixes(recipe: Recipe, generator: Generator, notices: list[str]) -> tuple[Mix, ...]:
    possible: list[Mix] = []
    for mix in recipe.mixes:
        rows = rows_of(mix.layers, generator.num_ws)
        if isinstance(mix.layers, str):
            missing = "" if rows else f"the {mix.layers} rows"
        else:
            beyond = tuple(row for row in mix.layers if row >= generator.num_ws)
            missing = f"rows {format_layers(beyond)}" if beyond else ""
        if missing:
            notices.append(
                f"{missing} of the mix with {source_name(mix.seed)} are left out: "
                f"this network has rows 0 to {generator.num_ws - 1}"
            )
        if rows:
            possible.append(Mix(mix.seed, rows, mix.strength))
    return tuple(possible)


def _directions(
    recipe: Recipe, generator: Generator, directions: Mapping[str, Direction], notices: list[str]
) -> tuple[Push, ...]:
    possible: list[Push] = []
    for wish in recipe.directions:
        if not wish.is_on:
            continue
        direction = _meant(wish, directions)
        if direction is None:
            notices.append(f"direction {wish.name!r} is not known for this network and is left out")
            continue
        if not direction.fits(generator.num_ws, generator.w_dim):
            notices.append(
                f"direction {wish.name!r} was made for ws of size {list(direction.vector.shape)}, "
                f"this network has {generator.num_ws} x {generator.w_dim}; it is left out"
            )
            continue
        rows = rows_of(wish.layers or direction.layers, generator.num_ws)
        if rows:
            given = tuple((row, strength) for row, strength in wish.row_strengths if row in rows)
            possible.append(replace(wish, layers=rows, row_strengths=given))
        else:
            notices.append(f"direction {wish.name!r} acts on rows that this network does not have")
    return _against_locks(possible, generator.num_ws, directions, notices)


def _against_locks(
    wishes: list[Push], num_ws: int, directions: Mapping[str, Direction], notices: list[str]
) -> tuple[Push, ...]:
    """Say which pushes have nothing left to move; their amount goes to 0."""
    locks = _locks(wishes, directions, num_ws)
    for place, wish in enumerate(wishes):
        others = locks.others(wish.name)
        direction = _meant(wish, directions)
        if not others or wish.amount == 0 or direction is None:
            continue
        if locks.share_left(direction, rows_of(wish.layers or "all", num_ws)) < NOTHING:
            names = ", ".join(map(repr, others))
            notices.append(
                f"direction {wish.name!r} moves nothing while {names} is kept still: it goes that way"
            )
            wishes[place] = replace(wish, amount=0.0)
    return tuple(wishes)


def _meant(wish: Push, directions: Mapping[str, Direction]) -> Direction | None:
    """What a push goes along: what it carries, or else what its name stands for here."""
    if wish.stored is not None:
        return Direction.carried(wish.name, wish.stored)
    return directions.get(wish.name)
