"""Opens the Project page, and puts what it finds into the recipe."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from explorer.gui.dialogs.project_page import ProjectPage
from explorer.gui.incoming import Incoming
from explorer.gui.model_desk import ModelDesk
from explorer.gui.notices import Notice
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.store import Store
from explorer.gui.tasks import Tasks
from explorer.locations import user_pictures_dir
from explorer.recipe import Recipe, edits


class ProjectDoor(QObject):
    """Owns the page while it is open.

    Signals
    -------
    notice(Notice) : something to say.
    """

    notice = Signal(object)

    def __init__(
        self,
        window: QWidget,
        store: Store,
        desk: ModelDesk,
        bridge: RenderBridge,
        tasks: Tasks,
        incoming: Incoming,
    ) -> None:
        super().__init__(window)
        self._window, self._store, self._desk = window, store, desk
        self._bridge, self._tasks = bridge, tasks
        incoming.project_offer = self.open_with

    def open(self) -> None:
        """Open the page, empty."""
        self._page()

    def open_with(self, path: Path) -> None:
        """Open the page with a picture."""
        page = self._page()
        if page is not None:
            page.open_picture(path)

    def _page(self) -> ProjectPage | None:
        info = self._desk.info
        if info is None:
            self.notice.emit(Notice("Nothing can be projected yet", "Wait until a network is open.", "info"))
            return None
        page = ProjectPage(self._bridge, self._tasks, info, user_pictures_dir(), self._window)
        page.wanted.connect(self._use)
        page.show()
        return page

    def _use(self, recipe: Recipe, which: str, name: str) -> None:
        """One step of undo: the found latent as A, alone and untruncated, or as the B of what is there."""
        self._store.seal()
        if which == "a":
            self._store.edit(recipe, f"Project {name}")
        elif self._store.recipe.model == recipe.model:
            edited = edits.with_seed_b(self._store.recipe, edits.source_a(recipe))
            self._store.edit(edited, f"Use {name} as B")
        else:
            text = f"It belongs to the network {recipe.model.name!r}, and another is open by now."
            self.notice.emit(Notice(f"{name} cannot become B here", text, "error", "project"))
