"""What opens beside the window: file dialogs, the clipboard, sheets and pages."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from explorer.gui import outgoing
from explorer.gui.actions import Actions
from explorer.gui.caches import LATENT_BYTES
from explorer.gui.dialogs.about import AboutDialog, Page
from explorer.gui.dialogs.export_many import ExportMany
from explorer.gui.dialogs.export_picture import ExportPicture
from explorer.gui.dialogs.palette import CommandPalette
from explorer.gui.dialogs.preferences import Preferences
from explorer.gui.dialogs.sheet_page import SheetPage
from explorer.gui.dialogs.shortcuts import ShortcutsSheet
from explorer.gui.incoming import Incoming
from explorer.gui.model_desk import ModelDesk
from explorer.gui.outgoing import Outgoing
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.session import Session
from explorer.gui.settings import Settings
from explorer.gui.viewer import Viewer
from explorer.locations import free_path, user_pictures_dir
from explorer.recipe.finish import Finish
from explorer.render.frame import Frame

if TYPE_CHECKING:
    from explorer.render.stages import CacheStats

PICTURE_FILTER = "PNG (*.png);;JPEG (*.jpg);;WebP (*.webp);;TIFF (*.tif)"
OPEN_FILTER = (
    "All that can be opened (*.safetensors *.pkl *.pt *.pth *.png *.jpg *.jpeg *.webp *.tif *.tiff "
    "*.gif *.mp4 *.mov *.webm *.film *.json);;"
    "All files (*)"
)
NETWORK_FILTER = "Networks (*.safetensors *.pkl *.pt *.pth);;All files (*)"
SESSION_FILTER = "Session (*.json)"


class Doors(QObject):
    """Asks the user for a file or shows a page, and hands on what comes of it.

    Signals
    -------
    preferences_changed : the settings page was accepted.
    """

    preferences_changed = Signal()

    def __init__(
        self,
        window: QWidget,
        commands: Actions,
        viewer: Viewer,
        desk: ModelDesk,
        incoming: Incoming,
        out: Outgoing,
        kept: Settings,
        take_session: Callable[[], Session],
        bridge: RenderBridge,
    ) -> None:
        super().__init__(window)
        self._window, self._commands, self._viewer, self._desk = window, commands, viewer, desk
        self._incoming, self._out, self._kept, self._take_session = incoming, out, kept, take_session
        self._bridge = bridge
        incoming.open_network_offer = self.open_network

    # In.

    def open(self) -> None:
        """Choose any file to open."""
        path, _ = QFileDialog.getOpenFileName(self._window, "Open", str(self._folder()), OPEN_FILTER)
        if path:
            self._incoming.open_path(Path(path))

    def open_network(self) -> None:
        """Choose a network's file."""
        recent = self._kept.recent_models
        folder = str(Path(recent[0]).parent) if recent else str(Path.home())
        path, _ = QFileDialog.getOpenFileName(self._window, "Open network", folder, NETWORK_FILTER)
        if path:
            self._incoming.open_network(Path(path))

    def paste(self) -> None:
        """Open what was copied."""
        data = QGuiApplication.clipboard().mimeData()
        paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
        if paths:
            self._incoming.open_path(paths[0])
        else:
            self._incoming.paste(data.text())

    # Out: always what is seen.

    def save_picture(self) -> None:
        """Choose where to save what is seen."""
        frame = self._viewer.frame
        if frame is None:
            return
        start = free_path(self._folder(), outgoing.suggested_name(frame))
        path, chosen = QFileDialog.getSaveFileName(self._window, "Save picture", str(start), PICTURE_FILTER)
        if path:
            # A name typed without a suffix takes that of the chosen kind.
            suffix = chosen.partition("*")[2].rstrip(")") or ".png"
            self._out.save_picture(frame, complete(Path(path), suffix), self._desk.info)

    def export_picture(self) -> None:
        """Choose how, and then where, to save what is seen."""
        frame = self._viewer.frame
        if frame is None:
            return
        page = ExportPicture(self._kept, size_of(frame), self._window)
        page.accepted.connect(lambda: self._export(frame, page.box.suffix, page.box.finish))
        page.open()

    def _export(self, frame: Frame, suffix: str, finish: Finish) -> None:
        name = Path(outgoing.suggested_name(frame)).with_suffix(suffix).name
        start = str(free_path(self._folder(), name))
        kind = next(f for f in PICTURE_FILTER.split(";;") if f"*{suffix})" in f)
        path, _ = QFileDialog.getSaveFileName(self._window, "Export picture", start, kind)
        if path:
            # The format is chosen already; a name typed with another suffix keeps it as part of the name.
            target = Path(path) if Path(path).suffix.lower() == suffix else Path(f"{path}{suffix}")
            if target != Path(path):
                target = free_path(target.parent, target.name)
            self._out.save_picture(frame, target, self._desk.info, finish)

    def export_several(self) -> None:
        """Many pictures into a folder."""
        frame = self._viewer.frame
        if frame is None:
            return
        recipe, info = frame.request.recipe, self._desk.info
        is_its_own = info is not None and info.ref == recipe.model
        page = ExportMany(
            self._bridge,
            self._kept,
            recipe,
            self._take_session().history,
            info if is_its_own else None,
            size_of(frame),
            self._folder(),
            self._window,
        )
        page.exported.connect(self._out.saved)
        page.show()

    def export_sheet(self) -> None:
        """Many pictures on one."""
        frame = self._viewer.frame
        if frame is None:
            return
        recipe, info = frame.request.recipe, self._desk.info
        is_its_own = info is not None and info.ref == recipe.model
        page = SheetPage(self._bridge, recipe, info if is_its_own else None, self._folder(), self._window)
        page.exported.connect(self._out.saved)
        page.show()

    def quick_save(self) -> None:
        """Save what is seen beside the last one."""
        frame = self._viewer.frame
        if frame is not None:
            path = free_path(self._folder(), outgoing.suggested_name(frame))
            self._out.save_picture(frame, path, self._desk.info)

    def save_session(self) -> None:
        """Choose where to save the session."""
        start = str(free_path(self._folder(), "session.json"))
        path, _ = QFileDialog.getSaveFileName(self._window, "Save session", start, SESSION_FILTER)
        if path:
            self._out.save_session(self._take_session(), complete(Path(path), ".json"))

    def copy_picture(self) -> None:
        """Copy what is seen."""
        if self._viewer.frame is not None:
            self._out.copy_picture(self._viewer.frame)

    def copy_recipe(self) -> None:
        """Copy the recipe of what is seen."""
        if self._viewer.frame is not None:
            self._out.copy_recipe(self._viewer.frame)

    # Pages.

    def open_palette(self) -> None:
        """Find a command."""
        palette = CommandPalette(self._commands, self._window)
        middle = self._viewer.mapToGlobal(self._viewer.rect().center())
        top = self._window.mapToGlobal(self._window.rect().topLeft()).y()
        palette.move(middle.x() - palette.width() // 2, top + 90)
        palette.show()

    def open_shortcuts(self) -> None:
        """All keys."""
        ShortcutsSheet(self._commands, self._window).show()

    def open_about(self) -> None:
        """Version and licences."""
        self._show_about("about")

    def open_model_card(self) -> None:
        """The bundled network's own page."""
        self._show_about("model card")

    def open_preferences(self) -> None:
        """Settings."""
        dialog = Preferences(self._kept, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self.preferences_changed)
        dialog.open()
        bridge = self._bridge

        def answered(result: "CacheStats | Exception") -> None:
            if not isinstance(result, Exception):
                kept, limit = bridge.kept, result.limit_bytes + LATENT_BYTES
                with suppress(RuntimeError):  # the page is closed already
                    dialog.show_use(result.bytes + kept.nbytes, limit + kept.limit_bytes)

        bridge.call(lambda engine: engine.cache_stats, answered)

    def _show_about(self, page: Page) -> None:
        AboutDialog(page, self._window).show()

    def _folder(self) -> Path:
        """Folder for pictures: the one used last, or the system's."""
        for folder in (self._kept.picture_folder, str(user_pictures_dir())):
            if folder and Path(folder).is_dir():
                return Path(folder)
        return Path.home()


def complete(path: Path, suffix: str) -> Path:
    """Give a path a suffix where it has none; nobody was asked about *that* file, so it must be new."""
    return path if path.suffix else free_path(path.parent, path.name + suffix)


def size_of(frame: Frame) -> tuple[int, int]:
    """Width and height of the full picture of a frame, in pixels."""
    height, width = frame.pixels.shape[:2]
    return round(width * frame.full_resolution / height), frame.full_resolution
