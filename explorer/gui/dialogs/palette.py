"""Find a command by typing: the same table that fills the menus."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer.gui import theme
from explorer.gui.actions import Action, Actions


class CommandPalette(QDialog):
    """A line to type in, and the commands that fit; Enter runs the chosen one."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setWindowTitle("Find a command")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._actions = [action for action in actions.all() if action.command.key != "palette"]
        self._items: list[QTreeWidgetItem] = []
        self._row = 0
        self.line = QLineEdit()
        self.line.setPlaceholderText("What do you want to do?")
        self.line.setAccessibleName("Find a command")
        self.list = QTreeWidget()
        self.list.setColumnCount(2)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(8)
        column.addWidget(self.line)
        column.addWidget(self.list)
        self.resize(520, 380)
        self.line.textChanged.connect(self._filter)
        self.list.itemClicked.connect(self._run)
        self._filter("")
        self.line.setFocus()

    @property
    def found(self) -> tuple[str, ...]:
        """Titles of the commands shown, best first."""
        return tuple(item.text(0) for item in self._items)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down choose, Enter runs, Escape leaves."""
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -8, Qt.Key.Key_PageDown: 8}
        if event.key() in steps:
            self._choose(self._row + steps[Qt.Key(event.key())])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self._items:
                self._run(self._items[self._row])
        else:
            super().keyPressEvent(event)

    def _choose(self, row: int) -> None:
        if self._items:
            self._row = min(max(row, 0), len(self._items) - 1)
            self.list.setCurrentItem(self._items[self._row])

    def _filter(self, text: str) -> None:
        self.list.clear()
        self._items = []
        words = text.lower().split()
        ranked = [(rank, action) for action in self._actions if (rank := _rank(action, words)) is not None]
        for _, action in sorted(ranked, key=_first):
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            item = QTreeWidgetItem([_title(action), keys])
            item.setForeground(1, self.palette().color(theme.DIM))
            item.setToolTip(0, action.command.tip)
            item.setData(0, Qt.ItemDataRole.UserRole, action)
            self.list.addTopLevelItem(item)
            self._items.append(item)
        self._choose(0)

    def _run(self, item: QTreeWidgetItem) -> None:
        action: Action = item.data(0, Qt.ItemDataRole.UserRole)
        self.close()
        action.trigger()


def _first(ranked: tuple[int, Action]) -> int:
    return ranked[0]


def _rank(action: Action, words: list[str]) -> int | None:
    """0 where words of the title begin so, 1 where they stand in it, 2 in the tip; None where nowhere."""
    title, tip = _title(action).lower(), action.command.tip.lower()
    if not action.isEnabled() or not all(word in f"{title} {tip}" for word in words):
        return None
    if all(any(part.startswith(word) for part in title.split()) for word in words):
        return 0
    return 1 if all(word in title for word in words) else 2


def _title(action: Action) -> str:
    group = action.command.group
    text = action.plain_text.rstrip("…")
    return f"{group.capitalize()}: {text}" if group else text
