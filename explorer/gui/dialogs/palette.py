"""Find a command by typing: the same table that fills the menus."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from explorer.gui.actions import Action, Actions


class CommandPalette(QDialog):
    """A line to type in, and the commands that fit; Enter runs the chosen one."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setWindowTitle("Find a command")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._actions = [action for action in actions.all() if action.command.key != "palette"]
        self.line = QLineEdit()
        self.line.setPlaceholderText("What do you want to do?")
        self.line.setAccessibleName("Find a command")
        self.list = QListWidget()
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(8)
        column.addWidget(self.line)
        column.addWidget(self.list)
        self.resize(520, 380)
        self.line.textChanged.connect(self._filter)
        self.list.itemActivated.connect(self._run)
        self.list.itemClicked.connect(self._run)
        self._filter("")
        self.line.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down choose, Enter runs, Escape leaves."""
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -8, Qt.Key.Key_PageDown: 8}
        if event.key() in steps and self.list.count():
            row = self.list.currentRow() + steps[Qt.Key(event.key())]
            self.list.setCurrentRow(min(max(row, 0), self.list.count() - 1))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.list.currentItem() is not None:
                self._run(self.list.currentItem())
        else:
            super().keyPressEvent(event)

    def _filter(self, text: str) -> None:
        self.list.clear()
        words = text.lower().split()
        for action in self._actions:
            haystack = f"{_title(action)} {action.command.tip}".lower()
            if action.isEnabled() and all(word in haystack for word in words):
                keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                item = QListWidgetItem(f"{_title(action)}    {keys}" if keys else _title(action))
                item.setToolTip(action.command.tip)
                item.setData(Qt.ItemDataRole.UserRole, action)
                self.list.addItem(item)
        self.list.setCurrentRow(0)

    def _run(self, item: QListWidgetItem) -> None:
        action: Action = item.data(Qt.ItemDataRole.UserRole)
        self.close()
        action.trigger()


def _title(action: Action) -> str:
    group = action.command.group
    text = action.plain_text.rstrip("…")
    return f"{group.capitalize()}: {text}" if group else text
