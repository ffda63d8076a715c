"""The Project page: a picture of the user's, a frame in it, and the latent that draws it best."""

import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QImage, QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from explorer.gui.notices import notice_of
from explorer.gui.projection_job import Found, ProjectionJob, Seen
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.tasks import Tasks
from explorer.gui.widgets.buttons import Segment, TextButton
from explorer.gui.widgets.crop_view import CropView
from explorer.gui.widgets.result_view import ResultView
from explorer.projection import CONSENT, HOW_TO_GET_FEATURES, has_features
from explorer.render.model_info import ModelInfo

if TYPE_CHECKING:
    from explorer.projection import SuppliedPicture

PICTURE_FILTER = "Pictures (*.png *.jpg *.jpeg *.webp *.tif *.tiff *.bmp *.gif *.heic *.avif);;All files (*)"
SHOWN_SIDE = 1400
"""Longest side of what is painted of a large picture."""
SPACES = {
    "w+": ("Nearer to the picture", "Each row of ws on its own (W+)"),
    "w": ("Easier to edit", "One row for all (W): less like the picture, and bends like any face"),
}


class ProjectPage(QDialog):
    """Asks for a picture and a frame, searches on the render thread, and offers what was found.

    Signals
    -------
    wanted(Recipe, str, str) : show this; "a" or "b", which it shall be; the picture's name.
    """

    wanted = Signal(object, str, str)
    _told = Signal(object)

    def __init__(
        self, bridge: RenderBridge, tasks: Tasks, info: ModelInfo, folder: Path, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Project a picture")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAcceptDrops(True)
        self._bridge, self._tasks, self._info, self._folder = bridge, tasks, info, folder
        self._picture: SuppliedPicture | None = None
        self._name = ""
        self._found: Found | None = None
        self._running = False
        self._enough, self._given_up = threading.Event(), threading.Event()
        heading = QLabel("Project a picture")
        heading.setProperty("role", "heading")
        about = QLabel(f"Looks for the latent of {info.title} whose picture is nearest to yours.")
        about.setProperty("role", "hint")
        about.setWordWrap(True)
        self.crop = CropView()
        self.nearest = ResultView()
        views = QGridLayout()
        views.setHorizontalSpacing(16)
        views.setVerticalSpacing(6)
        for place, (words, view) in enumerate(
            (("Your picture", self.crop), ("Nearest so far", self.nearest))
        ):
            label = QLabel(words)
            label.setProperty("role", "dim")
            views.addWidget(label, 0, place)
            views.addWidget(view, 1, place)
            views.setColumnStretch(place, 1)
        views.setRowStretch(1, 1)
        self.choose = TextButton("Choose picture…")
        self.choose.clicked.connect(self._choose)
        self.spaces: dict[str, Segment] = {}
        segments = QWidget()
        segments.setObjectName("segments")
        pair = QHBoxLayout(segments)
        pair.setContentsMargins(2, 2, 2, 2)
        pair.setSpacing(2)
        for key, (words, tip) in SPACES.items():
            self.spaces[key] = Segment(words)
            self.spaces[key].setToolTip(tip)
            pair.addWidget(self.spaces[key])
        self.spaces["w+"].setChecked(True)
        self.steps = QSpinBox()
        self.steps.setRange(10, 10_000)
        self.steps.setSingleStep(100)
        self.steps.setValue(300)
        self.steps.lineEdit().setTextMargins(8, 0, 8, 0)
        self.steps.setAccessibleName("Steps")
        self.features = QCheckBox("Compare features too")
        self.features.setChecked(has_features())
        self._show_features()
        choices = QHBoxLayout()
        choices.setSpacing(12)
        choices.addWidget(self.choose)
        choices.addStretch(1)
        choices.addWidget(segments)
        choices.addWidget(QLabel("Steps"))
        choices.addWidget(self.steps)
        choices.addWidget(self.features)
        box = QFrame()
        box.setObjectName("licence_box")
        self.consent = QLabel()
        self.consent.setWordWrap(True)
        inside = QVBoxLayout(box)
        inside.setContentsMargins(14, 10, 14, 10)
        inside.addWidget(self.consent)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the projection")
        keep_height = self.bar.sizePolicy()
        keep_height.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(keep_height)
        self.words = QLabel()
        self.words.setObjectName("project_words")
        self.words.setWordWrap(True)
        self.leave = TextButton("Close")
        self.leave.clicked.connect(self._leave)
        self.as_b = TextButton("Use as B")
        self.as_b.setToolTip("Blend and mix the face in the window with it")
        self.as_b.clicked.connect(partial(self._use, "b"))
        self.go = TextButton("Project", primary=True)
        self.go.setObjectName("project_button")
        self.go.clicked.connect(self._press)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.words, 1)
        buttons.addWidget(self.leave)
        buttons.addWidget(self.as_b)
        buttons.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 22, 28, 18)
        column.setSpacing(12)
        column.addWidget(heading)
        column.addWidget(about)
        column.addLayout(views, 1)
        column.addLayout(choices)
        column.addWidget(box)
        column.addWidget(self.bar)
        column.addLayout(buttons)
        self.resize(880, 720)
        self.crop.changed.connect(self._frame_changed)
        self.spaces["w+"].toggled.connect(self._choice_changed)
        self._told.connect(self._progressed, Qt.ConnectionType.QueuedConnection)
        self._show_state()

    @property
    def is_running(self) -> bool:
        """Whether a search is under way."""
        return self._running

    @property
    def found(self) -> Found | None:
        """What was found; None before."""
        return self._found

    # The picture.

    def open_picture(self, path: Path) -> None:
        """Take a picture in, in the background."""
        if not self._running:
            self.words.setText(f"Opening {path.name}…")
            self._tasks.run(partial(_open, path), partial(self._opened, path))

    def _opened(self, path: Path, result: Any) -> None:
        with suppress(RuntimeError):  # the page may be closed by now
            if isinstance(result, Exception):
                notice = notice_of(result, f"{path.name} could not be opened")
                self._say(notice.text, is_error=True)
                return
            if self._running:
                return
            self._picture, image = result
            self._name, self._folder, self._found = path.name, path.parent, None
            self.nearest.show_image(None)
            width, height = self._info.size
            self.crop.show_picture(image, self._picture.width, self._picture.height, width / height)
            self.crop.setFocus()
            self._show_state()

    def _choose(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Choose a picture", str(self._folder), PICTURE_FILTER)
        if path:
            self.open_picture(Path(path))

    def _frame_changed(self) -> None:
        if self._picture is not None:
            x, y, size = self.crop.crop
            self.crop.setAccessibleDescription(f"{size} pixels wide, from {x}, {y}")
        self._choice_changed()

    def _choice_changed(self) -> None:
        """Something else is wanted now than what was found."""
        if self._found is not None and not self._running:
            self._found = None
            self._show_state()

    # The search.

    def _press(self) -> None:
        if self._running:
            self._enough.set()
            self._say("Ends after the step under way…")
        elif self._found is not None:
            self._use("a")
        else:
            self.begin()

    def begin(self) -> None:
        """Start the search for what is in the frame."""
        if self._picture is None or self._running:
            return
        from explorer.projection import Crop, Settings

        space = "w" if self.spaces["w"].isChecked() else "w+"
        settings = Settings(self.steps.value(), space)  # type: ignore[arg-type]
        self._enough, self._given_up = threading.Event(), threading.Event()
        job = ProjectionJob(
            self._info.ref,
            self._picture,
            Crop(*self.crop.crop),
            settings,
            self.features.isChecked(),
            self._enough,
            self._given_up,
            self._tell,
        )
        self._running, self._found = True, None
        self.bar.setRange(0, 0)
        self._show_state()
        self._bridge.call(job, self._finished)

    def _tell(self, seen: Seen) -> None:
        """Render thread."""
        with suppress(RuntimeError):  # the page is gone
            self._told.emit(seen)

    @Slot(object)
    def _progressed(self, seen: Seen) -> None:
        if not self._running:
            return
        if seen.image is not None:
            self.nearest.show_image(seen.image)
        if not seen.done or self._enough.is_set():
            return
        self.bar.setRange(0, seen.steps)
        self.bar.setValue(seen.done)
        left = "" if seen.seconds_left is None else f" · {_time(seen.seconds_left)} left"
        self._say(f"Step {seen.done} of {seen.steps} · {seen.psnr:.1f} dB · loss {seen.loss:.3f}{left}")

    def _finished(self, result: Any) -> None:
        with suppress(RuntimeError):  # the page may be closed by now
            self._running = False
            if isinstance(result, Found):
                self._found = result
                self.nearest.show_image(result.image)
            self._show_state()
            if isinstance(result, Exception):
                self._say(notice_of(result, "").text, is_error=True)

    # What becomes of it.

    def _use(self, which: str) -> None:
        if self._found is not None:
            self.wanted.emit(self._found.recipe, which, self._name)
            self.close()

    def _leave(self) -> None:
        if self._running:
            self._given_up.set()
            self._say("Stops after the step under way…")
        else:
            self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Give up what is under way."""
        self._given_up.set()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes, and gives up what is under way."""
        self._given_up.set()
        super().reject()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter in the number of steps is no wish to begin."""
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Welcome pictures."""
        if not self._running and any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the first file."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths and not self._running:
            event.acceptProposedAction()
            self.open_picture(paths[0])

    # Looks.

    def _say(self, words: str, is_error: bool = False) -> None:
        self.words.setText(words)
        self.words.setProperty("role", "error" if is_error else "dim")
        self.words.style().polish(self.words)

    def _show_features(self) -> None:
        self.features.setEnabled(has_features())
        self.features.setToolTip(
            "Compare what a small network sees beside the pixels: slower, nearer to what people see"
            if has_features()
            else f"Needs a package of 17 MB: {HOW_TO_GET_FEATURES}"
        )

    def _show_state(self) -> None:
        self.consent.setText(CONSENT)
        running, found = self._running, self._found
        for widget in (self.choose, self.crop, self.steps, *self.spaces.values()):
            widget.setEnabled(not running)
        self.crop.setEnabled(not running and self._picture is not None)
        if running:
            self.features.setEnabled(False)
        else:
            self._show_features()
        self.bar.setVisible(running)
        self.as_b.setVisible(found is not None)
        self.leave.setText("Cancel" if running else "Close")
        self.go.setText("Stop and keep" if running else "Use as A" if found else "Project")
        self.go.setEnabled(self._picture is not None)
        if running:
            self._say("Looking for a face to start from…")
        elif found is not None:
            self._say(f"{found.psnr:.1f} dB after {found.done} steps.")
        elif self._picture is None:
            self._say("Choose a picture, or drop one here.")
        else:
            self._say("Put the frame around the face, as the network frames its own, and press Project.")


def _open(path: Path) -> "tuple[SuppliedPicture, QImage]":
    """Background thread."""
    from explorer.projection.picture import open_picture

    picture = open_picture(path)
    small = picture.image.copy()
    small.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
    data = small.tobytes()
    image = QImage(data, small.width, small.height, 3 * small.width, QImage.Format.Format_RGB888)
    return picture, image.convertToFormat(QImage.Format.Format_RGB32)


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
