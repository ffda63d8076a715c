"""What the window does with directions: joins panel, desk and dialog, and asks for files."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from explorer.errors import DirectionError
from explorer.gui.dialogs.export_directions import ExportDirections
from explorer.gui.dialogs.find_directions import FindDirections
from explorer.gui.dialogs.import_directions import ImportDirections
from explorer.gui.direction_jobs import Offer
from explorer.gui.directions_desk import DirectionsDesk
from explorer.gui.notices import notice_of
from explorer.gui.panels.directions import LOADING, DirectionsPanel
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.settings import Settings
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

    def __init__(
        self,
        bridge: RenderBridge,
        store: Store,
        panel: DirectionsPanel,
        settings: Settings,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._settings = settings
        self._known: tuple[Direction, ...] = ()
        self._own: frozenset[str] = frozenset()
        self._window, self._store, self._panel = window, store, panel
        self.desk = DirectionsDesk(bridge, self)
        self._dialog: FindDirections | None = None
        self.desk.notice.connect(self.notice)
        self.desk.listed.connect(panel.show_known)
        self.desk.listed.connect(self._listed)
        self.desk.offered.connect(self._offer)
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
        """Choose what to write into a file, and where."""
        if self._known:
            self._ask_export(self._known, self._own)
        else:
            error = DirectionError("no directions are known for this network yet; find or import some first")
            self.notice.emit(notice_of(error, "There is nothing to export", "directions"))

    def export_one(self, direction: "Direction") -> None:
        """Write one direction that is not in the list yet."""
        self._ask_export((direction,), frozenset())

    def _ask_export(self, directions: Sequence["Direction"], own: frozenset[str]) -> None:
        info = self.desk.info
        if info is None:
            return
        dialog = ExportDirections(directions, own, self._settings.author, info.title, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(partial(self._choose_target, dialog))
        dialog.open()

    def _choose_target(self, dialog: ExportDirections) -> None:
        info, chosen = self.desk.info, dialog.chosen
        if info is None:
            return
        self._settings.author = dialog.author
        name = chosen[0].name if len(chosen) == 1 else info.ref.name
        path, _ = QFileDialog.getSaveFileName(
            self._window, "Export directions", str(Path.home() / f"{name}.directions"), EXPORT_FILTER
        )
        if path:
            target = Path(path) if Path(path).suffix else Path(path).with_suffix(".directions")
            self.desk.export_file(target, chosen, dialog.author, dialog.licence)

    def _offer(self, offer: Offer) -> None:
        """Let a person choose from what may not fit."""
        dialog = ImportDirections(offer, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(partial(self._take_over, dialog))
        dialog.open()

    def _take_over(self, dialog: ImportDirections) -> None:
        self.desk.take_over(dialog.offer, dialog.chosen)

    def _listed(self, directions: Sequence["Direction"], own: frozenset[str]) -> None:
        self._known, self._own = tuple(directions), own

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
