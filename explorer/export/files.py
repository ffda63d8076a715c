"""Writing a file so that it is there whole or not at all."""

import errno
import os
import secrets
from pathlib import Path

from explorer.errors import ExportError

_WORDS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is used up",
    errno.EFBIG: "the file may not become that large",
    errno.EACCES: "this program may not write there",
    errno.EPERM: "this program may not write there",
    errno.EROFS: "the disk is read-only",
    errno.ENOENT: "the folder does not exist",
    errno.ENOTDIR: "part of the path is a file, not a folder",
    errno.EISDIR: "that is a folder",
    errno.ENAMETOOLONG: "the name is too long",
}


def write_whole(path: str | Path, data: bytes) -> None:
    """Write `data` to `path`, replacing what was there.

    A temporary file beside the target is written, forced to the disk and then
    renamed: after a crash or a full disk the old file stands, or none.

    Raises
    ------
    ExportError
        If it cannot be written, with the reason and what to do.
    """
    path = Path(path)
    # The name is short, so that a target of the longest allowed name still works.
    part = path.with_name(f".{secrets.token_hex(6)}.part")
    try:
        try:
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            with open(part, "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise export_error(path, error) from error


def make_folder(path: str | Path) -> None:
    """Make a folder and those above it, where they are not there yet.

    Raises
    ------
    ExportError
        If it cannot be made.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise export_error(Path(path), error) from error


def export_error(path: Path, error: OSError) -> ExportError:
    """Put the system's reason into words."""
    reason = _WORDS.get(error.errno or 0) or error.strerror or str(error)
    return ExportError(f"cannot write {path}: {reason}; choose another place or make room")
