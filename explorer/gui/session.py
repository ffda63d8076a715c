"""A session on paper: where one was, and the way there and back, as JSON.

Made of recipes and films in their own paper form; the view (zoom, folded panels) is kept
beside them, for it is no part of a picture.
"""

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from explorer.errors import RecipeError
from explorer.gui.settings import write_text
from explorer.locations import user_data_dir
from explorer.recipe import Film, History, Work, document, film_document

KIND = "latent-explorer/session"
VERSION = 2
"""2 adds films and music. A session without them is still written, and read, as 1."""
STEPS = 100
"""Most steps of undo, and of redo, that are written."""
FILMS = 24
"""Most different films that are written: each holds all its keyframes."""
MAX_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Session:
    """A history with the view it was seen in."""

    history: History[Work]
    view: dict[str, Any] = field(default_factory=dict)


def last_session_file() -> Path:
    """Where the session is kept between runs."""
    return user_data_dir() / "last-session.json"


def dumps(session: Session) -> str:
    """Write a session as JSON text."""
    history = _shortened(session.history)
    steps = (*history.past, *history.future)
    works = [history.present, *(step.value for step in steps)]
    films = list(dict.fromkeys(work.film for work in works if work.film is not None))
    # Where there is no film, a session is what it was before there were any.
    version = VERSION if films or any(work.music for work in works) else 1
    data = {
        "kind": KIND,
        "version": version,
        "present": document.to_json(history.present.recipe),
        "past": [{"name": step.name, **_spelled(step.value, films)} for step in history.past],
        "future": [{"name": step.name, **_spelled(step.value, films)} for step in history.future],
        "view": session.view,
    }
    if version > 1:
        data["films"] = [film_document.to_json(film) for film in films]
        data["now"] = {
            key: value for key, value in _spelled(history.present, films).items() if key != "recipe"
        }
    return json.dumps(data, separators=(",", ":"), allow_nan=False)


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
        return Session(History(Work(document.from_json(data))))
    if not isinstance(data, dict) or data.get("kind") != KIND:
        raise RecipeError("this is neither a session nor a recipe of Latent Explorer")
    version = data.get("version")
    if version not in range(1, VERSION + 1):
        raise RecipeError(
            f"this session has version {version!r}, and this program knows version {VERSION}; "
            "a newer Latent Explorer wrote it: update the program to open it"
        )
    try:
        films = [film_document.from_json(film) for film in data.get("films", ())]
        present = _read({"recipe": data["present"], **data.get("now", {})}, films)
        past = [(str(step["name"]), _read(step, films)) for step in data["past"]]
        future = [(str(step["name"]), _read(step, films)) for step in data["future"]]
        view = data["view"]
    except (KeyError, TypeError, AttributeError) as error:
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


def _shortened(history: History[Work]) -> History[Work]:
    """The nearest steps, and no more films than are written."""
    films = {history.present.film}

    def near(steps: Iterable[Any]) -> Iterator[Any]:
        for step in itertools.islice(steps, STEPS):
            films.add(step.value.film)
            if len(films - {None}) > FILMS:
                return
            yield step

    past = tuple(near(reversed(history.past)))[::-1]
    return replace(history, past=past, future=tuple(near(history.future)))


def _spelled(work: Work, films: Sequence[Film]) -> dict[str, Any]:
    """A work as JSON values; its film by number."""
    data: dict[str, Any] = {"recipe": document.to_json(work.recipe)}
    if work.film is not None:
        data["film"] = films.index(work.film)
    if work.music:
        data["music"] = work.music
    return data


def _read(data: Any, films: Sequence[Film]) -> Work:
    number, music = data.get("film"), data.get("music", "")
    if number is not None and not (type(number) is int and 0 <= number < len(films)):
        raise RecipeError(f"this session is damaged: it has no film {number!r:.20}")
    if not isinstance(music, str):
        raise RecipeError("this session is damaged: its music is no path")
    return Work(document.from_json(data["recipe"]), None if number is None else films[number], music)


def _history(past: list[tuple[str, Work]], present: Work, future: list[tuple[str, Work]]) -> History[Work]:
    """Walk the way again: each step names the edit that leaves its work (past) or leads to it (future)."""
    history = History(past[0][1] if past else present)
    following = [work for _, work in past[1:]] + [present]
    for (name, _), work in zip(past, following, strict=False):
        history = history.edit(work, name)
    for name, work in future:
        history = history.edit(work, name)
    for _ in future:
        history = history.undo()
    return history
