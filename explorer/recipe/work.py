"""`Work`: everything undo reaches, as one frozen value: the picture, the film, the music under it."""

from dataclasses import dataclass, replace
from typing import Any

from explorer.recipe.film import Film
from explorer.recipe.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Work:
    """What somebody is working on."""

    recipe: Recipe
    """The picture that is wanted."""
    film: Film | None = None
    """None where no keyframe was set yet."""
    music: str = ""
    """Path of the sound file under the film; empty where it is silent. No part of the film itself:
    a path says more of its owner than of the film."""

    def with_(self, **changes: Any) -> "Work":
        """Return a copy with some fields changed."""
        return replace(self, **changes)
