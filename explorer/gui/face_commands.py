"""The commands of the Face menu: each is a move on the store, for the network in use."""

from PySide6.QtCore import QObject, Slot

from explorer.gui import moves
from explorer.gui.model_desk import ModelDesk
from explorer.gui.store import Store


class FaceCommands(QObject):
    """Slots for menus and keys."""

    def __init__(self, store: Store, desk: ModelDesk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store, self._desk = store, desk

    @Slot()
    def new_face(self) -> None:
        """Random seed for A."""
        moves.new_face(self._store, self._num_ws())

    @Slot()
    def next_seed(self) -> None:
        """Seed after that of A."""
        moves.step_seed_a(self._store, 1)

    @Slot()
    def previous_seed(self) -> None:
        """Seed before that of A."""
        moves.step_seed_a(self._store, -1)

    @Slot()
    def new_b(self) -> None:
        """Random seed for B."""
        moves.new_b(self._store)

    @Slot()
    def swap(self) -> None:
        """A for B."""
        moves.swap(self._store)

    @Slot()
    def reset_mixing(self) -> None:
        """All rows to A."""
        moves.reset_mixing(self._store, self._num_ws())

    @Slot()
    def reset_all(self) -> None:
        """Everything but the seeds."""
        moves.reset_all(self._store, self._num_ws())

    def _num_ws(self) -> int:
        return 0 if self._desk.info is None else self._desk.info.num_ws
