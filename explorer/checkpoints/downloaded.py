"""Networks in the user's folder `networks`: what was downloaded, from where, under which licence.

Beside each network lies a JSON record of the same name, written before the
network itself gets its name: a network in this folder has its record.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from explorer import locations
from explorer.checkpoints.public_networks import SUFFIXES

log = logging.getLogger(__name__)

FOLDER = "networks"
_RECORD = ".json"
_MAX_RECORD_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class DownloadRecord:
    """What is written beside a downloaded network."""

    name: str
    source: str
    """Address it was asked from."""
    sha256: str
    """Of the file, as it arrived."""
    licence: str
    licence_url: str
    accepted: str
    """When the licence was accepted: ISO 8601, UTC."""
    title: str = ""
    publisher: str = ""
    family: str = ""
    resolution: int = 0


@dataclass(frozen=True, slots=True)
class DownloadedNetwork:
    """One network of the folder."""

    name: str
    """What `--model` and recipes call it: the file's name without suffix."""
    path: Path
    size: int
    record: DownloadRecord | None
    """None for a file that somebody put there by hand."""


def networks_dir() -> Path:
    """The user's folder of downloaded networks; not created here."""
    return locations.user_data_dir() / FOLDER


def downloaded_networks(folder: Path | None = None) -> tuple[DownloadedNetwork, ...]:
    """All networks of the folder, by name; no file is opened but the records."""
    networks = []
    for path in _files(folder):
        try:
            size = path.stat().st_size
        except OSError as error:
            log.warning("a downloaded network cannot be looked at: %s", error)
            continue
        networks.append(DownloadedNetwork(path.stem, path, size, read_record(path)))
    return tuple(networks)


def downloaded_path(name: str, folder: Path | None = None) -> Path | None:
    """File of a downloaded network, or None; `name` is a name, never a path."""
    paths = {path.stem: path for path in _files(folder)}
    return paths.get(name)


def record_path(path: Path) -> Path:
    """Where the record of a network lies."""
    return path.with_name(path.name + _RECORD)


def read_record(path: Path) -> DownloadRecord | None:
    """The record of a network file, or None where there is none that can be understood."""
    try:
        with open(record_path(path), "rb") as file:
            document = json.loads(file.read(_MAX_RECORD_BYTES))
        return DownloadRecord(**document)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, RecursionError) as error:
        log.warning("%s: a record that cannot be understood: %s", record_path(path), error)
        return None


def facts_beside(path: Path) -> dict[str, str]:
    """What a record says of a network whose own file says nothing: title, licence, attribution, source."""
    record = read_record(path)
    if record is None:
        return {}
    facts = {
        "title": record.title,
        "licence": record.licence,
        "licence_url": record.licence_url,
        "attribution": record.publisher,
        "source": record.source,
    }
    return {name: fact for name, fact in facts.items() if fact}


def write_record(path: Path, record: DownloadRecord) -> None:
    """Write the record of a network file, whole or not at all; raises `OSError`."""
    target = record_path(path)
    temporary = target.with_name(f".{secrets.token_hex(6)}.tmp")
    try:
        temporary.write_text(json.dumps(asdict(record), indent=1, ensure_ascii=False), encoding="utf-8")
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _files(folder: Path | None) -> list[Path]:
    try:
        paths = sorted((folder or networks_dir()).iterdir())
    except OSError:
        return []  # the folder comes with the first download
    return [path for path in paths if path.suffix in SUFFIXES and not path.name.startswith(".")]
