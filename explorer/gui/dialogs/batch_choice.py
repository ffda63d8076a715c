"""Which pictures a batch is made of: seeds, what was on screen before, or files made here."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QIcon, QImage, QPixmap
from PySide6.QtWidgets import (
    QFileDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer.errors import RecipeError
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.thumbnails import Thumbnails
from explorer.gui.timeline.shelf import recipes_of
from explorer.gui.widgets.buttons import TextButton
from explorer.gui.widgets.finish_box import Segments, choices_grid
from explorer.recipe import SEED_LIMIT, History, Recipe, SeedBlend, Work, edits
from explorer.recipe.notation import parse_seeds

FIRST = 16
"""Seeds proposed, beginning with that of the picture."""
MOST = 60
"""Pictures of the history that are offered, the newest first."""
SIDE = 64
"""Of a small picture, in logical pixels."""
SOURCES = ("Seeds", "Seen before", "Files")
FILE_FILTER = (
    "Pictures and recipes (*.png *.jpg *.jpeg *.webp *.tif *.tiff *.gif *.mp4 *.mov *.webm *.json *.film);;"
    "All files (*)"
)


class BatchChoice(QWidget):
    """Lets recipes be chosen.

    Parameters
    ----------
    recipe : of the picture that is seen; with seeds, all but the seed is taken from it.
    history : what was on screen before.

    Signals
    -------
    changed : something else is chosen now.
    """

    changed = Signal()

    def __init__(
        self, bridge: RenderBridge, recipe: Recipe, history: History[Work], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self._recipe = recipe
        self._before = recipes_of(history, MOST)
        self._from_files: list[tuple[str, Recipe]] = []
        self._problem = ""
        self.source = Segments("Pictures", SOURCES)
        first = edits.seed_a(recipe) or 0
        self.seeds = QLineEdit(f"{first}-{min(first + FIRST, SEED_LIMIT) - 1}")
        self.seeds.setPlaceholderText("0-15, 20, 42")
        self.seeds.setAccessibleName("Seeds")
        self.list = _list()
        self.add = TextButton("Add files…")
        self.add.clicked.connect(self._choose_files)
        self.hint = QLabel()
        self.hint.setProperty("role", "hint")
        self.hint.setWordWrap(True)
        column = QVBoxLayout()
        column.setSpacing(8)
        for widget in (self.source, self.seeds, self.list):
            column.addWidget(widget)
        column.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.hint)
        grid = choices_grid(self)
        name = QLabel("Pictures")
        name.setContentsMargins(0, 8, 0, 0)
        grid.addWidget(name, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addLayout(column, 0, 1)
        self._thumbnails = Thumbnails(bridge, self)
        self._thumbnails.ready.connect(self._show_small)
        self._small: dict[Recipe, QImage] = {}
        self.source.changed.connect(self._show_source)
        self.seeds.textChanged.connect(self._say)
        self.list.itemSelectionChanged.connect(self._say)
        self._show_source()

    def recipes(self) -> tuple[Recipe, ...]:
        """What is chosen, in order.

        Raises
        ------
        RecipeError
            If the seeds cannot be read.
        """
        if self.source.index == 0:
            seeds = dict.fromkeys(parse_seeds(self.seeds.text()))
            return tuple(self._recipe.with_(base=SeedBlend.of(seed)) for seed in seeds)
        offered = self._offered()
        rows = sorted(index.row() for index in self.list.selectedIndexes())
        return tuple(offered[row][1] for row in rows)

    def add_files(self, paths: Sequence[Path]) -> None:
        """Take the recipes out of files; of a film those of its keyframes."""
        from explorer.provenance import read_embedded, read_film, read_recipe

        self._problem = ""
        for path in paths:
            try:
                if read_embedded(path).film_texts and read_embedded(path).frame is None:
                    found = [key.recipe for keys in read_film(path).cells for key in keys]
                else:
                    found = [read_recipe(path)]
            except (RecipeError, OSError) as error:
                self._problem = str(error)
                continue
            self._from_files += [(path.name, recipe) for recipe in found]
        self.source.choose(2)
        self._show_source()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Welcome files."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Take their recipes."""
        event.acceptProposedAction()
        self.add_files([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])

    def _choose_files(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, "Files to export anew", str(Path.home()), FILE_FILTER)
        if paths:
            self.add_files([Path(path) for path in paths])

    def _offered(self) -> list[tuple[str, Recipe]]:
        if self.source.index == 2:
            return self._from_files
        return [(_words(recipe), recipe) for recipe in self._before]

    def _show_source(self) -> None:
        source = self.source.index
        self.seeds.setVisible(source == 0)
        self.add.setVisible(source == 2)
        self.list.setVisible(source == 1 or (source == 2 and bool(self._from_files)))
        self.list.blockSignals(True)
        self.list.clear()
        if source:
            for row, (words, recipe) in enumerate(self._offered()):
                item = QListWidgetItem(_icon(self._small.get(recipe)), words)
                item.setToolTip(_words(recipe))
                self.list.addItem(item)
                if recipe not in self._small:
                    self._thumbnails.want(f"{source} {row}", recipe)
            self.list.selectAll()
        self.list.blockSignals(False)
        self._say()

    def _show_small(self, key: str, image: QImage) -> None:
        source, row = map(int, key.split())
        offered = self._offered()
        if source == self.source.index and row < len(offered):
            self._small[offered[row][1]] = image
            item = self.list.item(row)
            if item is not None:
                item.setIcon(_icon(image))

    def _say(self) -> None:
        try:
            count, problem = len(self.recipes()), self._problem
        except RecipeError as error:
            count, problem = 0, str(error)
        pictures = "1 picture" if count == 1 else f"{count:,} pictures"
        tells = (
            f"{pictures}. All but the seed stays as it is in the picture you see.",
            f"{pictures} chosen, each as it was on screen. Ctrl and Shift choose several.",
            f"{pictures} chosen, drawn anew from the recipes inside. Files may be dropped here.",
        )[self.source.index]
        if problem:
            tells = f"{problem[:1].upper()}{problem[1:]}" + (f"\n{tells}" if count else "")
        self.hint.setText(tells)
        self.changed.emit()


def _words(recipe: Recipe) -> str:
    seed = edits.seed_a(recipe)
    return "latent" if seed is None else str(seed)


def _list() -> QListWidget:
    box = QListWidget()
    box.setObjectName("batch_list")
    box.setAccessibleName("Pictures to export")
    box.setViewMode(QListWidget.ViewMode.IconMode)
    box.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
    box.setResizeMode(QListWidget.ResizeMode.Adjust)
    box.setMovement(QListWidget.Movement.Static)
    box.setUniformItemSizes(True)
    box.setIconSize(QSize(SIDE, SIDE))
    box.setGridSize(QSize(SIDE + 28, SIDE + 30))
    box.setMinimumHeight(2 * (SIDE + 30) + 8)
    return box


def _icon(image: QImage | None) -> QIcon:
    if image is None:
        pixmap = QPixmap(SIDE, SIDE)
        pixmap.fill(QColor(128, 128, 128, 40))
        return QIcon(pixmap)
    pixmap = QPixmap.fromImage(image).scaled(
        2 * SIDE, 2 * SIDE, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    icon = QIcon(pixmap)
    # Chosen ones keep their colours; the frame around them says enough.
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon
