"""How tests look at the window and reach into it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from explorer.recipe import Recipe

LEFT, NONE, CTRL = (
    Qt.MouseButton.LeftButton,
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
)


def seen(window) -> Recipe:
    return window.viewer.frame.request.recipe


def titles(window) -> list[str]:
    return [notice.title for notice in window.notices.notices]


def find(window, name, kind=QWidget):
    widget = window.findChild(kind, name)
    assert widget is not None, name
    return widget
