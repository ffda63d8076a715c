"""What opens beside the timeline: files of films and music, and the page that exports."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from explorer.gui.dialogs.export_film import ExportFilm
from explorer.gui.film_export import FilmExport, Order
from explorer.gui.incoming import FILMS, MUSIC, PICTURES, Incoming
from explorer.gui.notices import Notice, notice_of
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.settings import Settings, write_text
from explorer.gui.store import Store
from explorer.gui.tasks import Tasks
from explorer.gui.timeline.desk import TimelineDesk
from explorer.locations import free_path, user_pictures_dir
from explorer.recipe import film_document

FILM_FILTER = f"Films ({' '.join(f'*{suffix}' for suffix in sorted(FILMS | PICTURES))});;All files (*)"
MUSIC_FILTER = f"Music ({' '.join(f'*{suffix}' for suffix in sorted(MUSIC))});;All files (*)"
DOCUMENT_FILTER = "Film (*.film)"


class FilmDoors(QObject):
    """Asks the user for a file, and hands on what comes of it.

    Signals
    -------
    notice(Notice) : it worked, or why not.
    written(Path) : a film is on the disk.
    """

    notice = Signal(object)
    written = Signal(object)

    def __init__(
        self,
        window: QWidget,
        timeline: TimelineDesk,
        store: Store,
        incoming: Incoming,
        tasks: Tasks,
        bridge: RenderBridge,
        kept: Settings,
        keep: bool,
    ) -> None:
        super().__init__(window)
        self._bridge = bridge
        self.export = FilmExport(bridge, tasks, keep, self)
        self._page: ExportFilm | None = None
        self._window, self._timeline, self._store = window, timeline, store
        self._incoming, self._tasks, self._kept = incoming, tasks, kept

    def open_film(self) -> None:
        """Choose a film to put on the timeline."""
        path = self._ask("Open film", FILM_FILTER)
        if path is not None:
            self._incoming.open_path(path)

    def put_beside(self) -> None:
        """Choose a film to play beside this one."""
        path = self._ask("Put another film beside", FILM_FILTER)
        if path is not None:
            self._timeline.put_beside(path)

    def choose_music(self) -> None:
        """Choose a sound file to go under the film."""
        path = self._ask("Music under the film", MUSIC_FILTER)
        if path is not None:
            self._timeline.set_music(path)

    def save_film(self) -> None:
        """Choose where to save the film as a document."""
        if self._store.film is None:
            return
        start = str(free_path(self.folder(), "film.film"))
        name, _ = QFileDialog.getSaveFileName(self._window, "Save film", start, DOCUMENT_FILTER)
        if name:
            path = Path(name)
            self.save_document(path if path.suffix.lower() == ".film" else Path(f"{name}.film"))

    def save_document(self, path: Path) -> None:
        """Write the film as a `.film` file, whole or not at all."""
        film = self._store.film
        if film is not None:
            work = partial(write_text, path, film_document.dumps(film))
            self._tasks.run(work, partial(self._saved, path))

    # The page that exports.

    def export_film(self) -> None:
        """Show the page: of the film on the timeline, or of the export that is under way."""
        if self._store.film is not None:
            page = self.page()
            page.show_film(self._store.film, self._store.music)
            page.show()
            page.raise_()
            page.activateWindow()

    def page(self) -> ExportFilm:
        """The page, made when it is first wanted; one for the whole run."""
        if self._page is None:
            self._page = ExportFilm(self.export, self._bridge, self._kept, self.folder(), self._window)
            self._page.exported.connect(self._exported)
        return self._page

    def look_for_interrupted(self) -> None:
        """Offer to go on with an export that a crash has interrupted."""
        self.export.look_for_interrupted(self._offer)

    def _offer(self, order: Order) -> None:
        text = "What was finished is kept, and the film comes out as if nothing had happened."
        offers = (
            ("Go on", partial(self._resume, order)),
            ("Throw it away", partial(self.export.forget, order)),
        )
        title = f"The export of {order.path.name} was interrupted"
        self.notice.emit(Notice(title, text, "error", "interrupted", offers))

    def _resume(self, order: Order) -> None:
        page = self.page()
        page.show_film(order.film, order.music)
        page.show()
        page.start(order)

    def _exported(self, path: Path) -> None:
        self.written.emit(path)
        if self._page is None or not self._page.isVisible():
            self.notice.emit(Notice(f"Exported {path.name}", str(path.parent), "done", "film"))

    def folder(self) -> Path:
        """Folder for films: where pictures were saved last, or the system's."""
        for folder in (self._kept.picture_folder, str(user_pictures_dir())):
            if folder and Path(folder).is_dir():
                return Path(folder)
        return Path.home()

    def _ask(self, title: str, kinds: str) -> Path | None:
        name, _ = QFileDialog.getOpenFileName(self._window, title, str(self.folder()), kinds)
        return Path(name) if name else None

    def _saved(self, path: Path, result: object) -> None:
        if isinstance(result, Exception):
            self.notice.emit(notice_of(result, f"{path.name} could not be saved", "film"))
        else:
            self.notice.emit(Notice(f"Saved {path.name}", str(path.parent), "done", "film"))
            self.written.emit(path)
