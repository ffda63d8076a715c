"""The column of panels: the network on top, then one section per panel."""

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.gui import theme
from explorer.gui.panels import PANELS, Panel
from explorer.gui.store import Store
from explorer.gui.widgets.buttons import IconButton
from explorer.gui.widgets.section import Section
from explorer.recipe import Recipe
from explorer.render.model_info import ModelInfo

WIDTH = 384
PAINT_PAUSE_MS = 2
"""Between two sections that are painted anew: room for events, and for the picture."""

FAMILIES = {
    "stylegan1": "StyleGAN",
    "stylegan2": "StyleGAN2",
    "stylegan3-t": "StyleGAN3-T",
    "stylegan3-r": "StyleGAN3-R",
}


class Column(QFrame):
    """Shows a recipe in all panels.

    Signals
    -------
    folded_changed : the user folded or unfolded a panel.
    completed : a panel has made all it shows.
    """

    folded_changed = Signal()
    completed = Signal()

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("controls")
        self.setMinimumWidth(WIDTH)
        self.model = ModelHeader()
        self._unpainted: list[Section] = []
        self._painter = QTimer(self)
        self._painter.setInterval(PAINT_PAUSE_MS)
        self._painter.timeout.connect(self._paint_one)
        self.panels: tuple[Panel, ...] = tuple(panel(store) for panel in PANELS)
        self.sections: dict[str, Section] = {}
        body = QWidget()
        body.setObjectName("controls_body")
        stack = QVBoxLayout(body)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(0)
        for panel in self.panels:
            section = Section(panel.TITLE, panel, panel.tools())
            section.toggled.connect(self.folded_changed)
            panel.completed.connect(self.completed)
            self.sections[panel.KEY] = section
            stack.addWidget(section)
            section.setVisible(panel.is_shown(None))
        stack.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(body)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.model)
        column.addWidget(scroll, 1)

    def panel(self, key: str) -> Panel:
        """Panel by its key."""
        return {panel.KEY: panel for panel in self.panels}[key]

    @property
    def is_complete(self) -> bool:
        """Whether all panels have made all they show, and it may be seen."""
        return not self._unpainted and all(panel.is_complete for panel in self.panels)

    def show_recipe(self, recipe: Recipe, info: ModelInfo | None) -> None:
        """Show a recipe in every panel."""
        for panel in self.panels:
            panel.show_recipe(recipe, info)

    def show_info(self, info: ModelInfo) -> None:
        """Show what the network can do.

        That changes everything in the column: painted at once it holds up the window
        for 10 to 18 ms, so the sections are painted one after the other.
        """
        self.model.show_info(info)
        for panel in self.panels:
            self.sections[panel.KEY].setVisible(panel.is_shown(info))
            self.sections[panel.KEY].set_available(panel.why_not(info))
        self._unpainted = [*self.sections.values()]
        for section in self._unpainted:
            section.setUpdatesEnabled(False)
        self._painter.start()

    def _paint_one(self) -> None:
        self._unpainted.pop(0).setUpdatesEnabled(True)
        if not self._unpainted:
            self._painter.stop()
            self.completed.emit()

    def show_thumbnail(self, key: str, image: QImage) -> None:
        """Hand the picture of a single seed to the panels."""
        for panel in self.panels:
            panel.show_thumbnail(key, image)

    @property
    def folded(self) -> list[str]:
        """Keys of folded panels."""
        return [key for key, section in self.sections.items() if not section.is_open]

    def set_folded(self, keys: list[str]) -> None:
        """Fold these panels, unfold the others."""
        for key, section in self.sections.items():
            section.set_open(key not in keys)


class ModelHeader(QFrame):
    """Name and sizes of the network, with a menu to choose another."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("section")
        self._title = QLabel("Loading…")
        self._title.setProperty("role", "title")
        self._details = QLabel(" ")
        self._details.setProperty("role", "hint")
        self.choose = IconButton("model", "Choose a network", role=theme.DIM)
        self.choose.setObjectName("choose_network")
        self.choose.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.choose.setIconSize(QSize(20, 20))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._details)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 14, 12)
        row.addLayout(words, 1)
        row.addWidget(self.choose)

    def set_menu(self, menu: QMenu) -> None:
        """Networks to choose from."""
        self.choose.setMenu(menu)

    def show_loading(self, name: str) -> None:
        """Say that a network is on its way."""
        self._details.setText(f"Loading {name}…")

    def show_nothing(self) -> None:
        """Say that no network is open."""
        self._title.setText("No network")
        self._details.setText("Choose one, or drop its file here")

    def show_info(self, info: ModelInfo) -> None:
        """Say what the network is."""
        self._title.setText(info.title)
        family = FAMILIES.get(info.architecture, info.architecture)
        size = f"{info.size[0]} × {info.size[1]}"
        self._details.setText(f"{family} · {size} · {info.num_ws} rows · {millions(info.parameters)}")
        lines = [f"Name: {info.ref.name}", f"sha256: {info.ref.sha256}"]
        lines += [f"Licence: {info.licence}"] if info.licence else []
        lines += [info.attribution] if info.attribution else []
        self.setToolTip("\n".join(lines))


def millions(count: int) -> str:
    """Count of parameters for people."""
    return f"{count / 1e6:.1f} M parameters" if count >= 1e5 else f"{count:,} parameters"
