"""Export of the picture that is seen: the choices that "Save picture" does not ask for."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from explorer.gui.settings import Settings
from explorer.gui.widgets.buttons import TextButton
from explorer.gui.widgets.finish_box import FinishBox

TELLS = (
    "Recipe, network and Content Credentials go into the file whatever you choose here, and so does what "
    "was chosen: the picture can be drawn again and compared."
)


class ExportPicture(QDialog):
    """Asks how; `accepted` then means that a place may be asked for. Choices are kept."""

    def __init__(self, kept: Settings, size: tuple[int, int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export picture")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._kept = kept
        heading = QLabel("Export picture")
        heading.setProperty("role", "heading")
        self.box = FinishBox(kept.export_finish, kept.export_suffix)
        self.box.show_size(*size)
        tells = QLabel(TELLS)
        tells.setProperty("role", "hint")
        tells.setWordWrap(True)
        self.go = TextButton("Choose where…", primary=True)
        self.go.setDefault(True)
        self.go.clicked.connect(self.accept)
        leave = TextButton("Cancel")
        leave.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(leave)
        buttons.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 24, 28, 20)
        column.setSpacing(18)
        column.addWidget(heading)
        column.addWidget(self.box)
        column.addWidget(tells)
        column.addStretch(1)
        column.addLayout(buttons)
        self.resize(520, 430)

    def accept(self) -> None:
        """Keep the choices."""
        self._kept.export_finish = self.box.finish.dumps()
        self._kept.export_suffix = self.box.suffix
        super().accept()
