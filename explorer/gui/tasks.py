"""Short work away from the GUI thread that needs no network: writing and reading files."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from PySide6.QtCore import QObject

from explorer.gui.homecoming import Homecoming

T = TypeVar("T")


class Tasks(QObject):
    """One background thread; tasks run in the order they were given."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._home = Homecoming(self)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="files")

    def run(self, work: Callable[[], T], done: Callable[[T | Exception], None]) -> None:
        """Do `work` in the background, then call `done` in the GUI thread with its result or error."""
        number = self._home.expect(done)
        self._pool.submit(self._work, work, number)

    def close(self) -> None:
        """Finish what was begun (a picture half saved is worth the wait) and stop."""
        self._pool.shutdown(wait=True)
        self._home.forget()

    def _work(self, work: Callable[[], object], number: int) -> None:
        result: object
        try:
            result = work()
        except Exception as error:
            result = error
        self._home.post(number, result)
