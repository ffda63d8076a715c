"""An export under way, on the disk: a hidden folder beside the target, with what is finished.

Nothing appears under the target's own name before it is whole. A folder that a crash
has left is taken up again if it was for the very same film, settings and device, and
thrown away if not.
"""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from explorer.errors import ExportError
from explorer.export.files import export_error

_ABOUT = "job.json"
_LONGEST_NAME = 200
FRAME_NAME = "frame{:06}.png"


def parts_folder(path: Path) -> Path:
    """Hidden folder in which the export to `path` gathers its pieces."""
    return path.with_name(f".{path.name[:_LONGEST_NAME]}.parts")


def discard(path: str | Path) -> None:
    """Throw away what an export to `path` that was given up has left."""
    shutil.rmtree(parts_folder(Path(path)), ignore_errors=True)


def trouble_with(path: Path, needed: int) -> str:
    """Why a film surely cannot be written to `path`, in words; empty where nothing is known against it."""
    folder = path if path.is_dir() else path.parent
    if path.is_dir() and path.suffix:
        return f"{path} is a folder; choose another name"
    if not folder.is_dir():
        return f"the folder {folder} does not exist; choose another"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"this program may not write into {folder}; choose another folder"
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return f"{folder}: {error.strerror or error}"
    return _no_room(path, needed, free) if free < needed else ""


def finished(path: Path, about: Mapping[str, Any], frames: int, segment_frames: int, suffix: str) -> int:
    """Frames that an earlier attempt at this very export has finished; looks, and touches nothing."""
    folder = parts_folder(path)
    if _written(folder) != _spelled(about, frames, segment_frames):
        return 0
    found = sum(1 for file in folder.glob(f"*{suffix}") if not file.name.startswith("whole"))
    return min(found * segment_frames, frames)


def _spelled(about: Mapping[str, Any], frames: int, segment_frames: int) -> str:
    return json.dumps({**about, "frames": frames, "segment_frames": segment_frames}, sort_keys=True)


def _written(folder: Path) -> str:
    try:
        return (folder / _ABOUT).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


class Job:
    """Folder of one export.

    Parameters
    ----------
    path : the target.
    about : everything the bytes of a segment depend on; plain JSON values.
    frames, segment_frames : number of frames, of the film and of a segment.
    suffix : of segment files.

    Raises
    ------
    ExportError
        If the folder cannot be made, or there is no room for the film.
    """

    def __init__(
        self, path: Path, about: Mapping[str, Any], frames: int, segment_frames: int, suffix: str
    ) -> None:
        self.path, self.frames, self._each, self._suffix = path, frames, segment_frames, suffix
        self.folder = parts_folder(path)
        text = _spelled(about, frames, segment_frames)
        try:
            if self._known() != text:
                shutil.rmtree(self.folder, ignore_errors=True)
                self.folder.mkdir()
                part = self.folder / f"{_ABOUT}.part"
                part.write_text(text, "utf-8")
                os.replace(part, self.folder / _ABOUT)
        except OSError as error:
            raise export_error(path, error) from error

    def _known(self) -> str:
        return _written(self.folder)

    def segment_of(self, number: int) -> int:
        """Segment a frame belongs to."""
        return number // self._each

    def ends_segment(self, number: int) -> bool:
        """Whether a frame is the last of its segment."""
        return (number + 1) % self._each == 0 or number + 1 == self.frames

    def frames_of(self, segment: int) -> int:
        """Number of frames of a segment."""
        return min(self._each, self.frames - segment * self._each)

    def file_of(self, segment: int) -> Path:
        """Name of a finished segment; one under way has `.part` behind it."""
        name = FRAME_NAME.format(segment) if self._each == 1 else f"{segment:06}{self._suffix}"
        return self.folder / name

    @property
    def files(self) -> list[Path]:
        """Names of all segments, in order."""
        return [self.file_of(i) for i in range(self.segment_of(self.frames - 1) + 1)]

    def missing(self) -> list[int]:
        """Frames whose segments are not finished yet, in order."""
        finished = {i for i, file in enumerate(self.files) if file.is_file()}
        return [n for n in range(self.frames) if self.segment_of(n) not in finished]

    def check_room(self, needed: int) -> None:
        """Refuse a film that surely does not fit.

        Raises
        ------
        ExportError
            With what is needed and what is free.
        """
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise ExportError(_no_room(self.path, needed, free))

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _no_room(path: Path, needed: int, free: int) -> str:
    return (
        f"cannot write {path}: the film needs about {_in_words(needed)}, and {_in_words(free)} "
        "are free; make room, or choose another place or a smaller size"
    )


def _in_words(count: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"
