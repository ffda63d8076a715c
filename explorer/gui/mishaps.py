"""What should not happen: written to a log, and said in a notice, while the window stays up."""

import faulthandler
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from explorer.gui.notices import Notice
from explorer.locations import user_log_dir

if TYPE_CHECKING:
    from explorer.gui.main_window import MainWindow

log = logging.getLogger("explorer")

MAX_BYTES = 512 * 1024


@contextmanager
def reporting_to(window: "MainWindow") -> Iterator[None]:
    """While the window is open, keep a log and turn exceptions in slots into notices.

    A crash of the interpreter itself leaves its stack in `crash.txt`.
    """
    folder = user_log_dir()
    handler = RotatingFileHandler(
        folder / "explorer.log", maxBytes=MAX_BYTES, backupCount=2, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    log.addHandler(handler)
    before = sys.excepthook

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        before(kind, error, trace)
        if issubclass(kind, Exception):
            log.error("unexpected", exc_info=(kind, error, trace))
            text = f"{kind.__name__}: {error}. The log has the details."
            offer = (("Open log folder", open_log_folder),)
            window.notices.say(Notice("Something unexpected happened", text, "error", "mishap", offer))

    sys.excepthook = report
    with (folder / "crash.txt").open("w") as crash:
        faulthandler.enable(crash)
        try:
            yield
        finally:
            faulthandler.disable()
            sys.excepthook = before
            log.removeHandler(handler)
            handler.close()


def open_log_folder() -> None:
    """Show the folder of the log in the system's file manager."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(user_log_dir())))
