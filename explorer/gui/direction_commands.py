"""What the window does with directions: joins panel, desk and dialog, and asks for files."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from explorer.gui.dialogs.find_directions import FindDirections
from explorer.gui.directions_desk import DirectionsDesk
from explorer.gui.panels.directions import LOADING, DirectionsPanel
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.store import Store
from explorer.gui.thumbnails import portrait
from explorer.recipe import Push, Recipe, direction_edits, edits
from explorer.render.model_info import ModelInfo

if TYPE_CHECKING:
    from explorer.latents import Direction

IMPORT_FILTER = "Directions (*.directions *.npy *.npz *.pt *.pth *.pkl);;All files (*)"
EXPORT_FILTER = "Directions (*.directions)"


class DirectionCommands(QObject):
    """Owns the desk of directions and the dialog to find them.

    Signals
    -------
    notice(Notice) : something to say.
    wanted_teach : open the dialog in which a direction is taught.
    """

    notice = Signal(object)
    wanted_teach = Signal()

    def __init__(self, bridge: RenderBridge, store: Store, panel: DirectionsPanel, window: QWidget) -> None:
        super().__init__(window)
        self._window, self._store, self._panel = window, store, panel
        self.desk = DirectionsDesk(bridge, self)
        self._dialog: FindDirections | None = None
        self.desk.notice.connect(self.notice)
        self.desk.listed.connect(panel.show_known)
        panel.wanted_some.connect(self.find_some)
        panel.wanted.connect(self._do)
        panel.renamed.connect(self._rename)
        panel.noted.connect(self.desk.annotate)
        panel.removed.connect(self.desk.remove)
        panel.arranged.connect(self.desk.arrange)

    @property
    def dialog(self) -> FindDirections:
        """The dialog; made when it is first asked for."""
        if self._dialog is None:
            self._dialog = FindDirections(self.desk, self.face, self._window)
            self._dialog.tried.connect(self._panel.try_push)
        return self._dialog

    def show_network(self, info: ModelInfo) -> None:
        """Another network is in use."""
        if self.desk.info is not None and info.ref == self.desk.info.ref:
            return
        self._panel.show_known((), frozenset())
        self._panel.show_busy(LOADING)
        self.desk.show_network(info)
        if self._dialog is not None:
            self._dialog.forget()

    def find(self) -> None:
        """Open the dialog."""
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def find_some(self) -> None:
        """Find and keep the first ones, without questions."""
        self._panel.show_busy("Looking for directions…")
        self.desk.find_some(self._panel.show_busy)

    def import_file(self) -> None:
        """Choose a file to take directions from."""
        path, _ = QFileDialog.getOpenFileName(
            self._window, "Import directions", str(Path.home()), IMPORT_FILTER
        )
        if path:
            self.desk.import_file(Path(path))

    def export_file(self) -> None:
        """Choose where to write all directions of this network."""
        info = self.desk.info
        if info is None:
            return
        start = str(Path.home() / f"{info.ref.name}.directions")
        path, _ = QFileDialog.getSaveFileName(self._window, "Export directions", start, EXPORT_FILTER)
        if path:
            target = Path(path)
            self.desk.export_file(target if target.suffix else target.with_suffix(".directions"))

    def export_one(self, direction: "Direction") -> None:
        """Choose where to write one direction that is not in the list yet."""
        info = self.desk.info
        if info is None:
            return
        start = str(Path.home() / f"{direction.name}.directions")
        path, _ = QFileDialog.getSaveFileName(self._window, "Export direction", start, EXPORT_FILTER)
        if path:
            target = Path(path)
            target = target if target.suffix else target.with_suffix(".directions")
            self.desk.export_file(target, (direction,))

    def try_push(self, push: Push) -> None:
        """Go along a direction that is only being looked at."""
        self._panel.try_push(push)

    def reset(self) -> None:
        """Go along no direction any more."""
        self._panel.reset_all()

    def _do(self, key: str) -> None:
        {
            "find": self.find,
            "teach": self.wanted_teach.emit,
            "import": self.import_file,
            "export": self.export_file,
        }[key]()

    def _rename(self, old: str, new: str) -> None:
        self.desk.rename(old, new, partial(self._renamed, old))

    def _renamed(self, old: str, new: str) -> None:
        self._store.edit(direction_edits.renamed(self._store.recipe, old, new), f"Rename {old}")

    def face(self) -> Recipe:
        """The face strips show: A alone, truncated as the picture is."""
        recipe = self._store.recipe
        return portrait(recipe.model, edits.alone(edits.source_a(recipe)), recipe)
