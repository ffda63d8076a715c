"""A window with a fake engine, made and taken away with nothing left behind."""

import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.gui import engine_maker, theme
from explorer.gui.main_window import MainWindow
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.settings import Settings
from tests.gui.fakes import FakeEngine, facts_of


@pytest.fixture
def qtbot(qtbot: QtBot) -> QtBot:
    """The usual one, patient: a busy machine is no failure."""
    for name in ("waitSignal", "waitSignals", "waitUntil", "waitExposed"):
        setattr(qtbot, name, partial(getattr(qtbot, name), timeout=30_000))
    return qtbot


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> None:
    """The looks of the real application, once."""
    if qapp.font().family() != "Inter":
        theme.load_fonts(qapp)
        theme.apply(qapp, "dark")


@pytest.fixture(autouse=True)
def nothing_left(qapp: QApplication) -> Iterator[None]:
    """No thread of ours outlives its test, and no window stays."""
    yield
    for widget in qapp.topLevelWidgets():
        widget.close()
        widget.deleteLater()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    ours = [t.name for t in threading.enumerate() if t.name == "render" or t.name.startswith("files")]
    assert ours == []
    left = [widget for widget in qapp.topLevelWidgets() if isinstance(widget, MainWindow)]
    assert left == []


@pytest.fixture
def engine(monkeypatch) -> FakeEngine:
    # The real one asks torch, which takes longer to import than all these tests.
    monkeypatch.setattr(engine_maker, "device_facts", facts_of)
    return FakeEngine()


@pytest.fixture
def open_window(qtbot, engine: FakeEngine) -> Iterator[Callable[..., MainWindow]]:
    """Make windows; each is closed at the end."""
    windows: list[MainWindow] = []

    def make(
        settings: Settings | None = None, wait: bool = True, device: str = "", **begin: object
    ) -> MainWindow:
        bridge = RenderBridge(lambda: engine)  # type: ignore[arg-type,return-value]
        window = MainWindow(bridge, settings or Settings(), facts_of, device=device)
        windows.append(window)
        window.resize(1100, 800)
        window.show()
        if wait:
            with qtbot.waitSignal(window.settled):
                window.begin(**begin)  # type: ignore[arg-type]
        else:
            window.begin(**begin)  # type: ignore[arg-type]
        return window

    yield make
    engine.gate.set()
    for window in windows:
        window.close()
        window.deleteLater()


@pytest.fixture
def window(open_window: Callable[..., MainWindow]) -> MainWindow:
    """A window that shows its first picture."""
    return open_window()


@pytest.fixture
def settle(qtbot) -> Callable[[MainWindow], None]:
    """Wait until what is wanted is what is seen."""

    def wait(window: MainWindow) -> None:
        if not window.is_settled:
            with qtbot.waitSignal(window.settled):
                pass

    return wait


@pytest.fixture
def drop() -> Callable[..., None]:
    """Drop files on a window."""

    def drop_on(window: MainWindow, *paths: object) -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        event = QDropEvent(
            QPointF(50, 50),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        # Qt would send it to the target of the drag that went before, and there was none.
        window.dropEvent(event)
        assert event.isAccepted()

    return drop_on


@pytest.fixture
def drag(qtbot) -> Callable[..., None]:
    """Take a slider's knob where it is and move it through amounts, then let go."""

    def drag_track(track, *amounts: float, let_go: bool = True) -> None:
        from PySide6.QtTest import QTest

        start = track.point_of(track.amount)
        QTest.mousePress(track, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
        end = start
        for amount in amounts:
            end = track.point_of(amount)
            QTest.mouseMove(track, end)
        if let_go:
            QTest.mouseRelease(track, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, end)

    return drag_track


@pytest.fixture
def saved(window, qtbot, tmp_path):
    """A picture on disk, made by the window."""
    path = tmp_path / "face.png"
    with qtbot.waitSignal(window.outgoing.saved):
        window.outgoing.save_picture(window.viewer.frame, path, window.desk.info)
    return path
