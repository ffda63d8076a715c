"""Notices beside the picture: what went wrong, and what to do; never a dialog in the way."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from explorer.errors import ExplorerError
from explorer.gui import theme
from explorer.gui.widgets.buttons import IconButton, TextButton

SECONDS = 7
"""Good news leaves by itself; bad news waits to be read."""
MOST = 3


@dataclass(frozen=True)
class Notice:
    """One thing to say."""

    title: str
    text: str = ""
    level: Literal["info", "done", "error"] = "error"
    key: str = ""
    """A newer notice with the same key takes the place of the older."""
    offers: tuple[tuple[str, Callable[[], None]], ...] = ()
    """Buttons: what one can do about it."""


def notice_of(error: Exception, title: str, key: str = "") -> Notice:
    """Words for an exception: ours as they are, the system's with the file, surprises with their kind."""
    if isinstance(error, OSError) and not isinstance(error, ExplorerError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
    elif isinstance(error, ExplorerError | OSError):
        text = str(error)
        text = text[:1].upper() + text[1:]
    else:
        text = f"{type(error).__name__}: {error}"
    return Notice(title, text, "error", key)


class Notices(QWidget):
    """A short stack of notices, the newest on top."""

    resized = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cards: list[_Card] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self.hide()

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What is being said, newest first."""
        return tuple(card.notice for card in self._cards)

    def say(self, notice: Notice) -> None:
        """Show a notice."""
        if notice in self.notices:
            return
        if notice.key:
            self.clear(notice.key)
        card = _Card(notice, self)
        card.dismissed.connect(self._dismiss)
        self._cards.insert(0, card)
        self._column.insertWidget(0, card)
        while len(self._cards) > MOST:
            self._remove(self._cards[-1])
        self.show()
        # Qt would show the card on the next turn of the event loop; its height is needed now.
        card.show()
        self.resized.emit()

    def height_for(self, width: int) -> int:
        """Height all notices need at a width."""
        self._column.activate()
        return max(self._column.totalHeightForWidth(width), 0)

    def clear(self, key: str) -> None:
        """Take back what was said under `key`: it is no longer true."""
        for card in [card for card in self._cards if card.notice.key == key]:
            self._remove(card)

    def _dismiss(self) -> None:
        card = self.sender()
        if isinstance(card, _Card):
            self._remove(card)

    def _remove(self, card: "_Card") -> None:
        if card in self._cards:
            self._cards.remove(card)
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.setVisible(bool(self._cards))
        self.resized.emit()


_ICONS = {
    "info": ("info", theme.ACCENT),
    "done": ("done", theme.ACCENT),
    "error": ("warning", theme.DANGER),
}


class _Card(QFrame):
    dismissed = Signal()

    def __init__(self, notice: Notice, parent: QWidget) -> None:
        super().__init__(parent)
        self.notice = notice
        self.setObjectName("notice")
        self.setProperty("level", notice.level)
        self.setAccessibleName(f"{notice.title}. {notice.text}")
        self._icon = QLabel()
        self._icon.setFixedSize(20, 28)  # as high as the button opposite, so that both stand level
        title = QLabel(notice.title)
        title.setProperty("role", "notice_title")
        title.setWordWrap(True)
        words = QVBoxLayout()
        words.setSpacing(3)
        words.setContentsMargins(0, 5, 0, 4)
        words.addWidget(title)
        if notice.text:
            text = QLabel(notice.text)
            text.setProperty("role", "dim")
            text.setTextFormat(Qt.TextFormat.PlainText)
            text.setWordWrap(True)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            words.addWidget(text)
        if notice.offers:
            words.addSpacing(4)
            words.addLayout(self._buttons(notice))
        close = IconButton("close", "Dismiss")
        close.clicked.connect(self._dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(10)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self._tint()
        if notice.level != "error":
            # A timer of its own ends with the card, so none is left behind.
            leave = QTimer(self)
            leave.setSingleShot(True)
            leave.timeout.connect(self.dismissed)
            leave.start(SECONDS * 1000)

    def _buttons(self, notice: Notice) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        for label, act in notice.offers:
            button = TextButton(label)
            button.clicked.connect(self._accept(act))
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _accept(self, act: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            self.dismissed.emit()
            act()

        return run

    def _dismiss(self) -> None:
        self.dismissed.emit()

    def _tint(self) -> None:
        name, role = _ICONS[self.notice.level]
        self._icon.setPixmap(theme.palette_icon(name, self.palette(), role).pixmap(20, 20))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._tint()
