"""Networks that others have published and that may be downloaded: `resources/networks.json`.

The table says where each lies, what it draws and under which licence; nothing
here opens a connection. What nobody here knows for certain is left empty. A
size is that of the parts such a file holds: two generators and a discriminator
of known shapes, which mirrors of three of these files confirm to a thousandth.
A digest would be one that its publisher states, and none does. Sample pictures
of such networks are under their publishers' terms: none come with the program,
which draws one of its own when a network is here.
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from explorer import locations
from explorer.errors import ModelNotFoundError

TABLE = "networks.json"
FAMILIES = ("stylegan1", "stylegan2", "stylegan3-t", "stylegan3-r")
"""As `Generator.architecture` spells them."""
SUBJECTS = ("people", "cats", "dogs", "animals", "paintings", "anime", "things", "places", "science")
"""What the Models page sorts by, in its order."""
SUFFIXES = (".pkl", ".pt", ".pth", ".safetensors")

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Licence:
    """Terms that must be accepted before a download."""

    name: str
    url: str
    """HTTPS address of the whole text, or of the page where the publisher states the terms."""
    summary: str
    """What it allows, in one or two sentences; the text behind `url` is what counts."""


@dataclass(frozen=True, slots=True)
class PublicNetwork:
    """One network that may be downloaded."""

    name: str
    """What `models get`, `--model` and recipes call it: small letters, digits, hyphens."""
    title: str
    draws: str
    """What its pictures show, in a sentence."""
    subject: str
    """One of `SUBJECTS`."""
    resolution: int
    family: str
    """One of `FAMILIES`."""
    publisher: str
    licence: Licence
    url: str
    """HTTPS address of the file."""
    size: int | None = None
    """About how many bytes the file has, where that is known."""
    sha256: str | None = None
    """Digest of the file, where its publisher states one."""
    note: str = ""
    page: str = ""
    """HTTPS address of a page about it, or empty."""
    classes: tuple[str, ...] = ()
    """What the classes of a conditional network are called, class 0 first."""

    @property
    def file_name(self) -> str:
        """Name its file gets on this disk; some addresses end in no name at all."""
        suffix = PurePosixPath(urlsplit(self.url).path).suffix
        return self.name + (suffix if suffix in SUFFIXES else SUFFIXES[0])


def public_networks(path: Path | None = None) -> tuple[PublicNetwork, ...]:
    """All networks of the table, in its order: by subject, the best known first.

    Raises
    ------
    ValueError
        If the table is not as it must be; the message names the entry.
    OSError
        If it cannot be read.
    """
    return _read(path or locations.resources_dir() / TABLE)


def public_network(name: str, path: Path | None = None) -> PublicNetwork:
    """The network of that name.

    Raises
    ------
    ModelNotFoundError
        If the table has none; names the nearest.
    """
    entries = {entry.name: entry for entry in public_networks(path)}
    if name in entries:
        return entries[name]
    nearest = difflib.get_close_matches(name, entries, n=1, cutoff=0.5)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    raise ModelNotFoundError(
        f"no network called {name[:100]!r} can be downloaded.{hint} `latent-explorer models` lists them"
    )


def class_names(name: str, c_dim: int, path: Path | None = None) -> tuple[str, ...]:
    """What the table calls the classes of a network of this name; empty where it names others."""
    classes = next((entry.classes for entry in public_networks(path) if entry.name == name), ())
    return classes if len(classes) == c_dim else ()


@lru_cache(maxsize=4)
def _read(path: Path) -> tuple[PublicNetwork, ...]:
    document = json.loads(path.read_text("utf-8"))
    try:
        licences = {key: _licence(key, row) for key, row in document["licences"].items()}
        entries = tuple(_entry(row, licences) for row in document["networks"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path.name}: something is missing, or of another kind: {error}") from error
    names = [entry.name for entry in entries]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{path.name}: two networks are called {name!r}")
    return entries


def _licence(key: str, row: dict[str, Any]) -> Licence:
    licence = Licence(**row)
    if not _is_https(licence.url) or not licence.name or not licence.summary:
        raise ValueError(f"licence {key!r}: it needs a name, a summary and an https address")
    return licence


def _entry(row: dict[str, Any], licences: dict[str, Licence]) -> PublicNetwork:
    classes = tuple(row.get("classes", ()))
    entry = PublicNetwork(**(row | {"licence": licences[row["licence"]], "classes": classes}))
    power = entry.resolution.bit_length() - 1
    wrong = [
        name
        for name, is_right in (
            ("name", _NAME.fullmatch(entry.name)),
            ("title", entry.title),
            ("draws", entry.draws),
            ("subject", entry.subject in SUBJECTS),
            ("resolution", entry.resolution == 1 << power and 4 <= entry.resolution <= 2048),
            ("family", entry.family in FAMILIES),
            ("publisher", entry.publisher),
            ("url", _is_https(entry.url)),
            ("size", entry.size is None or (type(entry.size) is int and entry.size > 0)),
            ("sha256", entry.sha256 is None or _DIGEST.fullmatch(entry.sha256)),
            ("page", not entry.page or _is_https(entry.page)),
            ("classes", all(isinstance(name, str) and name for name in entry.classes)),
        )
        if not is_right
    ]
    if wrong:
        raise ValueError(f"network {entry.name!r}: unusable {', '.join(wrong)}")
    return entry


def _is_https(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and bool(parts.hostname) and not parts.username and not parts.fragment
