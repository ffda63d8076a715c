"""`Scene`: what synthesis takes, worked out for one network. A still's scene, and the type itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from explorer.latents.compose import NO_DIRECTIONS, compose, resolve
from explorer.latents.directions import Direction
from explorer.latents.seeds import SeedCache
from explorer.models import Generator, NoisePlan
from explorer.models.generator import Transform
from explorer.recipe import Noise, Recipe


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Everything a picture of one network depends on."""

    ws: Tensor
    """[1, num_ws, w_dim] float32 on the CPU, not to be written to."""
    noise: NoisePlan
    transform: Transform | None
    """None where the network has no input transform."""
    notices: tuple[str, ...] = ()
    """Wishes that this network cannot fulfil, in words."""


def scene_of(
    recipe: Recipe,
    generator: Generator,
    cache: SeedCache | None = None,
    directions: Mapping[str, Direction] = NO_DIRECTIONS,
) -> Scene:
    """Work out the scene of a still; see `compose`."""
    resolved = resolve(recipe, generator, directions)
    return Scene(
        compose(resolved.recipe, generator, cache, directions),
        noise_plan(resolved.recipe.noise),
        transform_of(resolved.recipe, generator),
        resolved.notices,
    )


def noise_plan(noise: Noise) -> NoisePlan:
    """The plan a recipe's noise stands for."""
    return NoisePlan(noise.mode, noise.seed, noise.strength)


def transform_of(recipe: Recipe, generator: Generator) -> Transform | None:
    """The input transform of a recipe; None where the network has none."""
    if not generator.has_transform:
        return None
    return (recipe.transform.x, recipe.transform.y, recipe.transform.degrees)
