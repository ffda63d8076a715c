"""The paper form of directions: one `.directions` file for one network.

A safetensors container: vectors as float32 tensors, the rest as JSON in its
header. Bytes in, bytes out; who reads and writes files is somebody else.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save as write_tensors

from explorer.errors import DirectionError, RecipeError
from explorer.latents.directions import Direction
from explorer.recipe import ModelRef
from explorer.recipe.notation import format_layers, parse_layers

SUFFIX = ".directions"
KEY = "latent_explorer_directions"
VERSION = 1
GRADIENT = ".gradient"
"""Ending of the tensors that tell how a direction's measure changes; readers may do without."""
MAX_BYTES = 256 * 2**20
MAX_HEADER = 16 * 2**20


@dataclass(frozen=True, eq=False)
class DirectionSet:
    """Directions with the network they were found in."""

    model: ModelRef
    num_ws: int
    w_dim: int
    directions: tuple[Direction, ...]
    author: str = ""
    licence: str = ""
    family: str = ""
    """Architecture of the network; others of the same family and sizes may like them too, with care."""

    def by_name(self) -> dict[str, Direction]:
        """Directions by name, as `compose` takes them."""
        return {direction.name: direction for direction in self.directions}


def dumps(found: DirectionSet) -> bytes:
    """Write a set; equal sets give equal bytes.

    Raises
    ------
    DirectionError
        If two directions share a name.
    """
    names = [direction.name for direction in found.directions]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise DirectionError(f"two directions are called {sorted(twice)[0]!r}; rename one")
    about = {
        "version": VERSION,
        "model": {"name": found.model.name, "sha256": found.model.sha256},
        "num_ws": found.num_ws,
        "w_dim": found.w_dim,
        "author": found.author,
        "licence": found.licence,
        "family": found.family,
        "directions": [
            {
                "name": direction.name,
                "kind": direction.kind,
                "sigma": float(direction.sigma),
                "layers": format_layers(direction.layers),
                "note": direction.note,
                "effects": dict(sorted(direction.effects.items())),
            }
            for direction in found.directions
        ],
    }
    # safetensors sorts by name, so names in numbered order keep the order of the list.
    tensors = {
        f"{i:05d}": direction.vector.detach().cpu().float().contiguous()
        for i, direction in enumerate(found.directions)
    }
    tensors |= {
        f"{i:05d}{GRADIENT}": direction.gradient.detach().cpu().float().contiguous()
        for i, direction in enumerate(found.directions)
        if direction.gradient is not None
    }
    return write_tensors(tensors, {KEY: json.dumps(about, sort_keys=True, ensure_ascii=True)})


def loads(data: bytes, source: str = "this file") -> DirectionSet:
    """Read what `dumps` wrote.

    Parameters
    ----------
    source : what to call it in errors.

    Raises
    ------
    DirectionError
        If it is none, is damaged, or comes from a newer version.
    """
    about = _header(data, source)
    version = about.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise DirectionError(
            f"{source} was written by a newer Latent Explorer; update the program to open it"
        )
    try:
        tensors = read_tensors(data)
        return DirectionSet(
            model=ModelRef(about["model"]["name"], about["model"]["sha256"]),
            num_ws=int(about["num_ws"]),
            w_dim=int(about["w_dim"]),
            directions=tuple(
                _direction(
                    entry,
                    tensors[f"{i:05d}"],
                    tensors.get(f"{i:05d}{GRADIENT}"),
                    int(about["num_ws"]),
                    int(about["w_dim"]),
                )
                for i, entry in enumerate(about["directions"])
            ),
            author=str(about["author"]),
            licence=str(about["licence"]),
            family=str(about.get("family", "")),
        )
    except (SafetensorError, KeyError, TypeError, ValueError, AttributeError) as error:
        # RecipeError (layers, names) is a ValueError too.
        raise DirectionError(f"the directions in {source} are damaged: {error}") from None


def _direction(
    entry: Mapping[str, Any], vector: torch.Tensor, gradient: torch.Tensor | None, num_ws: int, w_dim: int
) -> Direction:
    direction = Direction(
        name=str(entry["name"]),
        kind=str(entry["kind"]),
        vector=vector.float(),
        sigma=float(entry["sigma"]),
        layers=parse_layers(entry["layers"]),
        note=str(entry["note"]),
        effects={str(name): float(value) for name, value in entry["effects"].items()},
        gradient=None if gradient is None else gradient.float(),
    )
    is_sound = gradient is None or (gradient.shape == (w_dim,) and bool(gradient.isfinite().all()))
    if not direction.fits(num_ws, w_dim) or not bool(vector.isfinite().all()) or not is_sound:
        raise RecipeError(f"direction {direction.name!r} does not hold {w_dim} finite values")
    return direction


def _header(data: bytes, source: str) -> dict[str, Any]:
    """JSON part, read before the library sees the file: sizes first."""
    if len(data) > MAX_BYTES:
        raise DirectionError(f"{source} is too large to be a file of directions")
    length = int.from_bytes(data[:8], "little")
    if len(data) < 10 or length > min(len(data) - 8, MAX_HEADER) or data[8:9] != b"{":
        raise DirectionError(f"{source} is not a {SUFFIX} file")
    try:
        about = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][KEY])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise DirectionError(f"{source} is not a {SUFFIX} file of Latent Explorer") from None
    if not isinstance(about, dict):
        raise DirectionError(f"{source} is not a {SUFFIX} file of Latent Explorer")
    return about
