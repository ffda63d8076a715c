"""The Verify page: what a file says of itself, in plain words, and what that is worth."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QImage
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from explorer.gui.dialogs.verdict import SIDE, DropZone, Seen, Verdict, capital, line_of
from explorer.gui.notices import notice_of
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.tasks import Tasks
from explorer.gui.widgets.buttons import TextButton
from explorer.recipe import Recipe

if TYPE_CHECKING:
    from explorer.export.redraw import Redrawn
    from explorer.provenance import Report
    from explorer.render.engine import Engine

FILTER = (
    "Pictures, films and recipes (*.png *.jpg *.jpeg *.webp *.tif *.tiff *.gif *.mp4 *.mov *.webm *.json "
    "*.film);;All files (*)"
)
MEANS = (
    "What a file says can be forged, and it can be lost on the way. An unbroken signature shows that nobody "
    "changed the file since it was signed, not who made it. Silence proves nothing. No check here can tell "
    "you that a picture shows something that happened."
)
LARGEST = 64_000_000
"""Pixels. Larger pictures are not decoded for the small one."""


class VerifyPage(QDialog):
    """Choose or drop a file; nothing leaves this computer, and nothing in the file is run.

    Signals
    -------
    restore(Recipe, Path) : show what this recipe draws.
    """

    restore = Signal(object, object)

    def __init__(self, bridge: RenderBridge, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Verify a file")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAcceptDrops(True)
        self._bridge, self._tasks = bridge, tasks
        self._path: Path | None = None
        self._seen: Seen | None = None
        heading = line_of("Verify a file", "heading")
        lead = line_of("Was it made here, has it been changed since, and can it be drawn again?", "dim")
        self.pages = QStackedWidget()
        self.empty = DropZone()
        self.empty.choose.clicked.connect(self.choose)
        self.verdict = Verdict()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.verdict)
        self.means = line_of(MEANS, "hint")
        self.restore_button = TextButton("Restore this recipe")
        self.restore_button.clicked.connect(self._restore)
        self.redraw_button = TextButton("Draw it again and compare")
        self.redraw_button.clicked.connect(self._redraw)
        self.another = TextButton("Another file…")
        self.another.clicked.connect(self.choose)
        close = TextButton("Close")
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.restore_button, self.redraw_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.another)
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 24, 28, 20)
        column.setSpacing(6)
        column.addWidget(heading)
        column.addWidget(lead)
        column.addSpacing(10)
        column.addWidget(self.pages, 1)
        column.addSpacing(10)
        column.addWidget(self.means)
        column.addSpacing(10)
        column.addLayout(buttons)
        self.resize(680, 700)
        self._show_buttons()

    def choose(self) -> None:
        """Ask for a file."""
        folder = str(Path.home() if self._path is None else self._path.parent)
        path, _ = QFileDialog.getOpenFileName(self, "Verify a file", folder, FILTER)
        if path:
            self.look_into(Path(path))

    def look_into(self, path: Path) -> None:
        """Look into a file, in the background."""
        self._path, self._seen = path, None
        self._show_buttons()
        self.empty.say(f"Looking into {path.name}…")
        self.pages.setCurrentWidget(self.empty)
        self._tasks.run(partial(_look, path), self._still(self._looked, path))

    # What comes home may find another file here, or the page closed.

    def _still(self, receive: Callable[[Any], None], path: Path) -> Callable[[Any], None]:
        def guard(result: Any) -> None:
            try:
                if self._path == path:
                    receive(result)
            except RuntimeError:  # closed: nobody reads it any more
                pass

        return guard

    def _looked(self, result: Seen | Exception) -> None:
        assert self._path is not None
        if isinstance(result, Exception):
            notice = notice_of(result, f"{self._path.name} could not be looked into")
            self.empty.say(f"{notice.title}.", capital(notice.text.removeprefix(f"{self._path}: ")))
            return
        self._seen = result
        self.verdict.show_seen(self._path, result)
        self.pages.setCurrentWidget(self.verdict)
        self._show_buttons()

    def _show_buttons(self) -> None:
        seen = self._seen
        can_restore = seen is not None and seen.report.recipe is not None
        self.restore_button.setVisible(can_restore)
        self.redraw_button.setVisible(seen is not None and not _why_not(seen.report))
        self.redraw_button.setEnabled(True)
        self.another.setVisible(seen is not None)
        self.means.setVisible(seen is not None)

    def _restore(self) -> None:
        if self._seen is not None and isinstance(self._seen.report.recipe, Recipe):
            self.restore.emit(self._seen.report.recipe, self._path)

    def _redraw(self) -> None:
        if self._seen is None or self._path is None:
            return
        self.redraw_button.setEnabled(False)
        self.verdict.show_line("redrawn", "plain", "Drawing…", "")
        self._bridge.call(partial(_draw, self._seen.report), self._still(self._redrawn, self._path))

    def _redrawn(self, result: "Redrawn | Exception") -> None:
        self.redraw_button.setEnabled(True)
        if isinstance(result, Exception):
            self.verdict.show_line("redrawn", "plain", "Could not be drawn", notice_of(result, "").text)
            return
        alike = result.equal or result.same_after_compression
        words = result.in_words().removeprefix("Drawn again: ").removeprefix("Drawn again and ")
        what = "film" if result.frames else "picture"
        headline = f"The same {what}" if alike else "Not the same"
        self.verdict.show_line("redrawn", "good" if alike else "warning", headline, capital(words))

    # Dropped files.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Welcome files."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self.empty.set_wanted(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Back to rest."""
        self.empty.set_wanted(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Look into the first file."""
        self.empty.set_wanted(False)
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.look_into(paths[0])


def _look(path: Path) -> Seen:
    """Background thread."""
    from explorer.provenance.findings import findings, summary
    from explorer.provenance.verify import verify

    report = verify(path)
    return Seen(report, summary(report), findings(report), _small(path, report.format))


def _small(path: Path, format: str) -> QImage | None:
    """The picture, small, where it is one that can be decoded safely."""
    from PIL import Image

    from explorer.provenance.embedded import FORMATS

    if format not in FORMATS:
        return None
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > LARGEST:
                return None
            image.draft("RGB", (3 * SIDE, 3 * SIDE))
            small = image.convert("RGB")
            small.thumbnail((3 * SIDE, 3 * SIDE))
    except Exception:  # damaged pixels: Pillow answers with whatever its decoders stumble on
        return None
    data = small.tobytes()
    return QImage(data, small.width, small.height, 3 * small.width, QImage.Format.Format_RGB888).copy()


def _why_not(report: "Report") -> str:
    from explorer.errors import RecipeError
    from explorer.export.redraw import check_can_redraw

    try:
        check_can_redraw(report)
    except RecipeError as error:
        return str(error)
    return ""


def _draw(report: "Report", engine: "Engine") -> "Redrawn":
    """Render thread."""
    from explorer.export.redraw import redraw

    return redraw(report, engine)
