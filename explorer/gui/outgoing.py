"""Everything that goes out: the picture one sees, as a file or on the clipboard."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from explorer.gui import session
from explorer.gui.notices import Notice, notice_of
from explorer.gui.render_bridge import RenderBridge, to_bgra, to_image
from explorer.gui.session import Session
from explorer.gui.tasks import Tasks
from explorer.recipe import document, edits, film_document
from explorer.recipe.finish import Finish
from explorer.render.frame import Frame
from explorer.render.model_info import ModelInfo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from explorer.render.engine import Engine

    Pixels = NDArray[np.uint8]

_AS_DRAWN = Finish()


class Outgoing(QObject):
    """Writes files on the background thread; always of what is *seen*, never of what is wanted next.

    Signals
    -------
    notice(Notice) : it worked, or why not.
    saved(Path) : a picture or session is on disk.
    """

    notice = Signal(object)
    saved = Signal(object)

    def __init__(self, bridge: RenderBridge, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._tasks = bridge, tasks

    def save_picture(
        self, frame: Frame, path: Path, info: ModelInfo | None, finish: Finish = _AS_DRAWN
    ) -> None:
        """Write a frame with its recipe inside; of a draft, or for 16 bits, it is drawn anew first."""
        if frame.is_draft or finish.bits == 16:
            self._bridge.call(
                _Full(frame, deep=finish.bits == 16), partial(self._save_full, path, info, finish)
            )
        else:
            self._save_full(path, info, finish, frame)

    def save_session(self, kept: Session, path: Path) -> None:
        """Write a session file."""
        self._tasks.run(partial(session.write, path, kept), partial(self._written, path))

    def copy_picture(self, frame: Frame) -> None:
        """Put a frame on the clipboard, as a picture with the mark; where text is pasted, its recipe."""
        self._tasks.run(partial(_marked, frame), partial(self._copy, frame))

    def _copy(self, frame: Frame, pixels: "Pixels | Exception") -> None:
        if isinstance(pixels, Exception):
            self.notice.emit(notice_of(pixels, "The picture could not be copied", "copy"))
            return
        # Qt makes the data, and the image owns its pixels: the clipboard outlives
        # Python at exit, and what was made in Python would crash there.
        clipboard = QGuiApplication.clipboard()
        clipboard.setImage(to_image(to_bgra(pixels)).copy())
        clipboard.mimeData().setText(text_of(frame))
        self.notice.emit(Notice("Picture copied", level="done", key="copy"))

    def copy_recipe(self, frame: Frame) -> None:
        """Put the recipe of a frame on the clipboard, as text."""
        QGuiApplication.clipboard().setText(text_of(frame))
        moment = frame.request.moment
        what = (
            "Recipe" if moment is None or moment.is_key else "This frame lies between keyframes: the film was"
        )
        self.notice.emit(Notice(f"{what} copied as text", level="done", key="copy"))

    def _save_full(
        self, path: Path, info: ModelInfo | None, finish: Finish, frame: Frame | Exception
    ) -> None:
        if isinstance(frame, Exception):
            self.notice.emit(notice_of(frame, "The full picture could not be drawn", "save"))
        else:
            work = partial(write_picture, frame, path, info, finish)
            self._tasks.run(work, partial(self._written, path))

    def _written(self, path: Path, result: object) -> None:
        if isinstance(result, Exception):
            self.notice.emit(notice_of(result, f"{path.name} could not be saved", "save"))
        else:
            told = "\n".join([str(path.parent), *(result if isinstance(result, tuple) else ())])
            self.notice.emit(Notice(f"Saved {path.name}", told, "done", "save"))
            self.saved.emit(path)


def _marked(frame: Frame) -> "Pixels":
    """Pixels of a frame with the invisible mark on them. Background thread."""
    from explorer.mark import embed

    return embed(frame.pixels)


class _Full:
    """Draw a frame's picture anew, in full, on the render thread."""

    def __init__(self, frame: Frame, deep: bool = False) -> None:
        # The whole request: a frame of a film is more than the recipe it comes from.
        self._request = replace(frame.request, live=False, stop=None, deep=deep)

    def __call__(self, engine: "Engine") -> Frame:
        return engine.render(self._request)


def write_picture(
    frame: Frame, path: Path, info: ModelInfo | None, finish: Finish = _AS_DRAWN
) -> tuple[str, ...]:
    """Write the picture; returns what could not be done as wished, in words. Background thread."""
    from explorer.export import save_picture

    # The network open now need not be the one that drew what is seen.
    is_its_own = info is not None and info.ref == frame.request.recipe.model
    return save_picture(frame, path, model_info=info if is_its_own else None, finish=finish)


def text_of(frame: Frame) -> str:
    """What remakes a frame, as text: its recipe, or the film where it lies between two keyframes."""
    moment = frame.request.moment
    if moment is None or moment.is_key:
        return document.dumps(frame.request.recipe)
    return film_document.dumps(moment.film)


def suggested_name(frame: Frame) -> str:
    """Name for the file of a frame: network and seed."""
    recipe = frame.request.recipe
    seed = edits.seed_a(recipe)
    stem = "".join(c if c.isalnum() or c in "-_" else "-" for c in recipe.model.name)
    moment = frame.request.moment
    if moment is not None:
        return f"{stem}-frame{moment.number:04}.png"
    return f"{stem}-{'latent' if seed is None else f'seed{seed}'}.png"
