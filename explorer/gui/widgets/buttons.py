"""Buttons that leave the Space key to the window unless they were reached by Tab."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from explorer.gui import theme


class IconButton(QToolButton):
    """A flat button with a themed icon; its name is both tooltip and accessible name."""

    def __init__(
        self,
        icon: str,
        name: str,
        parent: QWidget | None = None,
        role: QPalette.ColorRole = QPalette.ColorRole.ButtonText,
    ) -> None:
        super().__init__(parent)
        self._icon, self._role = icon, role
        self.setProperty("flat", True)
        self.setIconSize(QSize(18, 18))
        self.setToolTip(name)
        self.setAccessibleName(name)
        # Tab reaches it, a click does not: after a click Space still means "new face".
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setIcon(theme.palette_icon(icon, self.palette(), role))

    def set_icon(self, icon: str, role: QPalette.ColorRole | None = None) -> None:
        """Show another icon, in another colour if one is given."""
        self._icon, self._role = icon, self._role if role is None else role
        self.setIcon(theme.palette_icon(icon, self.palette(), self._role))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_icon"):
            self.setIcon(theme.palette_icon(self._icon, self.palette(), self._role))

    def event(self, event: QEvent) -> bool:
        """Keep Space for this button while it has the focus."""
        return claim_space(event) or super().event(event)


class TextButton(QPushButton):
    """A button with words."""

    def __init__(self, text: str, parent: QWidget | None = None, primary: bool = False) -> None:
        super().__init__(text, parent)
        self.setProperty("primary", primary)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def event(self, event: QEvent) -> bool:
        """Keep Space for this button while it has the focus."""
        return claim_space(event) or super().event(event)


class Segment(QToolButton):
    """One of a row of choices."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setCheckable(True)
        self.setAutoExclusive(True)
        self.setProperty("segment", True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def event(self, event: QEvent) -> bool:
        """Keep Space for this button while it has the focus."""
        return claim_space(event) or super().event(event)


def claim_space(event: QEvent) -> bool:
    """Whether `event` asks if Space belongs to a focused button rather than to the window: it does."""
    if event.type() == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Space:  # type: ignore[attr-defined]
        event.accept()
        return True
    return False
