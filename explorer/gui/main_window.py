"""The window: makes the parts, and connects them in one list (`MainWindow._connect`)."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

from PySide6.QtCore import QByteArray, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
)
from PySide6.QtWidgets import QApplication, QDockWidget, QFileDialog, QMainWindow, QWidget

from explorer.gui import moves, outgoing, session, settings, theme
from explorer.gui.actions import Actions
from explorer.gui.column import Column
from explorer.gui.dialogs.about import AboutDialog, Page
from explorer.gui.dialogs.palette import CommandPalette
from explorer.gui.dialogs.preferences import Preferences
from explorer.gui.dialogs.shortcuts import ShortcutsSheet
from explorer.gui.engine_maker import DeviceFacts, SetDevice, device_facts
from explorer.gui.incoming import BUNDLED, Incoming
from explorer.gui.model_desk import ModelDesk
from explorer.gui.networks_menu import NetworksMenu, RecentMenu
from explorer.gui.notices import Notice, notice_of
from explorer.gui.outgoing import Outgoing
from explorer.gui.render_bridge import Picture, RenderBridge
from explorer.gui.session import Session
from explorer.gui.session_keeper import SessionKeeper
from explorer.gui.settings import Settings
from explorer.gui.stage import Stage
from explorer.gui.status import StatusLine
from explorer.gui.store import Store
from explorer.gui.tasks import Tasks
from explorer.gui.thumbnails import Thumbnails, portrait
from explorer.gui.viewer import STEP, Enlarging
from explorer.recipe import ModelRef, Recipe, SeedBlend, edits
from explorer.render.frame import RenderFailure
from explorer.render.model_info import ModelInfo

SIZE = (1440, 900)
PICTURE_FILTER = "PNG (*.png);;JPEG (*.jpg);;WebP (*.webp);;TIFF (*.tif)"
OPEN_FILTER = "All that can be opened (*.safetensors *.pkl *.png *.jpg *.jpeg *.webp *.tif *.tiff *.json);;All files (*)"
NETWORK_FILTER = "Networks (*.safetensors *.pkl);;All files (*)"


class MainWindow(QMainWindow):
    """Owns every part; each part owns one thing.

    Signals
    -------
    settled : what is wanted is what is seen, in full, thumbnails included.
    """

    settled = Signal()

    def __init__(
        self,
        bridge: RenderBridge,
        kept: Settings,
        facts: Callable[[Any], DeviceFacts] = device_facts,
        keep: bool = True,
    ) -> None:
        """Make the window.

        Parameters
        ----------
        kept : settings; written back when the window closes.
        facts : asked on the render thread, once, for what devices there are.
        keep : whether session and settings are written at all.
        """
        super().__init__()
        self.settings, self._facts, self._keep = kept, facts, keep
        self._restored_view: dict[str, Any] = {}
        self.store = Store(moves.first_recipe(ModelRef(BUNDLED)), self)
        self.bridge = bridge
        self.tasks = Tasks(self)
        self.desk = ModelDesk(bridge, self)
        self.incoming = Incoming(self.store, self.desk, self.tasks, self)
        self.outgoing = Outgoing(bridge, self.tasks, self)
        self.thumbnails = Thumbnails(bridge, self)
        self.keeper = SessionKeeper(self._take_session, self.tasks, self)
        self.commands = Actions(self)
        self._build()
        self._connect()
        self._show_settings()
        self._show_history()

    def begin(
        self, model: str | None = None, file: Path | None = None, restored: Session | None = None
    ) -> None:
        """Start the render thread and open the first network; returns at once."""
        self.viewer.set_message(f"Loading {model or BUNDLED}…")
        self.bridge.start()
        self.incoming.begin(model, file, restored)

    def _build(self) -> None:
        self.setWindowTitle("Latent Explorer")
        self.setAcceptDrops(True)
        self.setDockOptions(QMainWindow.DockOption.AnimatedDocks)
        self.stage = Stage()
        self.viewer, self.notices = self.stage.viewer, self.stage.notices
        self.viewer.setObjectName("viewer")
        self.setCentralWidget(self.stage)
        self.column = Column(self.store)
        self.dock = QDockWidget("Controls", self)
        self.dock.setObjectName("controls_dock")
        self.dock.setTitleBarWidget(QWidget(self.dock))
        self.dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        self.dock.setWidget(self.column)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.status = StatusLine(self)
        self.setStatusBar(self.status)
        self.commands.fill(self.menuBar())
        self.networks = NetworksMenu(self.commands.submenus["networks"], self)
        self.recent = RecentMenu(self.commands.submenus["recent"], self)
        self.column.model.set_menu(self.networks.menu)
        for action in self.commands.group("device"):
            action.setEnabled(action.objectName() == "device_auto")
        self.incoming.open_network_offer = self._open_network
        self.viewer.setFocus()

    def _connect(self) -> None:
        """Make every connection between parts."""
        # What is wanted.
        self.store.changed.connect(self._recipe_changed)
        self.store.history_changed.connect(self._show_history)
        self.store.history_changed.connect(self.keeper.touch)
        self.store.rested.connect(self._want_thumbnails)
        # What is seen.
        self.bridge.shown.connect(self._show_picture)
        self.bridge.failed.connect(self._show_failure)
        self.viewer.painted.connect(self._check_settled)
        self.viewer.view_changed.connect(self._view_changed)
        self.thumbnails.ready.connect(self.column.show_thumbnail)
        self.thumbnails.ready.connect(self._check_settled)
        # Networks.
        self.desk.changed.connect(self._network_changed)
        self.desk.loading.connect(self._show_loading)
        self.networks.chosen.connect(self.incoming.open_network)
        # What comes in and goes out.
        self.incoming.ready.connect(self._first_network)
        self.incoming.notice.connect(self.notices.say)
        self.incoming.opened.connect(self._remember)
        self.incoming.view_restored.connect(self.viewer.restore_view)
        self.recent.chosen.connect(self.incoming.open_path)
        self.outgoing.notice.connect(self.notices.say)
        self.outgoing.saved.connect(self._saved)
        self.column.folded_changed.connect(self._remember_folded)
        # Commands.
        on = self.commands
        on["open"].invoked.connect(self._open)
        on["save_picture"].invoked.connect(self._save_picture)
        on["quick_save"].invoked.connect(self._quick_save)
        on["save_session"].invoked.connect(self._save_session)
        on["settings"].invoked.connect(self._open_preferences)
        on["quit"].invoked.connect(self.close)
        on["undo"].invoked.connect(self.store.undo)
        on["redo"].invoked.connect(self.store.redo)
        on["copy_picture"].invoked.connect(self._copy_picture)
        on["copy_recipe"].invoked.connect(self._copy_recipe)
        on["paste"].invoked.connect(self._paste)
        on["reset_all"].invoked.connect(self._reset_all)
        on["new_face"].invoked.connect(self._new_face)
        on["next_seed"].invoked.connect(self._next_seed)
        on["previous_seed"].invoked.connect(self._previous_seed)
        on["type_seed"].invoked.connect(self._type_seed)
        on["new_b"].invoked.connect(self._new_b)
        on["swap"].invoked.connect(self._swap)
        on["reset_mixing"].invoked.connect(self._reset_mixing)
        on["fit"].invoked.connect(self.viewer.fit)
        on["one_to_one"].invoked.connect(self._one_to_one)
        on["zoom_in"].invoked.connect(self._zoom_in)
        on["zoom_out"].invoked.connect(self._zoom_out)
        on["overlay"].triggered.connect(self._set_overlay)
        on["controls"].triggered.connect(self.dock.setVisible)
        on["controls_left"].triggered.connect(self._set_side)
        on["full_screen"].triggered.connect(self._set_full_screen)
        on["open_network"].invoked.connect(self._open_network)
        on["palette"].invoked.connect(self._open_palette)
        on["shortcuts"].invoked.connect(self._open_shortcuts)
        on["model_card"].invoked.connect(self._open_model_card)
        on["about"].invoked.connect(self._open_about)
        for name in ("enlarging", "theme", "device", "precision"):
            for action in on.group(name):
                action.invoked.connect(partial(self._choose, name, action.objectName()))
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._dress)

    # What is wanted.

    def _recipe_changed(self, old: Recipe, new: Recipe) -> None:
        if old.model != new.model:
            self.desk.use(new.model)
        self.column.show_recipe(new, self.desk.info)
        if self.desk.info is not None:
            self.bridge.request(new)

    def _show_history(self) -> None:
        history = self.store.history
        for key, can, name in (
            ("undo", history.can_undo, history.undo_name),
            ("redo", history.can_redo, history.redo_name),
        ):
            action = self.commands[key]
            action.setText(f"{action.command.text} {name}".rstrip())
            action.setEnabled(can)

    def _want_thumbnails(self) -> None:
        recipe = self.store.recipe
        if self.desk.info is None:
            return
        a, b = edits.seed_a(recipe), edits.seed_b(recipe)
        base = recipe.base if a is None else SeedBlend.of(a)
        self.thumbnails.want("a", portrait(recipe.model, base, recipe))
        if b is not None:
            self.thumbnails.want("b", portrait(recipe.model, SeedBlend.of(b), recipe))

    # What is seen.

    def _show_picture(self, picture: Picture) -> None:
        self.viewer.show_picture(picture)
        self.status.show_recipe(picture.frame.request.recipe)
        self.notices.clear("render")
        if picture.frame.notices:
            self.notices.say(
                Notice(
                    "Not everything in this recipe can be drawn here",
                    "\n".join(picture.frame.notices),
                    "info",
                    "wish",
                )
            )
        elif not picture.frame.is_draft:
            self.notices.clear("wish")

    def _show_failure(self, failure: RenderFailure) -> None:
        self.notices.say(notice_of(failure.error, "This picture could not be drawn", "render"))
        if self.viewer.picture is None:
            self.viewer.set_message("No picture yet")

    def _view_changed(self) -> None:
        self.status.show_view(self.viewer)
        self.keeper.touch()

    def _check_settled(self) -> None:
        frame = self.viewer.frame
        if (
            frame is not None
            and not frame.is_draft
            and frame.request.recipe == self.store.recipe
            and not self.thumbnails.is_busy
        ):
            self.settled.emit()

    # Networks and devices.

    def _first_network(self) -> None:
        self.bridge.request(self.store.recipe)
        self._want_thumbnails()
        self.bridge.call(self._facts, self._show_device)
        self.networks.look_for_bundled(self.tasks)

    def _network_changed(self, info: ModelInfo) -> None:
        self.column.show_info(info)
        self.column.show_recipe(self.store.recipe, info)
        self.setWindowTitle(f"{info.title} – Latent Explorer")
        self._want_thumbnails()

    def _show_loading(self, name: str) -> None:
        if name:
            self.column.model.show_loading(name)
        elif self.desk.info is not None:
            self.column.model.show_info(self.desk.info)
        else:
            self.viewer.set_message("No network is open. Open one with Ctrl+Shift+O, or drop its file here.")

    def _choose(self, group: str, key: str) -> None:
        """One of several was chosen in a menu."""
        setattr(self.settings, group, key.removeprefix(f"{_PREFIX.get(group, group)}_"))
        if group == "theme":
            self._dress()
        elif group == "enlarging":
            self.viewer.set_enlarging(cast(Enlarging, self.settings.enlarging))
        else:
            self.bridge.call(SetDevice(self.settings.device, self.settings.precision), self._device_set)

    def _device_set(self, result: DeviceFacts | Exception) -> None:
        if isinstance(result, Exception):
            self.notices.say(notice_of(result, "The device could not be changed", "device"))
            return
        self.notices.clear("device")
        self._show_device(result)
        self.bridge.request(self.store.recipe)

    def _show_device(self, facts: DeviceFacts | Exception) -> None:
        if isinstance(facts, Exception):
            return
        for name in ("cuda", "mps"):
            there = any(device.split(":")[0] == name for device in facts.available)
            self.commands[f"device_{name}"].disable("" if there else _ABSENT[name])
        self.commands["device_cpu"].disable("")
        if facts.notices:
            self.notices.say(Notice("Not as wished, but it runs", "\n".join(facts.notices), "info", "device"))
        if self.settings.device not in ("auto", facts.device.split(":")[0]):
            self.settings.device = "auto"
        self.commands[f"device_{self.settings.device}"].setChecked(True)

    # Commands.

    def _open(self) -> None:
        folder = self.settings.picture_folder or str(Path.home())
        path, _ = QFileDialog.getOpenFileName(self, "Open", folder, OPEN_FILTER)
        if path:
            self.incoming.open_path(Path(path))

    def _open_network(self) -> None:
        recent = self.settings.recent_models
        folder = str(Path(recent[0]).parent) if recent else str(Path.home())
        path, _ = QFileDialog.getOpenFileName(self, "Open network", folder, NETWORK_FILTER)
        if path:
            self.incoming.open_network(Path(path))

    def _save_picture(self) -> None:
        frame, info = self.viewer.frame, self.desk.info
        if frame is None:
            return
        start = outgoing.free_path(self._picture_folder(), outgoing.suggested_name(frame))
        path, chosen = QFileDialog.getSaveFileName(self, "Save picture", str(start), PICTURE_FILTER)
        if path:
            wanted = Path(path)
            # A name typed without a suffix takes that of the chosen kind.
            suffix = chosen.partition("*")[2].rstrip(")") or ".png"
            self.outgoing.save_picture(frame, wanted if wanted.suffix else wanted.with_suffix(suffix), info)

    def _quick_save(self) -> None:
        frame = self.viewer.frame
        if frame is not None:
            path = outgoing.free_path(self._picture_folder(), outgoing.suggested_name(frame))
            self.outgoing.save_picture(frame, path, self.desk.info)

    def _save_session(self) -> None:
        start = str(self._picture_folder() / "session.json")
        path, _ = QFileDialog.getSaveFileName(self, "Save session", start, "Session (*.json)")
        if path:
            wanted = Path(path)
            self.outgoing.save_session(
                self._take_session(), wanted if wanted.suffix else wanted.with_suffix(".json")
            )

    def _copy_picture(self) -> None:
        if self.viewer.frame is not None:
            self.outgoing.copy_picture(self.viewer.frame)

    def _copy_recipe(self) -> None:
        if self.viewer.frame is not None:
            self.outgoing.copy_recipe(self.viewer.frame)

    def _paste(self) -> None:
        data = QGuiApplication.clipboard().mimeData()
        paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
        if paths:
            self.incoming.open_path(paths[0])
        else:
            self.incoming.paste(data.text())

    def _num_ws(self) -> int:
        return 0 if self.desk.info is None else self.desk.info.num_ws

    def _new_face(self) -> None:
        moves.new_face(self.store, self._num_ws())

    def _next_seed(self) -> None:
        moves.step_seed_a(self.store, 1)

    def _previous_seed(self) -> None:
        moves.step_seed_a(self.store, -1)

    def _type_seed(self) -> None:
        box = self.column.findChild(QWidget, "seed_a_box")
        if box is not None:
            self.dock.show()
            box.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _new_b(self) -> None:
        moves.new_b(self.store)

    def _swap(self) -> None:
        moves.swap(self.store)

    def _reset_mixing(self) -> None:
        moves.reset_mixing(self.store, self._num_ws())

    def _reset_all(self) -> None:
        moves.reset_all(self.store, self._num_ws())

    def _one_to_one(self) -> None:
        self.viewer.zoom_to(1.0)

    def _zoom_in(self) -> None:
        self.viewer.zoom_by(STEP)

    def _zoom_out(self) -> None:
        self.viewer.zoom_by(1 / STEP)

    def _set_overlay(self, visible: bool) -> None:
        self.settings.overlay = visible
        self.viewer.set_overlay(visible)

    def _set_side(self, left: bool) -> None:
        self.settings.controls_on_left = left
        area = Qt.DockWidgetArea.LeftDockWidgetArea if left else Qt.DockWidgetArea.RightDockWidgetArea
        self.addDockWidget(area, self.dock)

    def _set_full_screen(self, full: bool) -> None:
        for part in (self.menuBar(), self.status, self.dock):
            part.setVisible(not full)
        self.commands["controls"].setChecked(not full)
        self.commands["full_screen"].setChecked(full)
        if full:
            self.showFullScreen()
        else:
            self.showNormal()

    def _open_palette(self) -> None:
        palette = CommandPalette(self.commands, self)
        corner = self.stage.mapToGlobal(self.stage.rect().center())
        palette.move(corner.x() - palette.width() // 2, self.mapToGlobal(self.rect().topLeft()).y() + 90)
        palette.show()

    def _open_shortcuts(self) -> None:
        ShortcutsSheet(self.commands, self).show()

    def _open_about(self) -> None:
        self._show_about("about")

    def _open_model_card(self) -> None:
        self._show_about("model card")

    def _show_about(self, page: Page) -> None:
        AboutDialog(page, self).show()

    def _open_preferences(self) -> None:
        Preferences(self.settings, self).exec()

    # What is kept.

    def _take_session(self) -> Session:
        return Session(self.store.history.seal(), self.viewer.view_state())

    def _picture_folder(self) -> Path:
        from explorer.locations import user_pictures_dir

        for folder in (Path(self.settings.picture_folder or "-"), user_pictures_dir()):
            if folder.is_dir():
                return folder
        return Path.home()

    def _saved(self, path: Path) -> None:
        if path.suffix.lower() != ".json":
            self.settings.picture_folder = str(path.parent)
        self._remember("recent_files", path)

    def _remember(self, kind: str, path: Path) -> None:
        self.settings.remember(kind, path)
        self._show_recent()

    def _show_recent(self) -> None:
        self.recent.show_paths(self.settings.recent_files)
        self.networks.show_recent(self.settings.recent_models)

    def _remember_folded(self) -> None:
        self.settings.folded = self.column.folded

    def _show_settings(self) -> None:
        """Put the window into the state the settings describe."""
        kept = self.settings
        for group in ("enlarging", "theme", "device", "precision"):
            keys = {action.objectName(): action for action in self.commands.group(group)}
            wanted = f"{_PREFIX.get(group, group)}_{getattr(kept, group)}"
            keys.get(wanted, next(iter(keys.values()))).setChecked(True)
        if kept.enlarging in ("auto", "smooth", "crisp"):
            self.viewer.set_enlarging(cast(Enlarging, kept.enlarging))
        self.commands["overlay"].setChecked(kept.overlay)
        self.viewer.set_overlay(kept.overlay)
        self.commands["controls"].setChecked(True)
        self.commands["controls_left"].setChecked(kept.controls_on_left)
        self._set_side(kept.controls_on_left)
        self.column.set_folded(kept.folded)
        self._show_recent()
        screen = self.screen().availableGeometry()
        self.resize(min(SIZE[0], screen.width()), min(SIZE[1], screen.height()))
        self.restoreGeometry(QByteArray.fromBase64(kept.geometry.encode("ascii", "ignore")))
        self.restoreState(QByteArray.fromBase64(kept.layout.encode("ascii", "ignore")))
        self.commands["controls"].setChecked(not self.dock.isHidden())

    def _dress(self) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication) and self.settings.theme in theme.THEME_CHOICES:
            theme.apply(app, cast(theme.ThemeChoice, self.settings.theme))

    # What the system asks.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Welcome files."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self.viewer.set_drop_wanted(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Back to the picture."""
        self.viewer.set_drop_wanted(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the first file."""
        self.viewer.set_drop_wanted(False)
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.incoming.open_path(paths[0])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leaves the full screen."""
        if event.key() == Qt.Key.Key_Escape and self.isFullScreen():
            self._set_full_screen(False)
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep what is to be kept, and end both threads."""
        if self._keep:
            if self.isFullScreen():
                self._set_full_screen(False)
            self.settings.geometry = bytes(self.saveGeometry().toBase64().data()).decode("ascii")
            self.settings.layout = bytes(self.saveState().toBase64().data()).decode("ascii")
            settings.save(self.settings)
            self.keeper.finish()
        # Gone from the screen at once; a running step may take a moment.
        self.hide()
        self.bridge.close()
        self.tasks.close()
        event.accept()


_PREFIX = {"enlarging": "enlarge"}
_ABSENT = {
    "cuda": "There is no usable NVIDIA GPU here, or this build of torch has no CUDA.",
    "mps": "Needs a Mac with Apple silicon and macOS 12.3 or newer.",
}


def last_session(kept: Settings) -> Session | None:
    """Session to begin with, where the user wants it and it can be read."""
    if not kept.restore_session or not session.last_session_file().is_file():
        return None
    try:
        return session.read(session.last_session_file())
    except (ValueError, OSError):
        return None  # it was ours, and a fresh start is better than a complaint
