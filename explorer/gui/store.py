"""The one observable: the history of recipes, and who is told when its present changes."""

from PySide6.QtCore import QObject, Signal

from explorer.recipe import History, Recipe


class Store(QObject):
    """Holds `History[Recipe]`. GUI thread only.

    Signals
    -------
    changed(old, new) : the recipe is another value now.
    history_changed : undo, redo or their names may have changed.
    rested : the hand lets go: a drag was sealed, or a single edit was made.
    """

    changed = Signal(object, object)
    history_changed = Signal()
    rested = Signal()

    def __init__(self, recipe: Recipe, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._history = History(recipe)

    @property
    def recipe(self) -> Recipe:
        """The picture that is wanted."""
        return self._history.present

    @property
    def history(self) -> History[Recipe]:
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
        self._move_to(self._history.edit(recipe, name, merge))

    def seal(self) -> None:
        """End the running drag, if there is one."""
        self._move_to(self._history.seal())

    def undo(self) -> None:
        """Take one edit back."""
        self._move_to(self._history.undo())

    def redo(self) -> None:
        """Bring one edit back."""
        self._move_to(self._history.redo())

    def restore(self, history: History[Recipe]) -> None:
        """Take over a whole history: a session was opened."""
        self._move_to(history)

    def _move_to(self, history: History[Recipe]) -> None:
        if history is self._history:
            return
        old, self._history = self._history.present, history
        if old != history.present:
            self.changed.emit(old, history.present)
        self.history_changed.emit()
        if not self.is_dragging:
            self.rested.emit()
