"""A box to choose a class in, by number or by name."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QCompleter, QLineEdit, QWidget

from explorer.gui.widgets.value_box import leave_to_window

FROM_SEED = "From the seed"


class ClassBox(QComboBox):
    """Lists classes; typing finds one by its number or a part of its name.

    Parameters
    ----------
    has_seed : whether the first entry is "from the seed", which stands for None.

    Signals
    -------
    chosen(int or None) : the user wants this class.
    """

    chosen = Signal(object)

    def __init__(self, name: str, has_seed: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._has_seed = has_seed
        self._index: int | None = None
        self._titles: tuple[str, ...] = ()
        self.setAccessibleName(name)
        self._line = QLineEdit()
        self.setLineEdit(self._line)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setMaxVisibleItems(16)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self._line.setAccessibleName(name)
        self._line.installEventFilter(self)
        self._completer = completer = QCompleter(self.model(), self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.setCompleter(completer)
        self.activated.connect(self._choose)
        self._line.editingFinished.connect(self._finish)

    @property
    def index(self) -> int | None:
        """Class shown; None for that of the seed."""
        return self._index

    def set_classes(self, count: int, names: Sequence[str]) -> None:
        """List the classes of a network.

        Parameters
        ----------
        names : of the first classes; the others are called by their number alone.
        """
        titles = tuple(class_title(index, names) for index in range(count))
        if titles != self._titles:
            self._titles = titles
            self.clear()
            self.addItems([*([FROM_SEED] if self._has_seed else []), *titles])
            self._show()

    def set_index(self, index: int | None, seed_hint: str = "") -> None:
        """Show a class without telling anyone.

        Parameters
        ----------
        seed_hint : what "from the seed" comes to, where that is known.
        """
        self._index = index
        if self._has_seed and self.count():
            self.setItemText(0, f"{FROM_SEED}: {seed_hint}" if seed_hint else FROM_SEED)
        if not (self._line.hasFocus() and self._line.isModified()):
            self._show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Leave Space to the window, unless the user is typing a name."""
        return (watched is self._line and self._is_space(event)) or super().eventFilter(watched, event)

    def event(self, event: QEvent) -> bool:
        """Do so here too: the box asks its line for what the line left alone."""
        return self._is_space(event) or super().event(event)

    def _is_space(self, event: QEvent) -> bool:
        if event.type() != QEvent.Type.ShortcutOverride or self._line.isModified():
            return False
        return event.key() == Qt.Key.Key_Space and leave_to_window(event)  # type: ignore[attr-defined]

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Step, if focused; otherwise the panel scrolls."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def _show(self) -> None:
        row = self._row_of(self._index)
        if row is None:
            self.setCurrentIndex(-1)
            self.setEditText(f"{self._index}: not in this network")
        else:
            self.setCurrentIndex(row)
            self.setEditText(self.itemText(row))
        self._line.setModified(False)
        self._line.setCursorPosition(0)

    def _row_of(self, index: int | None) -> int | None:
        if index is None:
            return 0 if self._has_seed and self.count() else None
        return index + self._has_seed if index < len(self._titles) else None

    def _choose(self, row: int) -> None:
        index = None if self._has_seed and row == 0 else row - self._has_seed
        self._line.setModified(False)
        popup = self._completer.popup()
        if popup is not None:
            popup.hide()
        if index != self._index:
            self._index = index
            self.chosen.emit(index)
        self._show()

    def _finish(self) -> None:
        """Take what was typed, if it is a number or a name; otherwise bring the last one back."""
        if not self._line.isModified():
            return
        text = self.currentText().strip().lower()
        for row in range(self.count()):
            title = self.itemText(row).lower()
            if text and text in (title, title.partition(" ")[0], title.partition(" ")[2]):
                self._choose(row)
                return
        self._show()


def class_title(index: int, names: Sequence[str]) -> str:
    """What a class is called: its number, and its name where it has one."""
    return f"{index} {names[index]}" if index < len(names) else str(index)
