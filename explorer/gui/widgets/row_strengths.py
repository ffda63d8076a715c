"""One vertical slider per row of `ws`, between the pictures of A (0) and B (1)."""

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from explorer.gui import theme
from explorer.gui.widgets.thumbnail import Thumbnail
from explorer.gui.widgets.track import KNOB, Track

LOW, HIGH = -1.0, 2.0
HEIGHT = 130
THUMBNAIL = 36


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
        self._field = _Field(self)
        self._thumbnails = QWidget()
        self._thumbnails.setFixedWidth(THUMBNAIL + 8)
        for thumbnail in (self.a, self.b):
            thumbnail.setParent(self._thumbnails)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._thumbnails)
        row.addWidget(self._field, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 3, 0, 0)
        column.setSpacing(3)
        column.addLayout(row)
        column.addWidget(self._readout)
        # The pictures stand level with the marks of 0 and 1 on the grooves.
        length = HEIGHT - 2 * (KNOB + 1)
        for thumbnail, amount in ((self.a, 0.0), (self.b, 1.0)):
            centre = HEIGHT - (KNOB + 1) - length * (amount - LOW) / (HIGH - LOW)
            thumbnail.move(0, round(centre - THUMBNAIL / 2))
        self._thumbnails.setFixedHeight(HEIGHT)
        self._say()

    @property
    def tracks(self) -> Sequence[Track]:
        """Sliders, row 0 first."""
        return tuple(self._tracks)

    def set_rows(self, names: Sequence[str], zones: Mapping[str, tuple[int, ...]]) -> None:
        """Make one slider per row.

        Parameters
        ----------
        names : what each row does, for its tooltip.
        zones : rows of each group, in order.
        """
        self._tracks = self._field.rebuild(names, zones)
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


class _Field(QWidget):
    """The bars and the shading of their groups."""

    GAP = 8

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._groups: list[QWidget] = []
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(self.GAP)

    def sizeHint(self) -> QSize:
        return QSize(220, HEIGHT)

    def rebuild(self, names: Sequence[str], zones: Mapping[str, tuple[int, ...]]) -> list[Track]:
        for group in self._groups:
            self._row.removeWidget(group)
            group.setParent(None)
            group.deleteLater()
        self._groups = []
        tracks: list[Track] = []
        for rows in zones.values():
            group = QWidget(self)
            inner = QHBoxLayout(group)
            inner.setContentsMargins(2, 0, 2, 0)
            inner.setSpacing(0)
            for row in rows:
                track = Track(
                    LOW,
                    HIGH,
                    origin=0.0,
                    orientation=Qt.Orientation.Vertical,
                    fill=theme.SEED_B,
                    parent=group,
                )
                track.setObjectName(f"row_strength_{row}")
                track.setAccessibleName(f"Row {row}, strength of B")
                track.setToolTip(f"{names[row]}\n0 = A, 1 = B · double-click: reset")
                track.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
                inner.addWidget(track)
                tracks.append(track)
            if rows:
                self._row.addWidget(group, len(rows))
                self._groups.append(group)
        return tracks

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        for group in self._groups:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(theme.HOVER if not self._dark() else theme.RAISED))
            painter.drawRoundedRect(QRectF(group.geometry()), 6, 6)
            length = HEIGHT - 2 * (KNOB + 1)
            for amount, role in ((0.0, theme.SEED_A), (1.0, theme.SEED_B)):
                y = HEIGHT - (KNOB + 1) - length * (amount - LOW) / (HIGH - LOW)
                colour = QColor(palette.color(role if self.isEnabled() else theme.GROOVE))
                colour.setAlpha(110)
                painter.setPen(QPen(colour, 1))
                painter.drawLine(QPointF(group.x(), y), QPointF(group.geometry().right() + 1, y))

    def _dark(self) -> bool:
        return self.palette().color(self.palette().ColorRole.Window).lightness() < 128
