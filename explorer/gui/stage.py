"""The middle of the window: the picture, with notices over its upper edge."""

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from explorer.gui.notices import Notices
from explorer.gui.viewer import Viewer

WIDEST = 600


class Stage(QWidget):
    """Viewer and notices, one above the other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.viewer = Viewer(self)
        self.viewer.setObjectName("viewer")
        self.notices = Notices(self)
        self.notices.resized.connect(self._arrange)
        self.setMinimumSize(self.viewer.minimumSize())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the viewer everything."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        self.viewer.setGeometry(self.rect())
        width = min(WIDEST, self.width() - 32)
        height = self.notices.height_for(width)
        self.notices.setGeometry((self.width() - width) // 2, 16, width, height)
        self.notices.raise_()
