"""One network in full: facts, licence, and the one thing to do about it."""

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from explorer.checkpoints.download import DownloadProgress
from explorer.gui import theme
from explorer.gui.networks_list import NetworkEntry, bytes_in_words
from explorer.gui.previews import preview_file
from explorer.gui.widgets.buttons import TextButton

PREVIEW = 220
"""Side of the picture, in logical pixels."""
FACTS = ("Resolution", "Family", "Size", "Publisher", "Licence", "Source", "sha256")


class NetworkCard(QFrame):
    """Shows one entry of the list.

    Signals
    -------
    opening, fetching, stopping, discarding : a button was pressed.
    """

    opening = Signal()
    fetching = Signal()
    stopping = Signal()
    discarding = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("network_card")
        self._entry: NetworkEntry | None = None
        self._accepted: set[str] = set()
        self.title = _label("", "heading")
        self.draws = _label("", "dim")
        self.preview = QLabel()
        self.preview.setAccessibleName("A picture by this network")
        self.preview.setToolTip("Drawn on this computer")
        self.sample = _label("", "hint")
        self.facts: dict[str, QLabel] = {}
        self._names: dict[str, QLabel] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        for line, name in enumerate(FACTS):
            self._names[name] = _label(name, "dim")
            self.facts[name] = _label("")
            self.facts[name].setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(self._names[name], line, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(self.facts[name], line, 1)
        self.note = _label("", "hint")
        body = QWidget()
        body.setObjectName("network_card_body")
        inside = QVBoxLayout(body)
        inside.setContentsMargins(20, 18, 20, 12)
        inside.setSpacing(10)
        inside.addWidget(self.title)
        inside.addWidget(self.draws)
        inside.addWidget(self.preview)
        inside.addWidget(self.sample)
        inside.addSpacing(4)
        inside.addLayout(grid)
        inside.addWidget(self.note)
        inside.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(body)
        self.licence = _Licence()
        self.licence.accepted.toggled.connect(self._accept)
        self.error = _label("", "error")
        self.error.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName("Progress of the download")
        self.words = _label("", "hint")
        self.main = TextButton("Open", primary=True)
        self.main.setObjectName("network_main_button")
        self.main.clicked.connect(self._press_main)
        self.other = TextButton("Cancel")
        self.other.setObjectName("network_other_button")
        self.other.clicked.connect(self._press_other)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.main, 1)
        buttons.addWidget(self.other)
        foot = QVBoxLayout()
        foot.setContentsMargins(20, 0, 20, 18)
        foot.setSpacing(10)
        for widget in (self.licence, self.error, self.bar, self.words):
            foot.addWidget(widget)
        foot.addLayout(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(scroll, 1)
        column.addLayout(foot)

    def show_nothing(self, text: str) -> None:
        """Say why nothing is shown."""
        self._entry = None
        self.title.setText("")
        self.draws.setText(text)
        for name in FACTS:
            self._show_fact(name, "")
        for widget in (self.preview, self.sample, self.note, self.licence, self.error, self.bar, self.words):
            widget.hide()
        for button in (self.main, self.other):
            button.hide()

    def show_entry(
        self,
        entry: NetworkEntry,
        *,
        in_use: bool = False,
        opening: bool = False,
        under_way: bool = False,
        progress: DownloadProgress | None = None,
        error: str = "",
        sampling: bool = False,
    ) -> None:
        """Show a network and what can be done about it.

        Parameters
        ----------
        in_use : whether the picture comes from it now.
        opening : whether it is being read from the disk.
        under_way : whether it is being fetched, or waits for that; `progress` then says how far it is.
        error : why it could not be fetched the last time.
        sampling : whether a picture by it is being drawn.
        """
        self._entry, self._under_way = entry, under_way
        self.title.setText(entry.title)
        self.draws.setText(entry.draws)
        self.draws.setVisible(bool(entry.draws))
        self._show_preview(entry, sampling)
        pixels = "" if entry.resolution is None else f"{entry.resolution} × {entry.resolution} pixels"
        self._show_fact("Resolution", pixels)
        self._show_fact("Family", entry.family)
        self._show_fact("Size", "" if entry.size is None else bytes_in_words(entry.size))
        self._show_fact("Publisher", entry.publisher)
        is_offer = entry.public is not None and not entry.is_here
        # An offer's licence has a box of its own below.
        self._show_fact("Licence", "" if is_offer and not under_way else entry.licence or "not stated")
        self._show_fact("Source", _breakable(entry.source))
        unknown = "not stated by its publisher" if is_offer else ""
        self._show_fact("sha256", f"{entry.sha256[:16]}…" if entry.sha256 else unknown)
        self.facts["sha256"].setToolTip(entry.sha256)
        self.note.setText(entry.note)
        self.note.setVisible(bool(entry.note))
        self.licence.setVisible(is_offer and not under_way)
        self.licence.show_licence(entry, entry.key in self._accepted)
        self.error.setText(error)
        self.error.setVisible(bool(error))
        self._show_progress(entry, under_way, progress)
        self._show_buttons(entry, in_use, under_way, opening)

    def _show_preview(self, entry: NetworkEntry, sampling: bool) -> None:
        picture = QPixmap(str(preview_file(entry.sha256))) if entry.sha256 else QPixmap()
        self.preview.setVisible(not picture.isNull())
        self.sample.setVisible(picture.isNull())
        if not picture.isNull():
            self.preview.setPixmap(_rounded(picture, self.devicePixelRatioF()))
        else:
            self.sample.setText(_no_picture(entry, sampling))

    def _show_progress(self, entry: NetworkEntry, under_way: bool, progress: DownloadProgress | None) -> None:
        shown = under_way or entry.partial > 0
        self.bar.setVisible(under_way)
        self.words.setVisible(shown)
        if not under_way:
            self.words.setText(f"{bytes_in_words(entry.partial)} have arrived already.")
            return
        total = None if progress is None else progress.total
        # Without a total the bar runs to and fro, which says as much as is known.
        if progress is not None and progress.stage == "downloading" and total:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * min(progress.done / total, 1.0)))
        else:
            self.bar.setRange(0, 0)
        self.words.setText(progress_in_words(progress))

    def _show_buttons(
        self, entry: NetworkEntry, in_use: bool = False, under_way: bool = False, opening: bool = False
    ) -> None:
        is_offer = entry.public is not None and not entry.is_here
        self.main.setVisible(not under_way)
        offer = "Resume download" if entry.partial else "Download"
        self.main.setText(offer if is_offer else "Opening…" if opening else "Open")
        reason = ""
        if opening:
            reason = "It is being read from the disk."
        elif entry.place == "missing":
            reason = "The file is not there any more."
        elif in_use:
            reason = "This is the network in use."
        elif is_offer and not self.licence.accepted.isChecked():
            reason = "Accept the licence first."
        self.main.setEnabled(not reason)
        self.main.setToolTip(reason)
        self.other.setText("Cancel" if under_way else "Start over")
        self.other.setToolTip(
            "What has arrived is kept, so that the download can be resumed"
            if under_way
            else "Forget what has arrived"
        )
        self.other.setVisible(under_way or (is_offer and entry.partial > 0))

    def _show_fact(self, name: str, text: str) -> None:
        self.facts[name].setText(text)
        for label in (self.facts[name], self._names[name]):
            label.setVisible(bool(text))

    def _accept(self, accepted: bool) -> None:
        if self._entry is not None:
            (self._accepted.add if accepted else self._accepted.discard)(self._entry.key)
            self._show_buttons(self._entry)

    def _press_main(self) -> None:
        if self._entry is None:
            return
        if self._entry.is_here:
            self.opening.emit()
        else:
            self.fetching.emit()

    def _press_other(self) -> None:
        (self.stopping if self._under_way else self.discarding).emit()


class _Licence(QFrame):
    """Terms of a network, and whether they are accepted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("licence_box")
        self._name = _label("", "notice_title")
        self._summary = _label("", "dim")
        self._link = QLabel()
        self._link.setTextFormat(Qt.TextFormat.RichText)
        self._link.setOpenExternalLinks(True)
        self.accepted = QCheckBox("I have read the licence and accept it")
        self.accepted.setObjectName("accept_licence")
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(7)
        for widget in (self._name, self._summary, self._link, self.accepted):
            column.addWidget(widget)

    def show_licence(self, entry: NetworkEntry, accepted: bool) -> None:
        """Show the terms of an entry."""
        self._name.setText(f"Licence: {entry.licence}")
        self._summary.setText(entry.licence_summary)
        colour = self.palette().color(theme.ACCENT).name()
        self._link.setText(f'<a style="color: {colour}" href="{entry.licence_url}">Read the whole text</a>')
        self._link.setToolTip(entry.licence_url)
        self._link.setVisible(bool(entry.licence_url))
        self.accepted.blockSignals(True)
        self.accepted.setChecked(accepted)
        self.accepted.blockSignals(False)


def _no_picture(entry: NetworkEntry, sampling: bool) -> str:
    """Why there is no picture by a network, and when there will be one."""
    if sampling:
        return "A sample picture is being drawn…"
    if entry.is_here:
        return "Its first picture here will be kept as its sample."
    if entry.place == "missing":
        return ""
    return (
        "No sample picture may be shown before the download: those of its publisher are under their terms. "
        "One is drawn here as soon as the network has arrived."
    )


def _rounded(picture: QPixmap, ratio: float) -> QPixmap:
    """A picture at the size of the card, with round corners."""
    side = round(PREVIEW * ratio)
    picture = picture.scaled(
        side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    result = QPixmap(picture.size())
    result.fill(Qt.GlobalColor.transparent)
    shape = QPainterPath()
    shape.addRoundedRect(QRectF(result.rect()), 7 * ratio, 7 * ratio)
    painter = QPainter(result)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setClipPath(shape)
    painter.drawPixmap(0, 0, picture)
    painter.end()
    result.setDevicePixelRatio(ratio)
    return result


def progress_in_words(progress: DownloadProgress | None) -> str:
    """Say how far a download is."""
    if progress is None:
        return "Waits for the download before it…"
    if progress.stage == "connecting":
        return "Connecting…"
    if progress.stage == "checking":
        return "Checking what has arrived…"
    parts = [bytes_in_words(progress.done)]
    if progress.total is not None:
        parts = [f"{parts[0]} of {bytes_in_words(progress.total)}"]
    if progress.rate > 0:
        parts.append(f"{bytes_in_words(round(progress.rate))} a second")
    if progress.seconds_left is not None:
        parts.append(f"{_duration(progress.seconds_left)} left")
    return " · ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _label(text: str, role: str = "") -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if role:
        label.setProperty("role", role)
    return label


def _breakable(text: str) -> str:
    """Let a long address break behind its slashes."""
    return text.replace("/", "/\N{ZERO WIDTH SPACE}").replace("\\", "\\\N{ZERO WIDTH SPACE}")
