"""What the window does with teaching: joins desk and dialog, and keeps marks between days."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from explorer.errors import DirectionError, RecipeError
from explorer.gui.dialogs.teach_direction import TeachDirection
from explorer.gui.direction_commands import DirectionCommands
from explorer.gui.notices import Notice, notice_of
from explorer.gui.settings import write_text
from explorer.gui.store import Store
from explorer.gui.tasks import Tasks
from explorer.gui.teaching import TeachingDesk, face_of
from explorer.locations import user_data_dir
from explorer.recipe import ModelRef, Recipe, edits, marked_pictures
from explorer.recipe.marked_pictures import MarkedPictures
from explorer.render.model_info import ModelInfo

if TYPE_CHECKING:
    from explorer.latents import Direction

SUFFIX = ".marks"
TABLE = ".csv"
"""Marks of seeds alone, as `directions learn` reads them."""
FILTER = f"Marks (*{SUFFIX} *{TABLE});;All files (*)"


class TeachCommands(QObject):
    """Owns the teacher's desk and the dialog.

    Parameters
    ----------
    keep : whether marks are written at all when the dialog is closed.

    Signals
    -------
    notice(Notice) : something to say.
    """

    notice = Signal(object)

    def __init__(
        self,
        desk: TeachingDesk,
        tasks: Tasks,
        store: Store,
        directions: DirectionCommands,
        keep: bool,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._window, self._store, self._tasks, self._keep = window, store, tasks, keep
        self._directions = directions
        self.desk = desk
        self._dialog: TeachDirection | None = None
        self._known: tuple[Direction, ...] = ()
        self._lessons: dict[str, MarkedPictures] = {}
        directions.desk.listed.connect(self._listed)
        directions.wanted_teach.connect(self.teach)

    @property
    def dialog(self) -> TeachDirection:
        """The dialog; made when it is first asked for."""
        if self._dialog is None:
            dialog = TeachDirection(self.desk, self._directions.face, self._seen, self._window)
            dialog.tried.connect(self._directions.try_push)
            dialog.kept.connect(self._keep_direction)
            dialog.exported.connect(self._directions.export_one)
            dialog.saving.connect(self._save)
            dialog.opening.connect(self._open)
            dialog.rested.connect(self._rest)
            self._dialog = dialog
            self._begin()
        return self._dialog

    def show_network(self, info: ModelInfo) -> None:
        """Another network is in use."""
        changed = self.desk.info is None or self.desk.info.ref != info.ref
        self.desk.show_network(info)
        if changed and self._dialog is not None:
            self._begin()

    def teach(self) -> None:
        """Open the dialog."""
        if self.desk.info is None:
            return
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def finish(self) -> None:
        """The window closes: leave the marks for another day, and write nothing after that."""
        if self._dialog is not None:
            self._dialog.close()
        self._keep = False

    def _begin(self) -> None:
        """Go on where one was with this network, today or another day."""
        info = self.desk.info
        if info is None or self._dialog is None:
            return
        self._dialog.show_network(self._lessons.get(info.ref.sha256) or MarkedPictures(info.ref))
        self._dialog.show_known(self._known)
        if info.ref.sha256 not in self._lessons and self._keep:
            self._tasks.run(partial(_read, _file_of(info.ref), info.ref), partial(self._go_on, info.ref))

    def _go_on(self, ref: ModelRef, result: Any) -> None:
        is_here = self._dialog is not None and self.desk.info is not None and self.desk.info.ref == ref
        if (
            isinstance(result, MarkedPictures)
            and is_here
            and self._dialog
            and not self._dialog.lesson.marks.marked
        ):
            self._dialog.take(result.with_(model=ref))

    def _rest(self, resting: MarkedPictures) -> None:
        """Keep the marks for another day."""
        sha256 = resting.model.sha256
        if not sha256 or (not resting.marked and sha256 not in self._lessons):
            return
        self._lessons[sha256] = resting
        if self._keep:
            path = _file_of(resting.model)
            self._tasks.run(partial(_write, path, resting), partial(self._wrote, path, False))

    def _listed(self, directions: Sequence["Direction"], _own: frozenset[str]) -> None:
        self._known = tuple(directions)
        if self._dialog is not None:
            self._dialog.show_known(directions)

    def _seen(self) -> list[Recipe]:
        """Pictures of this network in the history, the newest first."""
        history = self._store.history
        steps = (history.present, *(step.value for step in reversed(history.past)))
        model = self._store.recipe.model
        return [work.recipe for work in steps if work.recipe.model == model]

    def _keep_direction(self, direction: "Direction") -> None:
        self._directions.desk.keep([direction], partial(self.dialog.show_kept, direction.name))

    # Files.

    def _save(self, saving: MarkedPictures) -> None:
        start = str(Path.home() / f"{saving.name or 'direction'}{SUFFIX}")
        name, _ = QFileDialog.getSaveFileName(self._dialog, "Save marks", start, FILTER)
        if name:
            path = Path(name) if Path(name).suffix else Path(name).with_suffix(SUFFIX)
            self.save_file(path, saving)

    def save_file(self, path: Path, saving: MarkedPictures) -> None:
        """Write marks into a file."""
        self._tasks.run(partial(_write, path, saving), partial(self._wrote, path, True))

    def _wrote(self, path: Path, tells: bool, result: Any) -> None:
        if isinstance(result, Exception):
            self.notice.emit(notice_of(result, "The marks could not be saved", "marks"))
        elif tells:
            self.notice.emit(Notice(f"Saved {path.name}", str(path.parent), "done", "marks"))

    def _open(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self._dialog, "Open marks", str(Path.home()), FILTER)
        if name:
            self.open_file(Path(name))

    def open_file(self, path: Path) -> None:
        """Go on with the marks in a file."""
        if self.desk.info is not None:
            self._tasks.run(partial(_read, path, self.desk.info.ref), partial(self._opened, path))

    def _opened(self, path: Path, result: Any) -> None:
        info = self.desk.info
        if info is None:
            return
        if isinstance(result, Exception):
            self.notice.emit(notice_of(result, f"{path.name} could not be opened", "marks"))
        elif result.model.sha256 != info.ref.sha256:
            error = RecipeError(
                f"the marks in {path.name} are of faces of {result.model.name!r}; "
                f"open that network first, this is {info.ref.name!r}"
            )
            self.notice.emit(notice_of(error, f"{path.name} could not be opened", "marks"))
        else:
            self.teach()
            self.dialog.take(result.with_(model=info.ref))


def _file_of(ref: ModelRef) -> Path:
    """Where the marks of a network wait for another day."""
    return user_data_dir() / "marks" / f"{ref.sha256}{SUFFIX}"


def _read(path: Path, ref: ModelRef) -> MarkedPictures:
    """Read marks; a table of seeds is one of the network in use. Background thread."""
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise RecipeError(f"{path.name} holds no marks of Latent Explorer") from None
    if path.suffix.lower() != TABLE:
        return marked_pictures.loads(text)
    from explorer.latents import marks

    tables = marks.loads(text, path.name)
    if len(tables) != 1:
        raise DirectionError(
            f"{path.name} holds marks for {len(tables)} directions; leave those of one in it to go on here, "
            "or learn all with `latent-explorer directions learn`"
        )
    (table,) = tables
    faces = [(face_of(ref, seed), True) for seed in table.more] + [
        (face_of(ref, seed), False) for seed in table.less
    ]
    return MarkedPictures(ref, table.name, "", tuple(faces), table.keep)


def _write(path: Path, of: MarkedPictures) -> None:
    """Write marks, as a table where the file is called so. Background thread."""
    if path.suffix.lower() == TABLE:
        text = _table_of(of)
    else:
        text = marked_pictures.dumps(of)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text)


def _table_of(of: MarkedPictures) -> str:
    from explorer.latents import marks

    seeds: dict[bool, list[int]] = {True: [], False: []}
    for recipe, is_more in of.marked:
        seed = edits.seed_a(recipe)
        if seed is None or recipe != face_of(of.model, seed):
            raise RecipeError(
                f"a table holds seeds alone, and some marks are of other pictures; use {SUFFIX}"
            )
        seeds[is_more].append(seed)
    table = marks.Marks(of.name or "learned", tuple(seeds[True]), tuple(seeds[False]), of.keep)
    return marks.dumps([table], f"Marks of faces of {of.model.name}, {of.model.sha256}")
