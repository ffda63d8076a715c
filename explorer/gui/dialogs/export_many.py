"""Export of several faces: which, a folder, how; then progress, which can be stopped."""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from explorer.errors import RecipeError
from explorer.gui.dialogs.batch_choice import BatchChoice
from explorer.gui.notices import notice_of
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.settings import Settings
from explorer.gui.widgets.buttons import TextButton
from explorer.gui.widgets.finish_box import FinishBox, choices_grid
from explorer.recipe import History, Recipe, Work
from explorer.recipe.finish import Finish, Label
from explorer.render.model_info import ModelInfo

if TYPE_CHECKING:
    from explorer.export.batch import Batch, BatchProgress, BatchReport
    from explorer.render.engine import Engine


class ExportMany(QDialog):
    """Draws a batch on the render thread, between what the viewer wants.

    Parameters
    ----------
    recipe : of the picture that is seen.
    history : what was on screen before, to choose from.
    info : the network that draws it; None where another is open by now.
    size : width and height of that picture, in pixels.
    folder : proposed.

    Signals
    -------
    exported(Path) : the first of the pictures that are on the disk now.
    """

    exported = Signal(object)
    _told = Signal(object)

    def __init__(
        self,
        bridge: RenderBridge,
        kept: Settings,
        recipe: Recipe,
        history: History[Work],
        info: ModelInfo | None,
        size: tuple[int, int],
        folder: Path,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export several faces")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._bridge, self._kept, self._recipe, self._info = bridge, kept, recipe, info
        self._folder = folder
        self._stop = threading.Event()
        self._running = False
        heading = QLabel("Export several faces")
        heading.setProperty("role", "heading")
        self.choice = BatchChoice(bridge, recipe, history)
        self.seeds, self.count = self.choice.seeds, self.choice.hint
        self.place = QLineEdit(str(folder))
        self.place.setReadOnly(True)
        self.place.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.place.setAccessibleName("Folder")
        self.choose = TextButton("Choose…")
        self.choose.clicked.connect(self._choose_folder)
        place = QHBoxLayout()
        place.setSpacing(8)
        place.addWidget(self.place, 1)
        place.addWidget(self.choose)
        self.box = FinishBox(kept.batch_finish or Finish(label=Label()).dumps(), kept.batch_suffix)
        self.box.show_size(*size)
        form = choices_grid()
        form.addWidget(QLabel("Folder"), 0, 0)
        form.addLayout(place, 0, 1)
        self.licence = _licence_box()
        self.licence_words = QLabel()
        self.licence_words.setWordWrap(True)
        self.accepted_licence = QCheckBox()
        inside = QVBoxLayout(self.licence)
        inside.setContentsMargins(14, 10, 14, 10)
        inside.setSpacing(8)
        inside.addWidget(self.licence_words)
        inside.addWidget(self.accepted_licence)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the export")
        self.words = QLabel()
        self.words.setProperty("role", "hint")
        self.words.setWordWrap(True)
        self.error = QLabel()
        self.error.setProperty("role", "error")
        self.error.setWordWrap(True)
        self.show_folder = TextButton("Open folder")
        self.show_folder.clicked.connect(self._open_folder)
        self.leave = TextButton("Cancel")
        self.leave.clicked.connect(self._leave)
        self.go = TextButton("Export", primary=True)
        self.go.setDefault(True)
        self.go.clicked.connect(self._begin)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.show_folder)
        buttons.addStretch(1)
        buttons.addWidget(self.leave)
        buttons.addWidget(self.go)
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(28, 24, 28, 20)
        column.setSpacing(16)
        column.addWidget(heading)
        column.addWidget(self.choice)
        column.addLayout(form)
        column.addWidget(self.box)
        column.addWidget(self.licence)
        column.addStretch(1)
        for widget in (self.error, self.bar, self.words):
            column.addWidget(widget)
        column.addLayout(buttons)
        self.resize(560, 620)
        for part in (self.bar, self.words, self.error, self.show_folder):
            part.hide()
        self.choice.changed.connect(self._check)
        self.choice.changed.connect(self._grow, Qt.ConnectionType.QueuedConnection)
        self.accepted_licence.toggled.connect(self._check)
        self._told.connect(self._progressed, Qt.ConnectionType.QueuedConnection)
        self._check()

    @property
    def is_running(self) -> bool:
        """Whether pictures are being written."""
        return self._running

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop after the picture under way."""
        self._stop.set()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape stops, too."""
        self._stop.set()
        super().reject()

    def _check(self) -> None:
        """Say which licence holds, and whether it can begin."""
        from explorer.export.batch import MANY

        try:
            count = len(self.choice.recipes())
        except RecipeError:
            count = 0
        pictures = "1 picture" if count == 1 else f"{count:,} pictures"
        licence = "" if self._info is None else self._info.licence
        title = self._recipe.model.name if self._info is None else self._info.title
        is_many = count > MANY
        self.licence.setVisible(bool(licence) or is_many)
        self.licence_words.setText(
            f"The licence of {title} holds for each of the {pictures}: {licence or 'it is not stated'}."
            if is_many
            else f"Licence of {title}: {licence}"
        )
        self.accepted_licence.setVisible(is_many)
        self.accepted_licence.setText("I keep to it for all of them, and pass none of them off as real")
        self.go.setEnabled(bool(count) and not (is_many and not self.accepted_licence.isChecked()))

    def _grow(self) -> None:
        """Make room for what came to the page; a page with lines that wrap does not do it by itself."""
        self.resize(self.width(), max(self.height(), self._column.heightForWidth(self.width())))

    def _choose_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Folder for the pictures", str(self._folder))
        if path:
            self.set_folder(Path(path))

    def set_folder(self, folder: Path) -> None:
        """Put the pictures there."""
        self._folder = folder
        self.place.setText(str(folder))

    def _begin(self) -> None:
        from explorer.export.batch import Batch

        self._kept.batch_finish, self._kept.batch_suffix = self.box.finish.dumps(), self.box.suffix
        recipes = self.choice.recipes()
        batch = Batch(recipes, self._folder, self.box.suffix, self.box.finish)
        self._show_running(True)
        self.bar.setRange(0, len(recipes))
        self.bar.setValue(0)
        self.words.setText("Begins when the picture you see is finished…")
        self._stop.clear()
        self._bridge.call(partial(_work, batch, self._info, self._tell, self._stop), self._finished)

    def _tell(self, progress: "BatchProgress") -> None:
        """Render thread."""
        # A RuntimeError says that the page is gone.
        with suppress(RuntimeError):
            self._told.emit(progress)

    @Slot(object)
    def _progressed(self, progress: "BatchProgress") -> None:
        if self._running:
            self.bar.setValue(progress.done)
            self.words.setText(
                f"{progress.done:,} of {progress.total:,}: {progress.path.name}. "
                f"{_time(progress.seconds_left)} left"
            )

    def _finished(self, result: "BatchReport | Exception") -> None:
        with suppress(RuntimeError):  # the page may be closed by now
            self._show_running(False)
            if isinstance(result, Exception):
                notice = notice_of(result, "The export could not go on")
                self.error.setText(f"{notice.title}. {notice.text}")
                self.error.show()
                self.words.hide()
                return
            count = len(result.paths)
            pictures = "1 picture" if count == 1 else f"{count:,} pictures"
            stopped = "Stopped. " if result.stopped else ""
            notices = "".join(f"\n{text}." for text in result.notices)
            self.words.setText(f"{stopped}{pictures} saved in {self._folder}.{notices}")
            self.show_folder.setVisible(bool(count))
            self.leave.setText("Close")
            if result.paths:
                self.exported.emit(result.paths[0])

    def _show_running(self, running: bool) -> None:
        self._running = running
        for widget in (self.choice, self.choose, self.box, self.go):
            widget.setEnabled(not running)
        self.bar.setVisible(running)
        self.words.show()
        self.error.hide()
        self.show_folder.hide()
        self.leave.setText("Stop" if running else "Cancel")

    def _leave(self) -> None:
        if self._running:
            self._stop.set()
            self.words.setText("Stops after the picture under way…")
        else:
            self.close()

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))


def _work(
    batch: "Batch",
    info: ModelInfo | None,
    tell: "Callable[[BatchProgress], None]",
    stop: threading.Event,
    engine: "Engine",
) -> Any:
    """Begin the batch, on the render thread; the worker takes it on picture by picture."""
    from explorer.export.batch import export_batch

    return export_batch(engine, batch, info, tell, stop.is_set)


def _licence_box() -> QFrame:
    box = QFrame()
    box.setObjectName("licence_box")
    return box


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
