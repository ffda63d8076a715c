"""From a recipe to `ws`: seeds, truncation, mixing, directions, and `compose`, where they meet.

Promises: pure functions of their arguments; tensors given are never written to;
the order of operations is decided in `compose` and nowhere else. Deliberately
ignorant of files, clocks, pixels and windows.
"""

from explorer.latents.compose import Resolved, compose, resolve
from explorer.latents.directions import Direction, push
from explorer.latents.film import FilmScenes
from explorer.latents.mixing import mix_rows
from explorer.latents.scene import Scene, scene_of
from explorer.latents.seeds import SeedCache, blend, class_of_seed
from explorer.models.ops import truncate

__all__ = [
    "Direction",
    "FilmScenes",
    "Resolved",
    "Scene",
    "SeedCache",
    "blend",
    "class_of_seed",
    "compose",
    "mix_rows",
    "push",
    "resolve",
    "scene_of",
    "truncate",
]
