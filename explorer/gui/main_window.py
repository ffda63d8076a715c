"""The window: makes the parts, and connects them in one list (`MainWindow._connect`)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QMainWindow

from explorer.gui import moves, session, settings
from explorer.gui.actions import Actions
from explorer.gui.column import Column
from explorer.gui.device_menu import DeviceMenu
from explorer.gui.direction_commands import DirectionCommands
from explorer.gui.doors import Doors
from explorer.gui.downloads import Downloads
from explorer.gui.drag_out import DragOut
from explorer.gui.engine_maker import DeviceFacts, device_facts
from explorer.gui.face_commands import FaceCommands
from explorer.gui.film_doors import FilmDoors
from explorer.gui.incoming import BUNDLED, Incoming
from explorer.gui.layout import Layout
from explorer.gui.mishaps import open_log_folder
from explorer.gui.model_desk import ModelDesk
from explorer.gui.networks_door import NetworksDoor
from explorer.gui.networks_menu import NetworksMenu, RecentMenu
from explorer.gui.notices import Notice, notice_of
from explorer.gui.outgoing import Outgoing
from explorer.gui.previews import Previews, draw_preview
from explorer.gui.project_door import ProjectDoor
from explorer.gui.render_bridge import Picture, RenderBridge
from explorer.gui.session import Session
from explorer.gui.session_keeper import SessionKeeper
from explorer.gui.settings import Settings
from explorer.gui.stage import Stage
from explorer.gui.status import StatusLine
from explorer.gui.store import Store
from explorer.gui.tasks import Tasks
from explorer.gui.teach_commands import TeachCommands
from explorer.gui.teaching import TeachingDesk
from explorer.gui.thumbnails import Thumbnails, portrait
from explorer.gui.timeline.desk import TimelineDesk
from explorer.gui.transform_hand import TransformHand
from explorer.gui.truth import Truth
from explorer.recipe import ModelRef, Recipe, edits
from explorer.render.frame import RenderFailure
from explorer.render.model_info import ModelInfo


class MainWindow(QMainWindow):
    """Owns every part; each part owns one thing.

    Parameters
    ----------
    bridge : to the render thread; started by `begin`, ended when the window closes.
    kept : settings; written back when the window closes.
    facts : asked on the render thread, once, for what devices there are.
    keep : whether session and settings are written at all.
    device : asked for this once, in place of the one in the settings.

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
        device: str = "",
    ) -> None:
        super().__init__()
        self.setWindowTitle("Latent Explorer")
        self.setAcceptDrops(True)
        self.settings, self._facts, self._keep = kept, facts, keep
        self._told = ""
        self.store = Store(moves.first_recipe(ModelRef(BUNDLED)), self)
        self.bridge = bridge
        self.tasks = Tasks(self)
        self.downloads = Downloads(self, sample=draw_preview if keep else None)
        self.desk = ModelDesk(bridge, self)
        self.incoming = Incoming(self.store, self.desk, self.tasks, self)
        self.outgoing = Outgoing(bridge, self.tasks, self)
        self.thumbnails = Thumbnails(bridge, self)
        self.previews = Previews(self.tasks, keep, self)
        self.keeper = SessionKeeper(self._take_session, self.tasks, keep, self)

        self.stage = Stage()
        self.viewer, self.notices = self.stage.viewer, self.stage.notices
        self.setCentralWidget(self.stage)
        self.column = Column(self.store)
        self.status = StatusLine(self)
        self.setStatusBar(self.status)

        self.commands = Actions(self)
        self.commands.fill(self.menuBar())
        self.networks = NetworksMenu(self.commands.submenus["networks"], self, self.commands["networks_page"])
        self.recent = RecentMenu(self.commands.submenus["recent"], self)
        self.column.model.set_menu(self.networks.menu)
        self.hand = TransformHand(self.viewer, self.store, self)
        self.face = FaceCommands(self.store, self.desk, self)
        self.directions = DirectionCommands(
            bridge,
            self.store,
            self.column.panel("directions"),  # type: ignore[arg-type]
            kept,
            self,
        )
        self.teach = TeachCommands(
            TeachingDesk(bridge, self.tasks, self), self.tasks, self.store, self.directions, keep, self
        )
        self.devices = DeviceMenu(self.commands, bridge, kept, device, self)
        self.timeline = TimelineDesk(self.store, bridge, self.tasks, self.viewer, self.commands, self)
        self.look = Layout(
            self,
            kept,
            self.commands,
            self.viewer,
            self.column,
            self.timeline.panel,
            self.networks,
            self.recent,
        )
        self.doors = Doors(
            self,
            self.commands,
            self.viewer,
            self.desk,
            self.incoming,
            self.outgoing,
            kept,
            self._take_session,
            bridge,
        )
        self.truth = Truth(self, bridge, self.tasks, self.incoming, kept)
        self.film_doors = FilmDoors(
            self, self.timeline, self.store, self.incoming, self.tasks, bridge, kept, keep
        )
        self.drag_out = DragOut(self.viewer, self.desk, self.tasks, self)
        self.project_door = ProjectDoor(self, self.store, self.desk, bridge, self.tasks, self.incoming)
        self.networks_door = NetworksDoor(self, self.downloads, self.tasks, self.desk, self.incoming, kept)
        self._connect()
        self.look.restore()
        self._show_history()
        self.column.show_recipe(self.store.recipe, None)
        self.viewer.setFocus()

    def begin(
        self, model: str | None = None, file: Path | None = None, restored: Session | None = None
    ) -> None:
        """Start the render thread and open the first network; returns at once."""
        self.viewer.set_message(f"Loading {model or BUNDLED}…")
        self.bridge.start()
        self.incoming.begin(model, file, restored)

    def _connect(self) -> None:
        """Make every connection between parts."""
        # What is wanted.
        self.store.changed.connect(self._recipe_changed)
        self.store.history_changed.connect(self._show_history)
        self.store.history_changed.connect(self.keeper.touch)
        self.store.rested.connect(self._want_thumbnails)
        # What is seen.
        self.bridge.shown.connect(self._show_picture)
        self.bridge.shown.connect(self.previews.see)
        self.bridge.failed.connect(self._show_failure)
        self.viewer.painted.connect(self._check_settled)
        self.viewer.view_changed.connect(self._view_changed)
        self.thumbnails.ready.connect(self.column.show_thumbnail)
        self.thumbnails.idle.connect(self._check_settled)
        self.column.completed.connect(self._check_settled)
        # Networks and devices.
        self.desk.changed.connect(self._network_changed)
        self.desk.changed.connect(self.networks_door.network_changed)
        self.networks_door.notice.connect(self.notices.say)
        self.project_door.notice.connect(self.notices.say)
        self.desk.loading.connect(self._show_loading)
        self.desk.changed.connect(self.directions.show_network)
        self.directions.notice.connect(self.notices.say)
        self.desk.changed.connect(self.teach.show_network)
        self.teach.notice.connect(self.notices.say)
        self.incoming.directions_read.connect(self.directions.desk.import_file)
        self.incoming.marks_read.connect(self.teach.open_file)
        self.networks.chosen.connect(self.incoming.open_network)
        self.devices.changed.connect(self._draw_again)
        self.devices.notice.connect(self.notices.say)
        self.devices.cleared.connect(self.notices.clear)
        self.doors.preferences_changed.connect(self.devices.set_cache)
        # What comes in and goes out.
        self.incoming.ready.connect(self._first_network)
        self.incoming.notice.connect(self.notices.say)
        self.incoming.opened.connect(self.look.remember)
        self.incoming.view_restored.connect(self.viewer.restore_view)
        self.recent.chosen.connect(self.incoming.open_path)
        self.outgoing.notice.connect(self.notices.say)
        self.outgoing.saved.connect(self.look.saved)
        self.drag_out.notice.connect(self.notices.say)
        self.column.folded_changed.connect(self.look.take_folded)
        # The film.
        self.timeline.notice.connect(self.notices.say)
        self.timeline.panel.transport.export_wanted.connect(self.film_doors.export_film)
        self.film_doors.notice.connect(self.notices.say)
        self.film_doors.written.connect(self.look.saved)
        self.incoming.film_opened.connect(self._show_film)
        self.store.music_changed.connect(self._show_music)
        self.look.timeline.visibilityChanged.connect(self.timeline.show_visible)
        # Commands.
        on = self.commands
        on["open"].invoked.connect(self.doors.open)
        on["networks_page"].invoked.connect(self.networks_door.open)
        on["open_network"].invoked.connect(self.doors.open_network)
        on["save_picture"].invoked.connect(self.doors.save_picture)
        on["quick_save"].invoked.connect(self.doors.quick_save)
        on["export_picture"].invoked.connect(self.doors.export_picture)
        on["export_several"].invoked.connect(self.doors.export_several)
        on["export_sheet"].invoked.connect(self.doors.export_sheet)
        on["project"].invoked.connect(self.project_door.open)
        on["verify"].invoked.connect(self.truth.open_verify)
        on["use"].invoked.connect(self.truth.open_use)
        on["save_session"].invoked.connect(self.doors.save_session)
        on["copy_picture"].invoked.connect(self.doors.copy_picture)
        on["copy_recipe"].invoked.connect(self.doors.copy_recipe)
        on["paste"].invoked.connect(self.doors.paste)
        on["settings"].invoked.connect(self.doors.open_preferences)
        on["palette"].invoked.connect(self.doors.open_palette)
        on["shortcuts"].invoked.connect(self.doors.open_shortcuts)
        on["model_card"].invoked.connect(self.doors.open_model_card)
        on["log_folder"].invoked.connect(open_log_folder)
        on["about"].invoked.connect(self.doors.open_about)
        on["quit"].invoked.connect(self.close)
        on["undo"].invoked.connect(self.store.undo)
        on["redo"].invoked.connect(self.store.redo)
        on["new_face"].invoked.connect(self.face.new_face)
        on["next_seed"].invoked.connect(self.face.next_seed)
        on["previous_seed"].invoked.connect(self.face.previous_seed)
        on["new_b"].invoked.connect(self.face.new_b)
        on["swap"].invoked.connect(self.face.swap)
        on["reset_mixing"].invoked.connect(self.face.reset_mixing)
        on["reset_all"].invoked.connect(self.face.reset_all)
        on["find_directions"].invoked.connect(self.directions.find)
        on["teach_direction"].invoked.connect(self.teach.teach)
        on["import_directions"].invoked.connect(self.directions.import_file)
        on["export_directions"].invoked.connect(self.directions.export_file)
        on["reset_directions"].invoked.connect(self.directions.reset)
        on["timeline"].triggered.connect(self.look.set_timeline)
        on["add_key"].invoked.connect(self._add_key)
        on["add_here"].invoked.connect(self.timeline.add_here)
        on["play"].invoked.connect(self._play)
        on["frame_back"].invoked.connect(self.timeline.step_back)
        on["frame_forward"].invoked.connect(self.timeline.step_forward)
        on["snap"].invoked.connect(self.timeline.panel.snap_to_beats)
        on["walk"].invoked.connect(self._walk)
        on["new_film"].invoked.connect(self.timeline.new_film)
        on["open_film"].invoked.connect(self.film_doors.open_film)
        on["save_film"].invoked.connect(self.film_doors.save_film)
        on["music"].invoked.connect(self.film_doors.choose_music)
        on["no_music"].invoked.connect(self.timeline.no_music)
        on["export_film"].invoked.connect(self.film_doors.export_film)
        on["film_beside"].invoked.connect(self.film_doors.put_beside)
        on["film_columns"].invoked.connect(self.timeline.next_columns)
        on["film_alone"].invoked.connect(self.timeline.film_alone)
        on["type_seed"].invoked.connect(self.look.type_seed)
        on["fit"].invoked.connect(self.viewer.fit)
        on["one_to_one"].invoked.connect(self.look.one_to_one)
        on["zoom_in"].invoked.connect(self.look.zoom_in)
        on["zoom_out"].invoked.connect(self.look.zoom_out)
        on["overlay"].triggered.connect(self.look.set_overlay)
        on["controls"].triggered.connect(self.look.set_controls)
        on["controls_left"].triggered.connect(self.look.set_side)
        on["full_screen"].triggered.connect(self.look.set_full_screen)

    # What is wanted.

    def _recipe_changed(self, old: Recipe, new: Recipe) -> None:
        if old.model != new.model:
            self.desk.use(new.model)
        self.column.show_recipe(new, self.desk.info)
        if self.desk.info is not None:
            self.bridge.request(new)

    def _draw_again(self) -> None:
        self.bridge.request(self.store.recipe)

    def _add_key(self) -> None:
        self.look.set_timeline(True)
        self.timeline.add_key()

    def _walk(self) -> None:
        self.look.set_timeline(True)
        self.timeline.walk()

    def _play(self) -> None:
        self.look.set_timeline(True)
        self.timeline.toggle_play()

    def _show_film(self, number: int) -> None:
        """A film was opened: show the timeline, and its first frame or the one in the file."""
        self.look.set_timeline(True)
        self.timeline.show_frame(number)

    def _show_music(self, music: str) -> None:
        if music:
            self.look.set_timeline(True)

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
        a, b = edits.source_a(recipe), edits.source_b(recipe)
        self.thumbnails.want("a", portrait(recipe.model, edits.alone(a), recipe))
        if b is not None:
            self.thumbnails.want("b", portrait(recipe.model, edits.alone(b), recipe))

    # What is seen.

    def _show_picture(self, picture: Picture) -> None:
        self.viewer.show_picture(picture)
        request = picture.frame.request
        self.status.show_recipe(request.recipe, request.moment)
        self.notices.clear("render")
        self._tell_wishes("\n".join(picture.frame.notices))

    def _tell_wishes(self, text: str) -> None:
        """Say what this network or device could not do, once, until it is something else."""
        if text != self._told:
            self._told = text
            self.notices.clear("wish")
            if text:
                title = "Not everything in this recipe can be drawn here"
                self.notices.say(Notice(title, text, "info", "wish"))

    def _show_failure(self, failure: RenderFailure) -> None:
        self.notices.say(notice_of(failure.error, "This picture could not be drawn", "render"))
        if self.viewer.picture is None:
            self.viewer.set_message("No picture yet")

    def _view_changed(self) -> None:
        self.status.show_view(self.viewer)
        self.keeper.touch()

    @property
    def is_settled(self) -> bool:
        """Whether what is wanted is what is seen, in full, thumbnails and lists included."""
        frame = self.viewer.frame
        return (
            frame is not None
            and not frame.is_draft
            and frame.request.recipe == self.store.recipe
            and frame.request.moment is None
            and not self.thumbnails.is_busy
            and self.column.is_complete
        )

    def _check_settled(self) -> None:
        if self.is_settled:
            self.settled.emit()

    # Networks.

    def _first_network(self) -> None:
        if not self.bridge.serial:
            self._draw_again()
        self._want_thumbnails()
        self.devices.ask(self._facts)
        self.networks.look_for_bundled(self.tasks)
        self.film_doors.look_for_interrupted()

    def _network_changed(self, info: ModelInfo) -> None:
        self.column.show_info(info)
        self.hand.show_info(info)
        self.column.show_recipe(self.store.recipe, info)
        self.setWindowTitle(f"{info.title} – Latent Explorer")
        self._want_thumbnails()

    def _show_loading(self, name: str) -> None:
        if name:
            self.column.model.show_loading(name)
        elif self.desk.info is not None:
            self.column.model.show_info(self.desk.info)
        else:
            self.column.model.show_nothing()
            self.viewer.set_message("No network is open. Open one with Ctrl+Shift+O, or drop its file here.")

    def _take_session(self) -> Session:
        return Session(self.store.history.seal(), self.viewer.view_state())

    # What the system asks.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Welcome files."""
        # Not the picture that is just being dragged out.
        if event.source() is None and any(url.isLocalFile() for url in event.mimeData().urls()):
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
            self.look.set_full_screen(False)
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep what is to be kept, and end both threads."""
        if self._keep:
            if self.isFullScreen():
                self.look.set_full_screen(False)
            self.look.take()
            settings.save(self.settings)
        self.keeper.finish()
        # Gone from the screen at once; a running step may take a moment.
        self.hide()
        self.teach.finish()
        self.bridge.close()
        self.film_doors.export.close()
        self.tasks.close()
        self.downloads.close()
        self.drag_out.close()
        event.accept()


def last_session(kept: Settings) -> Session | None:
    """Session to begin with, where the user wants it and it can be read."""
    if not kept.restore_session or not session.last_session_file().is_file():
        return None
    try:
        return session.read(session.last_session_file())
    except (ValueError, OSError):
        return None  # it was ours, and a fresh start is better than a complaint
