"""The history as pictures: what was on screen before, to be dragged onto the timeline."""

from collections.abc import Hashable

from PySide6.QtCore import QMimeData, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QDrag, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from explorer.gui import theme
from explorer.gui.timeline.keys import RECIPE_MIME
from explorer.gui.timeline.onion import middle_of
from explorer.gui.timeline.pictures import STOP, Pictures
from explorer.gui.timeline.view import GUTTER
from explorer.recipe import History, Recipe, Work, document
from explorer.render.frame import RenderRequest

SIDE = 48
GAP = 6
MOST = 40


def recipes_of(history: History[Work], most: int = MOST) -> tuple[Recipe, ...]:
    """Different recipes of a history, the newest first: the present, the past, then what was undone."""
    works = [history.present, *(step.value for step in reversed(history.past))]
    works += [step.value for step in history.future]
    return tuple(dict.fromkeys(work.recipe for work in works))[:most]


class Shelf(QWidget):
    """A row of small pictures.

    Signals
    -------
    added(Recipe) : a picture was double-clicked.
    """

    added = Signal(object)

    def __init__(self, pictures: Pictures, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self._recipes: tuple[Recipe, ...] = ()
        self._grip: tuple[QPointF, Recipe] | None = None
        self.setFixedHeight(SIDE + 12)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Pictures of the history")
        self.setToolTip("Drag a picture onto the timeline, or double-click it")
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        pictures.ready.connect(self.update)

    def show_history(self, history: History[Work]) -> None:
        """Show what the history holds."""
        self._recipes = recipes_of(history)
        self.update()

    def wanted(self) -> dict[Hashable, RenderRequest]:
        """Requests for the pictures that have room."""
        room = max(0, (self.width() - GUTTER) // (SIDE + GAP))
        return {recipe: RenderRequest(recipe, stop=STOP) for recipe in self._recipes[:room]}

    def place_of(self, index: int) -> QRectF:
        """Where a picture stands."""
        return QRectF(GUTTER + index * (SIDE + GAP), 6, SIDE, SIDE)

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(GUTTER + 4 * (SIDE + GAP), SIDE + 12)

    def _at(self, point: QPointF) -> Recipe | None:
        for index, recipe in enumerate(self._recipes):
            if self.place_of(index).contains(point):
                return recipe
        return None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take a picture."""
        recipe = self._at(event.position())
        if recipe is not None and event.button() == Qt.MouseButton.LeftButton:
            self._grip = (event.position(), recipe)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag it."""
        if self._grip is None:
            return
        start, recipe = self._grip
        if (event.position() - start).manhattanLength() >= QApplication.startDragDistance():
            self._grip = None
            drag = QDrag(self)
            drag.setMimeData(mime_of(recipe))
            image = self._pictures.get(recipe)
            if image is not None:
                drag.setPixmap(QPixmap.fromImage(image.scaledToHeight(SIDE)))
                drag.setHotSpot(QPoint(SIDE // 2, SIDE // 2))
            drag.exec(Qt.DropAction.CopyAction)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._grip = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Add it behind the last keyframe."""
        recipe = self._at(event.position())
        if recipe is not None:
            self._grip = None
            self.added.emit(recipe)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Name, then rounded pictures."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        palette = self.palette()
        painter.fillRect(self.rect(), palette.color(theme.PANEL))
        painter.setPen(QPen(palette.color(theme.LINE), 1))
        painter.drawLine(QPointF(0, self.height() - 0.5), QPointF(self.width(), self.height() - 0.5))
        painter.setFont(theme.with_weight(self.font(), self.font().Weight.Medium, 11))
        painter.setPen(palette.color(theme.DIM))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(QRectF(14, 0, GUTTER - 20, self.height()), flags, "History")
        for index, recipe in enumerate(self._recipes):
            place = self.place_of(index)
            if place.left() > self.width():
                break
            shape = QPainterPath()
            shape.addRoundedRect(place, 6, 6)
            painter.fillPath(shape, palette.color(theme.STAGE))
            image = self._pictures.get(recipe)
            if image is not None:
                painter.save()
                painter.setClipPath(shape)
                painter.drawImage(place, image, middle_of(image, 1.0))
                painter.restore()
            painter.setPen(QPen(palette.color(theme.LINE), 1))
            painter.drawRoundedRect(place, 6, 6)


def mime_of(recipe: Recipe) -> QMimeData:
    """A recipe as it is dragged: for the timeline, and as text for anybody."""
    data = QMimeData()
    text = document.dumps(recipe)
    data.setData(RECIPE_MIME, text.encode("ascii"))
    data.setText(text)
    return data
