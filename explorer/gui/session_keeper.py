"""Keeps the last session on disk, shortly after each rest of the hand and when the window closes."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, QTimer

from explorer.gui import session
from explorer.gui.session import Session
from explorer.gui.tasks import Tasks

SECONDS = 2
"""After the last change; a crash then costs no more than this."""


class SessionKeeper(QObject):
    """Writes on the background thread, if `keep`; `take` is asked for the session at that moment."""

    def __init__(
        self, take: Callable[[], Session], tasks: Tasks, keep: bool = True, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._take, self._tasks, self._keep = take, tasks, keep
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SECONDS * 1000)
        self._timer.timeout.connect(self._write)

    def touch(self) -> None:
        """Something changed: write soon."""
        if self._keep:
            self._timer.start()

    def finish(self) -> None:
        """Write now what is still to be written; `Tasks.close` waits for it."""
        if self._timer.isActive():
            self._timer.stop()
            self._write()

    def _write(self) -> None:
        self._tasks.run(partial(session.write, session.last_session_file(), self._take()), _ignore)


def _ignore(result: object) -> None:
    """A session that cannot be kept is no reason to disturb; the next change tries again."""
