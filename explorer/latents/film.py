"""What is drawn at a moment of a film: `ws`, noise and transform between keyframes.

On a keyframe this is the keyframe's still, to the bit. Between two of them
everything moves through `ws`, so whatever a recipe holds is carried along:

- in W, the path runs between the keyframes' finished `ws`;
- in Z, it runs between the points of their seeds. The point on the way is mapped and
  then treated as each keyframe treats its own base (mixed, truncated, pushed), which
  is an affine matter, and the two results are blended.

Noise goes from plane to plane along a quarter of a circle, which keeps its variance;
the input transform in a straight line.

References
----------
Karras et al. Alias-Free Generative Adversarial Networks. 2021; their video tool's
periodic spline through truncated `ws`.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from explorer.latents.compose import NO_DIRECTIONS, compose
from explorer.latents.directions import Direction
from explorer.latents.paths import PeriodicSpline, lerp, long_way, slerp
from explorer.latents.scene import Scene, noise_plan, scene_of, transform_of
from explorer.latents.seeds import SeedCache, class_of_seed, label_of
from explorer.models import Generator, NoiseMode, NoisePlan
from explorer.models.generator import Transform
from explorer.recipe import (
    FROM_SEEDS,
    SEED_LIMIT,
    ClassMix,
    Noise,
    Recipe,
    SeedBlend,
    StoredDirection,
    StoredLatent,
)
from explorer.recipe.film import Keyframe, Keys, Moment, Place

KEPT = 4
"""Rows of keyframes whose splines are kept: what is played, and what it was before the last edit."""
TINY = 1e-6
"""Distance from the middle of W below which (at psi 0) there is no angle to turn by."""

_WAYS: Mapping[str, Callable[[Tensor, Tensor, float], Tensor]] = {
    "linear": lerp,
    "slerp": slerp,
    "circle": long_way,
}


class FilmScenes:
    """Works out moments, keeping what the frames of a film share.

    Parameters
    ----------
    cache : mapped seeds. Belongs, as this, to the thread that owns the generators.
    """

    def __init__(self, cache: SeedCache | None = None) -> None:
        self._seeds = cache or SeedCache()
        self._splines: WeakKeyDictionary[Generator, OrderedDict[tuple[object, ...], PeriodicSpline]] = (
            WeakKeyDictionary()
        )

    def scene(
        self, moment: Moment, generator: Generator, directions: Mapping[str, Direction] = NO_DIRECTIONS
    ) -> Scene:
        """Work out what is drawn at a moment.

        Raises
        ------
        RecipeError
            If a keyframe cannot be drawn by this network.
        """
        keys, place = moment.film.cells[moment.cell], moment.place
        before, after = keys[place.before], keys[place.after]
        first = scene_of(before.recipe, generator, self._seeds, directions)
        if moment.is_key:
            return first
        last = scene_of(after.recipe, generator, self._seeds, directions)
        notices = list(dict.fromkeys((*first.notices, *last.notices)))
        with torch.inference_mode():
            ws = self._ws(keys, place, generator, directions, first.ws, last.ws, notices)
        return Scene(
            ws,
            _noise(before, after, place),
            _transform(before.recipe, after.recipe, place.eased, generator),
            tuple(notices),
        )

    def _ws(
        self,
        keys: Keys,
        place: Place,
        generator: Generator,
        directions: Mapping[str, Direction],
        first: Tensor,
        last: Tensor,
        notices: list[str],
    ) -> Tensor:
        """`ws` on the way from one keyframe to the next: [1, num_ws, w_dim]."""
        before, after = keys[place.before], keys[place.after]
        if before.space == "z":
            needed = keys if before.path == "spline" else (before, after)
            if all(_single_seed(key.recipe) is not None for key in needed):
                return self._through_z(keys, place, generator, directions)
            notices.append("only keyframes that start from a single seed can be joined in Z; the way is in W")
        if before.path == "spline":
            spline = self._spline(
                generator,
                (tuple(key.recipe for key in keys), _used(keys, directions)),
                lambda: [compose(key.recipe, generator, self._seeds, directions)[0] for key in keys],
            )
            return spline(_along(place))[None]
        if before.path == "linear":
            return torch.lerp(first, last, place.eased)
        centre = _centre(generator)
        a, b = first - centre, last - centre  # [1, num_ws, w_dim]
        has_no_angle = (a.norm(dim=-1, keepdim=True) < TINY) | (b.norm(dim=-1, keepdim=True) < TINY)
        straight = torch.lerp(first, last, place.eased)
        return torch.where(has_no_angle, straight, _WAYS[before.path](a, b, place.eased) + centre)

    def _through_z(
        self, keys: Keys, place: Place, generator: Generator, directions: Mapping[str, Direction]
    ) -> Tensor:
        before, after = keys[place.before], keys[place.after]
        if before.path == "spline":
            spline = self._spline(
                generator,
                (tuple(_single_seed(key.recipe) for key in keys),),
                lambda: [generator.latent(_single_seed(key.recipe) or 0)[0] for key in keys],
            )
            z = spline(_along(place))[None]
        else:
            a, b = (generator.latent(_single_seed(key.recipe) or 0) for key in (before, after))
            z = _WAYS[before.path](a, b, place.eased)
        classes = [_class(key.recipe, generator) for key in (before, after)]
        label = _label(before.recipe, after.recipe, place.eased, generator)
        w = generator.mapping(z, label)[:, 0].cpu()  # [1, w_dim]
        ends = []
        for key, index in zip((before, after), classes, strict=True):
            values = np.ascontiguousarray(w[0].float().cpu().numpy(), dtype="<f4")
            base = StoredLatent(1, generator.w_dim, values.tobytes(), FROM_SEEDS)
            recipe = key.recipe.with_(base=base, class_index=index)
            ends.append(compose(recipe, generator, self._seeds, directions))
        return torch.lerp(ends[0], ends[1], place.eased)

    def _spline(
        self, generator: Generator, key: tuple[object, ...], knots: Callable[[], Sequence[Tensor]]
    ) -> PeriodicSpline:
        known = self._splines.setdefault(generator, OrderedDict())
        if key not in known:
            known[key] = PeriodicSpline(torch.stack(list(knots())))
            if len(known) > KEPT:
                known.popitem(last=False)
        known.move_to_end(key)
        return known[key]


def _used(keys: Keys, directions: Mapping[str, Direction]) -> tuple[tuple[str, StoredDirection], ...]:
    """What the names of directions in recipes stand for, as values."""
    names = {push.name for key in keys for push in key.recipe.directions if push.stored is None}
    return tuple((name, directions[name].stored()) for name in sorted(names & set(directions)))


def _along(place: Place) -> float:
    """Time on a spline whose knots stand at whole times."""
    return place.before + place.eased


def _single_seed(recipe: Recipe) -> int | None:
    """Seed of a base that is one seed alone."""
    if not isinstance(recipe.base, SeedBlend):
        return None
    present = [source for source, weight in recipe.base.terms if weight != 0]
    if len(present) != 1 or isinstance(present[0], StoredLatent):
        return None
    return present[0]


def _class(recipe: Recipe, generator: Generator) -> int | None:
    """Class a keyframe is drawn with; None in a network without classes."""
    if generator.c_dim == 0:
        return None
    if recipe.class_index is not None and recipe.class_index < generator.c_dim:
        return recipe.class_index
    return class_of_seed(_single_seed(recipe) or 0, generator.z_dim, generator.c_dim)


def _label(a: Recipe, b: Recipe, t: float, generator: Generator) -> Tensor | None:
    """Soft label on the way from one recipe's to another's: [1, c_dim]; None in a network without classes."""
    if generator.c_dim == 0:
        return None
    ends = [
        label_of(generator, 0, _class(recipe, generator), _possible(recipe, generator)) for recipe in (a, b)
    ]
    return torch.lerp(ends[0], ends[1], t)


def _possible(recipe: Recipe, generator: Generator) -> ClassMix:
    return tuple(term for term in recipe.class_mix if term[0] < generator.c_dim)


def _centre(generator: Generator) -> Tensor:
    """Middle of W, around which great circles are drawn: [w_dim]."""
    w_avg = generator.host_w_avg
    return w_avg if w_avg.ndim == 1 else w_avg.mean(dim=0)


def _noise(before: Keyframe, after: Keyframe, place: Place) -> NoisePlan:
    """Noise on the way: a turn from plane to plane, or once round."""
    a, b, t = before.recipe.noise, after.recipe.noise, place.eased
    if before.noise_loop:
        t = place.t  # an easing that swings would turn the noise back and forth
    silent = {noise.mode == "none" or noise.strength == 0 for noise in (a, b)}
    if silent == {True}:
        return noise_plan(Noise("none"))
    # Where one side has no noise, the other's fades: its planes, its strength going to 0.
    strength = _strength(a) + (_strength(b) - _strength(a)) * t
    strength = min(max(strength, 0.0), 10.0)
    if _strength(a) == 0:
        a = b
    if _strength(b) == 0:
        b = a
    mode: NoiseMode
    same = (a.mode, _seed(a)) == (b.mode, _seed(b))
    if before.noise_loop and same:
        # The other axis of the circle: planes of a seed that nobody else is likely to use.
        turn = 2 * math.pi * t
        mode, seed = "random", (_seed(a) + 0x9E3779B9) % SEED_LIMIT
    elif same:
        return NoisePlan(a.mode, a.seed, strength)
    else:
        turn = math.pi / 2 * t
        mode, seed = b.mode, _seed(b)
    return NoisePlan(
        strength=strength,
        blend=((a.mode, _seed(a), math.cos(turn)), (mode, seed, math.sin(turn))),
    )


def _strength(noise: Noise) -> float:
    return 0.0 if noise.mode == "none" else noise.strength


def _seed(noise: Noise) -> int:
    """Seed of a plane; 0 where the mode reads none."""
    return noise.seed if noise.mode == "random" else 0


def _transform(a: Recipe, b: Recipe, t: float, generator: Generator) -> Transform | None:
    first, last = transform_of(a, generator), transform_of(b, generator)
    if first is None or last is None:
        return None
    x, y, degrees = (p + (q - p) * t for p, q in zip(first, last, strict=True))
    return (x, y, degrees)
