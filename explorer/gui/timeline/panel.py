"""The timeline: lanes over one axis of time, buttons above, the chosen keyframe at the right.

Two doors, as every panel has: `show_film` sets everything without an echo, and what a hand
does becomes `store.edit_film`.
"""

from collections.abc import Callable, Hashable

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QScrollArea, QVBoxLayout, QWidget

from explorer.errors import RecipeError
from explorer.gui.notices import Notice, notice_of
from explorer.gui.store import Store
from explorer.gui.timeline.inspector import Inspector
from explorer.gui.timeline.keys import RECIPE_MIME, KeyLane
from explorer.gui.timeline.onion import Onion
from explorer.gui.timeline.pictures import Pictures
from explorer.gui.timeline.ruler import Ruler
from explorer.gui.timeline.shelf import Shelf
from explorer.gui.timeline.sound import SoundLane
from explorer.gui.timeline.tracks import TrackLane
from explorer.gui.timeline.transport import Transport
from explorer.gui.timeline.view import TimeView
from explorer.recipe import Film, Keyframe, Recipe, film_edits
from explorer.recipe.film_tracks import tracks
from explorer.render.frame import RenderRequest

EMPTY = (
    "No film yet. Press K, or “Add keyframe”, to begin with the picture you see; find another one, press K "
    "again, and play. Pictures, films and music made elsewhere can be dropped here."
)
EASING = "smooth"
"""Of the first keyframe, from which the others take it."""

SNAP_SECONDS = 0.25
"""Keyframes nearer to a beat than this jump onto it."""


class TimelinePanel(QFrame):
    """Shows the store's film, and edits it.

    Signals
    -------
    notice(Notice) : an edit could not be made.
    dropped(QMimeData, float) : something was dropped at a time.
    pictures_wanted : other small pictures are seen now.
    """

    notice = Signal(object)
    dropped = Signal(object, float)
    pictures_wanted = Signal()

    def __init__(self, store: Store, pictures: Pictures, menu: QMenu, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("timeline")
        self.setAcceptDrops(True)
        self.store = store
        self.view = TimeView(self)
        self.transport = Transport(self.view, menu)
        self.ruler = Ruler(self.view)
        self.keys = KeyLane(self.view, pictures)
        self.onion = Onion(self.view, pictures)
        self.sound = SoundLane(self.view)
        self.shelf = Shelf(pictures)
        self.inspector = Inspector(self.view)
        self.tracks: list[TrackLane] = []
        self._seen: tuple[object, ...] = ()
        self._lay_out()
        self._connect()
        self.show_film(store.film)

    def _lay_out(self) -> None:
        self.empty = QLabel(EMPTY)
        self.empty.setProperty("role", "dim")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setContentsMargins(60, 12, 60, 12)
        body = QWidget()
        body.setObjectName("timeline_body")
        self._lanes = QVBoxLayout(body)
        self._lanes.setContentsMargins(0, 0, 0, 0)
        self._lanes.setSpacing(0)
        for lane in (self.ruler, self.keys, self.onion, self.sound):
            self._lanes.addWidget(lane)
        self._lanes.addWidget(self.empty, 1)
        self._lanes.addStretch(0)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(body)
        left = QVBoxLayout()
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(0)
        left.addWidget(self.shelf)
        left.addWidget(scroll, 1)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(left, 1)
        row.addWidget(self.inspector)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.transport)
        column.addLayout(row, 1)
        self.shelf.hide()
        self.sound.hide()

    def _connect(self) -> None:
        keys, transport, inspector = self.keys, self.transport, self.inspector
        keys.retimed.connect(self._retime)
        keys.reseated.connect(self._reseat)
        keys.held.connect(self._hold)
        keys.let_go.connect(self.store.seal)
        keys.opened.connect(self._open_key)
        transport.duplicate_wanted.connect(self.duplicate)
        transport.delete_wanted.connect(self.delete)
        transport.loop_wanted.connect(self._loop)
        transport.fps_typed.connect(self._set_fps)
        transport.seconds_typed.connect(self._last)
        transport.history_toggled.connect(self._show_shelf)
        transport.cell_chosen.connect(self._show_cell)
        inspector.frame_typed.connect(self._type_frame)
        inspector.hold_typed.connect(self._type_hold)
        inspector.changed.connect(self._change)
        inspector.all_wanted.connect(self._same_ways)
        inspector.open_wanted.connect(self.open_chosen)
        inspector.set_wanted.connect(self.replace_chosen)
        self.view.changed.connect(self._look)

    # What is shown.

    def show_film(self, film: Film | None) -> None:
        """Show a film in all lanes."""
        self.view.show_film(film)
        self.transport.show_film(film)
        self.inspector.show_key()
        for lane in (self.ruler, self.keys, self.onion):
            lane.setVisible(film is not None)
        self.empty.setVisible(film is None)
        self.inspector.setVisible(film is not None)
        self._show_tracks(film)
        self._look()

    def _show_tracks(self, film: Film | None) -> None:
        """One lane for each control that moves; lanes are used again."""
        found = tracks(film, self.view.cell) if film else ()
        for lane, track in zip(self.tracks, found, strict=False):
            lane.show_track(track)
        for track in found[len(self.tracks) :]:
            lane = TrackLane(self.view, track)
            self.tracks.append(lane)
            self._lanes.insertWidget(self._lanes.indexOf(self.empty), lane)
        while len(self.tracks) > len(found):
            lane = self.tracks.pop()
            self._lanes.removeWidget(lane)
            lane.deleteLater()

    def wanted(self) -> dict[Hashable, RenderRequest]:
        """Requests for all small pictures that are seen, keyframes first."""
        if not self.isVisible():
            return {}
        wanted: dict[Hashable, RenderRequest] = {}
        if self.view.film is not None:
            wanted |= self.keys.wanted() | self.onion.wanted()
        if self.shelf.isVisible():
            wanted |= self.shelf.wanted()
        return wanted

    def _look(self) -> None:
        """Ask for pictures where others are seen than before; the playhead alone changes none."""
        view = self.view
        seen = (view.film, view.cell, view.scale, view.left, self.keys.width(), self.shelf.isVisible())
        if seen != self._seen:
            self._seen = seen
            self.pictures_wanted.emit()

    def showEvent(self, event: QShowEvent) -> None:
        """Ask for pictures that were of no use before."""
        super().showEvent(event)
        self.pictures_wanted.emit()

    def sizeHint(self) -> QSize:
        """High enough for keyframes, strip and some controls that move."""
        return QSize(900, 320)

    def minimumSizeHint(self) -> QSize:
        """Still usable on a small screen."""
        return QSize(520, 200)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More or fewer pictures have room."""
        super().resizeEvent(event)
        self._look()

    def show_history(self) -> None:
        """Show what the history holds, where somebody looks."""
        if not self.shelf.isHidden():
            self.shelf.show_history(self.store.history)

    def _show_shelf(self, visible: bool) -> None:
        self.shelf.setVisible(visible)
        self.show_history()
        self.transport.history.setChecked(visible)
        self._look()

    def _show_cell(self, cell: int) -> None:
        self.view.show_cell(cell)
        self.show_film(self.view.film)
        self.view.seek(self.view.number)

    # What is dropped: anywhere on the timeline, at the time under the hand.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Welcome pictures, films, music and recipes."""
        data = event.mimeData()
        if data.hasFormat(RECIPE_MIME) or any(url.isLocalFile() for url in data.urls()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Show where it would stand."""
        self.keys.show_drop(self._seconds_under(event.position()))
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """It went elsewhere."""
        self.keys.show_drop(None)

    def dropEvent(self, event: QDropEvent) -> None:
        """Take it at this time."""
        self.keys.show_drop(None)
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.dropped.emit(event.mimeData(), self._seconds_under(event.position()))

    def _seconds_under(self, point: QPointF) -> float:
        x = self.keys.mapFrom(self, point).x()
        return self.view.snapped(max(0.0, self.view.seconds_at(x)))

    # What a hand does.

    def add(self, recipe: Recipe, seconds: float | None = None) -> None:
        """Put a recipe on the timeline, behind the last keyframe or at a time; it is then the chosen one."""
        film, cell = self.view.film, self.view.cell
        if film is not None and recipe.model != film.model:
            if recipe.model.sha256 != film.model.sha256:
                self.notice.emit(self._other_network(film, recipe))
                return
            recipe = recipe.with_(model=film.model)  # the same file under another name
        if film is None:
            self._edit(lambda: Film(((Keyframe(recipe, easing=EASING),),)), "Add keyframe")
            index = 0
        else:
            before = len(self.view.keys)
            self._edit(lambda: film_edits.add_key(film, recipe, seconds, cell), "Add keyframe")
            if len(self.view.keys) == before:
                return
            index = max(i for i, key in enumerate(self.view.keys) if key.recipe == recipe)
            if seconds is not None:
                index = min(
                    (i for i, key in enumerate(self.view.keys) if key.recipe == recipe),
                    key=lambda i: abs(self.view.keys[i].time - seconds),
                )
        self._go_to(index)

    def add_film(self, other: Film, seconds: float | None = None) -> None:
        """Put the keyframes of a film on the timeline, behind the last one or at a time."""
        film, cell = self.view.film, self.view.cell
        if film is None:
            self._edit(lambda: other, "Open film")
            return
        keys = self.view.keys
        at = keys[-1].time + keys[-1].hold + film_edits.STEP if seconds is None else seconds
        self._edit(lambda: film_edits.insert_film(film, other, at, cell), "Add film")

    def duplicate(self) -> None:
        """Copy the chosen keyframe."""
        film, index, cell = self.view.film, self.view.index, self.view.cell
        if film is not None and index >= 0:
            self._edit(lambda: film_edits.duplicate_key(film, index, None, cell), "Duplicate keyframe")
            self._go_to(index + 1)

    def delete(self) -> None:
        """Take the chosen keyframe away; with the last one the film goes."""
        film, index, cell = self.view.film, self.view.index, self.view.cell
        if film is None or index < 0:
            return
        if len(self.view.keys) > 1:
            self._edit(lambda: film_edits.delete_key(film, index, cell), "Delete keyframe")
        elif len(film.cells) > 1:
            self._edit(lambda: film_edits.without_cell(film, cell), "Delete film")
        else:
            self.store.edit_film(None, "Delete keyframe")

    def open_chosen(self) -> None:
        """Put the chosen keyframe's recipe into the controls."""
        self._open_key(self.view.index)

    def replace_chosen(self) -> None:
        """Make the chosen keyframe what the controls show."""
        self._change("recipe", self.store.recipe, "Replace keyframe")

    def snap_to_beats(self) -> None:
        """Move keyframes onto the beats near them."""
        film, cell, beats = self.view.film, self.view.cell, self.view.beats
        if film is not None and beats:
            self._edit(lambda: film_edits.snapped(film, beats, SNAP_SECONDS, cell), "Snap keyframes to beats")

    def _open_key(self, index: int) -> None:
        if 0 <= index < len(self.view.keys):
            self.store.edit(self.view.keys[index].recipe, f"Open keyframe {index + 1}")

    def _retime(self, film: Film, index: int, seconds: float) -> None:
        cell = self.view.cell
        self._edit(lambda: film_edits.move_key(film, index, seconds, cell), "Move keyframe", "move keyframe")
        self._go_to(film_edits.place_after_move(film, index, seconds, cell))

    def _reseat(self, film: Film, index: int, seat: int) -> None:
        cell = self.view.cell
        self._edit(
            lambda: film_edits.reorder_key(film, index, seat, cell), "Reorder keyframes", "move keyframe"
        )
        self._go_to(seat)

    def _hold(self, film: Film, index: int, seconds: float) -> None:
        cell = self.view.cell
        self._edit(
            lambda: film_edits.change_key(film, index, cell, hold=seconds), "Hold keyframe", "hold keyframe"
        )

    def _type_frame(self, number: int) -> None:
        film, index = self.view.film, self.view.index
        if film is not None and index >= 0:
            self._retime(film, index, number / film.fps)
            self.store.seal()

    def _type_hold(self, seconds: float) -> None:
        self._change("hold", seconds, "Hold keyframe")

    def _change(self, field: str, value: object, name: str) -> None:
        film, index, cell = self.view.film, self.view.index, self.view.cell
        if film is not None and index >= 0:
            self._edit(lambda: film_edits.change_key(film, index, cell, **{field: value}), name)
            self.inspector.show_key()

    def _same_ways(self) -> None:
        film, index, cell = self.view.film, self.view.index, self.view.cell
        if film is not None and index >= 0:
            self._edit(lambda: film_edits.with_ways_of(film, index, cell), "Same for all ways")

    def _loop(self, loop: bool) -> None:
        film = self.view.film
        if film is not None:
            self._edit(
                lambda: film_edits.with_loop(film, loop), "Close the loop" if loop else "Open the loop"
            )

    def _set_fps(self, fps: float) -> None:
        film = self.view.film
        if film is not None:
            self._edit(lambda: film.with_(fps=fps), "Change frames per second")

    def _last(self, seconds: float) -> None:
        film = self.view.film
        if film is not None:
            self._edit(lambda: film_edits.lasting(film, seconds), "Change length of the film")

    def _edit(self, make: Callable[[], Film], name: str, merge: str | None = None) -> None:
        """Make an edit; one that cannot be made is said, and changes nothing."""
        try:
            film = make()
        except RecipeError as error:
            self.notice.emit(notice_of(error, f"{name}: that does not work", "timeline"))
            self.transport.show_film(self.view.film)
            self.inspector.show_key()
            return
        self.store.edit_film(film, name, merge)
        # An edit that changed nothing leaves buttons to show what is.
        self.transport.show_film(self.store.film)

    def _go_to(self, index: int) -> None:
        """Choose a keyframe and look at it."""
        if self.view.film is not None and 0 <= index < len(self.view.keys):
            self.view.choose(index)
            self.view.seek(self.view.film.frame_at(self.view.keys[index].time))

    def _other_network(self, film: Film, recipe: Recipe) -> Notice:
        """What to say where a keyframe of another network shall be added."""

        def begin_anew() -> None:
            self.store.edit_film(None, "New film")
            self.add(recipe)

        return Notice(
            f"The film on the timeline is drawn by {film.model.name}",
            f"All keyframes of a film come from one network, and this picture comes from "
            f"{recipe.model.name}. Undo brings the old film back.",
            "info",
            "timeline",
            (("Start a new film with it", begin_anew),),
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete takes the chosen keyframe away; arrows, Home and End go along the film."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete()
        elif event.key() == Qt.Key.Key_Left:
            self.transport.step_back()
        elif event.key() == Qt.Key.Key_Right:
            self.transport.step_forward()
        elif event.key() == Qt.Key.Key_Home:
            self.view.seek(0)
        elif event.key() == Qt.Key.Key_End and self.view.film is not None:
            self.view.seek(self.view.film.frames - 1)
        else:
            super().keyPressEvent(event)
