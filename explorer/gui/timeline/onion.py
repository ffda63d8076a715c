"""The onion strip: what the film looks like along its way, side by side."""

from collections.abc import Hashable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPainter

from explorer.gui import theme
from explorer.gui.timeline.lane import Lane
from explorer.gui.timeline.looks import look_of
from explorer.gui.timeline.pictures import STOP, Pictures
from explorer.gui.timeline.view import GUTTER, PAD, TimeView
from explorer.recipe import Moment
from explorer.render.frame import RenderRequest

SIDE = 48


class Onion(Lane):
    """Pictures without a gap; each shows the frame in the middle of its place."""

    NAME = "Film"
    HEIGHT = SIDE + 8

    def __init__(self, view: TimeView, pictures: Pictures) -> None:
        super().__init__(view)
        self._pictures = pictures
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        pictures.ready.connect(self.update)

    def places(self) -> list[tuple[float, int]]:
        """Left edge and frame of each picture that is seen."""
        film = self.view.film
        if film is None or self.width() <= GUTTER:
            return []
        # Places stand still in time, so that panning asks for few new pictures.
        begin = GUTTER + PAD - self.view.left * self.view.scale
        end = min(self.view.x_of(film.seconds), float(self.width()))
        first = max(0, int((GUTTER - begin) / SIDE))
        places = []
        x = begin + first * SIDE
        while x < end:
            middle = min(x + SIDE / 2, end)
            places.append((x, min(int(self.view.seconds_at(middle) * film.fps), film.frames - 1)))
            x += SIDE
        return places

    def wanted(self) -> dict[Hashable, RenderRequest]:
        """Requests for all pictures of the strip."""
        film, cell = self.view.film, self.view.cell
        assert film is not None, "asked only where there is a film"
        return {
            look_of(film, number, cell): RenderRequest.of_moment(Moment(film, number, cell), stop=STOP)
            for _, number in self.places()
        }

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go there."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.view.seek(self.view.frame_at_x(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.view.seek(self.view.frame_at_x(event.position().x()))

    def draw(self, painter: QPainter) -> None:
        """Pictures that are here; empty places for the others."""
        film = self.view.film
        if film is None:
            return
        end = self.view.x_of(film.seconds)
        for x, number in self.places():
            place = QRectF(x, 4, min(SIDE, end - x), SIDE)
            image = self._pictures.get(look_of(film, number, self.view.cell))
            if image is None:
                painter.fillRect(place.adjusted(0.5, 0, -0.5, 0), self.palette().color(theme.STAGE))
            else:
                painter.drawImage(place, image, middle_of(image, place.width() / place.height()))


def middle_of(image: QImage, ratio: float) -> QRectF:
    """The part of a picture that fills a place of width / height = `ratio`."""
    width = min(image.width(), image.height() * ratio)
    height = min(image.height(), width / max(ratio, 1e-6))
    return QRectF((image.width() - width) / 2, (image.height() - height) / 2, width, height)
