"""What a file says of itself, gathered into a report for people and for scripts.

Claims can be forged and stripped: the report never says that a picture is
real, and says of each finding what it proves.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.errors import RecipeError
from explorer.provenance.claims import COMPOSITE, GENERATED
from explorer.provenance.embedded import read_embedded, read_recipe
from explorer.recipe import Recipe
from explorer.recipe.document import to_json


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. None means "not known", never "no"."""

    path: str
    format: str
    ai_generated: bool | None
    """True where the file says so; None where it says nothing."""
    recipe: Recipe | None
    recipe_problem: str
    """Why a recipe that is there cannot be used; empty where none is or all is well."""
    software: str
    source_type: str

    def as_json(self) -> dict[str, Any]:
        """Plain values for `verify --json`; the promised names first."""
        return {
            "ai_generated": self.ai_generated,
            "recipe": None if self.recipe is None else to_json(self.recipe),
            "credentials": {"present": None, "valid": None, "tampered": None, "signer": None},
            "watermark": None,
            "file": self.path,
            "format": self.format,
            "digital_source_type": self.source_type or None,
            "software": self.software or None,
            "recipe_problem": self.recipe_problem or None,
        }

    def in_words(self) -> tuple[str, ...]:
        """Sentences a layman understands."""
        says: list[str] = []
        if self.ai_generated:
            says.append("The file says of itself that it was made by AI.")
        else:
            says.append(
                "The file does not say how it was made. That proves nothing: such notes are easily lost, "
                "for instance when a picture is sent through a messenger."
            )
        if self.software:
            says.append(f"Written by: {self.software}.")
        if self.recipe is not None:
            says.append(f"Recipe: complete; drawn by the network {self.recipe.model.name!r}.")
        elif self.recipe_problem:
            says.append(f"Recipe: {self.recipe_problem}.")
        else:
            says.append("Recipe: none.")
        says.append("Content Credentials and invisible marks are not looked for by this version.")
        return tuple(says)


def verify(path: str | Path) -> Report:
    """Look at a file and report what it says.

    Raises
    ------
    RecipeError
        If it is no file this program can look into.
    OSError
        If it cannot be opened.
    """
    found = read_embedded(path)
    recipe, problem = None, ""
    if found.recipe_texts:
        try:
            recipe = read_recipe(path)
        except RecipeError as error:
            problem = str(error).removeprefix(f"{path}: ")
    elif found.problems:
        problem = found.problems[0]
    says_so = recipe is not None or found.source_type in (GENERATED, COMPOSITE)
    return Report(
        str(path), found.format, says_so or None, recipe, problem, found.software, found.source_type
    )
