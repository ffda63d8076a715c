"""What picture is wanted: the recipe, its history, its text and its paper form.

Promises: values are immutable and check themselves; equal recipes are equal
objects to everyone; a recipe survives the way to paper and back unchanged.
Deliberately ignorant of torch, of networks and of what they can do: this room
leans on the standard library alone, so undo and files work in microseconds.
"""

from explorer.recipe.film import Film, Keyframe, Moment
from explorer.recipe.history import History
from explorer.recipe.recipe import (
    FROM_SEEDS,
    LATENT_FILE,
    NOISE_MODES,
    SEED_LIMIT,
    SUPPLIED_PICTURE,
    ZONES,
    ClassMix,
    Layers,
    Mix,
    ModelRef,
    Noise,
    NoiseMode,
    Push,
    Recipe,
    RowStrengths,
    SeedBlend,
    Source,
    StoredDirection,
    StoredLatent,
    Transform,
    Zone,
    source_name,
)
from explorer.recipe.work import Work

__all__ = [
    "FROM_SEEDS",
    "LATENT_FILE",
    "NOISE_MODES",
    "SEED_LIMIT",
    "SUPPLIED_PICTURE",
    "ZONES",
    "ClassMix",
    "Film",
    "History",
    "Keyframe",
    "Layers",
    "Mix",
    "ModelRef",
    "Moment",
    "Noise",
    "NoiseMode",
    "Push",
    "Recipe",
    "RowStrengths",
    "SeedBlend",
    "Source",
    "StoredDirection",
    "StoredLatent",
    "Transform",
    "Work",
    "Zone",
    "source_name",
]
