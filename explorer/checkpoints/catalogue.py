"""The networks that come with the program, told from their headers alone.

Looking needs no torch and reads some kilobytes per network, so a window can
list them while it opens.
"""

from __future__ import annotations

import difflib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer import locations
from explorer.checkpoints.downloaded import downloaded_networks
from explorer.checkpoints.public_networks import public_networks
from explorer.checkpoints.register import Register
from explorer.checkpoints.safetensors_form import read_form
from explorer.errors import CheckpointError, ModelNotFoundError

log = logging.getLogger(__name__)

SUFFIX = ".safetensors"


@dataclass(frozen=True)
class BundledModel:
    """One network of the `weights` folder."""

    name: str
    """What `--model` and recipes call it: the file's name without suffix."""
    title: str
    licence: str
    attribution: str
    size: int
    """Of the file, in bytes."""
    path: Path
    architecture: str
    resolution: int
    parameters: int
    header: dict[str, Any]
    """All the file says of itself."""

    def sha256(self, register: Register | None = None) -> str:
        """Digest of the file; hashed once and remembered while the file stays as it is."""
        return (register or Register()).sha256_of(self.path)


def bundled_models(folder: Path | None = None) -> tuple[BundledModel, ...]:
    """All networks in the `weights` folder, by name; a file that cannot be read is left out and logged."""
    models = []
    for path in bundled_files(folder):
        try:
            models.append(_describe(path))
        except (CheckpointError, OSError) as error:
            log.warning("a bundled network cannot be read: %s", error)
    return tuple(models)


def bundled_files(folder: Path | None = None) -> list[Path]:
    """Files of the `weights` folder, by name; none of them is opened."""
    return sorted((folder or locations.weights_dir()).glob(f"*{SUFFIX}"))


def bundled_path(name: str, folder: Path | None = None) -> Path | None:
    """File of a bundled network, or None; `name` is a name, never a path."""
    return {path.stem: path for path in bundled_files(folder)}.get(name)


def not_found(name: str, others: list[str] | None = None, folder: Path | None = None) -> ModelNotFoundError:
    """The error for a name that no network has, with the nearest one that exists."""
    if name in _public_names():
        return ModelNotFoundError(
            f"the network {name!r} is not on this disk yet: `latent-explorer models get {name}` fetches it"
        )
    here = {path.stem for path in bundled_files(folder)} | {network.name for network in downloaded_networks()}
    names = sorted(here | set(others or []))
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    there = f"There are: {', '.join(names[:20])}." if names else "No networks are installed."
    return ModelNotFoundError(
        f"no network is called {name[:100]!r} here.{hint} {there} A file of your own is named by its path"
    )


def _public_names() -> set[str]:
    try:
        return {entry.name for entry in public_networks()}
    except (OSError, ValueError) as error:
        log.warning("the table of public networks cannot be read: %s", error)
        return set()


def _describe(path: Path) -> BundledModel:
    form = read_form(path)
    header = form.header
    return BundledModel(
        name=path.stem,
        title=_text(header, "title") or path.stem,
        licence=_text(header, "licence"),
        attribution=_text(header, "attribution"),
        size=path.stat().st_size,
        path=path,
        architecture=form.network["architecture"],
        resolution=form.network["resolution"],
        parameters=form.parameters,
        header=header,
    )


def _text(header: dict[str, Any], key: str) -> str:
    value = header.get(key)
    return value if isinstance(value, str) else ""
