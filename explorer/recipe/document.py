"""The paper form of a recipe: versioned JSON. The only file that knows its spelling.

Once written into a picture, a shape is a promise: fields may be added with a
new version, never renamed. `loads` accepts every version up to `VERSION`. A field
written only where it is used (`class_mix`, a direction's `vector`, its `gradient`,
`on`, `rows` and `lock`) needs no new version: a program that does not know it refuses
that recipe in words, and reads all others.

Version 2 lets stored latents stand wherever seeds do: they are listed once, in
`latents`, and `{"latent": 0}` in place of a seed means the first of them. A recipe is
written in the lowest version that can hold it, so that all others stay as they were.
"""

import base64
import binascii
import hashlib
import json
from typing import Any

from explorer.errors import RecipeError
from explorer.recipe.notation import format_layers, parse_layers
from explorer.recipe.recipe import (
    Layers,
    Mix,
    ModelRef,
    Noise,
    Push,
    Recipe,
    SeedBlend,
    Source,
    StoredDirection,
    StoredLatent,
    Transform,
)

KIND = "latent-explorer/recipe"
VERSION = 2
MAX_CHARACTERS = 16_000_000
"""A W+ latent of the largest network takes some 200 kB; more is not a recipe."""


def to_json(recipe: Recipe) -> dict[str, Any]:
    """Spell a recipe as plain JSON values."""
    table = () if _fits_version_1(recipe) else recipe.latents
    data: dict[str, Any] = {
        "kind": KIND,
        "version": VERSION if table else 1,
        "model": {"name": recipe.model.name, "sha256": recipe.model.sha256},
        "base": _base_to_json(recipe.base, table),
        "class": recipe.class_index,
        "mixes": [
            {
                "seed": _source_to_json(m.seed, table),
                "layers": format_layers(m.layers),
                "strength": float(m.strength),
            }
            for m in recipe.mixes
        ],
        "psi": float(recipe.psi),
        "cutoff": recipe.cutoff,
        "directions": [_push_to_json(push) for push in recipe.directions],
        "noise": {
            "mode": recipe.noise.mode,
            "seed": recipe.noise.seed,
            "strength": float(recipe.noise.strength),
        },
        "transform": {
            "x": float(recipe.transform.x),
            "y": float(recipe.transform.y),
            "degrees": float(recipe.transform.degrees),
        },
    }
    if recipe.class_mix:
        data["class_mix"] = [[index, float(weight)] for index, weight in recipe.class_mix]
    if table:
        data["latents"] = [_latent_to_json(latent) for latent in table]
    return data


def dumps(recipe: Recipe) -> str:
    """Write a recipe as canonical JSON text: sorted keys, no spaces, ASCII.

    Equal recipes give equal text, so the text may be hashed and signed.
    """
    return json.dumps(
        to_json(recipe), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def loads(text: str) -> Recipe:
    """Read what `dumps` wrote, from this version or an older one.

    Raises
    ------
    RecipeError
        If the text is no recipe, is damaged, or comes from a newer version.
    """
    if len(text) > MAX_CHARACTERS:
        raise RecipeError("this is too long to be a recipe")
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"this is not a recipe: {error}") from None
    return from_json(data)


def from_json(data: Any) -> Recipe:
    """Read plain JSON values as a recipe; see `loads`."""
    if not isinstance(data, dict) or data.get("kind") != KIND:
        raise RecipeError("this is not a recipe of Latent Explorer")
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise RecipeError(f"this recipe has an unreadable version: {version!r}")
    if version > VERSION:
        raise RecipeError(
            f"this recipe was written by a newer Latent Explorer (recipe version {version}; "
            f"this program knows up to {VERSION}); update the program to open it"
        )
    known = {
        "kind",
        "version",
        "model",
        "base",
        "class",
        "class_mix",
        "latents",
        "mixes",
        "psi",
        "cutoff",
        "directions",
        "noise",
        "transform",
    }
    unknown = sorted(set(data) - known)
    if unknown:
        raise RecipeError(f"this recipe holds fields this program does not know: {', '.join(unknown)[:200]}")
    try:
        table = tuple(_latent_from_json(latent) for latent in data.get("latents", ()))
        return Recipe(
            model=ModelRef(_str(data["model"]["name"]), _str(data["model"].get("sha256", ""))),
            base=_base_from_json(data["base"], table),
            class_index=data["class"],
            class_mix=tuple((index, _float(weight)) for index, weight in data.get("class_mix", ())),
            mixes=tuple(
                Mix(_source_from_json(m["seed"], table), _layers(m["layers"]), _float(m["strength"]))
                for m in data["mixes"]
            ),
            psi=_float(data["psi"]),
            cutoff=data["cutoff"],
            directions=tuple(_push_from_json(push) for push in data["directions"]),
            noise=Noise(data["noise"]["mode"], data["noise"]["seed"], _float(data["noise"]["strength"])),
            transform=Transform(*(_float(data["transform"][key]) for key in ("x", "y", "degrees"))),
        )
    except RecipeError:
        raise
    except KeyError as error:
        raise RecipeError(f"this recipe is damaged: {error.args[0]!r} is missing") from None
    except (TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise RecipeError(f"this recipe is damaged: {error}") from None


def _fits_version_1(recipe: Recipe) -> bool:
    """Whether the first version can hold its latents: one alone as the base, not knowing its picture."""
    base = recipe.base
    if not isinstance(base, StoredLatent):
        return not recipe.latents
    return not base.picture_sha256 and all(not isinstance(mix.seed, StoredLatent) for mix in recipe.mixes)


def _base_to_json(base: SeedBlend | StoredLatent, table: tuple[StoredLatent, ...]) -> dict[str, Any]:
    if isinstance(base, SeedBlend):
        return {"seeds": [[_source_to_json(source, table), float(weight)] for source, weight in base.terms]}
    return {"latent": table.index(base) if table else _latent_to_json(base)}


def _base_from_json(data: Any, table: tuple[StoredLatent, ...]) -> SeedBlend | StoredLatent:
    if "seeds" in data:
        terms = data["seeds"]
        return SeedBlend(
            tuple((_source_from_json(source, table), _float(weight)) for source, weight in terms)
        )
    if isinstance(data["latent"], dict):
        return _latent_from_json(data["latent"])
    return table[_index(data["latent"])]


def _source_to_json(source: Source, table: tuple[StoredLatent, ...]) -> Any:
    return {"latent": table.index(source)} if isinstance(source, StoredLatent) else source


def _source_from_json(data: Any, table: tuple[StoredLatent, ...]) -> Source:
    if not isinstance(data, dict):
        return data  # the recipe checks its seeds
    return table[_index(data["latent"])]


def _index(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"a latent is named by its place in the list, not by {value!r:.60}")
    return value


def _latent_to_json(latent: StoredLatent) -> dict[str, Any]:
    data = {**_array_to_json(latent.rows, latent.width, latent.data), "origin": latent.origin}
    return {**data, "picture_sha256": latent.picture_sha256} if latent.picture_sha256 else data


def _latent_from_json(data: Any) -> StoredLatent:
    raw = _array_from_json(data, "the latent")
    picture = _str(data.get("picture_sha256", ""))
    return StoredLatent(data["rows"], data["width"], raw, _str(data["origin"]), picture)


def _push_to_json(push: Push) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": push.name,
        "amount": float(push.amount),
        "layers": None if push.layers is None else format_layers(push.layers),
    }
    if not push.is_on:
        data["on"] = False
    if push.row_strengths:
        data["rows"] = [[row, float(strength)] for row, strength in push.row_strengths]
    if push.is_locked:
        data["lock"] = True
    if push.stored is not None:
        stored = push.stored
        data["vector"] = {
            **_array_to_json(stored.rows, stored.width, stored.data),
            "sigma": float(stored.sigma),
            "layers": format_layers(stored.layers),
            "kind": stored.kind,
        }
        if stored.gradient:
            data["vector"]["gradient"] = _array_to_json(1, stored.width, stored.gradient)
    return data


def _push_from_json(data: Any) -> Push:
    unknown = sorted(set(data) - {"name", "amount", "layers", "on", "rows", "lock", "vector"})
    if unknown:
        raise RecipeError(
            f"a direction in this recipe holds fields this program does not know: {', '.join(unknown)[:200]}"
        )
    is_on, is_locked = data.get("on", True), data.get("lock", False)
    for words, value in (("on or off", is_on), ("locked or not", is_locked)):
        if not isinstance(value, bool):
            raise RecipeError(f"a direction is {words}, not {value!r:.60}")
    return Push(
        _str(data["name"]),
        _float(data["amount"]),
        None if data["layers"] is None else _layers(data["layers"]),
        None if data.get("vector") is None else _vector_from_json(data["vector"]),
        is_on,
        tuple((row, _float(strength)) for row, strength in data.get("rows", ())),
        is_locked,
    )


def _vector_from_json(data: Any) -> StoredDirection:
    raw = _array_from_json(data, "a direction")
    return StoredDirection(
        data["rows"],
        data["width"],
        raw,
        _float(data["sigma"]),
        _layers(data["layers"]),
        _str(data["kind"]),
        _array_from_json(data["gradient"], "a direction") if "gradient" in data else b"",
    )


def _array_to_json(rows: int, width: int, values: bytes) -> dict[str, Any]:
    return {
        "rows": rows,
        "width": width,
        "float32": base64.b64encode(values).decode("ascii"),
        "sha256": hashlib.sha256(values).hexdigest(),
    }


def _array_from_json(data: Any, what: str) -> bytes:
    try:
        raw = base64.b64decode(_str(data["float32"]), validate=True)
    except binascii.Error as error:
        raise RecipeError(f"{what} in this recipe is damaged: {error}") from None
    if hashlib.sha256(raw).hexdigest() != data["sha256"]:
        raise RecipeError(f"{what} in this recipe is damaged: its checksum does not fit")
    return raw


def _layers(text: Any) -> Layers:
    return parse_layers(_str(text))


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {value!r:.60}")
    return value


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"expected a number, found {value!r:.60}")
    return float(value)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number a recipe may hold")
