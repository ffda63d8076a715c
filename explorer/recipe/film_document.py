"""The paper form of a film: versioned JSON, as in a `.film` file and inside an exported film.

Each keyframe holds a whole recipe in its own paper form. The same promises hold as for
recipes: fields may be added with a new version, never renamed.
"""

import json
from typing import Any

from explorer.errors import RecipeError
from explorer.recipe import document
from explorer.recipe.film import MAX_CELLS, MAX_KEYS, Film, Keyframe

KIND = "latent-explorer/film"
VERSION = 1
MAX_CHARACTERS = 30_000_000
"""A hundred W+ latents of the largest network take some 20 MB; more is not a film."""

_OF_FILM = {"kind", "version", "fps", "loop", "length", "columns", "size", "cells"}
_OF_KEY = {"time", "hold", "easing", "path", "space", "noise_loop", "recipe"}


def to_json(film: Film) -> dict[str, Any]:
    """Spell a film as plain JSON values."""
    return {
        "kind": KIND,
        "version": VERSION,
        "fps": float(film.fps),
        "loop": film.loop,
        "length": float(film.length),
        "columns": film.columns,
        "size": film.size,
        "cells": [[_key_to_json(key) for key in keys] for keys in film.cells],
    }


def dumps(film: Film) -> str:
    """Write a film as canonical JSON text: sorted keys, no spaces, ASCII; may be hashed and signed."""
    return json.dumps(
        to_json(film), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def loads(text: str) -> Film:
    """Read what `dumps` wrote, from this version or an older one.

    Raises
    ------
    RecipeError
        If the text is no film, is damaged, or comes from a newer version.
    """
    if len(text) > MAX_CHARACTERS:
        raise RecipeError("this is too long to be a film")
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"this is not a film: {error}") from None
    return from_json(data)


def from_json(data: Any) -> Film:
    """Read plain JSON values as a film; see `loads`."""
    if not isinstance(data, dict) or data.get("kind") != KIND:
        raise RecipeError("this is not a film of Latent Explorer")
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise RecipeError(f"this film has an unreadable version: {version!r:.60}")
    if version > VERSION:
        raise RecipeError(
            f"this film was written by a newer Latent Explorer (film version {version}; "
            f"this program knows up to {VERSION}); update the program to open it"
        )
    _refuse_unknown(data, _OF_FILM)
    try:
        cells = data["cells"]
        if not isinstance(cells, list) or not 1 <= len(cells) <= MAX_CELLS:
            raise RecipeError(f"a film has 1 to {MAX_CELLS} cells")
        return Film(
            cells=tuple(_cell_from_json(keys) for keys in cells),
            fps=_float(data["fps"]),
            loop=data["loop"],
            length=_float(data["length"]),
            columns=data["columns"],
            size=data["size"],
        )
    except RecipeError:
        raise
    except KeyError as error:
        raise RecipeError(f"this film is damaged: {error.args[0]!r} is missing") from None
    except (TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise RecipeError(f"this film is damaged: {error}") from None


def is_film(data: Any) -> bool:
    """Whether plain JSON values claim to be a film."""
    return isinstance(data, dict) and data.get("kind") == KIND


def _key_to_json(key: Keyframe) -> dict[str, Any]:
    return {
        "time": float(key.time),
        "hold": float(key.hold),
        "easing": key.easing,
        "path": key.path,
        "space": key.space,
        "noise_loop": key.noise_loop,
        "recipe": document.to_json(key.recipe),
    }


def _cell_from_json(keys: Any) -> tuple[Keyframe, ...]:
    if not isinstance(keys, list) or not 1 <= len(keys) <= MAX_KEYS:
        raise RecipeError(f"a film has 1 to {MAX_KEYS} keyframes")
    return tuple(_key_from_json(key) for key in keys)


def _key_from_json(data: Any) -> Keyframe:
    if not isinstance(data, dict):
        raise RecipeError("this film is damaged: a keyframe is no object")
    _refuse_unknown(data, _OF_KEY)
    return Keyframe(
        recipe=document.from_json(data["recipe"]),
        time=_float(data["time"]),
        hold=_float(data["hold"]),
        easing=_str(data["easing"]),
        path=data["path"],
        space=data["space"],
        noise_loop=data["noise_loop"],
    )


def _refuse_unknown(data: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(set(data) - known)
    if unknown:
        raise RecipeError(f"this film holds fields this program does not know: {', '.join(unknown)[:200]}")


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {value!r:.60}")
    return value


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"expected a number, found {value!r:.60}")
    return float(value)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number a film may hold")
