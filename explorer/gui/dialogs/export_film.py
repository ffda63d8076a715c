"""The page that exports a film: how and where, then how far it is, with a picture of it."""

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QImage, QPixmap, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from explorer.errors import ExplorerError
from explorer.gui.film_export import FilmExport, Order
from explorer.gui.notices import notice_of
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.settings import Settings
from explorer.gui.widgets.buttons import TextButton
from explorer.gui.widgets.film_box import FilmBox
from explorer.gui.widgets.finish_box import choices_grid
from explorer.locations import free_path
from explorer.recipe import Film
from explorer.recipe.finish import Label

if TYPE_CHECKING:
    from explorer.export import FilmProgress, FilmReport
    from explorer.render.engine import Engine

WIDTH = 580
PREVIEW_HEIGHT = 256
SOUNDLESS = (".gif", ".webp", ".apng", "")


class ExportFilm(QDialog):
    """Closing the page lets a running export run on; opening it again shows it.

    Signals
    -------
    exported(Path) : the film is on the disk.
    """

    exported = Signal(object)

    def __init__(
        self,
        export: FilmExport,
        bridge: RenderBridge,
        kept: Settings,
        folder: Path,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export film")
        self._export, self._bridge, self._kept, self._folder = export, bridge, kept, folder
        self._film: Film | None = None
        self._music = ""
        self._cell = (0, 0)
        self._path = Path()
        self._resumable: tuple[Order, int] | None = None
        self._make_parts()
        self._lay_out()
        self.box.restore(
            kept.film_format,
            {
                "quality": kept.film_quality,
                "label": Label() if kept.film_label else None,
                "mark": kept.film_mark,
            },
        )
        self.box.changed.connect(self._check)
        self.with_music.toggled.connect(self._check)
        self.choose.clicked.connect(self._choose_place)
        self.over.clicked.connect(self._start_over)
        self.show_folder.clicked.connect(self._open_folder)
        self.leave.clicked.connect(self._leave)
        self.pause.clicked.connect(self._pause)
        self.go.clicked.connect(self.begin)
        export.progressed.connect(self._progressed)
        export.ended.connect(self._ended)
        export.state_changed.connect(self._show_state)
        self._show_state(export.state)

    def _make_parts(self) -> None:
        self.facts = _words("hint")
        self.box = FilmBox()
        self.music_name = QLabel("Music")
        self.with_music = QCheckBox()
        self.with_music.setChecked(True)
        self.place = QLineEdit()
        self.place.setReadOnly(True)
        self.place.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.place.setAccessibleName("File of the film")
        self.choose = TextButton("Choose…")
        self.resume = _words("hint")
        self.over = TextButton("Start over")
        self.error = _words("error")
        self.preview = QLabel()
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.preview.setFixedHeight(PREVIEW_HEIGHT)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the export")
        self.words = _words("hint")
        self.show_folder = TextButton("Open folder")
        self.leave = TextButton("Close")
        self.pause = TextButton("Pause")
        self.go = TextButton("Export", primary=True)
        self.go.setDefault(True)

    def _lay_out(self) -> None:
        heading = QLabel("Export film")
        heading.setProperty("role", "heading")
        place = QHBoxLayout()
        place.setSpacing(8)
        place.addWidget(self.place, 1)
        place.addWidget(self.choose)
        form = choices_grid()
        form.addWidget(self.music_name, 0, 0)
        form.addWidget(self.with_music, 0, 1)
        form.addWidget(QLabel("File"), 1, 0)
        form.addLayout(place, 1, 1)
        found = QHBoxLayout()
        found.setSpacing(8)
        found.addWidget(self.resume, 1)
        found.addWidget(self.over)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.show_folder)
        buttons.addStretch(1)
        for button in (self.leave, self.pause, self.go):
            buttons.addWidget(button)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(28, 24, 28, 20)
        column.setSpacing(14)
        column.addWidget(heading)
        column.addWidget(self.facts)
        column.addWidget(self.box)
        column.addLayout(form)
        column.addLayout(found)
        column.addWidget(self.preview)
        column.addStretch(1)
        for widget in (self.error, self.bar, self.words):
            column.addWidget(widget)
        column.addLayout(buttons)
        self.setMinimumWidth(WIDTH)
        for part in (
            self.preview,
            self.bar,
            self.words,
            self.error,
            self.show_folder,
            self.over,
            self.resume,
        ):
            part.hide()

    # What is to be written.

    def show_film(self, film: Film, music: str) -> None:
        """Propose to export a film; while another is being written, that one stays."""
        if not self._export.is_idle:
            return
        self._film, self._music, self._cell = film, music, (0, 0)
        self.facts.setText(words_about(film))
        self.music_name.setVisible(bool(music))
        self.with_music.setVisible(bool(music))
        self.with_music.setText(Path(music).name)
        self.set_place(free_path(self._folder, f"film{self.box.suffix}"))
        self.words.hide()
        self.preview.hide()
        self.show_folder.hide()
        self.box.show_film(film)
        self._bridge.call(partial(_size_of, film), partial(self._know_size, film))

    def _know_size(self, film: Film, size: tuple[int, int] | Exception) -> None:
        with suppress(RuntimeError):  # the page may be gone
            if film is self._film and not isinstance(size, Exception):
                self._cell = size
                self.box.show_cell(size)

    def set_place(self, path: Path) -> None:
        """Write there."""
        self._path, self._folder = path, path.parent
        self.place.setText(str(path))
        self._check()

    def order(self) -> Order:
        """What is chosen.

        Raises
        ------
        ExplorerError
            If it cannot be.
        """
        from explorer.export import FilmSettings

        assert self._film is not None, "asked only where there is a film"
        music = self._music if self.with_music.isChecked() and self.box.suffix not in SOUNDLESS else ""
        settings = FilmSettings(**self.box.settings)  # type: ignore[arg-type]
        return Order(self.box.film(self._film), self._path, settings, music)

    def _check(self) -> None:
        """Say what cannot be, before anything is drawn; look whether something is finished there already."""
        if self._film is None or not self._export.is_idle:
            return
        if self._path.suffix.lower() != self.box.suffix and not self._path.is_dir():
            stem = self._path.stem if self._path.suffix else self._path.name
            self._path = free_path(self._path.parent, f"{stem}{self.box.suffix}")
            self.place.setText(str(self._path))
        self.with_music.setEnabled(self.box.suffix not in SOUNDLESS)
        self.with_music.setToolTip("" if self.with_music.isEnabled() else "This format has no sound")
        self._resumable = None
        self._show_resumable()
        try:
            order = self.order()
            trouble = self._trouble_with(order)
        except ExplorerError as error:
            trouble = str(error)
        self.error.setText(trouble[:1].upper() + trouble[1:])
        self.error.setVisible(bool(trouble))
        self._fit()
        self.go.setEnabled(not trouble)
        if not trouble:
            look = partial(_finished, order)
            self._bridge.call(look, partial(self._have_looked, order))

    def _trouble_with(self, order: Order) -> str:
        from explorer.export.film_formats import check_fits, film_format_of, least_bytes
        from explorer.export.film_frames import frame_size
        from explorer.export.film_job import trouble_with

        if not self._cell[0]:
            return trouble_with(order.path, 0)
        width, height = frame_size(order.film, self._cell)
        format = film_format_of(order.path)
        check_fits(format, width, height, order.film.fps, order.settings)
        return trouble_with(order.path, least_bytes(format, width, height, order.film.frames))

    def _have_looked(self, order: Order, finished: "int | Exception") -> None:
        with suppress(RuntimeError):
            is_current = self._film is not None and self._export.is_idle and order.path == self._path
            if is_current and not isinstance(finished, Exception) and finished and order == self.order():
                self._resumable = (order, finished)
                self._show_resumable()

    def _show_resumable(self) -> None:
        found = self._resumable
        if found is not None:
            order, frames = found
            self.resume.setText(
                f"An export of this very film was interrupted here: {frames:,} of {order.film.frames:,} "
                "frames are finished, and it goes on from there."
            )
        elif self._path.is_file():
            self.resume.setText(f"{self._path.name} is there already, and will be replaced.")
        self._fit()
        self.resume.setVisible(found is not None or self._path.is_file())
        self.over.setVisible(found is not None)
        self.go.setText("Go on" if found is not None else "Export")

    def _start_over(self) -> None:
        if self._resumable is not None:
            self._export.forget(self._resumable[0])
            self._resumable = None
            self._show_resumable()

    def _choose_place(self) -> None:
        suffix = self.box.suffix
        if suffix:
            kind = f"{self.box.format.currentText()} (*{suffix})"
            name, _ = QFileDialog.getSaveFileName(self, "Export film", str(self._path), kind)
            if name and Path(name).suffix.lower() != suffix:
                name += suffix
        else:
            name = QFileDialog.getExistingDirectory(self, "Folder for the frames", str(self._path.parent))
        if name:
            self.set_place(Path(name))

    # While it runs.

    def begin(self) -> None:
        """Write what is chosen."""
        try:
            order = self.order()
        except ExplorerError as error:
            self.error.setText(str(error))
            self.error.show()
            return
        self._kept.film_format = self.box.format.currentText()
        self._kept.film_quality = order.settings.quality
        self._kept.film_label = order.settings.label is not None
        self._kept.film_mark = order.settings.mark
        self.start(order)

    def start(self, order: Order) -> None:
        """Write it; an order of an earlier run goes on where that was interrupted."""
        self._path = order.path
        self.place.setText(str(order.path))
        self.bar.setRange(0, order.film.frames)
        self.bar.setValue(0)
        self.error.hide()
        self.resume.hide()
        self.over.hide()
        self.preview.clear()
        self.facts.setText(facts_of(order))
        self.words.setText("Begins when the picture you see is finished…")
        self._export.start(order)

    def _progressed(self, progress: "FilmProgress", image: QImage | None) -> None:
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)
        paused = "Paused · " if self._export.state == "paused" else ""
        self.words.setText(paused + words_of(progress))
        if image is not None:
            pixmap = QPixmap.fromImage(image)
            mode = Qt.TransformationMode.SmoothTransformation
            self.preview.setPixmap(pixmap.scaledToHeight(PREVIEW_HEIGHT, mode))

    def showEvent(self, event: QShowEvent) -> None:
        """Begin with the right height."""
        super().showEvent(event)
        self._fit()

    def _ended(self, result: "FilmReport | Exception | None") -> None:
        if isinstance(result, Exception):
            notice = notice_of(result, "The export could not go on")
            self.error.setText(f"{notice.title}. {notice.text}")
            self.error.show()
            self.words.hide()
            self.preview.hide()
            self._fit()
            return
        self._fit()
        self.words.show()
        if result is None:
            self.words.setText("Stopped. Nothing was written.")
            self.preview.hide()
            return
        notes = "".join(f"\n{text}." for text in result.notices)
        resumed = f", {result.resumed:,} of them finished before" if result.resumed else ""
        self.words.setText(
            f"{result.path.name} is done: {result.frames:,} frames{resumed}, "
            f"{result.width} × {result.height} pixels, {size_words(result.bytes)}, "
            f"in {time_words(result.seconds)}.{notes}"
        )
        self._path = result.path
        self.show_folder.show()
        self.exported.emit(result.path)

    def _show_state(self, state: str) -> None:
        running = state != "idle"
        for widget in (self.choose, self.with_music):
            widget.setEnabled(not running)
        # Room for the picture: what was chosen is told in one line above.
        self.box.setVisible(not running)
        self.bar.setVisible(running)
        self.preview.setVisible(running)
        if running:
            self.words.show()
            self.show_folder.hide()
        self.go.setVisible(not running)
        self.pause.setVisible(running)
        self.pause.setEnabled(state in ("running", "paused"))
        self.pause.setText("Go on" if state == "paused" else "Pause")
        self.leave.setText("Cancel export" if running else "Close")
        self.leave.setEnabled(state != "stopping")
        if state == "paused":
            self.words.setText(f"Paused · {self.words.text()}")
        if not running:
            self.go.setText("Export")
            if self._film is not None:
                self.facts.setText(words_about(self._film))
        self._fit()

    def _fit(self) -> None:
        """As high as what is shown, once it is: lines that wrap do not do that by themselves."""
        QTimer.singleShot(0, self, self._resize)

    def _resize(self) -> None:
        self._column.activate()
        width = max(self.width(), WIDTH)
        self.resize(width, self._column.totalHeightForWidth(width))

    def _pause(self) -> None:
        if self._export.state == "paused":
            self._export.go_on()
        else:
            self._export.pause()

    def _leave(self) -> None:
        if self._export.is_idle:
            self.close()
        else:
            self.words.setText("Stops after the frame under way…")
            self._export.cancel()

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._path.parent)))


def _words(role: str) -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setWordWrap(True)
    return label


def _size_of(film: Film, engine: "Engine") -> tuple[int, int]:
    """Render thread."""
    return engine.info(film.model).size


def _finished(order: Order, engine: "Engine") -> int:
    """Render thread."""
    from explorer.export.video import finished_frames

    return finished_frames(engine, order.film, order.path, order.settings)


def words_about(film: Film) -> str:
    """What a film is, in one line."""
    keys = sum(map(len, film.cells))
    beside = f"{len(film.cells)} films side by side, " if len(film.cells) > 1 else ""
    way = "a loop without a seam" if film.loop else "from the first keyframe to the last"
    return f"{beside}{keys} {'keyframe' if keys == 1 else 'keyframes'}; {way}"


def facts_of(order: Order) -> str:
    """What is being written, in one line."""
    film, settings = order.film, order.settings
    said = [f"{film.frames:,} frames", f"{film.fps:g} a second"]
    if order.path.suffix.lower() not in (".apng", ""):
        said.append(f"quality {settings.quality}")
    if settings.label is not None:
        said.append("labelled")
    if order.music:
        said.append(f"with {Path(order.music).name}")
    return " · ".join(said)


def words_of(progress: "FilmProgress") -> str:
    """How far an export is, for people."""
    said = [f"Frame {progress.done:,} of {progress.total:,}"]
    if progress.frames_per_second:
        said.append(f"{progress.frames_per_second:.3g} a second")
    if progress.done == progress.total:
        said.append("finishing the file")
    elif progress.seconds_left is not None:
        said.append(f"{time_words(progress.seconds_left)} left")
    if progress.bytes_written:
        said.append(f"{size_words(progress.bytes_written)} so far")
    if progress.resumed:
        said.append(f"{progress.resumed:,} frames were finished before")
    return " · ".join(said)


def time_words(seconds: float) -> str:
    """A time for people."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def size_words(count: float) -> str:
    """A number of bytes for people."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"
