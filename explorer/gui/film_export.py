"""One export of a film, from the window: begun, paused, given up, taken up again after a crash.

The render thread draws it in short pieces of work: what the viewer wants goes between two frames, what
the timeline or a network wants between two pieces, and a pause is simply not asking on.
"""

import json
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage

from explorer.errors import ExportError, RecipeError
from explorer.gui.render_bridge import RenderBridge, to_bgra, to_image
from explorer.gui.settings import write_text
from explorer.gui.tasks import Tasks
from explorer.locations import user_data_dir
from explorer.recipe import Film, film_document
from explorer.recipe.finish import Label

if TYPE_CHECKING:
    from explorer.export import FilmProgress, FilmSettings
    from explorer.render.engine import Engine

State = Literal["idle", "running", "paused", "stopping"]

AHEAD = 2
"""Pieces asked for at once: the render thread does not wait while the window paints."""
PIECE_SECONDS = 0.04
"""Frames of so long make a piece, at least one: asking for each of them cost small networks a tenth of their
rate, since the window's thread and the one that draws share Python's lock."""
PREVIEW_SECONDS = 0.12
PREVIEW = QSize(480, 360)

RECORD_KIND, RECORD_VERSION = "latent-explorer/export", 1


@dataclass(frozen=True)
class Order:
    """What is to be written, and where."""

    film: Film
    path: Path
    settings: "FilmSettings"
    music: str = ""

    def dumps(self) -> str:
        """As JSON text, to be found after a crash."""
        return json.dumps(
            {
                "kind": RECORD_KIND,
                "version": RECORD_VERSION,
                "film": film_document.to_json(self.film),
                "path": str(self.path),
                "settings": asdict(self.settings),
                "music": self.music,
            }
        )

    @classmethod
    def loads(cls, text: str) -> "Order":
        """Read what `dumps` wrote.

        Raises
        ------
        RecipeError
            If it is damaged, or comes from another version.
        """
        from explorer.export import FilmSettings

        try:
            data = json.loads(text)
            if (data["kind"], data["version"]) != (RECORD_KIND, RECORD_VERSION):
                raise ValueError
            settings = dict(data["settings"])
            if settings.get("label") is not None:
                settings["label"] = Label(**settings["label"])
            film = film_document.from_json(data["film"])
            return cls(film, Path(data["path"]), FilmSettings(**settings), str(data["music"]))
        except (ExportError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise RecipeError(f"the note of an interrupted export cannot be read: {error}") from None


def record_file() -> Path:
    """Where the order of a running export is kept, for the case of a crash."""
    return user_data_dir() / "film-export.json"


class FilmExport(QObject):
    """Drives one export at a time.

    Signals
    -------
    progressed(FilmProgress, QImage | None) : another frame is done; now and then with its picture.
    ended(object) : a `FilmReport`, an exception, or None where it was given up.
    state_changed(str) : "idle", "running", "paused" or "stopping".
    """

    progressed = Signal(object, object)
    ended = Signal(object)
    state_changed = Signal(str)

    def __init__(self, bridge: RenderBridge, tasks: Tasks, keep: bool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._tasks, self._keep = bridge, tasks, keep
        self.state: State = "idle"
        self.order: Order | None = None
        self._work: _Work | None = None
        self._asked = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being written."""
        return self.state == "idle"

    def start(self, order: Order) -> None:
        """Begin, or go on from what an earlier attempt has finished."""
        if not self.is_idle:
            return
        self.order, self._work, self._asked = order, _Work(order), 0
        if self._keep:
            self._tasks.run(partial(write_text, record_file(), order.dumps()), _ignore)
        self._be("running")
        self._ask()

    def pause(self) -> None:
        """Stop asking for frames; what is drawn already is written."""
        if self.state == "running":
            self._be("paused")

    def go_on(self) -> None:
        """Ask on."""
        if self.state == "paused":
            self._be("running")
            self._ask()

    def cancel(self) -> None:
        """Give up, and throw away what was finished."""
        if self._work is not None and self.state != "stopping":
            self._be("stopping")
            self._bridge.call(partial(_give_up, self._work), partial(self._gave_up, self._work))

    def close(self) -> None:
        """The window closes, the render thread has ended: what is finished stays, to go on from."""
        if self._work is not None:
            self._work.close()
            self._work = None

    def forget(self, order: Order) -> None:
        """Throw away what an interrupted export has left."""
        self._tasks.run(partial(_discard, order.path), _ignore)
        self._drop_record()

    def look_for_interrupted(self, found: Callable[[Order], None]) -> None:
        """Call `found(order)` if a crash has interrupted an export, and something of it is there."""
        if self._keep:
            self._tasks.run(_interrupted, partial(self._have_looked, found))

    def _have_looked(self, found: Callable[[Order], None], result: "Order | Exception | None") -> None:
        if isinstance(result, Order) and self.is_idle:
            found(result)

    def _ask(self) -> None:
        while self.state == "running" and self._work is not None and self._asked < AHEAD:
            self._asked += 1
            self._bridge.call(self._work.step, partial(self._stepped, self._work))

    def _stepped(self, work: "_Work", result: Any) -> None:
        self._asked -= 1
        if work is not self._work or self.state == "stopping":
            return
        if isinstance(result, _Step):
            self.progressed.emit(result.progress, result.preview)
            self._ask()
        elif result is not None:
            self._end(result)

    def _gave_up(self, work: "_Work", _result: object) -> None:
        if work is self._work:
            self._end(None)

    def _end(self, result: object) -> None:
        self._work = None
        # After an error what is finished stays, and so does the note: the same export goes on from there.
        if not isinstance(result, Exception):
            self._drop_record()
        self._be("idle")
        self.ended.emit(result)

    def _drop_record(self) -> None:
        if self._keep:
            self._tasks.run(partial(record_file().unlink, missing_ok=True), _ignore)

    def _be(self, state: State) -> None:
        self.state = state
        self.state_changed.emit(state)


@dataclass(frozen=True, eq=False)
class _Step:
    progress: "FilmProgress"
    preview: QImage | None


class _Work:
    """The export as the render thread knows it; nobody else touches it while that thread runs."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._frames: Generator[FilmProgress, None, Any] | None = None
        self._over = False
        self._shown = 0.0

    def step(self, engine: "Engine") -> Generator[None, None, Any]:
        """Draw a few frames: a `_Step`; a report at the end; None when it is over."""
        if self._over:
            return None
        from explorer.export import write_film

        order = self._order
        if self._frames is None:
            music = order.music or None
            self._frames = write_film(engine, order.film, order.path, order.settings, music)
        until = time.monotonic() + PIECE_SECONDS
        while True:
            try:
                progress = next(self._frames)
            except StopIteration as end:
                self._over = True
                return end.value
            except BaseException:
                self._over = True
                raise
            if time.monotonic() >= until:
                return _Step(progress, self._preview(progress))
            yield

    def close(self) -> None:
        """Give up; finished segments stay."""
        self._over = True
        if self._frames is not None:
            with suppress(Exception):  # it is given up, whatever it says
                self._frames.close()

    def give_up(self) -> None:
        """Give up, and throw away what was finished."""
        if not self._over:
            self.close()
            _discard(self._order.path)

    def _preview(self, progress: "FilmProgress") -> QImage | None:
        now = time.monotonic()
        if progress.preview is None or now - self._shown < PREVIEW_SECONDS:
            return None
        self._shown = now
        image = to_image(to_bgra(progress.preview))
        if image.width() > PREVIEW.width() or image.height() > PREVIEW.height():
            how = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            image = image.scaled(PREVIEW, *how)
        return image


def _give_up(work: _Work, _engine: "Engine") -> None:
    work.give_up()


def _discard(path: Path) -> None:
    from explorer.export import discard

    discard(path)


def _interrupted() -> Order | None:
    """The order of an export that a crash has interrupted. Background thread."""
    from explorer.export.film_job import parts_folder

    try:
        order = Order.loads(record_file().read_text("utf-8"))
    except (FileNotFoundError, RecipeError, UnicodeDecodeError):
        return None
    return order if parts_folder(order.path).is_dir() else None


def _ignore(_result: object) -> None:
    """A note that cannot be written costs an offer after a crash, and nothing else."""
