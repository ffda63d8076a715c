"""Pictures that a person marked as "more" or "less" of something, and their paper form.

From marks a direction is learned; saved, they can be gone on with another day.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from explorer.errors import RecipeError
from explorer.recipe import document
from explorer.recipe.recipe import ModelRef, Recipe

KIND = "latent-explorer/marks"
VERSION = 1
MOST = 10_000
"""Marks in one file; more is no work of a person."""
MAX_CHARACTERS = 256_000_000


@dataclass(frozen=True, slots=True)
class MarkedPictures:
    """What was marked, the oldest first. Each picture is marked once."""

    model: ModelRef
    name: str = ""
    """What they are marks of, and the name of the direction."""
    note: str = ""
    marked: tuple[tuple[Recipe, bool], ...] = ()
    """Pictures, each with True for "more" and False for "less"."""
    keep: tuple[str, ...] = ()
    """Names of directions whose measures the direction is to leave still."""

    def __post_init__(self) -> None:
        recipes = [recipe for recipe, _ in self.marked]
        if len(recipes) > MOST:
            raise RecipeError(f"these are more than {MOST} marks")
        if len(set(recipes)) != len(recipes):
            raise RecipeError("a picture is marked twice")

    def with_(self, **changes: Any) -> "MarkedPictures":
        """Return a copy with some fields changed."""
        return replace(self, **changes)

    def with_mark(self, recipe: Recipe, is_more: bool) -> "MarkedPictures":
        """Mark a picture; a mark it had before gives way."""
        return self.with_(marked=(*self.without(recipe).marked, (recipe, is_more)))

    def without(self, recipe: Recipe) -> "MarkedPictures":
        """Take the mark of a picture back, if it has one."""
        return self.with_(marked=tuple(mark for mark in self.marked if mark[0] != recipe))

    def of(self, is_more: bool) -> tuple[Recipe, ...]:
        """Pictures of one kind."""
        return tuple(recipe for recipe, kind in self.marked if kind == is_more)

    def __iter__(self) -> Iterator[Recipe]:
        """All pictures, the oldest mark first."""
        return (recipe for recipe, _ in self.marked)


def dumps(marks: MarkedPictures) -> str:
    """Write marks as JSON text."""
    data = {
        "kind": KIND,
        "version": VERSION,
        "model": {"name": marks.model.name, "sha256": marks.model.sha256},
        "name": marks.name,
        "note": marks.note,
        "keep": list(marks.keep),
        "more": [document.to_json(recipe) for recipe in marks.of(True)],
        "less": [document.to_json(recipe) for recipe in marks.of(False)],
        "order": [is_more for _, is_more in marks.marked],
    }
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)


def loads(text: str) -> MarkedPictures:
    """Read what `dumps` wrote.

    Raises
    ------
    RecipeError
        If the text holds no marks, is damaged, or comes from a newer version.
    """
    if len(text) > MAX_CHARACTERS:
        raise RecipeError("this is too long to be marks")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"these are no marks: {error}") from None
    if not isinstance(data, dict) or data.get("kind") != KIND:
        raise RecipeError("these are no marks of Latent Explorer")
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise RecipeError(f"these marks have an unreadable version: {version!r:.60}")
    if version > VERSION:
        raise RecipeError(
            "these marks were written by a newer Latent Explorer; update the program to open them"
        )
    try:
        kinds = {
            True: [document.from_json(recipe) for recipe in data["more"]],
            False: [document.from_json(recipe) for recipe in data["less"]],
        }
        order = [is_more is True for is_more in data["order"]]
        if order.count(True) != len(kinds[True]) or order.count(False) != len(kinds[False]):
            raise RecipeError("these marks are damaged: their order does not fit")
        kinds = {is_more: recipes[::-1] for is_more, recipes in kinds.items()}
        marked = tuple((kinds[is_more].pop(), is_more) for is_more in order)
        return MarkedPictures(
            ModelRef(data["model"]["name"], data["model"]["sha256"]),
            str(data["name"])[:128],
            str(data["note"])[:500],
            marked,
            tuple(str(name) for name in data["keep"]),
        )
    except RecipeError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecipeError(f"these marks are damaged: {error}") from None
