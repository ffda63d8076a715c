"""Everything that comes in: networks, pictures with a recipe inside, sessions, text from the clipboard."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QObject, Signal

from explorer.errors import ExplorerError, ModelNotFoundError, RecipeError
from explorer.gui import moves, session
from explorer.gui.model_desk import ModelDesk
from explorer.gui.notices import notice_of
from explorer.gui.session import Session
from explorer.gui.store import Store
from explorer.gui.tasks import Tasks
from explorer.recipe import History, Moment, Recipe, Work, document, film_document
from explorer.render.model_info import ModelInfo

BUNDLED = "faces"
"""Network a first start opens."""

Kind = Literal["picture", "film", "session", "network", "directions", "marks"]
PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff"}
FILMS = {".gif", ".mp4", ".mov", ".webm", ".apng", ".film"}
MUSIC = {".mp3", ".wav", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".aif", ".aiff", ".wma"}
"""Sound files go under the film."""
NETWORKS = {".safetensors", ".pkl", ".pt", ".pth"}
DIRECTIONS = {".directions", ".npy", ".npz"}
MARKS = {".marks", ".csv"}
EITHER = {".pkl", ".pt", ".pth"}
"""Networks, or directions of other tools."""
MOST_VECTORS = 32 << 20
"""Bytes of a file of the latter kind that is looked into for directions; networks are larger."""
_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"II*\x00", b"MM\x00*")


class Incoming(QObject):
    """Turns what was opened, dropped or pasted into an edit of the store, or a notice.

    A failure changes nothing: the old network and picture stay.

    Signals
    -------
    notice(Notice) : something to say.
    opened(str, Path) : a file was opened; "recent_models" or "recent_files".
    view_restored(dict) : a session brought the view it was seen in.
    film_opened(int) : a film came onto the timeline, and this frame of it was in the file.
    ready : the first network is loaded, so pictures can be asked for.
    directions_read(Path), marks_read(Path) : the file holds directions, or marks of pictures.
    """

    notice = Signal(object)
    opened = Signal(str, object)
    view_restored = Signal(object)
    film_opened = Signal(int)
    ready = Signal()
    directions_read = Signal(object)
    marks_read = Signal(object)

    def __init__(self, store: Store, desk: ModelDesk, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store, self._desk, self._tasks = store, desk, tasks
        self._file_to_open: Path | None = None
        self._begun = False
        self.open_network_offer: Callable[[], None] | None = None
        """What the button "Open network…" of a notice does."""
        self.verify_offer: Callable[[Path], None] | None = None
        """What the button "Verify it…" does, where a picture has no recipe."""
        self.project_offer: Callable[[Path], None] | None = None
        """What the button "Project it…" does there."""

    # At the start.

    def begin(self, model: str | None, file: Path | None, restored: Session | None) -> None:
        """Open the first network, then `file`; the last session is the ground both stand on."""
        self._file_to_open = file
        if model is None and restored is not None:
            ref = restored.history.present.recipe.model
            self._desk.find(ref, partial(self._resume, restored), self._resume_failed)
        else:
            path = Path(model or BUNDLED)
            wanted = path if path.is_file() else (model or BUNDLED)
            self._desk.open(wanted, self._first_model, partial(self._begin_failed, model))

    def _resume(self, restored: Session, info: ModelInfo) -> None:
        self._store.restore(restored.history)
        self.view_restored.emit(restored.view)
        self._under_way(info)

    def _resume_failed(self, error: Exception) -> None:
        self._refuse(error, "The session could not be restored")
        self._desk.open(BUNDLED, self._first_model, partial(self._begin_failed, None))

    def _first_model(self, info: ModelInfo) -> None:
        self._store.restore(History(Work(moves.first_recipe(info.ref))))
        self._under_way(info)

    def _begin_failed(self, model: str | None, error: Exception) -> None:
        self._refuse(error, f"The network {model or BUNDLED} could not be opened")
        if model is not None and model != BUNDLED:
            self._desk.open(BUNDLED, self._first_model, partial(self._begin_failed, None))
        elif self._file_to_open is not None:
            self._open_waiting_file()

    def _under_way(self, info: ModelInfo) -> None:
        self._desk.use(info.ref)
        if not self._begun:
            self._begun = True
            self.ready.emit()
            self._open_waiting_file()

    def _open_waiting_file(self) -> None:
        file, self._file_to_open = self._file_to_open, None
        if file is not None:
            self.open_path(file)

    # Later.

    def open_path(self, path: Path) -> None:
        """Open any file: its kind decides what happens."""
        if path.suffix.lower() in MUSIC:
            self._store.seal()
            self._store.edit_music(str(path), f"Put {path.name} under the film")
            return
        self._tasks.run(partial(_read, path), partial(self._have_read, path))

    def open_network(self, path_or_name: str | Path) -> None:
        """Open a network; the recipe's wishes stay."""
        self._desk.open(path_or_name, partial(self._opened_network, path_or_name), self._network_failed)

    def paste(self, text: str) -> None:
        """Take a recipe, or a film, written as text."""
        try:
            if film_document.KIND in text[:2_000_000]:
                self.adopt_film(Moment(film_document.loads(text.strip()), 0), "Paste film")
                return
            recipe = document.loads(text.strip())
        except ValueError as error:
            self._refuse(error, "What was copied is no recipe")
            return
        self.adopt(recipe, "Paste recipe")

    def adopt(self, recipe: Recipe, name: str, path: Path | None = None) -> None:
        """Show the picture of a recipe, if its network is here."""
        self._desk.find(
            recipe.model,
            partial(self._adopt, recipe, name, path),
            partial(self._unknown_network, recipe, name),
        )

    def _have_read(self, path: Path, result: Any) -> None:
        if isinstance(result, RecipeError) and self.verify_offer is not None:
            offers = [("What the file says…", partial(self.verify_offer, path))]
            if self.project_offer is not None and path.suffix.lower() in PICTURES:
                offers.insert(0, ("Project it…", partial(self.project_offer, path)))
            told = notice_of(result, f"{path.name} could not be opened", "open")
            self.notice.emit(replace(told, offers=tuple(offers)))
        elif isinstance(result, Exception):
            self._refuse(result, f"{path.name} could not be opened")
        elif isinstance(result, Session):
            present = result.history.present.recipe
            self._desk.find(
                present.model,
                partial(self._adopt_session, result, path),
                partial(self._unknown_network, present, f"Open {path.name}"),
            )
        elif isinstance(result, Recipe):
            self.adopt(result, f"Open {path.name}", path)
        elif isinstance(result, Moment):
            self.adopt_film(result, f"Open {path.name}", path)
        elif result == "directions":
            self.directions_read.emit(path)
        elif result == "marks":
            self.marks_read.emit(path)
        else:
            self.open_network(path)

    def _adopt(self, recipe: Recipe, name: str, path: Path | None, info: ModelInfo) -> None:
        first = self._desk.info is None
        recipe = recipe.with_(model=info.ref)
        if first:
            self._store.restore(History(Work(recipe)))
            self._under_way(info)
        else:
            self._store.seal()
            self._store.edit(recipe, name)
        if path is not None:
            self.opened.emit("recent_files", path)

    def adopt_film(self, moment: Moment, name: str, path: Path | None = None) -> None:
        """Put a film on the timeline, if its network is here, and look at one of its frames."""
        self._desk.find(
            moment.film.model,
            partial(self._adopt_film, moment, name, path),
            partial(self._unknown_network, moment.recipe, name),
        )

    def _adopt_film(self, moment: Moment, name: str, path: Path | None, info: ModelInfo) -> None:
        if self._desk.info is None:
            self._store.restore(History(Work(moment.recipe.with_(model=info.ref))))
            self._under_way(info)
        self._store.seal()
        self._store.edit_film(moment.film, name)
        self.film_opened.emit(moment.number)
        if path is not None:
            self.opened.emit("recent_files", path)

    def _adopt_session(self, restored: Session, path: Path, info: ModelInfo) -> None:
        self._resume(restored, info)
        self.opened.emit("recent_files", path)

    def _opened_network(self, path_or_name: str | Path, info: ModelInfo) -> None:
        if self._desk.info is None:
            self._first_model(info)
        else:
            self._store.seal()
            self._store.edit(self._store.recipe.with_(model=info.ref), f"Open {info.title}")
        if isinstance(path_or_name, Path):
            self.opened.emit("recent_models", path_or_name)

    def _network_failed(self, error: Exception) -> None:
        self._refuse(error, "This network could not be opened")

    def _unknown_network(self, recipe: Recipe, name: str, error: Exception) -> None:
        """Name the missing network; the old picture stays, and the settings may be tried on it."""
        if not isinstance(error, ModelNotFoundError):
            self._refuse(error, f"The network {recipe.model.name!r} could not be opened")
            return
        offers: list[tuple[str, Callable[[], None]]] = []
        if self.open_network_offer is not None:
            offers.append(("Open network…", self.open_network_offer))
        if self._desk.info is not None:
            offers.append(("Use with this network", partial(self._use_here, recipe, name)))
        title = f"This picture needs the network {recipe.model.name!r}"
        self.notice.emit(replace(notice_of(error, title, "open"), offers=tuple(offers)))

    def _use_here(self, recipe: Recipe, name: str) -> None:
        if self._desk.info is not None:
            self._store.seal()
            self._store.edit(recipe.with_(model=self._desk.info.ref), name)

    def _refuse(self, error: Exception, title: str) -> None:
        self.notice.emit(notice_of(error, title, "open"))


def kind_of(path: Path) -> Kind:
    """Tell what a file is, by its name and, where that says nothing, by its first bytes."""
    with path.open("rb") as file:
        head = file.read(4096)
    suffix = path.suffix.lower()
    if suffix in DIRECTIONS:
        return "directions"
    if suffix in MARKS:
        return "marks"
    if suffix in NETWORKS:
        return "directions" if suffix in EITHER and _holds_vectors(path) else "network"
    if suffix in FILMS:
        return "film"
    if suffix in PICTURES or head.startswith(_MAGIC):
        return "picture"
    # The length that opens a safetensors file may begin with the code of "{", but zeros follow.
    if suffix == ".json" or (head.lstrip()[:1] == b"{" and b"\0" not in head):
        return "session"
    return "network"


def _holds_vectors(path: Path) -> bool:
    """Whether a small file of torch or pickle holds directions of another tool, and no network."""
    if path.stat().st_size > MOST_VECTORS:
        return False
    from explorer.checkpoints.vectors import read_vectors

    try:
        return bool(read_vectors(path))
    except (ExplorerError, OSError):
        return False


def _read(path: Path) -> Session | Recipe | Moment | Literal["directions", "marks"] | None:
    """Read a picture's recipe, a film or a session; None stands for a network. Background thread."""
    kind = kind_of(path)
    if kind in ("directions", "marks"):
        return kind
    if kind in ("picture", "film"):
        return _read_made(path)
    if kind == "session":
        if _says(path, film_document.KIND):
            return _read_made(path)
        if _says(path, document.KIND):
            return document.loads(path.read_text("utf-8"))
        return session.read(path)
    return None


def _read_made(path: Path) -> Recipe | Moment:
    """What is inside a picture or film: the recipe of a still, or a frame of the film."""
    from explorer.provenance import read_moment, read_recipe

    moment = read_moment(path)
    if moment is None:
        return read_recipe(path)
    # A contact sheet is a film of one frame: it brings its first recipe.
    return moment if moment.film.frames > 1 else moment.recipe


def _says(path: Path, kind: str) -> bool:
    """Whether a JSON file is a bare recipe or film: that is an edit, while a session has its own history."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and data.get("kind") == kind
