"""Easings as little curves: what an easing does to time, seen at a glance."""

from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QComboBox, QWidget

from explorer.gui import theme
from explorer.recipe.easing import EASINGS, ease

POINTS = 48
_SWING = 0.28
"""Room above and below for curves that swing too far, as a part of the height."""


def curve_path(name: str, place: QRectF) -> QPainterPath:
    """The curve of an easing, from the lower left to the upper right of a place, swings included."""
    inside = place.adjusted(0, place.height() * _SWING / 2, 0, -place.height() * _SWING / 2)
    path = QPainterPath()
    for point in range(POINTS + 1):
        t = point / POINTS
        at = QPointF(inside.left() + t * inside.width(), inside.bottom() - ease(name, t) * inside.height())
        if point:
            path.lineTo(at)
        else:
            path.moveTo(at)
    return path


@lru_cache(maxsize=64)
def curve_icon(name: str, colour: str, side: int = 22) -> QIcon:
    """The curve as an icon, in a colour `#rrggbb`."""
    icon = QIcon()
    for scale in (1, 2, 3):
        pixmap = QPixmap(side * scale, side * scale)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(scale, scale)
        painter.setPen(QPen(QColor(colour), 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawPath(curve_path(name, QRectF(2.5, 2.5, side - 5, side - 5)))
        painter.end()
        pixmap.setDevicePixelRatio(scale)
        icon.addPixmap(pixmap)
    return icon


class EasingBox(QComboBox):
    """Chooses an easing by its curve and name.

    Signals
    -------
    picked(str) : the user chose this one.
    """

    picked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Easing")
        self.setIconSize(QSize(22, 22))
        self.setMaxVisibleItems(len(EASINGS))
        for name in EASINGS:
            self.addItem(curve_icon(name, self.palette().color(theme.ACCENT).name()), name)
        self.activated.connect(self._pick)

    def show_easing(self, name: str) -> None:
        """Show one without telling anyone."""
        self.setCurrentText(name)

    def _pick(self, index: int) -> None:
        self.picked.emit(self.itemText(index))
