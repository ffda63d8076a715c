"""The Verify page: what a file says of itself, in plain words, and what that is worth."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QImage, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from explorer.gui import theme
from explorer.gui.notices import notice_of
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.tasks import Tasks
from explorer.gui.widgets.buttons import TextButton
from explorer.recipe import Recipe

if TYPE_CHECKING:
    from explorer.export.redraw import Redrawn
    from explorer.provenance import Report
    from explorer.provenance.findings import Finding
    from explorer.render.engine import Engine

FILTER = (
    "Pictures, films and recipes (*.png *.jpg *.jpeg *.webp *.tif *.tiff *.gif *.mp4 *.mov *.webm *.json "
    "*.film);;All files (*)"
)
TOPICS = {
    "origin": "Made by AI?",
    "program": "Written by",
    "recipe": "Recipe",
    "finish": "After drawing",
    "credentials": "Credentials",
    "mark": "Invisible mark",
    "redrawn": "Drawn again",
}
MEANS = (
    "What a file says can be forged, and it can be lost on the way. An unbroken signature shows that nobody "
    "changed the file since it was signed, not who made it. Silence proves nothing. No check here can tell "
    "you that a picture shows something that happened."
)
NOTE = "It is read on this computer alone, and nothing in it is run."
SIDE = 104
"""Of the small picture beside the verdict, in logical pixels."""
LARGEST = 64_000_000
"""Pixels. Larger pictures are not decoded for the small one."""
ICONS = {"good": ("done", theme.ACCENT), "plain": ("info", theme.DIM), "warning": ("warning", theme.DANGER)}


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file, looked into."""

    report: "Report"
    summary: "Finding"
    findings: "tuple[Finding, ...]"
    small: QImage | None


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
        self._seen: _Seen | None = None
        heading = _label("Verify a file", "heading")
        lead = _label("Was it made here, has it been changed since, and can it be drawn again?", "dim")
        self.pages = QStackedWidget()
        self.empty = _Empty()
        self.empty.choose.clicked.connect(self.choose)
        self.verdict = _Verdict()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.verdict)
        self.means = _label(MEANS, "hint")
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

    def _looked(self, result: _Seen | Exception) -> None:
        assert self._path is not None
        if isinstance(result, Exception):
            notice = notice_of(result, f"{self._path.name} could not be looked into")
            self.empty.say(f"{notice.title}.", _capital(notice.text.removeprefix(f"{self._path}: ")))
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
        headline = "The same picture" if alike else "Not the same"
        self.verdict.show_line("redrawn", "good" if alike else "warning", headline, _capital(words))

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


class _Empty(QFrame):
    """Where a file may be dropped."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("drop_zone")
        self.words = _label("Drop a picture, a film or a recipe here", "title")
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.note = _label(NOTE, "dim")
        self.note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.choose = TextButton("Choose a file…", primary=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(32, 32, 32, 32)
        column.setSpacing(12)
        column.addStretch(1)
        column.addWidget(self.words)
        column.addWidget(self.note)
        column.addSpacing(6)
        column.addWidget(self.choose, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)

    def say(self, text: str, note: str = NOTE) -> None:
        """Say what goes on, or what went wrong."""
        self.words.setText(text)
        self.note.setText(note)

    def set_wanted(self, wanted: bool) -> None:
        """Show that a file may be let go now."""
        self.setProperty("wanted", wanted)
        self.style().unpolish(self)
        self.style().polish(self)


class _Verdict(QScrollArea):
    """One file: small picture and summary above, findings below."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("verdict")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.name = _label("", "dim")
        self.headline = _label("", "title")
        self.words = _label("")
        self.small = QLabel()
        self.small.setFixedWidth(SIDE)
        self.small.setAlignment(Qt.AlignmentFlag.AlignTop)
        texts = QVBoxLayout()
        texts.setSpacing(5)
        for widget in (self.name, self.headline, self.words):
            texts.addWidget(widget)
        texts.addStretch(1)
        self._card = QFrame()
        self._card.setObjectName("verdict_card")
        top = QHBoxLayout(self._card)
        top.setContentsMargins(16, 16, 16, 16)
        top.setSpacing(16)
        top.addWidget(self.small)
        top.addLayout(texts, 1)
        self._grid = QGridLayout()
        self._grid.setContentsMargins(4, 0, 4, 0)
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(12)
        self._grid.setColumnMinimumWidth(0, 100)
        self._grid.setColumnStretch(2, 1)
        self.lines: dict[str, _Line] = {}
        for row, (topic, name) in enumerate(TOPICS.items()):
            line = self.lines[topic] = _Line(name)
            line.put(self._grid, row)
        body = QWidget()
        body.setObjectName("verdict_body")
        inside = QVBoxLayout(body)
        inside.setContentsMargins(0, 0, 8, 0)
        inside.setSpacing(18)
        inside.addWidget(self._card)
        inside.addLayout(self._grid)
        inside.addStretch(1)
        self.setWidget(body)

    def show_seen(self, path: Path, seen: _Seen) -> None:
        """Show what was found in a file."""
        self.name.setText(path.name)
        self.headline.setText(seen.summary.headline)
        self.words.setText(seen.summary.words)
        self._card.setProperty("tone", seen.summary.tone)
        self._card.style().unpolish(self._card)
        self._card.style().polish(self._card)
        self.small.setVisible(seen.small is not None)
        if seen.small is not None:
            ratio = self.devicePixelRatioF()
            wide = round(SIDE * ratio)
            pixmap = QPixmap.fromImage(seen.small).scaled(
                wide, wide, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            pixmap.setDevicePixelRatio(ratio)
            self.small.setPixmap(pixmap)
        for line in self.lines.values():
            line.setVisible(False)
        for finding in seen.findings:
            self.show_line(finding.topic, finding.tone, finding.headline, _detail(finding))

    def show_line(self, topic: str, tone: str, headline: str, words: str) -> None:
        """Show one finding."""
        self.lines[topic].show_finding(tone, headline, words)
        if topic == "redrawn":
            # Once the new line has its place.
            QTimer.singleShot(0, self, self._show_end)

    def _show_end(self) -> None:
        self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())


class _Line:
    """One row of findings: topic, sign, words."""

    def __init__(self, topic: str) -> None:
        self.topic = _label(topic, "dim")
        self.sign = _Sign()
        self.headline = _label("", "notice_title")
        self.words = _label("", "dim")
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._texts = QVBoxLayout()
        self._texts.setSpacing(3)
        self._texts.addWidget(self.headline)
        self._texts.addWidget(self.words)

    def put(self, grid: QGridLayout, row: int) -> None:
        """Set it into the table."""
        top = Qt.AlignmentFlag.AlignTop
        grid.addWidget(self.topic, row, 0, top)
        grid.addWidget(self.sign, row, 1, top)
        grid.addLayout(self._texts, row, 2)

    def setVisible(self, visible: bool) -> None:
        """Show or hide the row."""
        for widget in (self.topic, self.sign, self.headline, self.words):
            widget.setVisible(visible)

    def show_finding(self, tone: str, headline: str, words: str) -> None:
        """Fill and show it."""
        self.setVisible(True)
        self.sign.set_tone(tone)
        self.headline.setText(headline)
        self.words.setText(words)
        self.words.setVisible(bool(words))


class _Sign(QLabel):
    """A small icon; its colour follows the theme."""

    def __init__(self) -> None:
        super().__init__()
        self._tone = "plain"
        self.setFixedSize(18, 18)

    def set_tone(self, tone: str) -> None:
        """Show another."""
        self._tone = tone
        name, role = ICONS[tone]
        self.setPixmap(theme.palette_icon(name, self.palette(), role).pixmap(18, 18))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.set_tone(self._tone)


def _look(path: Path) -> _Seen:
    """Background thread."""
    from explorer.provenance.findings import findings, summary
    from explorer.provenance.verify import verify

    report = verify(path)
    return _Seen(report, summary(report), findings(report), _small(path, report.format))


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


def _label(text: str, role: str = "") -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        label.setProperty("role", role)
    return label


def _detail(finding: "Finding") -> str:
    """Words of a finding beside its topic and headline, without what those say already."""
    if finding.topic in ("program", "finish", "mark") or (finding.topic, finding.tone) == ("origin", "good"):
        return "" if finding.tone != "warning" else _capital(finding.words.partition(": ")[2])
    if finding.topic == "origin":
        return finding.words
    text, first = finding.words.partition(": ")[2], finding.headline.partition(",")[0]
    if text.lower().startswith(first.lower()):
        text = text[len(first) :].lstrip(" .;:")
    return _capital(text)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
