"""Names of the files a batch writes."""

from explorer.recipe import Recipe, edits


def picture_name(recipe: Recipe, suffix: str = ".png") -> str:
    """Name a picture after its first seed: `seed0007.png`; `latent.png` where it has none."""
    seed = edits.seed_a(recipe)
    return f"latent{suffix}" if seed is None else f"seed{seed:04}{suffix}"
