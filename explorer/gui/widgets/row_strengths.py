"""One vertical slider per row of `ws`, between the pictures of A (0) and B (1)."""

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from explorer.gui import theme
from explorer.gui.widgets.row_bars import RowBars
from explorer.gui.widgets.thumbnail import Thumbnail
from explorer.gui.widgets.track import Track

LOW, HIGH = -1.0, 2.0
HEIGHT = 130
THUMBNAIL = 36
HELP = "0 = A, 1 = B"


class RowStrengths(QWidget):
    """An equaliser: rows side by side, zones as shaded groups, A and B at the left where 0 and 1 are.

    Signals
    -------
    edited(int, float) : the user wants this strength for this row.
    sealed : a gesture is over (or a new one begins).
    chosen(float) : the picture of A (0.0) or B (1.0) was clicked: all rows there.
    """

    edited = Signal(int, float)
    sealed = Signal()
    chosen = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.a = Thumbnail("A", theme.SEED_A, THUMBNAIL)
        self.b = Thumbnail("B", theme.SEED_B, THUMBNAIL)
        for thumbnail, name in ((self.a, "all rows to A"), (self.b, "all rows to B")):
            thumbnail.setToolTip(f"Click: {name}")
            thumbnail.setAccessibleName(name)
        self.a.chosen.connect(self._choose_a)
        self.b.chosen.connect(self._choose_b)
        self._tracks: list[Track] = []
        self._readout = QLabel()
        self._readout.setProperty("role", "hint")
        ends = ((0.0, theme.SEED_A), (1.0, theme.SEED_B))
        self._bars = RowBars(
            LOW, HIGH, default=0.0, height=HEIGHT, fill=theme.SEED_B, marks=ends, parent=self
        )
        self._thumbnails = QWidget()
        self._thumbnails.setFixedWidth(THUMBNAIL + 8)
        for thumbnail in (self.a, self.b):
            thumbnail.setParent(self._thumbnails)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._thumbnails)
        row.addWidget(self._bars, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 3, 0, 0)
        column.setSpacing(3)
        column.addLayout(row)
        column.addWidget(self._readout)
        # The pictures stand level with the marks of 0 and 1 on the grooves.
        for thumbnail, amount in ((self.a, 0.0), (self.b, 1.0)):
            thumbnail.move(0, round(self._bars.level_of(amount) - THUMBNAIL / 2))
        self._thumbnails.setFixedHeight(HEIGHT)
        self._say()

    @property
    def tracks(self) -> Sequence[Track]:
        """Sliders, row 0 first."""
        return tuple(self._tracks)

    def set_rows(self, names: Sequence[str], zones: Mapping[str, tuple[int, ...]]) -> None:
        """Make one slider per row; those that are there stay where only names differ.

        Parameters
        ----------
        names : what each row does, for its tooltip.
        zones : rows of each group, in order.
        """
        if self._bars.rename(names, zones, HELP):
            return
        self._tracks = self._bars.rebuild(names, zones, "B", HELP)
        for row, track in enumerate(self._tracks):
            track.moved.connect(partial(self._moved, row))
            track.grabbed.connect(self.sealed)
            track.let_go.connect(self.sealed)
        self._say()

    def set_strengths(self, strengths: Sequence[float]) -> None:
        """Show strengths without telling anyone; one per row."""
        for track, strength in zip(self._tracks, strengths, strict=True):
            if track.amount != strength:
                track.set_amount(strength)

    def _moved(self, row: int, amount: float) -> None:
        self._say(f"Row {row}: {amount:.2f} towards B".replace("-", "\N{MINUS SIGN}"))
        self.edited.emit(row, amount)

    def _choose_a(self) -> None:
        self.chosen.emit(0.0)

    def _choose_b(self) -> None:
        self.chosen.emit(1.0)

    def _say(self, text: str = "") -> None:
        self._readout.setText(text or "Each bar is one row: from pose and shape to fine colour")
