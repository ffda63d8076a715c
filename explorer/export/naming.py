"""Names of the files a batch writes."""

from explorer.recipe import Recipe, SeedBlend


def picture_name(recipe: Recipe, suffix: str = ".png") -> str:
    """Name a picture after its first seed: `seed0007.png`; `latent.png` where it has none."""
    if isinstance(recipe.base, SeedBlend):
        return f"seed{recipe.base.terms[0][0]:04}{suffix}"
    return f"latent{suffix}"
