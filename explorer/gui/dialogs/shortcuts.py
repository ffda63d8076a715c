"""All keys on one sheet, taken from the table of commands."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from explorer.gui.actions import MENUS, SUBMENUS, Actions

BY_HAND = (
    ("Mouse wheel on the picture", "Zoom to the pointer"),
    ("Drag the picture, where zoomed", "Move it"),
    ("Drag it where fitted, or with Shift", "Take it to another program"),
    ("Double-click the picture", "Actual pixels, then fitted"),
    ("Drag the picture with Ctrl", "Shift it (StyleGAN3)"),
    ("Drag it with Ctrl and Shift", "Rotate it (StyleGAN3)"),
    ("Drag a slider with Shift", "Ten times finer"),
    ("Drag a slider with Ctrl", "Coarse steps"),
    ("Double-click a slider", "Reset it"),
    ("Arrows, Page, Home, End on a slider", "Step"),
    ("Drop a file on the window", "Open it"),
)


class ShortcutsSheet(QDialog):
    """Three columns of keys and what they do."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        groups = [(title.replace("&", ""), _rows(actions, keys)) for title, keys in MENUS.items()]
        groups = [group for group in groups if group[1]] + [("By hand", list(BY_HAND))]
        columns = QHBoxLayout()
        columns.setSpacing(40)
        # Greedy: each group goes under the shortest column so far.
        stacks: list[tuple[QVBoxLayout, int]] = [(QVBoxLayout(), 0) for _ in range(3)]
        for title, rows in groups:
            index = min(range(3), key=lambda i: stacks[i][1])
            stack, height = stacks[index]
            stack.addWidget(_group(title, rows))
            stack.addSpacing(14)
            stacks[index] = (stack, height + len(rows) + 2)
        for stack, _ in stacks:
            stack.addStretch(1)
            columns.addLayout(stack)
        heading = QLabel("Shortcuts")
        heading.setProperty("role", "heading")
        body = QWidget()
        inside = QVBoxLayout(body)
        inside.setContentsMargins(28, 24, 28, 24)
        inside.setSpacing(18)
        inside.addWidget(heading)
        inside.addLayout(columns)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(body)
        outside = QVBoxLayout(self)
        outside.setContentsMargins(0, 0, 0, 0)
        outside.addWidget(scroll)
        self.resize(body.sizeHint().width() + 30, min(body.sizeHint().height() + 10, 760))


def _rows(actions: Actions, keys: tuple[str, ...]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key in keys:
        if key.startswith(">"):
            rows += _rows(actions, SUBMENUS[key[1:]][1])
        elif key != "-" and actions[key].shortcuts():
            native = QKeySequence.SequenceFormat.NativeText
            shown = " or ".join(shortcut.toString(native) for shortcut in actions[key].shortcuts())
            rows.append((shown, actions[key].command.text.replace("&", "").rstrip("…")))
    return rows


def _group(title: str, rows: list[tuple[str, str]]) -> QWidget:
    group = QWidget()
    grid = QGridLayout(group)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(18)
    grid.setVerticalSpacing(7)
    caption = QLabel(title)
    caption.setProperty("role", "title")
    grid.addWidget(caption, 0, 0, 1, 2)
    for line, (keys, meaning) in enumerate(rows, start=1):
        key = QLabel(keys)
        key.setProperty("role", "dim")
        grid.addWidget(key, line, 0)
        grid.addWidget(QLabel(meaning), line, 1)
    grid.setColumnStretch(1, 1)
    return group
