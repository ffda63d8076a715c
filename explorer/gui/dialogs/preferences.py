"""Settings: the few choices that are kept between runs and have no place in a menu."""

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from explorer.gui.caches import MIB
from explorer.gui.settings import Settings, settings_file
from explorer.gui.widgets.buttons import TextButton
from explorer.gui.widgets.signature_box import SignatureBox

LEAST_MIB = 16


class Preferences(QDialog):
    """Edits `settings` in place when accepted."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self._settings = settings
        heading = QLabel("Settings")
        heading.setProperty("role", "heading")
        self.restore = QCheckBox("Open where I was last time")
        self.restore.setChecked(settings.restore_session)
        self.cache = QSpinBox()
        self.cache.setRange(0, 16384)
        self.cache.setSpecialValueText("Automatic")  # instead of 0
        self.cache.setSingleStep(64)
        self.cache.setSuffix(" MiB")
        self.cache.lineEdit().setTextMargins(8, 0, 8, 0)
        self.cache.setValue(settings.cache_mib)
        self.cache.setAccessibleName("Most memory for what is kept to be quick")
        hint = QLabel(
            "The most that is kept to be quick: half-done pictures, with which dragging fine rows is "
            "faster, and small ones of seeds and films. Automatic means 256 MiB, on an NVIDIA GPU a "
            "sixteenth of its memory, 256 MiB to 4 GiB. The network itself comes on top."
        )
        hint.setProperty("role", "hint")
        hint.setWordWrap(True)
        hint.setMinimumWidth(440)  # a form reserves the height that the words take at the least width
        form = QFormLayout()
        form.setVerticalSpacing(12)
        form.setHorizontalSpacing(20)
        form.addRow("At the start", self.restore)
        self.in_use = QLabel(" ")
        self.in_use.setProperty("role", "hint")
        memory = QVBoxLayout()
        memory.setSpacing(6)
        for widget in (self.cache, hint, self.in_use):
            memory.addWidget(widget)
        form.addRow("Memory", memory)
        self.signature = SignatureBox()
        form.addRow("Signature", self.signature)
        place = QLabel(str(settings_file()))
        place.setProperty("role", "hint")
        place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        folder = TextButton("Open the settings folder")
        folder.clicked.connect(self._open_folder)
        form.addRow("Kept in", place)
        form.addRow("", folder)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 24, 28, 20)
        column.setSpacing(18)
        column.addWidget(heading)
        column.addLayout(form)
        column.addStretch(1)
        column.addWidget(buttons)
        self.resize(600, 430)

    def show_use(self, nbytes: int, limit_bytes: int) -> None:
        """Say how much is kept at the moment, and how much may be."""
        self.in_use.setText(f"In use now: {nbytes / MIB:.0f} of {limit_bytes / MIB:.0f} MiB")

    def accept(self) -> None:
        """Take the choices over."""
        self._settings.restore_session = self.restore.isChecked()
        value = self.cache.value()
        self._settings.cache_mib = value and max(value, LEAST_MIB)
        super().accept()

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(settings_file().parent)))
