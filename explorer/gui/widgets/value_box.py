"""A number one can read and type over."""

import math

from PySide6.QtCore import QEvent, QLocale, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget


class ValueBox(QLineEdit):
    """Shows a number; Enter or leaving takes what was typed, Escape brings the old one back.

    Signals
    -------
    typed(float) : a new number, inside `low..high`.
    """

    typed = Signal(float)

    def __init__(
        self,
        low: float,
        high: float,
        decimals: int = 2,
        special: tuple[float, str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.low, self.high, self._decimals = low, high, decimals
        self.special = special
        self._amount = low
        self.setProperty("value", True)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setFixedWidth(54)
        self.editingFinished.connect(self._take)

    def set_amount(self, amount: float) -> None:
        """Show a number, unless the user is typing one."""
        self._amount = amount
        if not (self.hasFocus() and self.isModified()):
            self._show()

    def event(self, event: QEvent) -> bool:
        """Leave Space and letters to the window: they are no part of a number."""
        return leave_to_window(event) or super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Select everything, ready to be typed over."""
        super().focusInEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape takes the typing back."""
        if event.key() == Qt.Key.Key_Escape:
            self._show()
            self.selectAll()
            return
        super().keyPressEvent(event)

    def _take(self) -> None:
        if not self.isModified():
            return
        amount = read_number(self.text())
        if self.special and self.text().strip().lower() == self.special[1]:
            amount = self.special[0]
        if amount is not None:
            amount = min(max(amount, self.low), self.high)
            amount = float(round(amount)) if self._decimals == 0 else round(amount, 6)
            if amount != self._amount:
                self._amount = amount
                self.typed.emit(amount)
        self._show()

    def _show(self) -> None:
        if self.special and self._amount >= self.special[0]:
            text = self.special[1]
        else:
            # More digits than usual where the number has them: what is shown is what is.
            decimals = self._decimals
            while decimals < 4 and round(self._amount, decimals) != round(self._amount, 4):
                decimals += 1
            text = f"{self._amount:.{decimals}f}".replace("-", "\N{MINUS SIGN}")
        self.setText(text)
        self.setModified(False)


def read_number(text: str) -> float | None:
    """Read a number as people write it: with a comma, a real minus, blanks; None if it is none."""
    plain = text.strip().replace("\N{MINUS SIGN}", "-").replace("%", "")
    for candidate in (plain, plain.replace(",", ".")):
        try:
            value = float(candidate)
        except ValueError:
            continue
        return value if math.isfinite(value) else None
    value, ok = QLocale().toDouble(plain)
    return value if ok and math.isfinite(value) else None


def leave_to_window(event: QEvent) -> bool:
    """Whether `event` asks for a key that no number box wants and the window does: letters, Space, undo."""
    if event.type() != QEvent.Type.ShortcutOverride:
        return False
    key, modifiers = event.key(), event.modifiers()  # type: ignore[attr-defined]
    letter = Qt.Key.Key_A <= key <= Qt.Key.Key_Z or key == Qt.Key.Key_Space
    plain = modifiers in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)
    # Undo takes edits of the picture back, which the typing has already become.
    undo = key in (Qt.Key.Key_Z, Qt.Key.Key_Y) and bool(modifiers & Qt.KeyboardModifier.ControlModifier)
    if undo or (letter and plain):
        event.ignore()
        return True
    return False
