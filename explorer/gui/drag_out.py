"""Dragging the picture out of the window, into a folder, a mail, another program."""

import tempfile
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, QPointF, Qt, QUrl, Signal
from PySide6.QtGui import QDrag, QGuiApplication, QMouseEvent, QPixmap
from PySide6.QtWidgets import QApplication

from explorer.gui.model_desk import ModelDesk
from explorer.gui.notices import notice_of
from explorer.gui.outgoing import suggested_name, write_picture
from explorer.gui.tasks import Tasks
from explorer.gui.viewer import Viewer
from explorer.render.frame import Frame

SIDE = 128
"""Of the small picture under the pointer, in logical pixels."""


class DragOut(QObject):
    """Takes drags off a fitted picture; off a zoomed one, which a drag moves, with Shift.

    The file is a PNG with its recipe inside, as "Save picture" writes it. It lies in a
    folder of its own until the window closes: other programs read it when they please.

    Signals
    -------
    notice(Notice) : it could not be written.
    """

    notice = Signal(object)

    def __init__(self, viewer: Viewer, desk: ModelDesk, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer, self._desk, self._tasks = viewer, desk, tasks
        self._start: QPointF | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        viewer.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Watch; a press goes on to the viewer all the same."""
        if isinstance(event, QMouseEvent):
            if event.type() == QEvent.Type.MouseButtonPress:
                self._start = event.position() if self._may_begin(event) else None
            elif event.type() == QEvent.Type.MouseMove and self._start is not None:
                if (event.position() - self._start).manhattanLength() >= QApplication.startDragDistance():
                    self._start = None
                    self._write()
                return True
            elif event.type() == QEvent.Type.MouseButtonRelease:
                self._start = None
        return super().eventFilter(watched, event)

    def close(self) -> None:
        """Take the files away."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _may_begin(self, event: QMouseEvent) -> bool:
        frame = self._viewer.frame
        if frame is None or frame.is_draft or event.button() != Qt.MouseButton.LeftButton:
            return False
        shift = event.modifiers() == Qt.KeyboardModifier.ShiftModifier
        plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
        return self._viewer.target().contains(event.position()) and (
            shift or (plain and self._viewer.is_fitted)
        )

    def _write(self) -> None:
        """Write the file in the background: the first signature takes a moment."""
        frame = self._viewer.frame
        if frame is None:
            return
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="latent-explorer-", ignore_cleanup_errors=True)
        # A folder for each, so that the file keeps its plain name.
        path = Path(tempfile.mkdtemp(dir=self._folder.name)) / suggested_name(frame)
        self._tasks.run(partial(write_picture, frame, path, self._desk.info), partial(self._go, frame, path))

    def _go(self, frame: Frame, path: Path, result: object) -> None:
        if isinstance(result, Exception):
            self.notice.emit(notice_of(result, "The picture could not be dragged out", "save"))
        elif QGuiApplication.mouseButtons() & Qt.MouseButton.LeftButton:
            self.make_drag(frame, path).exec(Qt.DropAction.CopyAction)
            self._viewer.let_go()

    def make_drag(self, frame: Frame, path: Path) -> QDrag:
        """What another program is offered: the file, and the picture for those that take no files."""
        picture = self._viewer.picture
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        drag = QDrag(self._viewer)
        if picture is not None and picture.frame is frame:
            data.setImageData(picture.image)
            ratio = self._viewer.devicePixelRatioF()
            small = QPixmap.fromImage(picture.image).scaledToHeight(
                round(SIDE * ratio), Qt.TransformationMode.SmoothTransformation
            )
            small.setDevicePixelRatio(ratio)
            drag.setPixmap(small)
            drag.setHotSpot(QPoint(SIDE // 2, SIDE // 2))
        drag.setMimeData(data)
        return drag
