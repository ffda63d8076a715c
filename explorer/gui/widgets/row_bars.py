"""One vertical slider per row of `ws`, side by side, zones as shaded groups."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from explorer.gui import theme
from explorer.gui.widgets.track import KNOB, Track


class RowBars(QWidget):
    """An equaliser: the bars, the shading of their groups, and lines at marked amounts.

    Parameters
    ----------
    low, high : ends of every bar.
    default : where a reset goes.
    marks : amounts with a line across, each in a colour.
    """

    GAP = 8

    def __init__(
        self,
        low: float,
        high: float,
        *,
        default: float,
        height: int,
        fill: QPalette.ColorRole,
        marks: Sequence[tuple[float, QPalette.ColorRole]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._low, self._high, self._default = low, high, default
        self._fill, self._marks = fill, tuple(marks)
        self._groups: list[QWidget] = []
        self._zones: dict[str, tuple[int, ...]] = {}
        self._tracks: list[Track] = []
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(self.GAP)

    def sizeHint(self) -> QSize:
        """Wide enough to aim at."""
        return QSize(220, self.height())

    def level_of(self, amount: float) -> float:
        """How far down an amount stands, in logical pixels."""
        length = self.height() - 2 * (KNOB + 1)
        return self.height() - (KNOB + 1) - length * (amount - self._low) / (self._high - self._low)

    def rename(self, names: Sequence[str], zones: Mapping[str, tuple[int, ...]], help_: str) -> bool:
        """Say anew what each row does, where the bars and their groups are those that are there.

        Returns
        -------
        Whether they are; otherwise nothing has changed, see `rebuild`.
        """
        if self._zones != dict(zones) or len(names) != len(self._tracks):
            return False
        for track, name in zip(self._tracks, names, strict=True):
            track.setToolTip(_tip(name, help_))
        return True

    def rebuild(
        self, names: Sequence[str], zones: Mapping[str, tuple[int, ...]], whose: str, help_: str
    ) -> list[Track]:
        """Make one bar per row.

        Parameters
        ----------
        names : what each row does, for its tooltip.
        zones : rows of each group, in order.
        whose : what the bars are the strengths of.
        help_ : second line of the tooltips.
        """
        for group in self._groups:
            self._row.removeWidget(group)
            group.setParent(None)
            group.deleteLater()
        self._groups = []
        self._zones = dict(zones)
        tracks: list[Track] = []
        for rows in zones.values():
            group = QWidget(self)
            inner = QHBoxLayout(group)
            inner.setContentsMargins(2, 0, 2, 0)
            inner.setSpacing(0)
            for row in rows:
                track = Track(
                    self._low,
                    self._high,
                    default=self._default,
                    origin=0.0,
                    orientation=Qt.Orientation.Vertical,
                    fill=self._fill,
                    parent=group,
                )
                track.setObjectName(f"row_strength_{row}")
                track.setAccessibleName(f"Row {row}, strength of {whose}")
                track.setToolTip(_tip(names[row], help_))
                track.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
                inner.addWidget(track)
                tracks.append(track)
            if rows:
                self._row.addWidget(group, len(rows))
                self._groups.append(group)
        self._tracks = tracks
        return tracks

    def paintEvent(self, event: QPaintEvent) -> None:
        """Shaded groups with their lines; the bars paint themselves."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        is_dark = palette.color(palette.ColorRole.Window).lightness() < 128
        for group in self._groups:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(theme.RAISED if is_dark else theme.HOVER))
            painter.drawRoundedRect(QRectF(group.geometry()), 6, 6)
            for amount, role in self._marks:
                colour = QColor(palette.color(role if self.isEnabled() else theme.GROOVE))
                colour.setAlpha(110)
                painter.setPen(QPen(colour, 1))
                y = self.level_of(amount)
                painter.drawLine(QPointF(group.x(), y), QPointF(group.geometry().right() + 1, y))


def _tip(name: str, help_: str) -> str:
    return f"{name}\n{help_} · double-click: reset"
