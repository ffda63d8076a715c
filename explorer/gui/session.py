"""A session on paper: where one was, and the way there and back, as JSON.

Made of recipes in their own paper form; the view (zoom, folded panels) is kept
beside them, for it is no part of a picture.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explorer.errors import RecipeError
from explorer.gui.settings import write_text
from explorer.locations import user_data_dir
from explorer.recipe import History, Recipe, document

KIND = "latent-explorer/session"
VERSION = 1
STEPS = 100
"""Most steps of undo, and of redo, that are written."""
MAX_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Session:
    """A history with the view it was seen in."""

    history: History[Recipe]
    view: dict[str, Any] = field(default_factory=dict)


def last_session_file() -> Path:
    """Where the session is kept between runs."""
    return user_data_dir() / "last-session.json"


def dumps(session: Session) -> str:
    """Write a session as JSON text."""
    history = session.history
    return json.dumps(
        {
            "kind": KIND,
            "version": VERSION,
            "present": document.to_json(history.present),
            "past": [_step(step.name, step.value) for step in history.past[-STEPS:]],
            "future": [_step(step.name, step.value) for step in history.future[:STEPS]],
            "view": session.view,
        },
        separators=(",", ":"),
        allow_nan=False,
    )


def loads(text: str) -> Session:
    """Read what `dumps` wrote, or a bare recipe.

    Raises
    ------
    RecipeError
        If the text is neither, is damaged, or comes from a newer version.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"this is not a session: {error}") from None
    if isinstance(data, dict) and data.get("kind") == document.KIND:
        return Session(History(document.from_json(data)))
    if not isinstance(data, dict) or data.get("kind") != KIND:
        raise RecipeError("this is neither a session nor a recipe of Latent Explorer")
    version = data.get("version")
    if version != VERSION:
        raise RecipeError(
            f"this session has version {version!r}, and this program knows version {VERSION}; "
            "a newer Latent Explorer wrote it: update the program to open it"
        )
    try:
        present = document.from_json(data["present"])
        past = [(str(step["name"]), document.from_json(step["recipe"])) for step in data["past"]]
        future = [(str(step["name"]), document.from_json(step["recipe"])) for step in data["future"]]
        view = data["view"]
    except (KeyError, TypeError) as error:
        raise RecipeError(f"this session is damaged: {error}") from None
    return Session(_history(past, present, future), view if isinstance(view, dict) else {})


def read(path: Path) -> Session:
    """Read a session file; `RecipeError` and `OSError` name it."""
    if path.stat().st_size > MAX_BYTES:
        raise RecipeError(f"{path.name}: this is too large to be a session")
    try:
        return loads(path.read_text("utf-8"))
    except UnicodeDecodeError:
        raise RecipeError(f"{path.name}: this is not a session") from None
    except RecipeError as error:
        raise RecipeError(f"{path.name}: {error}") from None


def write(path: Path, session: Session) -> None:
    """Write a session file, whole or not at all."""
    write_text(path, dumps(session))


def _step(name: str, recipe: Recipe) -> dict[str, Any]:
    return {"name": name, "recipe": document.to_json(recipe)}


def _history(
    past: list[tuple[str, Recipe]], present: Recipe, future: list[tuple[str, Recipe]]
) -> History[Recipe]:
    """Walk the way again: each step names the edit that leaves its recipe (past) or leads to it (future)."""
    history = History(past[0][1] if past else present)
    following = [recipe for _, recipe in past[1:]] + [present]
    for (name, _), recipe in zip(past, following, strict=False):
        history = history.edit(recipe, name)
    for name, recipe in future:
        history = history.edit(recipe, name)
    for _ in future:
        history = history.undo()
    return history
