"""The one observable: the history of what is worked on, and who is told when its present changes."""

from PySide6.QtCore import QObject, Signal

from explorer.recipe import Film, History, Recipe, Work


class Store(QObject):
    """Holds `History[Work]`: the recipe, the film and its music, under one undo. GUI thread only.

    Signals
    -------
    changed(old, new) : the recipe is another value now.
    film_changed(old, new) : the film is; None stands for an empty timeline.
    music_changed(str) : another file lies under the film; empty stands for silence.
    history_changed : undo, redo or their names may have changed.
    rested : the hand lets go: a drag was sealed, or a single edit was made.
    """

    changed = Signal(object, object)
    film_changed = Signal(object, object)
    music_changed = Signal(str)
    history_changed = Signal()
    rested = Signal()

    def __init__(self, recipe: Recipe, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._history = History(Work(recipe))

    @property
    def work(self) -> Work:
        """All that is wanted."""
        return self._history.present

    @property
    def recipe(self) -> Recipe:
        """The picture that is wanted."""
        return self.work.recipe

    @property
    def film(self) -> Film | None:
        """The film on the timeline."""
        return self.work.film

    @property
    def music(self) -> str:
        """Path of the sound file under the film; empty for silence."""
        return self.work.music

    @property
    def history(self) -> History[Work]:
        """Everything undo and redo can reach."""
        return self._history

    @property
    def is_dragging(self) -> bool:
        """Whether edits are being merged into one step."""
        return self._history.open_merge is not None

    def edit(self, recipe: Recipe, name: str, merge: str | None = None) -> None:
        """Make `recipe` the present. An edit that changes nothing is nothing.

        Parameters
        ----------
        name : what the edit does, as the undo menu says it: "Change psi".
        merge : edits with the same key are one step until `seal`.
        """
        self._move_to(self._history.edit(self.work.with_(recipe=recipe), name, merge))

    def edit_film(self, film: Film | None, name: str, merge: str | None = None) -> None:
        """Make `film` the present one; as `edit`."""
        self._move_to(self._history.edit(self.work.with_(film=film), name, merge))

    def edit_music(self, music: str, name: str) -> None:
        """Put a sound file under the film, or take it away; as `edit`."""
        self._move_to(self._history.edit(self.work.with_(music=music), name))

    def seal(self) -> None:
        """End the running drag, if there is one."""
        self._move_to(self._history.seal())

    def undo(self) -> None:
        """Take one edit back."""
        self._move_to(self._history.undo())

    def redo(self) -> None:
        """Bring one edit back."""
        self._move_to(self._history.redo())

    def restore(self, history: History[Work]) -> None:
        """Take over a whole history: a session was opened."""
        self._move_to(history)

    def _move_to(self, history: History[Work]) -> None:
        if history is self._history:
            return
        old, self._history = self._history.present, history
        new = history.present
        if old.film != new.film:
            self.film_changed.emit(old.film, new.film)
        if old.music != new.music:
            self.music_changed.emit(new.music)
        if old.recipe != new.recipe:
            self.changed.emit(old.recipe, new.recipe)
        self.history_changed.emit()
        if not self.is_dragging:
            self.rested.emit()
