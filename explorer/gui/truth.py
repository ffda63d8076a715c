"""The pages about truth: what a file says of itself, and how these pictures may be used."""

from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QWidget

from explorer.gui.dialogs.first_use import FirstUse
from explorer.gui.dialogs.verify_page import VerifyPage
from explorer.gui.incoming import Incoming
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.settings import Settings
from explorer.gui.tasks import Tasks
from explorer.gui.viewer import Viewer
from explorer.recipe import Recipe


class Truth(QObject):
    """Opens the Verify page and the page on use."""

    def __init__(
        self, window: QWidget, bridge: RenderBridge, tasks: Tasks, incoming: Incoming, kept: Settings
    ) -> None:
        super().__init__(window)
        self._window, self._bridge, self._tasks = window, bridge, tasks
        self._incoming, self._kept = incoming, kept
        incoming.verify_offer = self.verify

    def open_verify(self) -> None:
        """Verify page, empty."""
        self._page().show()

    def verify(self, path: Path) -> None:
        """Verify page, looking into a file."""
        page = self._page()
        page.show()
        page.look_into(path)

    def open_use(self) -> None:
        """The page on use; it has then been shown."""
        page = FirstUse(self._window)
        self._kept.use_page_shown = True
        # Without a window manager nobody hands the keyboard back to the window.
        page.finished.connect(self._window.activateWindow, Qt.ConnectionType.QueuedConnection)
        page.open()

    def welcome(self, viewer: Viewer) -> None:
        """Show the page on use once, behind the first face: that must not wait for it."""
        if self._kept.use_page_shown:
            return

        def painted(_serial: int) -> None:
            viewer.painted.disconnect(painted)
            self.open_use()

        viewer.painted.connect(painted)

    def _page(self) -> VerifyPage:
        page = VerifyPage(self._bridge, self._tasks, self._window)
        page.restore.connect(self._restore)
        return page

    def _restore(self, recipe: Recipe, path: Path) -> None:
        self._incoming.adopt(recipe, f"Restore {path.name}", path)
