"""The unfinished file of a download, and the note of which version of the file it is part of."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from explorer.checkpoints import download_words
from explorer.errors import DownloadError

log = logging.getLogger(__name__)

MAX_BYTES = 8 << 30
"""No generator has more; a server that never stops sending is stopped here."""
RESERVE = 64 << 20
"""Bytes of the disk that a download leaves to others."""

_LOOK_EVERY = 16 << 20
_MAX_NOTE_BYTES = 1 << 14


class PartFile:
    """`.NAME.part` in the folder of networks, with `.NAME.part.json` beside it.

    Parameters
    ----------
    folder : of the downloaded networks; made when the first byte comes
    file_name : what the file will be called when it is whole
    """

    def __init__(self, folder: Path, file_name: str) -> None:
        self.folder = folder
        self.path = folder / f".{file_name}.part"
        self._note_path = folder / f".{file_name}.part.json"
        self._lock_path = folder / f".{file_name}.lock"
        self.version = ""
        """Tag or date that `If-Range` names the version by; empty where the server gave none."""
        self.total: int | None = None
        """Bytes of the whole file, where the server said so."""
        self._read_note()

    @property
    def size(self) -> int:
        """Bytes that are there."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    @property
    def is_complete(self) -> bool:
        """Whether every byte is there already, and only the check is missing."""
        return self.total is not None and self.size == self.total > 0

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder and keep other downloads of this file out.

        Raises
        ------
        DownloadError
            If another one is running, or the folder cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = open(self._lock_path, "w")  # noqa: SIM115 -- closed below, on every way out
        except OSError as error:
            raise download_words.disk_error(self.folder, error) from error
        with file:
            if not _lock(file.fileno()):
                raise DownloadError(f"{self.path.name[1:-5]} is being downloaded already; wait for that one")
            self._read_note()  # it may have changed while another one held the lock
            if self.total is not None and self.size > self.total:
                self.discard()
            try:
                yield
            finally:
                with contextlib.suppress(OSError):
                    self._lock_path.unlink()

    def begin(self, version: str, total: int | None) -> None:
        """Forget what is there and begin a version of the file.

        Raises
        ------
        DownloadError
            If the disk does not let it, or the file would be larger than any network.
        """
        self.version, self.total = version, total
        if total is not None and total > MAX_BYTES:
            raise DownloadError(f"the server offers {total:,} bytes, which is more than any network has")
        try:
            self.path.write_bytes(b"")
            self._write_note()
        except OSError as error:
            raise download_words.disk_error(self.folder, error) from error

    def continues(self, version: str, total: int | None) -> bool:
        """Whether a further part of this version and length belongs to what is there."""
        # A tag and a date cannot be compared; the server then said by its answer that they fit.
        is_same_kind = version.startswith('"') == self.version.startswith('"')
        if version and self.version and is_same_kind and version != self.version:
            return False
        if total is not None and self.total is not None and total != self.total:
            return False
        if self.total is None and total is not None:
            self.total = total
        return total is None or total <= MAX_BYTES

    def require_room(self) -> None:
        """Raise `DownloadError` where the disk has no room for what is still to come."""
        missing = RESERVE if self.total is None else self.total - self.size + RESERVE
        self._require(missing)

    @contextmanager
    def writing(self) -> Iterator[Callable[[bytes], None]]:
        """A function that appends bytes; on every way out what it was given is in the file.

        Raises
        ------
        DownloadError
            If the disk is full or fails; what is there stays.
        """
        try:
            file = open(self.path, "ab")  # noqa: SIM115 -- closed below, on every way out
        except OSError as error:
            raise download_words.disk_error(self.folder, error) from error
        looked = self.size

        def write(chunk: bytes) -> None:
            nonlocal looked
            try:
                file.write(chunk)
                file.flush()
            except OSError as error:
                raise download_words.disk_error(self.folder, error) from error
            size = self.size
            if size > MAX_BYTES:
                raise DownloadError(f"the server sends more than {MAX_BYTES:,} bytes, which no network has")
            if size - looked >= _LOOK_EVERY:
                looked = size
                self._require(RESERVE)

        try:
            yield write
        finally:
            try:
                file.close()
            except OSError as error:
                raise download_words.disk_error(self.folder, error) from error

    def finish(self) -> None:
        """Note that the file is whole."""
        self.total = self.size
        with contextlib.suppress(OSError):  # only a later run would miss it
            self._write_note()

    def sha256(self) -> str:
        """Digest of what is there."""
        try:
            with open(self.path, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise download_words.disk_error(self.folder, error) from error

    def become(self, target: Path) -> None:
        """Give the whole file its name; raises `OSError`."""
        with open(self.path, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(self.path, target)
        self.discard()

    def discard(self) -> None:
        """Remove what is there, note included."""
        self.version, self.total = "", None
        for path in (self.path, self._note_path):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _require(self, needed: int) -> None:
        try:
            free = shutil.disk_usage(self.folder).free
        except OSError as error:
            raise download_words.disk_error(self.folder, error) from error
        if free < needed:
            raise DownloadError(
                f"the disk of {self.folder} has {free / 2**20:,.0f} MiB left and "
                f"{needed / 2**20:,.0f} MiB are needed; make room, then ask again: what has arrived is kept"
            )

    def _read_note(self) -> None:
        """Recall the version; a note that cannot be understood means beginning anew."""
        try:
            with open(self._note_path, "rb") as file:
                note = json.loads(file.read(_MAX_NOTE_BYTES))
            version, total = note["version"], note["total"]
            if isinstance(version, str) and version.isprintable() and (total is None or type(total) is int):
                self.version, self.total = version, total
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            log.warning("%s: a note that cannot be understood: %s", self._note_path, error)

    def _write_note(self) -> None:
        note: dict[str, Any] = {"version": self.version, "total": self.total}
        temporary = self._note_path.with_name(f".{secrets.token_hex(6)}.tmp")
        try:
            temporary.write_text(json.dumps(note), encoding="utf-8")
            os.replace(temporary, self._note_path)
        finally:
            temporary.unlink(missing_ok=True)


def _lock(descriptor: int) -> bool:
    """Take the lock of an open file without waiting; the system frees it when the file is closed."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
