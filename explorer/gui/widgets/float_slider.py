"""Label, groove and typed value for one real number."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from explorer.gui import theme
from explorer.gui.widgets.track import Track
from explorer.gui.widgets.value_box import ValueBox

LABEL_WIDTH = 72


class FloatSlider(QWidget):
    """A number between `low` and `high` on the groove, wider when typed.

    Parameters
    ----------
    name : label and accessible name.
    reach : ends for typed numbers; `low` and `high` where omitted.
    decimals : digits behind the point.
    special : number from which on a word is shown instead, e.g. (12, "all").

    Signals
    -------
    edited(float) : the user wants this number; many times during a drag.
    sealed : a gesture is over (or a new one begins), what follows is another edit.
    """

    edited = Signal(float)
    sealed = Signal()

    def __init__(
        self,
        name: str,
        low: float,
        high: float,
        *,
        default: float = 0.0,
        step: float = 0.01,
        decimals: int = 2,
        reach: tuple[float, float] | None = None,
        origin: float | None = None,
        ticks: tuple[float, ...] = (),
        special: tuple[float, str] | None = None,
        fill: QPalette.ColorRole = theme.ACCENT,
        start: QPalette.ColorRole | None = None,
        tip: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.label = QLabel(name)
        self.track = Track(
            low,
            high,
            default=default,
            step=step,
            origin=origin,
            ticks=ticks,
            fill=fill,
            start=start,
            parent=self,
        )
        box_low, box_high = reach or (low, high)
        self.box = ValueBox(box_low, box_high, decimals, special)
        self.track.setAccessibleName(name)
        self.box.setAccessibleName(f"{name}, value")
        self.label.setFixedWidth(LABEL_WIDTH)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.label)
        row.addWidget(self.track, 1)
        row.addWidget(self.box)
        self._tip = ""
        self.set_tip(tip)
        self.track.moved.connect(self._moved)
        self.track.grabbed.connect(self.sealed)
        self.track.let_go.connect(self.sealed)
        self.box.typed.connect(self._typed)
        self.set_amount(default)

    @property
    def amount(self) -> float:
        """Number shown."""
        return self.track.amount

    def set_amount(self, amount: float) -> None:
        """Show a number without telling anyone."""
        self.track.set_amount(amount)
        self.box.set_amount(amount)

    def set_range(self, low: float, high: float, special: tuple[float, str] | None = None) -> None:
        """Change the ends, for groove and typing alike."""
        self.box.special = special
        self.box.low, self.box.high = low, high
        self.track.set_range(low, high)
        self.box.set_amount(self.track.amount)

    def set_tip(self, tip: str) -> None:
        """Explain the control; how to handle it is added."""
        self._tip = tip
        handling = "Shift: finer · Ctrl: coarser · double-click: reset"
        self.setToolTip(f"{tip}\n{handling}" if tip else handling)
        self.track.setAccessibleDescription(tip)

    def set_available(self, reason: str = "") -> None:
        """Enable, or disable with the reason as tooltip."""
        self.setEnabled(not reason)
        if reason:
            self.setToolTip(reason)
        else:
            self.set_tip(self._tip)

    def _moved(self, amount: float) -> None:
        self.box.set_amount(amount)
        self.edited.emit(amount)

    def _typed(self, amount: float) -> None:
        self.track.set_amount(amount)
        self.sealed.emit()
        self.edited.emit(amount)
        self.sealed.emit()
        self.track.setFocus(Qt.FocusReason.OtherFocusReason)
