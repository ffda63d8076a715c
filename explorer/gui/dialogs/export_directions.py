"""Which directions go into a `.directions` file, who made them, and what others may do with them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from explorer.gui.dialogs.import_directions import tick_list, ticked
from explorer.gui.widgets.buttons import TextButton

if TYPE_CHECKING:
    from explorer.latents import Direction

LICENCES = ("", "CC0 1.0", "CC BY 4.0", "CC BY-SA 4.0", "CC BY-NC 4.0")


class ExportDirections(QDialog):
    """Asks what goes into the file; accepted, its properties say it.

    Parameters
    ----------
    own : names that are ticked at the beginning; all where there are none.
    """

    def __init__(
        self,
        directions: Sequence["Direction"],
        own: frozenset[str],
        author: str,
        network: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export directions")
        self._directions = tuple(directions)
        mine = [index for index, direction in enumerate(directions) if direction.name in own]
        self.list = tick_list(directions, mine or range(len(directions)))
        self.list.itemChanged.connect(self._show_state)
        self.author_box = QLineEdit(author)
        self.author_box.setMaxLength(200)
        self.author_box.setPlaceholderText("Your name, if you like")
        self.licence_box = QComboBox()
        self.licence_box.setEditable(True)
        self.licence_box.addItems(LICENCES)
        line = QLineEdit()
        line.setPlaceholderText("What others may do with them")
        self.licence_box.setLineEdit(line)
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(8)
        form.addRow("Author", self.author_box)
        form.addRow("Licence", self.licence_box)
        hint = QLabel(f"The file says that they belong to {network}; notes and measured effects go along.")
        hint.setProperty("role", "hint")
        hint.setWordWrap(True)
        self.go = TextButton("Export…", primary=True)
        self.go.setObjectName("export_button")
        self.go.clicked.connect(self.accept)
        cancel = TextButton("Cancel")
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(hint, 1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(12)
        column.addWidget(self.list)
        column.addLayout(form)
        column.addLayout(buttons)
        self.resize(640, 460)
        self._show_state()

    @property
    def chosen(self) -> list["Direction"]:
        """Directions that are ticked."""
        return [self._directions[index] for index in ticked(self.list)]

    @property
    def author(self) -> str:
        """Who made them."""
        return self.author_box.text().strip()

    @property
    def licence(self) -> str:
        """What others may do with them."""
        return self.licence_box.currentText().strip()

    def _show_state(self) -> None:
        self.go.setEnabled(bool(ticked(self.list)))
