"""From the command line to the window, or to a picture of it."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from explorer.gui.engine_maker import EngineMaker
    from explorer.gui.main_window import MainWindow
    from explorer.gui.session import Session
    from explorer.gui.settings import Settings

SCREENSHOT_SCALE = "2"
SCREENSHOT_SIZE = (1440, 900)
SCREENSHOT_SECONDS = 120
SWITCH_SECONDS = 0.001
"""How soon a thread that computes lets the window have Python's lock. Python's own 5 ms added up,
above all while torch was imported: an event often waits for the lock more than once."""


def run(args: argparse.Namespace) -> int:
    """Open the window of `latent-explorer [--model M] [--session FILE] [FILE]` and wait until it closes.

    Parameters
    ----------
    args : `file`, `model`, `session`, `device` and `screenshot`, as the parser in `explorer.cli` gives them.

    Returns
    -------
    Exit code, 0 when done.

    Raises
    ------
    ExplorerError, OSError
        If a session was named that cannot be read, or the screenshot fails.
    """
    shot = None if args.screenshot is None else Path(args.screenshot)
    if shot is not None:
        # Before Qt is asked for anything: no display is needed, and small text stays sharp.
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        os.environ.setdefault("QT_SCALE_FACTOR", SCREENSHOT_SCALE)
    from PySide6.QtWidgets import QApplication

    from explorer.gui import session, settings
    from explorer.gui.main_window import last_session

    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    kept = settings.Settings() if shot is not None else settings.load()
    device = kept.device if args.device == "auto" else args.device
    dress(app, kept)
    # Read before the window is made, so that a wrong name ends here, in one line.
    named = None if args.session is None else session.read(Path(args.session))
    window, maker = make_window(kept, device, keep=shot is None)
    restored = named or (None if shot is not None else last_session(kept))
    file = None if args.file is None else Path(args.file)
    if shot is not None:
        return _photograph(app, window, shot, args.model, file, restored)
    from explorer.gui.mishaps import reporting_to
    from explorer.gui.signals import closing_on_signals

    with reporting_to(window), closing_on_signals(window) as stopped:
        window.begin(args.model, file, restored)
        maker.wait_for_core()
        code = 0
        if not stopped:
            window.show()
            window.truth.welcome(window.viewer)
            code = app.exec()
    if stopped:
        raise KeyboardInterrupt
    return code


def make_window(kept: "Settings", device: str, *, keep: bool) -> "tuple[MainWindow, EngineMaker]":
    """Make the window, and what will make its engine: the first thing, so that the two overlap."""
    from explorer.gui.engine_maker import EngineMaker
    from explorer.gui.main_window import MainWindow
    from explorer.gui.render_bridge import RenderBridge

    sys.setswitchinterval(SWITCH_SECONDS)
    maker = EngineMaker(device, kept.precision, kept.cache_mib)
    return MainWindow(RenderBridge(maker), kept, maker.facts, keep=keep, device=device), maker


def dress(app: "QApplication", kept: "Settings") -> None:
    """Name, icon, font and theme of the application."""
    from explorer.gui import theme

    app.setApplicationName("latent-explorer")
    app.setDesktopFileName("latent-explorer")
    app.setWindowIcon(theme.app_icon())
    theme.load_fonts(app)
    theme.apply(app, kept.theme)


def _photograph(
    app: "QApplication",
    window: "MainWindow",
    path: Path,
    model: str | None,
    file: Path | None,
    restored: "Session | None",
) -> int:
    """Wait for the first full picture and its thumbnails, then write what the window looks like."""
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QTimer

    from explorer.export.files import write_whole

    window.resize(*SCREENSHOT_SIZE)
    window.settled.connect(app.quit)
    window.bridge.failed.connect(app.quit)
    window.incoming.notice.connect(app.quit)
    guard = QTimer(window)
    guard.setSingleShot(True)
    guard.timeout.connect(app.quit)
    guard.start(SCREENSHOT_SECONDS * 1000)
    window.show()
    window.begin(model, file, restored)
    app.exec()
    try:
        for notice in window.notices.notices:
            if notice.level == "error":
                raise ExplorerError(f"{notice.title}: {notice.text}")
        if window.viewer.frame is None:
            raise ExplorerError(f"no picture came within {SCREENSHOT_SECONDS} seconds")
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        window.grab().save(buffer, "PNG")
        write_whole(path, bytes(data.data()))
    finally:
        window.close()
    return 0
