"""Joins the timeline to the window: what is played is asked of the render thread, what is dropped is read."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QMimeData, QObject, QTimer, Signal
from PySide6.QtWidgets import QMenu

from explorer.errors import RecipeError
from explorer.gui.actions import Actions
from explorer.gui.incoming import MUSIC
from explorer.gui.notices import Notice, notice_of
from explorer.gui.render_bridge import Picture, RenderBridge
from explorer.gui.store import Store
from explorer.gui.tasks import Tasks
from explorer.gui.timeline.keys import RECIPE_MIME
from explorer.gui.timeline.panel import TimelinePanel
from explorer.gui.timeline.pictures import Pictures
from explorer.gui.timeline.player import Player
from explorer.gui.viewer import Viewer
from explorer.recipe import Film, Moment, Recipe, SeedBlend, document, edits, film_edits

if TYPE_CHECKING:
    from explorer.export.music import Heard

WALK_SECONDS = 12.0
"""Of a circular walk, once round."""


class TimelineDesk(QObject):
    """Owns the panel, the player and the small pictures.

    While a frame of the film is looked at, edits of the film are seen at once; an edit of
    the recipe goes back to the still.

    Signals
    -------
    notice(Notice) : something to say.
    """

    notice = Signal(object)

    def __init__(
        self,
        store: Store,
        bridge: RenderBridge,
        tasks: Tasks,
        viewer: Viewer,
        commands: Actions,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._bridge, self._tasks, self._viewer = store, bridge, tasks, viewer
        self._commands = commands
        self.pictures = Pictures(bridge, self)
        self.player = Player(self)
        self.panel = TimelinePanel(store, self.pictures, self._menu(commands))
        self.view = self.panel.view
        self._on_film = False
        self._followed = 0  # last request whose frame takes the playhead along
        self._want_soon = QTimer(self)
        self._want_soon.setSingleShot(True)
        self._want_soon.setInterval(0)
        self._want_soon.timeout.connect(self._want_pictures)
        self._connect()
        self._allow()

    def _connect(self) -> None:
        store, panel = self._store, self.panel
        store.film_changed.connect(self._film_changed)
        store.music_changed.connect(self._music_changed)
        store.changed.connect(self._recipe_changed)
        store.rested.connect(self._rested)
        self._bridge.shown.connect(self._picture_shown)
        panel.notice.connect(self.notice)
        panel.pictures_wanted.connect(self._want_soon.start)
        panel.view.sought.connect(self._seek)
        panel.transport.play_wanted.connect(self.toggle_play)
        panel.transport.add_wanted.connect(self.add_key)
        panel.shelf.added.connect(panel.add)
        panel.dropped.connect(self._dropped)
        panel.keys.menu_wanted.connect(self._show_menu)
        self.player.wanted.connect(self._play_frame)
        self.player.playing_changed.connect(panel.transport.show_playing)

    def _menu(self, commands: Actions) -> QMenu:
        menu = QMenu()
        menu.setToolTipsVisible(True)
        keys = ("open_film", "save_film", "new_film", "", "add_here", "music", "no_music", "snap", "")
        for key in (*keys, "film_beside", "film_columns", "film_alone"):
            if key:
                menu.addAction(commands[key])
            else:
                menu.addSeparator()
        return menu

    # What is looked at.

    @property
    def is_on_film(self) -> bool:
        """Whether the viewer is to show a frame of the film."""
        return self._on_film

    def toggle_play(self) -> None:
        """Play, or stand still."""
        if self.player.is_playing:
            self.player.stop()
            self._request(self.view.number)
        elif self._store.film is not None:
            self.player.play(self._store.film, self.view.number)

    def step_back(self) -> None:
        """The frame before."""
        self.player.stop()
        self.view.seek(self.view.number - 1)

    def step_forward(self) -> None:
        """The next frame."""
        self.player.stop()
        self.view.seek(self.view.number + 1)

    def show_frame(self, number: int) -> None:
        """Look at a frame of the film."""
        self.view.seek(number)

    def _seek(self, number: int) -> None:
        if self.player.is_playing and self._store.film is not None:
            self.player.play(self._store.film, number)
        else:
            self._followed = 0
            self._request(number)

    def _play_frame(self, number: int) -> None:
        self._followed = self._request(number)

    def _request(self, number: int) -> int:
        film = self._store.film
        if film is None:
            return 0
        self._on_film = True
        return self._bridge.request_moment(Moment(film, min(number, film.frames - 1), self.view.cell))

    def _picture_shown(self, picture: Picture) -> None:
        """While it plays, the playhead stands on the frame that is seen, not on the one that is due."""
        request = picture.frame.request
        if request.moment is not None and request.serial <= self._followed:
            self.view.show_number(request.moment.number)

    def _film_changed(self, old: Film | None, new: Film | None) -> None:
        self.player.show_film(new)
        self.panel.show_film(new)
        self._allow()
        if new is None:
            if self._on_film:
                self._on_film = False
                self._bridge.request(self._store.recipe)
        elif self._on_film and not self.player.is_playing:
            self._request(self.view.number)

    def _recipe_changed(self, _old: Recipe, _new: Recipe) -> None:
        """A control was moved: the still is looked at again."""
        self.player.stop()
        self._on_film = False

    def _rested(self) -> None:
        self.panel.show_history()
        self._want_soon.start()

    def _want_pictures(self) -> None:
        if not self._store.is_dragging:
            self.pictures.want(self.panel.wanted())

    def show_visible(self, visible: bool) -> None:
        """The timeline is opened or closed; closed, nothing plays, and the still is seen."""
        if visible:
            return
        self.player.stop()
        if self._on_film:
            self._on_film = False
            self._bridge.request(self._store.recipe)

    # Edits that begin outside the panel.

    def add_key(self) -> None:
        """Put the picture of the controls behind the last keyframe."""
        self.panel.add(self._store.recipe)

    def add_here(self) -> None:
        """Put the picture of the controls under the playhead."""
        self.panel.add(self._store.recipe, self.view.number / self.view.fps)

    def new_film(self) -> None:
        """Begin with an empty timeline."""
        self._store.edit_film(None, "New film")

    def walk(self) -> None:
        """Make a film of the circle of Z through the seeds A and B of the controls."""
        recipe = self._store.recipe
        a, b = (SeedBlend.of(seed) for seed in (edits.seed_a(recipe) or 0, edits.seed_b(recipe) or 0))
        if a == b or edits.seed_a(recipe) is None or edits.seed_b(recipe) is None:
            text = "Choose two different seeds, A and B: the walk leads round the sphere through both."
            self.notice.emit(Notice("A circular walk needs two seeds", text, "info", "timeline"))
            return
        film = film_edits.circular_walk(recipe.with_(base=a), recipe.with_(base=b), WALK_SECONDS)
        self._store.edit_film(film, "Circular walk")
        self.view.seek(0)

    def set_music(self, path: Path) -> None:
        """Put a sound file under the film."""
        self._store.edit_music(str(path), "Put music under the film")

    def no_music(self) -> None:
        """Take the music away."""
        self._store.edit_music("", "Take the music away")

    def next_columns(self) -> None:
        """Stand several films in other rows and columns."""
        film = self._store.film
        if film is not None and len(film.cells) > 1:
            shapes = film_edits.shapes(film)
            columns = shapes[(shapes.index(film.columns) + 1) % len(shapes)]
            rows = len(film.cells) // columns
            self._store.edit_film(film.with_(columns=columns), f"Stand films in {columns} × {rows}")

    def film_alone(self) -> None:
        """Take the film that is seen out of several."""
        film = self._store.film
        if film is not None:
            self._store.edit_film(film_edits.without_cell(film, self.view.cell), "Take a film away")

    def put_beside(self, path: Path) -> None:
        """Let a film of a file play beside this one."""
        self._read(path, partial(self._beside, path))

    def _beside(self, path: Path, film: Film) -> None:
        here = self._store.film
        if here is None:
            self._store.edit_film(film, f"Open {path.name}")
            return
        try:
            self._store.edit_film(film_edits.beside(here, film), f"Put {path.name} beside")
        except RecipeError as error:
            self.notice.emit(notice_of(error, f"{path.name} cannot play beside this film", "timeline"))

    # Drops.

    def _dropped(self, data: QMimeData, seconds: float) -> None:
        if data.hasFormat(RECIPE_MIME):
            try:
                recipe = document.loads(bytes(data.data(RECIPE_MIME).data()).decode("ascii", "replace"))
            except RecipeError as error:
                self.notice.emit(notice_of(error, "What was dropped is no recipe", "timeline"))
            else:
                self.panel.add(recipe, seconds)
            return
        step = 0.0
        for url in data.urls():
            if url.isLocalFile():
                path = Path(url.toLocalFile())
                if path.suffix.lower() in MUSIC:
                    self.set_music(path)
                else:
                    self._tasks.run(partial(read_any, path), partial(self._have_read, path, seconds + step))
                    step += film_edits.STEP

    def _have_read(self, path: Path, seconds: float, result: Any) -> None:
        if isinstance(result, Exception):
            self.notice.emit(notice_of(result, f"{path.name} cannot be put on the timeline", "timeline"))
        elif isinstance(result, Film):
            self.panel.add_film(result, seconds)
        else:
            self.panel.add(result, seconds)

    def _read(self, path: Path, done: Any) -> None:
        def have_read(result: Film | Exception) -> None:
            if isinstance(result, Exception):
                self.notice.emit(notice_of(result, f"{path.name} could not be opened", "timeline"))
            else:
                done(result)

        self._tasks.run(partial(read_film, path), have_read)

    def _show_menu(self, index: int, place: Any) -> None:
        """Context menu of a keyframe."""
        menu = QMenu(self.panel)
        chosen = (
            ("Edit in the controls", self.panel.open_chosen),
            ("Replace by the controls", self.panel.replace_chosen),
            ("Duplicate", self.panel.duplicate),
            ("Delete", self.panel.delete),
        )
        for text, act in chosen if index >= 0 else ():
            menu.addAction(text).triggered.connect(act)
        if index < 0:
            for key in ("add_key", "add_here", "snap"):
                menu.addAction(self._commands[key])
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

    # Music.

    def _music_changed(self, music: str) -> None:
        self.panel.sound.setVisible(bool(music))
        self.panel.sound.show_sound(None, f"Listening to {Path(music).name}…" if music else "")
        self.view.beats = ()
        self._allow()
        if music:
            self._tasks.run(partial(_listen, music), partial(self._heard, music))

    def _heard(self, music: str, result: "Heard | Exception") -> None:
        if music != self._store.music:
            return
        if isinstance(result, Exception):
            self.panel.sound.show_sound(None, "This music cannot be heard")
            self.notice.emit(notice_of(result, f"{Path(music).name} cannot go under the film", "music"))
            return
        self.panel.sound.show_sound(result)
        self.view.beats = result.onsets
        self.view.changed.emit()
        self._allow()

    def _allow(self) -> None:
        """Commands that have something to work on."""
        film, music = self._store.film, self._store.music
        for key in ("play", "frame_back", "frame_forward", "save_film", "new_film", "export_film"):
            self._commands[key].setEnabled(film is not None)
        self._commands["add_here"].setEnabled(film is not None)
        self._commands["no_music"].setEnabled(bool(music))
        self._commands["snap"].setEnabled(film is not None and bool(self.view.beats))
        several = film is not None and len(film.cells) > 1
        self._commands["film_columns"].setEnabled(several)
        self._commands["film_alone"].setEnabled(several)
        self._commands["film_beside"].setEnabled(film is not None)


def read_any(path: Path) -> Film | Recipe:
    """What a file can bring to a timeline: its film, or else its recipe. Background thread."""
    from explorer.provenance import read_recipe

    try:
        film = read_film(path)
    except RecipeError:
        return read_recipe(path)
    return film if film.frames > 1 else film.keys[0].recipe


def read_film(path: Path) -> Film:
    """The film inside a file. Background thread."""
    from explorer.provenance import read_film as read

    return read(path)


def _listen(path: str) -> "Heard":
    """Background thread."""
    from explorer.export.music import listen

    return listen(path)
