"""Menus that are filled while running: networks to choose, and files opened lately."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from explorer.gui.tasks import Tasks

if TYPE_CHECKING:
    from explorer.checkpoints.catalogue import BundledModel


class RecentMenu(QObject):
    """Files opened or saved lately.

    Signals
    -------
    chosen(Path) : open this one.
    """

    chosen = Signal(object)

    def __init__(self, menu: QMenu, parent: QObject) -> None:
        super().__init__(parent)
        self.menu = menu
        menu.triggered.connect(self._choose)

    def show_paths(self, paths: Sequence[str]) -> None:
        """List files, newest first."""
        _fill(self.menu, [(Path(path).name, path, path) for path in paths])

    def _choose(self, action: QAction) -> None:
        if action.data():
            self.chosen.emit(Path(action.data()))


class NetworksMenu(QObject):
    """Bundled networks, those opened lately, and the way to the page of all.

    Signals
    -------
    chosen(str or Path) : open this one: a name for bundled networks, a path for files.
    """

    chosen = Signal(object)

    def __init__(self, menu: QMenu, parent: QObject, page: QAction) -> None:
        super().__init__(parent)
        self.menu, self._page = menu, page
        self._bundled: list[tuple[str, object, str]] = []
        self._recent: list[tuple[str, object, str]] = []
        menu.triggered.connect(self._choose)
        self._show()

    def look_for_bundled(self, tasks: Tasks) -> None:
        """Read the headers of the bundled networks in the background."""
        tasks.run(_bundled, self._have_bundled)

    def show_recent(self, paths: Sequence[str]) -> None:
        """List files, newest first."""
        self._recent = [(Path(path).name, Path(path), path) for path in paths]
        self._show()

    def _have_bundled(self, models: Any) -> None:
        if not isinstance(models, Exception):
            self._bundled = [
                (f"{model.title} ({model.resolution} × {model.resolution})", model.name, model.licence)
                for model in models
            ]
            self._show()

    def _show(self) -> None:
        separator = [("", None, "")] if self._bundled and self._recent else []
        _fill(self.menu, [*self._bundled, *separator, *self._recent])
        self.menu.addSeparator()
        self.menu.addAction(self._page)

    def _choose(self, action: QAction) -> None:
        if action.data():
            self.chosen.emit(action.data())


def _bundled() -> "tuple[BundledModel, ...]":
    from explorer.checkpoints.catalogue import bundled_models

    return bundled_models()


def _fill(menu: QMenu, entries: Sequence[tuple[str, object, str]]) -> None:
    menu.clear()
    for text, data, tip in entries:
        if data is None:
            menu.addSeparator()
            continue
        # "&" would underline the next letter of a file's name.
        action = menu.addAction(text.replace("&", "&&"))
        action.setData(data)
        action.setToolTip(tip)
        action.setStatusTip(tip)
    if not entries:
        menu.addAction("Nothing yet").setEnabled(False)
