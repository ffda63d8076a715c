"""Contact sheets: choose what stands where, see it drawn, find it in a file with all recipes inside."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDesktopServices, QImageReader, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from explorer.errors import ExplorerError
from explorer.gui.dialogs.sheet_form import SheetForm
from explorer.gui.notices import notice_of
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.widgets.buttons import TextButton
from explorer.gui.widgets.finish_box import mark_box
from explorer.locations import free_path
from explorer.recipe import ModelRef, Push, Recipe
from explorer.recipe.finish import WORDS
from explorer.render.model_info import ModelInfo

if TYPE_CHECKING:
    from explorer.export.sheet import Sheet
    from explorer.render.engine import Engine

FILTER = "PNG (*.png);;JPEG (*.jpg);;WebP (*.webp);;TIFF (*.tif)"
SEEN = (520, 300)
"""Largest size of a finished sheet on the page, in logical pixels."""


class SheetPage(QDialog):
    """Draws a sheet on the render thread, picture by picture, between what the viewer wants.

    Parameters
    ----------
    recipe : of the picture that is seen; all but what the sheet varies is taken from it.
    info : the network that draws it; None where another is open by now.
    folder : proposed.

    Signals
    -------
    exported(Path) : the sheet is on the disk.
    """

    exported = Signal(object)
    _told = Signal(int)

    def __init__(
        self,
        bridge: RenderBridge,
        recipe: Recipe,
        info: ModelInfo | None,
        folder: Path,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Contact sheet")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._bridge, self._recipe, self._info, self._folder = bridge, recipe, info, folder
        self._path = Path()
        self._stop = threading.Event()
        self._running = False
        heading = QLabel("Contact sheet")
        heading.setProperty("role", "heading")
        self.form = SheetForm(recipe)
        self.label = QCheckBox(f"Write “{WORDS}” on the lower margin")
        self.label.setChecked(True)
        self.mark = mark_box()
        self.count, self.words, self.error = _words("hint"), _words("hint"), _words("error")
        self.seen = QLabel()
        self.seen.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the sheet")
        self.show_folder = TextButton("Open folder")
        self.show_folder.clicked.connect(self._open_folder)
        self.leave = TextButton("Cancel")
        self.leave.clicked.connect(self._leave)
        self.go = TextButton("Choose where, and draw…", primary=True)
        self.go.setDefault(True)
        self.go.clicked.connect(self._choose)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.show_folder)
        buttons.addStretch(1)
        buttons.addWidget(self.leave)
        buttons.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 24, 28, 20)
        column.setSpacing(16)
        column.addWidget(heading)
        column.addWidget(self.form)
        column.addWidget(self.mark)
        column.addWidget(self.label)
        column.addWidget(self.count)
        column.addWidget(self.seen, 1)
        for widget in (self.error, self.bar, self.words):
            column.addWidget(widget)
        column.addLayout(buttons)
        self.resize(580, 480)
        for part in (self.seen, self.bar, self.words, self.error, self.show_folder):
            part.hide()
        self.form.changed.connect(self._check)
        self._told.connect(self._progressed, Qt.ConnectionType.QueuedConnection)
        self._check()
        bridge.call(partial(_pushes, recipe.model), self._know_directions)

    @property
    def is_running(self) -> bool:
        """Whether a sheet is being drawn."""
        return self._running

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop after the picture under way; no file is left then."""
        self._stop.set()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape stops, too."""
        self._stop.set()
        super().reject()

    def draw(self, path: Path) -> None:
        """Draw what is chosen into a file."""
        self._path, self._folder = path, path.parent
        sheet = self.form.sheet()
        self._show_running(True)
        self.bar.setRange(0, sheet.pictures)
        self.bar.setValue(0)
        self.words.setText("Begins when the picture you see is finished…")
        self._stop.clear()
        work = partial(
            _work,
            sheet,
            path,
            self.form.height_of_pictures,
            self.label.isChecked(),
            self.mark.isChecked(),
            self._tell,
            self._stop,
        )
        self._bridge.call(work, self._finished)

    def _know_directions(self, found: tuple[Push, ...] | Exception) -> None:
        with suppress(RuntimeError):  # the page may be closed by now
            # Those of the picture first: their owner looks at them just now.
            own = [push for push in self._recipe.directions if push.stored is not None]
            names = {push.name for push in own}
            known = () if isinstance(found, Exception) else found
            self.form.show_directions((*own, *(push for push in known if push.name not in names)))

    def _check(self) -> None:
        """Say what the choices mean, and whether it can begin."""
        from explorer.export.batch import MANY

        try:
            sheet = self.form.sheet()
        except ExplorerError as error:
            text = str(error)
            self.count.setText(f"{text[:1].upper()}{text[1:]}.")
            self.go.setEnabled(False)
            return
        across, down = len(sheet.rows[0]), len(sheet.rows)
        says = f"{across} across, {down} down: {across * down:,} pictures, each with its recipe in the file."
        licence = "" if self._info is None else self._info.licence
        if across * down > MANY and self._info is not None:
            says += f" The licence of {self._info.title} holds for each: {licence or 'it is not stated'}."
        self.count.setText(says)
        self.go.setEnabled(not self._running)

    def _choose(self) -> None:
        start = str(free_path(self._folder, "sheet.png"))
        path, chosen = QFileDialog.getSaveFileName(self, "Contact sheet", start, FILTER)
        if path:
            target = Path(path)
            suffix = chosen.partition("*")[2].rstrip(")") or ".png"
            self.draw(target if target.suffix else free_path(target.parent, target.name + suffix))

    def _tell(self, drawn: int) -> None:
        """Render thread."""
        with suppress(RuntimeError):  # the page is gone
            self._told.emit(drawn)

    @Slot(int)
    def _progressed(self, drawn: int) -> None:
        if self._running:
            self.bar.setValue(drawn)
            self.words.setText(f"{drawn:,} of {self.bar.maximum():,} pictures")

    def _finished(self, result: Any) -> None:
        with suppress(RuntimeError):  # the page may be closed by now
            self._show_running(False)
            if isinstance(result, Exception):
                notice = notice_of(result, "The sheet could not be drawn")
                self.error.setText(f"{notice.title}. {notice.text}")
                self.error.show()
                self.words.hide()
            elif result is None:
                self.words.setText("Stopped; no file was written.")
            else:
                self.words.setText("".join(f"{text}.\n" for text in result) + f"Saved {self._path}.")
                self.show_folder.show()
                self.leave.setText("Close")
                self._show_sheet()
                self.exported.emit(self._path)

    def _show_sheet(self) -> None:
        reader = QImageReader(str(self._path))
        ratio = self.devicePixelRatioF()
        size = reader.size().scaled(
            round(SEEN[0] * ratio), round(SEEN[1] * ratio), Qt.AspectRatioMode.KeepAspectRatio
        )
        reader.setScaledSize(size)
        pixmap = QPixmap.fromImage(reader.read())
        pixmap.setDevicePixelRatio(ratio)
        self.seen.setPixmap(pixmap)
        self.seen.setVisible(not pixmap.isNull())
        self.resize(self.width(), max(self.height(), self.sizeHint().height()))

    def _show_running(self, running: bool) -> None:
        self._running = running
        for widget in (self.form, self.mark, self.label, self.go):
            widget.setEnabled(not running)
        self.bar.setVisible(running)
        self.words.show()
        for part in (self.error, self.show_folder, self.seen):
            part.hide()
        self.leave.setText("Stop" if running else "Cancel")

    def _leave(self) -> None:
        if self._running:
            self._stop.set()
            self.words.setText("Stops after the picture under way…")
        else:
            self.close()

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._path.parent)))


def _pushes(model: ModelRef, engine: "Engine") -> tuple[Push, ...]:
    """Known directions of a network, each by value. Render thread."""
    return tuple(Push(d.name, 1.0, stored=d.stored()) for d in engine.known.of(model))


def _work(
    sheet: "Sheet",
    path: Path,
    size: int | None,
    label: bool,
    mark: bool,
    tell: Callable[[int], None],
    stop: threading.Event,
    engine: "Engine",
) -> Iterator[None]:
    """Begin the sheet, on the render thread; the worker takes it on picture by picture."""
    from explorer.export.sheet import write_sheet

    def steps() -> Iterator[None]:
        work = write_sheet(engine, sheet, path, size=size, label=label, mark=mark)
        while not stop.is_set():
            try:
                tell(next(work))
            except StopIteration as end:
                return end.value
            yield
        work.close()
        return None

    return steps()


def _words(role: str) -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setWordWrap(True)
    return label
