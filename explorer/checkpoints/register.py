"""Which files were opened before: path to digest, kept in the user's own place.

A recipe names its network by sha256. The register finds the file again without
hashing the whole disk, and spares hashing a file that has not changed. It is a
memory, not a truth: a damaged or missing register is an empty one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer import locations

log = logging.getLogger(__name__)

MAX_ENTRIES = 1000
_MAX_BYTES = 4 << 20
_FILE_NAME = "networks.json"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What must be unchanged for a digest to be believed."""

    size: int
    mtime_ns: int


class Register:
    """Remembers digests of files, newest last.

    Parameters
    ----------
    path : the JSON file; by default in the user's data folder.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._entries: dict[str, tuple[Stamp, str]] | None = None

    def sha256_of(self, path: Path) -> str:
        """Digest of a file, from memory where it has not changed since.

        Raises
        ------
        OSError
            If the file cannot be read.
        """
        path = path.resolve()
        stamp = _stamp(path)
        known = self._load().get(str(path))
        if known is not None and known[0] == stamp:
            return known[1]
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self.remember(path, digest, stamp)
        return digest

    def remember(self, path: Path, sha256: str, stamp: Stamp | None = None) -> None:
        """Note the digest of a file; failing to write the note down is no failure."""
        path = path.resolve()
        entry = (stamp or _stamp(path), sha256)
        entries = self._load()
        if entries.get(str(path)) == entry:
            return
        entries.pop(str(path), None)
        entries[str(path)] = entry
        while len(entries) > MAX_ENTRIES:
            del entries[next(iter(entries))]
        self._save()

    def find(self, sha256: str) -> Path | None:
        """A file with this digest that is still what it was, or None."""
        for name, (stamp, digest) in reversed(self._load().items()):
            if digest == sha256 and _is_unchanged(Path(name), stamp):
                return Path(name)
        return None

    def find_name(self, name: str) -> tuple[Path, str] | None:
        """The file of this name (without suffix) opened last, with its digest, or None."""
        for text, (stamp, digest) in reversed(self._load().items()):
            path = Path(text)
            if path.stem == name and _is_unchanged(path, stamp):
                return path, digest
        return None

    def names(self) -> list[str]:
        """Names of remembered files, newest first."""
        return list(dict.fromkeys(Path(text).stem for text in reversed(self._load())))

    def _file(self) -> Path:
        return self._path or locations.user_data_dir() / _FILE_NAME

    def _load(self) -> dict[str, tuple[Stamp, str]]:
        if self._entries is None:
            try:
                self._entries = _parse(self._file())
            except (OSError, ValueError, RecursionError) as error:
                if not isinstance(error, FileNotFoundError):
                    log.warning("the register of networks is unreadable and starts anew: %s", error)
                self._entries = {}
        return self._entries

    def _save(self) -> None:
        rows = [
            {"path": path, "size": stamp.size, "mtime_ns": stamp.mtime_ns, "sha256": digest}
            for path, (stamp, digest) in self._load().items()
        ]
        temporary: Path | None = None
        try:
            target = self._file()
            temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")
            temporary.write_text(json.dumps({"version": 1, "files": rows}, indent=1), encoding="utf-8")
            os.replace(temporary, target)
        except (OSError, UnicodeEncodeError) as error:
            log.warning("the register of networks could not be written: %s", error)
            if temporary is not None:
                with contextlib.suppress(OSError):
                    temporary.unlink(missing_ok=True)


def _parse(path: Path) -> dict[str, tuple[Stamp, str]]:
    with open(path, "rb") as file:
        text = file.read(_MAX_BYTES + 1)
    if len(text) > _MAX_BYTES:
        raise ValueError("too large")
    document = json.loads(text)
    rows = document.get("files") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise ValueError("no list of files")
    entries = {}
    for row in rows[-MAX_ENTRIES:]:
        if _is_row(row):
            entries[row["path"]] = (Stamp(row["size"], row["mtime_ns"]), row["sha256"])
    return entries


def _is_row(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and isinstance(row.get("path"), str)
        and "\0" not in row["path"]
        and type(row.get("size")) is int
        and type(row.get("mtime_ns")) is int
        and isinstance(row.get("sha256"), str)
        and len(row["sha256"]) == 64
        and all(letter in "0123456789abcdef" for letter in row["sha256"])
    )


def _stamp(path: Path) -> Stamp:
    status = path.stat()
    return Stamp(status.st_size, status.st_mtime_ns)


def _is_unchanged(path: Path, stamp: Stamp) -> bool:
    try:
        return _stamp(path) == stamp
    except (OSError, ValueError):
        return False
