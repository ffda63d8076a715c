"""A picture, as large as its place allows, smooth."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.gui import theme


class ResultView(QWidget):
    """Shows one image, or an empty ground."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image: QImage | None = None
        self.setAccessibleName("Nearest picture so far")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        """Room for a picture."""
        return QSize(380, 380)

    def show_image(self, image: QImage | None) -> None:
        """Show another."""
        self.image = image
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The image in the middle."""
        painter = QPainter(self)
        if self.image is None:
            painter.fillRect(self.rect(), self.palette().color(theme.STAGE))
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect(0, 0, size.width(), size.height())
        place.moveCenter(self.rect().center())
        painter.drawImage(place, self.image)
