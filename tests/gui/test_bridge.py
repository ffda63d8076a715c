"""Between the threads: what is drawn there is received here, in order, and nothing breaks under load."""

import threading

import numpy as np
import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage

from explorer.gui.homecoming import Homecoming
from explorer.gui.render_bridge import Picture, RenderBridge, enlarge, to_bgra, to_image, to_picture
from explorer.gui.widgets.track import Track
from explorer.recipe import Recipe
from explorer.render.frame import Frame, RenderFailure, RenderRequest
from tests.gui.fakes import FACES, pixels_of


@pytest.fixture
def bridge(engine):
    bridge = RenderBridge(lambda: engine)
    bridge.start()
    yield bridge
    engine.gate.set()
    bridge.close()


def rgb(image: QImage) -> np.ndarray:
    view = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return view[:, : image.width(), 2::-1]


@pytest.mark.parametrize("shape", [(16, 16), (5, 7), (128, 96)])
def test_pixels_reach_qt_unchanged(shape):
    pixels = np.random.RandomState(1).randint(0, 256, (*shape, 3), np.uint8)
    assert np.array_equal(rgb(to_image(to_bgra(pixels))), pixels)


def test_the_smooth_form_is_larger_and_of_the_same_colours():
    pixels = np.full((128, 64, 3), (10, 200, 90), np.uint8)
    assert np.array_equal(enlarge(to_bgra(pixels), 4), np.full((512, 256, 4), (90, 200, 10, 255), np.uint8))
    frame = Frame(
        RenderRequest(Recipe(FACES)), np.zeros((1024, 1024, 3), np.uint8), 1024, 0.1, "cpu", "float32"
    )
    picture = to_picture(frame)
    assert picture.smooth is picture.image


def test_a_frame_is_drawn_there_and_received_here(bridge, engine, qtbot):
    received = []

    class Receiver(QObject):
        def take(self, picture: Picture) -> None:
            received.append((threading.current_thread() is threading.main_thread(), picture))

    receiver = Receiver()
    bridge.shown.connect(receiver.take)
    with qtbot.waitSignal(bridge.shown):
        bridge.request(Recipe(FACES))
    here, picture = received[0]
    assert here
    assert engine.threads == {"render"}
    assert np.array_equal(picture.frame.pixels, pixels_of(Recipe(FACES)))


def test_drafts_and_full_frames_come_in_order(bridge, engine, qtbot):
    engine.drafts = True
    seen = []
    bridge.shown.connect(lambda picture: seen.append(picture.frame.is_draft))
    with qtbot.waitSignals([bridge.shown, bridge.shown]):
        bridge.request(Recipe(FACES))
    assert seen == [True, False]


def test_a_failure_is_an_answer(bridge, engine, qtbot):
    engine.fail = ValueError("broken")
    with qtbot.waitSignal(bridge.failed) as failed:
        bridge.request(Recipe(FACES))
    assert isinstance(failed.args[0], RenderFailure)
    engine.fail = None
    with qtbot.waitSignal(bridge.shown):
        bridge.request(Recipe(FACES))


def test_of_many_wishes_the_newest_is_drawn_and_most_are_skipped(bridge, engine, qtbot):
    engine.gate.clear()
    for number in range(200):
        serial = bridge.request(Recipe(FACES, psi=number / 100))
    shown = []
    bridge.shown.connect(lambda picture: shown.append(picture.frame.request.serial))
    with qtbot.waitSignal(bridge.shown, check_params_cb=lambda p: p.frame.request.serial == serial):
        engine.gate.set()
    assert shown == sorted(shown)
    assert len(shown) <= 2


def test_calls_come_home_with_result_or_error(bridge, qtbot):
    results = []

    class Receiver(QObject):
        done = Signal()

        def take(self, result: object) -> None:
            results.append((result, threading.current_thread() is threading.main_thread()))
            self.done.emit()

    receiver = Receiver()
    with qtbot.waitSignal(receiver.done):
        bridge.call(lambda engine: engine.device, receiver.take)
    with qtbot.waitSignal(receiver.done):
        bridge.call(lambda engine: 1 / 0, receiver.take)
    assert results[0] == ("cpu", True)
    assert isinstance(results[1][0], ZeroDivisionError)
    assert results[1][1]


def test_closing_while_a_picture_is_drawn_is_clean(engine, qtbot):
    bridge = RenderBridge(lambda: engine)
    bridge.start()
    heard = []
    bridge.shown.connect(heard.append)
    engine.gate.clear()
    bridge.request(Recipe(FACES))
    bridge.call(lambda engine: 1, heard.append)
    threading.Timer(0.05, engine.gate.set).start()
    bridge.close()
    assert all(isinstance(answer, Picture) for answer in heard)


def test_twenty_thousand_signals_and_slider_moves(qtbot):
    """PySide6 6.12.0 loses a reference with each emit, and aborts after some 580 on Python 3.11."""
    home = Homecoming()
    count = 20_000
    arrived = 0

    def receive(result: object) -> None:
        nonlocal arrived
        arrived += result is True

    numbers = [home.expect(receive) for _ in range(count)]

    def send() -> None:
        for number in numbers:
            home.post(number, True)

    thread = threading.Thread(target=send)
    thread.start()
    qtbot.waitUntil(lambda: arrived == count, timeout=60_000)
    thread.join()

    track = Track(0.0, 1.0)
    qtbot.addWidget(track)
    moved = []
    track.moved.connect(moved.append)
    for number in range(count):
        track.setValue(number % 1000 + 1)
    assert len(moved) == count
    assert track.orientation() == Qt.Orientation.Horizontal
