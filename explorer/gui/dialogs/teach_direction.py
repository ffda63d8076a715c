"""Teaching a direction: faces are marked "more" or "less", and what they have in common is learned."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QImage, QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from explorer.errors import RecipeError
from explorer.gui import theme
from explorer.gui.dialogs.teach_side import TeachSide
from explorer.gui.direction_jobs import small_stop
from explorer.gui.teaching import FEWEST, FIRST, Lesson, TeachingDesk
from explorer.gui.widgets import face_grid, strip
from explorer.gui.widgets.buttons import Segment
from explorer.gui.widgets.face_grid import FaceGrid
from explorer.gui.widgets.mark_tray import MarkTray
from explorer.gui.widgets.strip import Strip, strip_heads
from explorer.recipe import ModelRef, Push, Recipe, SeedBlend
from explorer.recipe.marked_pictures import MarkedPictures

if TYPE_CHECKING:
    from explorer.latents import Direction
    from explorer.latents.learning import Learned

COLUMNS, ROWS = 6, 3
SOURCES = {
    "proposed": ("Proposed faces", "Random faces, those first whose mark would tell most"),
    "history": ("My history", "Pictures you have seen in this session, the newest first"),
}
AMOUNTS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
NOTHING_YET = (
    "Think of one thing, such as a smile. Mark faces that have more of it, and faces that have less; "
    "from {fewest} of each on, it is told how well that works."
)


class TeachDirection(QDialog):
    """Asks, takes marks, shows what they tell. Stays open beside the window.

    Parameters
    ----------
    face : tells the recipe whose face the preview shows.
    history : tells the pictures seen, the newest first.

    Signals
    -------
    tried(Push) : show this on the picture.
    kept(Direction) : add it to the list.
    exported(Direction) : write it into a file.
    saving(MarkedPictures), opening : write marks into a file, read some.
    rested(MarkedPictures) : the dialog was closed, or another network is in use.
    """

    tried = Signal(object)
    kept = Signal(object)
    exported = Signal(object)
    saving = Signal(object)
    opening = Signal()
    rested = Signal(object)

    def __init__(
        self,
        desk: TeachingDesk,
        face: Callable[[], Recipe],
        history: Callable[[], Sequence[Recipe]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Teach a direction")
        self._desk, self._face, self._history = desk, face, history
        self.lesson = Lesson(MarkedPictures(ModelRef("none")))
        self.learned: Learned | None = None
        self._known: tuple[Direction, ...] = ()
        self._images: dict[Recipe, QImage] = {}
        self._seen: dict[int, None] = {}
        self._skipped: set[Recipe] = set()
        self._queue: list[Recipe] = []
        self._asking = self._learning = self._sketching = False
        self._stale = False
        self.sources: dict[str, Segment] = {}
        segments = QWidget()
        segments.setObjectName("segments")
        pair = QHBoxLayout(segments)
        pair.setContentsMargins(2, 2, 2, 2)
        pair.setSpacing(2)
        for key, (name, tip) in SOURCES.items():
            segment = Segment(name)
            segment.setToolTip(tip)
            segment.clicked.connect(self._change_source)
            pair.addWidget(segment)
            self.sources[key] = segment
        self.sources["proposed"].setChecked(True)
        keys = QLabel("Arrows: move · M: more · L: less · N: another face · Backspace: take back")
        keys.setProperty("role", "hint")
        top = QHBoxLayout()
        top.addWidget(segments)
        top.addStretch(1)
        top.addWidget(keys)
        self.grid = FaceGrid(COLUMNS, ROWS)
        self.grid.setObjectName("faces_to_mark")
        self.more = MarkTray("More", theme.SEED_A)
        self.less = MarkTray("Less", theme.SEED_B)
        self.strip = Strip(AMOUNTS, "what is learned so far")
        preview = QLabel("The direction so far, on face A. Click a picture to try it.")
        preview.setProperty("role", "hint")
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addLayout(top)
        left.addWidget(self.grid)
        left.addWidget(self.more)
        left.addWidget(self.less)
        left.addSpacing(6)
        left.addWidget(preview)
        left.addLayout(strip_heads(AMOUNTS))
        left.addWidget(self.strip)
        left.addStretch(1)
        self.side = TeachSide()
        columns = QHBoxLayout(self)
        columns.setContentsMargins(18, 16, 18, 16)
        columns.setSpacing(22)
        columns.addLayout(left)
        columns.addWidget(self.side, 1)
        self.grid.marked.connect(self.mark)
        self.grid.skipped.connect(self.skip)
        self.grid.took_back.connect(self.take_last_back)
        self.more.chosen.connect(self.take_back)
        self.less.chosen.connect(self.take_back)
        self.strip.chosen.connect(self._try)
        self.side.changed.connect(self._side_changed)
        self.side.keep.clicked.connect(partial(self._deliver, self.kept))
        self.side.export.clicked.connect(partial(self._deliver, self.exported))
        self.side.save.clicked.connect(self._save)
        self.side.open.clicked.connect(self.opening)
        self.side.clear.clicked.connect(self._start_over)
        self.grid.setFocus()
        self._show_state()

    @property
    def is_busy(self) -> bool:
        """Whether faces are being chosen or drawn, or something is being learned."""
        return self._asking or self._learning or self._sketching or bool(self._queue)

    # What it is about.

    def show_network(self, marks: MarkedPictures) -> None:
        """Begin, or go on, with these marks of the network in use."""
        if self.lesson.marks.marked:
            self.rested.emit(self.lesson.marks)
        self._images.clear()
        self._seen.clear()
        self._skipped.clear()
        self._known = ()
        self.take(marks)

    def take(self, marks: MarkedPictures) -> None:
        """Go on with marks that were saved."""
        self._desk.cancel()
        self.side.set_known(self._known, marks.keep)
        self.side.show_marks(marks)
        self.lesson = replace(self.lesson, marks=marks, keep=self.side.kept)
        self.learned = None
        self._forget_faces()
        for recipe in marks:
            self._remember_seen(recipe)
        self._queue = [recipe for recipe in marks if recipe not in self._images]
        self._show_trays()
        self._draw_next()
        self._learn()
        self._show_state()

    def show_known(self, directions: Sequence["Direction"]) -> None:
        """Directions whose measure may be kept."""
        self._known = tuple(directions)
        self.side.set_known(directions, self.lesson.marks.keep)
        self.lesson = replace(self.lesson, keep=self.side.kept)

    # MarkedPictures.

    def mark(self, key: object, is_more: bool) -> None:
        """Mark a face."""
        recipe = cast(Recipe, key)
        self.grid.take_out(recipe)
        self._set_marks(self.lesson.marks.with_mark(recipe, is_more))

    def skip(self, key: object) -> None:
        """Show another face in the place of this one."""
        self.grid.take_out(cast(Recipe, key))
        self._skipped.add(cast(Recipe, key))
        self._fill()

    def take_back(self, key: object) -> None:
        """Take a mark back."""
        self._set_marks(self.lesson.marks.without(cast(Recipe, key)))

    def take_last_back(self) -> None:
        """Take the last mark back."""
        if self.lesson.marks.marked:
            self.take_back(self.lesson.marks.marked[-1][0])

    def _set_marks(self, marks: MarkedPictures) -> None:
        self.lesson = replace(self.lesson, marks=marks)
        self._show_trays()
        self._learn()
        self._fill()
        self._show_state()

    def _show_trays(self) -> None:
        for tray, is_more in ((self.more, True), (self.less, False)):
            marked = self.lesson.marks.of(is_more)
            tray.set_faces({recipe: self._images.get(recipe, QImage()) for recipe in marked})

    # Faces.

    def _source(self) -> str:
        return next(key for key, segment in self.sources.items() if segment.isChecked())

    def _change_source(self) -> None:
        self._desk.cancel()
        self._forget_faces()
        self._show_state()

    def _forget_faces(self) -> None:
        self.grid.clear()
        self._queue.clear()
        self._asking = self._learning = self._sketching = False
        self._fill()
        self.grid.setFocus()

    def _fill(self) -> None:
        """Ask for faces where there is room."""
        if self._asking or self._queue or not self.isVisible() or not self.grid.empty:
            return
        if self._source() == "history":
            shown = {*self.grid.keys, *self.lesson.marks, *self._skipped}
            others = [recipe for recipe in dict.fromkeys(self._history()) if recipe not in shown]
            self._queue = others[: self.grid.empty]
            self._draw_next()
            return
        self._asking = True
        self._show_state()
        self._desk.propose(self.lesson, tuple(self._seen), self.grid.empty, self._proposed)

    def _proposed(self, result: Any) -> None:
        self._asking = False
        if isinstance(result, Exception):
            self._say(result)
            return
        self._queue = list(result)
        for recipe in self._queue:
            self._remember_seen(recipe)
        self._draw_next()

    def _remember_seen(self, recipe: Recipe) -> None:
        if isinstance(recipe.base, SeedBlend):
            self._seen |= {seed: None for seed, _ in recipe.base.terms if isinstance(seed, int)}

    def _draw_next(self) -> None:
        if not self._queue:
            self._show_state()
            return
        recipe = self._queue[0]
        stop = small_stop(self._desk.info, 2 * face_grid.SIDE)
        self._desk.draw([recipe], partial(self._drawn, recipe), stop)

    def _drawn(self, recipe: Recipe, result: Any) -> None:
        if not self._queue or self._queue[0] != recipe:
            return  # given up meanwhile
        if isinstance(result, Exception):
            self._queue.clear()
            self._say(result)
            return
        self._queue.pop(0)
        (self._images[recipe],) = result
        if recipe in set(self.lesson.marks):
            self._show_trays()
        else:
            self.grid.put([(recipe, self._images[recipe])])
            self._show_state()
        if self._queue:
            self._draw_next()
        else:
            self._fill()

    # What the marks tell.

    def _learn(self) -> None:
        """Learn anew; where that is under way already, once more afterwards."""
        counts = [len(self.lesson.marks.of(is_more)) for is_more in (True, False)]
        if min(counts) < FIRST:
            self.learned = None
            self.strip.set_images(())
            return
        self._stale = self._learning
        if not self._learning:
            self._learning = True
            self._desk.learn(self.lesson, partial(self._learned, self.lesson))

    def _learned(self, lesson: Lesson, result: Any) -> None:
        if not self._learning:
            return  # given up meanwhile
        self._learning = False
        if lesson.marks.model != self.lesson.marks.model:
            return
        if isinstance(result, Exception):
            self.learned = None
            self._say(result)
        elif min(len(self.lesson.marks.of(kind)) for kind in (True, False)) >= FIRST:
            self.learned = result
            self._show_state()
            self._sketch()
        if self._stale:
            self._learn()

    def _sketch(self) -> None:
        """Draw what is learned."""
        if self._sketching or self.learned is None:
            return
        self._sketching = True
        learned, face = self.learned, self._face()
        stored = learned.direction.stored()
        pushes = [Push("so far", amount, stored=stored) for amount in AMOUNTS]
        recipes = [face.with_(directions=(push,)) for push in pushes]
        stop = small_stop(self._desk.info, 2 * strip.SIDE)
        self._desk.draw(recipes, partial(self._sketched, learned), stop)

    def _sketched(self, learned: "Learned", result: Any) -> None:
        self._sketching = False
        if isinstance(result, Exception) or self.learned is None:
            return
        self.strip.set_images(result)
        if self.learned is not learned:
            self._sketch()

    def _show_state(self) -> None:
        marks = self.lesson.marks
        self.side.show_estimate(self._words(), self.learned, self._is_enough())
        self.side.set_can_save(bool(marks.marked))

    def _is_enough(self) -> bool:
        return min(len(self.lesson.marks.of(is_more)) for is_more in (True, False)) >= FEWEST

    def _words(self) -> str:
        marks = self.lesson.marks
        missing = {
            word: FEWEST - len(marks.of(is_more)) for word, is_more in (("more", True), ("less", False))
        }
        to_go = [f"{count} as {word}" for word, count in missing.items() if count > 0]
        if self._source() == "history" and not self.grid.keys and not self._queue:
            return "There are no other pictures in the history of this session."
        if self._asking and not self.grid.keys:
            return "Choosing faces…"
        if not marks.marked:
            return NOTHING_YET.format(fewest=FEWEST)
        if to_go:
            return f"Too few to trust: mark {' and '.join(to_go)}, so that there are {FEWEST} of each."
        if self.learned is None:
            return "Learning…"
        words = self.learned.words
        return words[:1].upper() + words[1:] + "."

    def _say(self, error: Exception) -> None:
        text = str(error)
        if text and "given up" not in text:
            self.side.show_estimate(text[:1].upper() + text[1:], self.learned, False)

    # What becomes of it.

    def _side_changed(self) -> None:
        """Name, note, rows or what is kept are others."""
        marks = self.lesson.marks.with_(
            name=self.side.name.text(),
            note=self.side.note.text(),
            keep=tuple(direction.name for direction in self.side.kept),
        )
        try:
            lesson = Lesson(marks, self.side.kept, self.side.layers)
        except RecipeError as error:
            self._say(error)
            return
        learns = (lesson.keep, lesson.layers) != (self.lesson.keep, self.lesson.layers)
        self.lesson = lesson
        if learns:
            self._learn()

    def _deliver(self, signal: Any, _checked: bool = False) -> None:
        """Hand the direction over, under its name and with its note."""
        if self.learned is None:
            return
        if not self.side.wanted_name:
            self.side.name.setFocus()
            self.side.show_estimate("Give it a name first.", self.learned, self._is_enough())
            return
        direction = self.learned.direction
        note = "; ".join(text for text in (self.side.note.text().strip(), direction.note) if text)
        signal.emit(replace(direction, name=self.side.wanted_name, note=note))

    def show_kept(self, name: str) -> None:
        """It is in the list now."""
        self.side.show_estimate(f"Kept as {name}: it is in the list of directions.", self.learned, True)

    def _try(self, index: int) -> None:
        if self.learned is not None:
            name = self.side.wanted_name or "so far"
            self.tried.emit(Push(name, AMOUNTS[index], stored=self.learned.direction.stored()))

    def _save(self) -> None:
        self.saving.emit(self.lesson.marks)

    def _start_over(self) -> None:
        self.take(MarkedPictures(self.lesson.marks.model))

    # Window.

    def showEvent(self, event: Any) -> None:
        """Ask the first faces."""
        super().showEvent(event)
        self._fill()
        self.grid.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Rest."""
        self._rest()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes."""
        self._rest()
        super().reject()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter in a name is no wish to close."""
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)

    def _rest(self) -> None:
        self._desk.cancel()
        self._asking = self._learning = self._sketching = False
        self._queue.clear()
        self.rested.emit(self.lesson.marks)
