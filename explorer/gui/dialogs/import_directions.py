"""What a file of directions holds, what to mind about it, and which to take over."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer.gui import theme
from explorer.gui.direction_jobs import Offer
from explorer.gui.widgets.buttons import TextButton
from explorer.gui.widgets.direction_row import KINDS
from explorer.recipe.notation import format_layers

if TYPE_CHECKING:
    from explorer.latents import Direction

HEADS = ("Name", "Kind", "Rows", "Note")
ROW_HEIGHT = 30


class ImportDirections(QDialog):
    """Offers directions; accepted, `chosen` are those to keep."""

    def __init__(self, offer: Offer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Import directions from {offer.path.name}")
        self.offer = offer
        banner = QFrame()
        banner.setObjectName("notice")
        banner.setProperty("level", "error")
        inside = QHBoxLayout(banner)
        inside.setContentsMargins(14, 10, 14, 10)
        inside.setSpacing(12)
        sign = QLabel()
        sign.setPixmap(theme.palette_icon("warning", self.palette(), theme.DANGER).pixmap(20, 20))
        self.warning = QLabel("\n".join(_sentence(text) for text in offer.warnings))
        self.warning.setWordWrap(True)
        inside.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        inside.addWidget(self.warning, 1)
        banner.setVisible(bool(offer.warnings))
        told = [f"By {offer.author}"] if offer.author else []
        told += [f"Licence: {offer.licence}"] if offer.licence else []
        self.told = QLabel(" · ".join(told))
        self.told.setProperty("role", "dim")
        self.told.setVisible(bool(told))
        self.list = tick_list(offer.directions, range(len(offer.directions)))
        self.list.itemChanged.connect(self._show_state)
        self.go = TextButton("Import", primary=True)
        self.go.setObjectName("import_button")
        self.go.clicked.connect(self.accept)
        cancel = TextButton("Cancel")
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        for part in (banner, self.told, self.list):
            column.addWidget(part)
        column.addLayout(buttons)
        self.resize(640, 420)
        self._show_state()

    @property
    def chosen(self) -> list["Direction"]:
        """Directions that are ticked."""
        return [self.offer.directions[index] for index in ticked(self.list)]

    def _show_state(self) -> None:
        count = len(ticked(self.list))
        self.go.setText(f"Import {count}" if count else "Import")
        self.go.setEnabled(bool(count))


def tick_list(directions: Sequence["Direction"], chosen: Sequence[int]) -> QTreeWidget:
    """A list of directions with a tick before each.

    Parameters
    ----------
    chosen : places of those that are ticked at the beginning.
    """
    tree = QTreeWidget()
    tree.setObjectName("tick_list")
    tree.setHeaderLabels(HEADS)
    tree.setRootIsDecorated(False)
    tree.setUniformRowHeights(True)
    tree.setAccessibleName("Directions")
    for index, direction in enumerate(directions):
        kind = KINDS.get(direction.kind, direction.kind)
        item = QTreeWidgetItem([direction.name, kind, format_layers(direction.layers), direction.note])
        item.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled)
        item.setCheckState(0, Qt.CheckState.Checked if index in chosen else Qt.CheckState.Unchecked)
        item.setToolTip(3, direction.note)
        item.setSizeHint(0, QSize(0, ROW_HEIGHT))
        tree.addTopLevelItem(item)
    for column, width in enumerate((170, 170, 80)):
        tree.setColumnWidth(column, width)
    return tree


def ticked(tree: QTreeWidget) -> list[int]:
    """Places of what is ticked."""
    items = (tree.topLevelItem(index) for index in range(tree.topLevelItemCount()))
    checked = Qt.CheckState.Checked
    return [index for index, item in enumerate(items) if item and item.checkState(0) == checked]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
