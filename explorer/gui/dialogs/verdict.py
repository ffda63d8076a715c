"""Parts of the Verify page: where files are dropped, and the verdict on one."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from explorer.gui import theme
from explorer.gui.widgets.buttons import TextButton

if TYPE_CHECKING:
    from explorer.provenance import Report
    from explorer.provenance.findings import Finding

TOPICS = {
    "origin": "Made by AI?",
    "program": "Written by",
    "recipe": "Recipe",
    "finish": "After drawing",
    "credentials": "Credentials",
    "mark": "Invisible mark",
    "redrawn": "Drawn again",
}
NOTE = "It is read on this computer alone, and nothing in it is run."
SIDE = 104
"""Of the small picture beside the verdict, in logical pixels."""
ICONS = {"good": ("done", theme.ACCENT), "plain": ("info", theme.DIM), "warning": ("warning", theme.DANGER)}


@dataclass(frozen=True, slots=True)
class Seen:
    """A file, looked into: what the page shows."""

    report: "Report"
    summary: "Finding"
    findings: "tuple[Finding, ...]"
    small: QImage | None


class DropZone(QFrame):
    """Where a file may be dropped."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("drop_zone")
        self.words = line_of("Drop a picture, a film or a recipe here", "title")
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.note = line_of(NOTE, "dim")
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


class Verdict(QScrollArea):
    """One file: small picture and summary above, findings below."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("verdict")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.name = line_of("", "dim")
        self.headline = line_of("", "title")
        self.words = line_of("")
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

    def show_seen(self, path: Path, seen: Seen) -> None:
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
        self.topic = line_of(topic, "dim")
        self.sign = _Sign()
        self.headline = line_of("", "notice_title")
        self.words = line_of("", "dim")
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


def line_of(text: str, role: str = "") -> QLabel:
    """Plain text that wraps."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        label.setProperty("role", role)
    return label


def _detail(finding: "Finding") -> str:
    """Words of a finding beside its topic and headline, without what those say already."""
    if finding.topic in ("program", "finish", "mark") or (finding.topic, finding.tone) == ("origin", "good"):
        return "" if finding.tone != "warning" else capital(finding.words.partition(": ")[2])
    if finding.topic == "origin":
        return finding.words
    text, first = finding.words.partition(": ")[2], finding.headline.partition(",")[0]
    if text.lower().startswith(first.lower()):
        text = text[len(first) :].lstrip(" .;:")
    return capital(text)


def capital(text: str) -> str:
    """The same, beginning with a capital letter."""
    return text[:1].upper() + text[1:]
