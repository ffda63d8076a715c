"""Directions of the network in use: what is known, finding more, and what becomes of them.

Everything happens on the render thread, which owns the engine and so the files of
known directions; answers come home as signals.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal

from explorer.gui.direction_jobs import Draw, Export, Find, List, Offer, Read, Search
from explorer.gui.notices import Notice, notice_of
from explorer.gui.render_bridge import RenderBridge
from explorer.recipe import ModelRef, Recipe
from explorer.render.model_info import ModelInfo

if TYPE_CHECKING:
    from explorer.latents import Direction
    from explorer.render.engine import Engine

log = logging.getLogger(__name__)


class DirectionsDesk(QObject):
    """Answers which directions there are, and changes that.

    Signals
    -------
    listed(tuple, frozenset) : directions of the network in use, and the names its user keeps.
    progressed(int, int) : a search has drawn so many of so many latents.
    notice(Notice) : something to say.
    offered(Offer) : a file's directions may not fit; a person has to choose.
    """

    listed = Signal(object, object)
    progressed = Signal(int, int)
    notice = Signal(object)
    offered = Signal(object)
    _told = Signal(int, int)

    def __init__(self, bridge: RenderBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._info: ModelInfo | None = None
        self._stop = threading.Event()
        self._told.connect(self.progressed, Qt.ConnectionType.QueuedConnection)

    @property
    def info(self) -> ModelInfo | None:
        """Network in use."""
        return self._info

    def show_network(self, info: ModelInfo) -> None:
        """Another network is in use."""
        self._info = info
        self._stop.set()
        self.refresh()

    def refresh(self) -> None:
        """Look again for what is known."""
        if self._info is not None:
            self._bridge.call(List(self._info.ref), partial(self._have_list, self._info.ref))

    # Finding.

    def find(self, search: Search, done: Callable[[Any], None]) -> None:
        """Search in the network in use; `done` gets the directions, or the error."""
        if self._info is None:
            return
        self._stop = threading.Event()
        self._bridge.call(Find(self._info.ref, search, self._stop, self._tell), done)

    def find_some(self, done: Callable[[], None]) -> None:
        """Search without questions, and keep what is found."""
        self.find(Search(), partial(self._found_some, done))

    def draw(self, recipes: Sequence[Recipe], stop: int | None, done: Callable[[Any], None]) -> None:
        """Draw small pictures of recipes; `done` gets the images, or the error."""
        self._bridge.call(Draw(tuple(recipes), stop, self._stop), done)

    def cancel(self) -> None:
        """Give up what is being searched and drawn."""
        self._stop.set()

    def _found_some(self, done: Callable[[], None], result: Any) -> None:
        if isinstance(result, Exception):
            done()
            self._refuse("Directions could not be found", result)
        else:
            self.keep(result, done)

    def _tell(self, drawn: int, total: int) -> None:
        """Render thread."""
        with suppress(RuntimeError):  # the window is gone
            self._told.emit(drawn, total)

    # Changes.

    def keep(self, directions: Sequence["Direction"], done: Callable[[], None] | None = None) -> None:
        """Add directions to those the user keeps for this network."""
        info = self._info
        if info is None:
            return

        def work(engine: "Engine") -> object:
            return engine.known.keep(info.ref, info.num_ws, info.w_dim, directions)

        self._change(work, "The directions could not be kept", done)

    def rename(self, old: str, new: str, done: Callable[[str], None]) -> None:
        """Rename one; `done` gets the name it got."""
        ref = self._ref()

        def answered(result: Any) -> None:
            if isinstance(result, Exception):
                self._refuse(f"{old} could not be renamed", result)
            else:
                done(result)
            self.refresh()

        self._bridge.call(lambda engine: engine.known.rename(ref, old, new), answered)

    def annotate(self, name: str, note: str) -> None:
        """Give one of the user's own a note."""
        ref = self._ref()
        self._change(
            lambda engine: engine.known.annotate(ref, name, note), f"The note on {name} could not be kept"
        )

    def remove(self, name: str) -> None:
        """Forget one; the notice that says so can bring it back."""
        ref = self._ref()

        def answered(result: Any) -> None:
            if isinstance(result, Exception):
                self._refuse(f"{name} could not be removed", result)
            else:
                offer = ("Bring it back", partial(self.keep, (result,)))
                told = Notice(f"Removed {name} from the list", "", "done", "directions", offers=(offer,))
                self.notice.emit(told)
            self.refresh()

        self._bridge.call(lambda engine: engine.known.remove(ref, name), answered)

    def arrange(self, names: Sequence[str]) -> None:
        """Put the list in this order."""
        ref = self._ref()
        self._change(lambda engine: engine.known.arrange(ref, names), "The order could not be kept")

    # Files.

    def import_file(self, path: Path) -> None:
        """Take over the directions in a file; where they may not fit, offer them."""
        info = self._info
        if info is not None:
            self._bridge.call(Read(path, info), partial(self._have_read, path))

    def take_over(self, offer: Offer, directions: Sequence["Direction"]) -> None:
        """Keep directions of a file."""
        what = directions[0].name if len(directions) == 1 else f"{len(directions)} directions"
        told = Notice(f"Imported {what} from {offer.path.name}", "", "done", "directions")
        self.keep(directions, partial(self.notice.emit, told))

    def export_file(
        self, path: Path, directions: Sequence["Direction"] = (), author: str = "", licence: str = ""
    ) -> None:
        """Write directions into one file; all that are known for this network where none are given."""
        info = self._info
        if info is not None:
            job = Export(path, info, tuple(directions), author, licence)
            self._bridge.call(job, partial(self._exported, path))

    def _have_read(self, path: Path, result: Any) -> None:
        if isinstance(result, Exception):
            self._refuse(f"{path.name} could not be imported", result)
        elif result.warnings:
            self.offered.emit(result)
        else:
            self.take_over(result, result.directions)

    def _exported(self, path: Path, result: Any) -> None:
        if isinstance(result, Exception):
            self._refuse(f"{path.name} could not be written", result)
        else:
            self.notice.emit(Notice(f"Saved {path.name}", str(path.parent), "done", "directions"))

    def _change(
        self, work: Callable[["Engine"], object], words: str, done: Callable[[], None] | None = None
    ) -> None:
        def answered(result: object) -> None:
            if isinstance(result, Exception):
                self._refuse(words, result)
            elif done is not None:
                done()
            self.refresh()

        self._bridge.call(work, answered)

    def _have_list(self, ref: ModelRef, result: Any) -> None:
        if self._info is None or ref != self._info.ref:
            return
        if isinstance(result, Exception):
            log.warning("the directions of %s could not be listed: %s", ref.name, result)
            result = ((), frozenset())
        self.listed.emit(*result)

    def _refuse(self, words: str, error: Exception) -> None:
        if not isinstance(error, CancelledError):
            self.notice.emit(notice_of(error, words, "directions"))

    def _ref(self) -> ModelRef:
        assert self._info is not None, "nothing can be changed before a network is in use"
        return self._info.ref
