"""A box for seeds, 0 to 4294967295: more than the 31 bits of Qt's own number box."""

from PySide6.QtCore import QEvent, QRegularExpression, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QRegularExpressionValidator, QWheelEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from explorer.gui.widgets.value_box import leave_to_window
from explorer.recipe import SEED_LIMIT


class SeedBox(QLineEdit):
    """Shows a seed; the picture follows while it is typed. Up and Down step and wrap around.

    Signals
    -------
    edited(int) : the user wants this seed.
    sealed : typing or stepping is over.
    """

    edited = Signal(object)  # object: int would be cut to 31 bits
    sealed = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._seed: int | None = None
        self.setAccessibleName(name)
        self.setPlaceholderText("seed")
        self.setMaxLength(24)  # room for a pasted number with blanks
        self.setMinimumWidth(96)
        self.setValidator(QRegularExpressionValidator(QRegularExpression(r"[\d\s.,_']*"), self))
        self.textEdited.connect(self._typed)
        self.editingFinished.connect(self._finish)

    @property
    def seed(self) -> int | None:
        """Seed shown; None where there is none."""
        return self._seed

    def set_seed(self, seed: int | None) -> None:
        """Show a seed without telling anyone; the user's own typing is left as it is."""
        if seed != self._seed or not self.hasFocus():
            self._seed = seed
            if read_seed(self.text()) != seed:
                self.setText("" if seed is None else str(seed))

    def step(self, by: int) -> None:
        """Go to a neighbouring seed."""
        start = self._seed if self._seed is not None else 0
        self._seed = (start + by) % SEED_LIMIT
        self.setText(str(self._seed))
        self.edited.emit(self._seed)

    def event(self, event: QEvent) -> bool:
        """Leave Space and letters to the window: they are no part of a seed."""
        return leave_to_window(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step with Up and Down, by a hundred with Page keys; Escape brings the last seed back."""
        steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 100, Qt.Key.Key_PageDown: -100}
        if event.key() in steps:
            self.step(steps[Qt.Key(event.key())])
        elif event.key() == Qt.Key.Key_Escape:
            self.setText("" if self._seed is None else str(self._seed))
            self.selectAll()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Step, if focused; otherwise the panel scrolls."""
        if self.hasFocus() and event.angleDelta().y():
            event.accept()
            self.step(1 if event.angleDelta().y() > 0 else -1)
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Select everything, ready to be typed over."""
        super().focusInEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.selectAll()

    def _typed(self, text: str) -> None:
        seed = read_seed(text)
        if seed is not None and seed != self._seed:
            self._seed = seed
            self.edited.emit(seed)

    def _finish(self) -> None:
        # An emptied or too large number falls back to the last seed that was one.
        shown = "" if self._seed is None else str(self._seed)
        if self.text() != shown:
            self.setText(shown)
        self.sealed.emit()


def read_seed(text: str) -> int | None:
    """Read a seed with or without separators; None where it is none or too large."""
    digits = "".join(c for c in text if c.isascii() and c.isdigit())
    if not digits or len(digits) > 12:
        return None
    return int(digits) if int(digits) < SEED_LIMIT else None
