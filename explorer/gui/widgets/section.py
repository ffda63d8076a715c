"""A titled part of the panel column that folds away."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from explorer.gui import theme
from explorer.gui.widgets.buttons import claim_space


class Section(QFrame):
    """A header that opens and closes a body; extra buttons stand at the header's right.

    Signals
    -------
    toggled(bool) : the user opened or closed it.
    """

    toggled = Signal(bool)

    def __init__(
        self, title: str, body: QWidget, tools: tuple[QWidget, ...] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("section")
        self.body = body
        self._header = _Header(title, self)
        self._header.clicked.connect(self._toggle)
        self._reason = QLabel()
        self._reason.setProperty("role", "hint")
        self._reason.setWordWrap(True)
        self._reason.hide()
        top = QHBoxLayout()
        top.setContentsMargins(-4, 0, 0, 0)  # the arrow's own margin, so that it stands flush
        top.setSpacing(2)
        top.addWidget(self._header, 1)
        for tool in tools:
            top.addWidget(tool)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(16, 6, 14, 11)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self._reason)
        column.addWidget(body)

    @property
    def is_open(self) -> bool:
        """Whether the body shows."""
        return self._header.isChecked()

    def set_open(self, is_open: bool) -> None:
        """Fold or unfold without telling anyone."""
        self._header.setChecked(is_open)
        self._header.show_state()
        self.body.setVisible(is_open)
        self._reason.setVisible(is_open and bool(self._reason.text()))
        self._column.setContentsMargins(16, 6, 14, 11 if is_open else 6)

    def set_available(self, reason: str = "") -> None:
        """Enable the body, or disable it and say why, in place and as tooltip."""
        self.body.setEnabled(not reason)
        self.body.setToolTip(reason)
        self._reason.setText(reason)
        self._reason.setVisible(bool(reason) and self.is_open)

    def _toggle(self, checked: bool) -> None:
        self.set_open(checked)
        self.toggled.emit(checked)


class _Header(QPushButton):
    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(title, parent)
        self.setObjectName("section_header")
        self.setCheckable(True)
        self.setChecked(True)
        self.setIconSize(QSize(16, 16))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setMinimumHeight(26)
        self.show_state()

    def show_state(self) -> None:
        """Turn the arrow."""
        name = "open-section" if self.isChecked() else "closed-section"
        self.setIcon(theme.palette_icon(name, self.palette(), theme.DIM))
        self.setAccessibleDescription("open" if self.isChecked() else "folded")

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.show_state()

    def event(self, event: QEvent) -> bool:
        return claim_space(event) or super().event(event)
