"""One small picture of each network that was opened, so that the page of networks can show what it draws."""

import logging
from functools import partial
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QSize, Qt
from PySide6.QtGui import QImage

from explorer import locations
from explorer.gui.render_bridge import Picture, to_bgra, to_image
from explorer.gui.tasks import Tasks
from explorer.recipe import SeedBlend

log = logging.getLogger(__name__)

SIDE = 440
"""Longest side in pixels: twice what the page shows, for screens with fine pixels."""


class Previews(QObject):
    """Keeps the first full picture that a run shows of each network.

    Parameters
    ----------
    keep : whether anything is written at all.
    """

    def __init__(self, tasks: Tasks, keep: bool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks, self._keep = tasks, keep
        self._done: set[str] = set()

    def see(self, picture: Picture) -> None:
        """A picture came to the screen."""
        recipe = picture.frame.request.recipe
        sha256 = recipe.model.sha256
        # A stored latent may be somebody's own photograph, which no file of ours shall hold.
        is_fit = isinstance(recipe.base, SeedBlend) and not picture.frame.is_draft
        if self._keep and is_fit and sha256 and sha256 not in self._done:
            self._done.add(sha256)
            self._tasks.run(partial(_write, picture.smooth, preview_file(sha256)), _written)


def preview_file(sha256: str) -> Path:
    """Where the picture of a network lies, if there is one."""
    return locations.user_data_dir() / "previews" / f"{sha256}.png"


def draw_preview(path: Path, sha256: str) -> None:
    """Draw a network's first picture where none was kept yet. Blocks: for background threads.

    Raises
    ------
    CheckpointError, OSError
    """
    from explorer.render.sample import draw_sample

    if not preview_file(sha256).is_file():
        _write(to_image(to_bgra(draw_sample(path))), preview_file(sha256))


def _write(image: QImage, path: Path) -> None:
    """Background thread."""
    size = image.size().scaled(QSize(SIDE, SIDE), Qt.AspectRatioMode.KeepAspectRatio)
    # Not above: what writes pictures takes a moment to import, and the first face must not wait for it.
    from explorer.export.files import write_whole

    small = image.scaled(size, mode=Qt.TransformationMode.SmoothTransformation)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    small.save(buffer, "PNG")  # type: ignore[call-overload]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, bytes(data.data()))


def _written(result: Exception | None) -> None:
    if isinstance(result, Exception):
        log.warning("a preview could not be kept: %s", result)
