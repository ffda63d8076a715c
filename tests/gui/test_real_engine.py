"""The window with the real engine and a small network: same recipe, same pixels, whoever draws."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from explorer import locations
from explorer.checkpoints import save_network
from explorer.gui.engine_maker import EngineMaker
from explorer.gui.main_window import MainWindow
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.settings import Settings
from explorer.render import Engine, RenderRequest
from tests.models.synthetic import channels_of, description_of, random_tensors
from tests.support import REPOSITORY


def write_network(path, resolution=16, seed=0):
    tensors = random_tensors("skip", resolution, channels_of(resolution, 128, 16), seed=seed)
    save_network(path, description_of("skip", resolution), tensors, {"title": "Tiny faces"})


@pytest.fixture
def weights(tmp_path, monkeypatch):
    folder = tmp_path / "weights"
    folder.mkdir()
    write_network(folder / "faces.safetensors")
    monkeypatch.setattr(locations, "weights_dir", lambda: folder)
    return folder


@pytest.fixture
def real_window(qtbot, weights):
    maker = EngineMaker("cpu")
    window = MainWindow(RenderBridge(maker), Settings(), maker.facts)
    window.show()
    with qtbot.waitSignal(window.settled, timeout=60_000):
        window.begin()
    yield window
    window.close()
    window.deleteLater()


def test_what_the_window_shows_is_what_the_engine_draws_anywhere(real_window, settle, drag):
    QTest.keyClick(real_window.viewer, Qt.Key.Key_Space)
    drag(real_window.findChild(object, "coarse_slider").track, 0.5, 1.0)
    drag(real_window.findChild(object, "psi_slider").track, 1.2)
    settle(real_window)
    frame = real_window.viewer.frame
    again = Engine(device="cpu").render(RenderRequest(frame.request.recipe))
    assert np.array_equal(again.pixels, frame.pixels)
    assert frame.request.recipe.mixes


def test_a_saved_picture_holds_what_was_seen_and_brings_it_back(real_window, settle, drop, qtbot, tmp_path):
    frame = real_window.viewer.frame
    path = tmp_path / "face.png"
    with qtbot.waitSignal(real_window.outgoing.saved):
        real_window.outgoing.save_picture(frame, path, real_window.desk.info)
    assert np.array_equal(np.asarray(Image.open(path)), frame.pixels)
    QTest.keyClick(real_window.viewer, Qt.Key.Key_Space)
    settle(real_window)
    assert not np.array_equal(real_window.viewer.frame.pixels, frame.pixels)
    with qtbot.waitSignal(real_window.store.changed):
        drop(real_window, path)
    settle(real_window)
    assert real_window.store.recipe == frame.request.recipe
    assert np.array_equal(real_window.viewer.frame.pixels, frame.pixels)


def test_networks_are_switched_and_hostile_ones_refused(real_window, settle, drop, qtbot, tmp_path):
    first = real_window.viewer.picture
    (tmp_path / "evil.pkl").write_bytes(
        b"cposix\nsystem\n(S'touch " + str(tmp_path / "ran").encode() + b"'\ntR."
    )
    with qtbot.waitSignal(real_window.incoming.notice):
        drop(real_window, tmp_path / "evil.pkl")
    assert real_window.viewer.picture is first
    assert not (tmp_path / "ran").exists()
    write_network(tmp_path / "large.safetensors", resolution=32, seed=5)
    with qtbot.waitSignal(real_window.desk.changed):
        drop(real_window, tmp_path / "large.safetensors")
    settle(real_window)
    assert real_window.viewer.frame.pixels.shape == (32, 32, 3)
    assert len(real_window.column.panel("mixing").rows.tracks) == 8
    real_window.commands["undo"].trigger()
    settle(real_window)
    assert np.array_equal(real_window.viewer.frame.pixels, first.frame.pixels)


def explorer(*words):
    environment = {
        k: v for k, v in os.environ.items() if k not in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")
    }
    return subprocess.run(
        [sys.executable, "-m", "explorer", *words],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
    )


def test_a_screenshot_needs_no_display(tmp_path):
    network = tmp_path / "tiny.safetensors"
    write_network(network)
    shot = tmp_path / "window.png"
    result = explorer("--model", str(network), "--screenshot", str(shot))
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    picture = Image.open(shot)
    assert picture.size == (2880, 1800)
    assert len(picture.convert("RGB").getcolors(2**24)) > 500  # a face and controls, not an empty window


def test_a_screenshot_that_fails_says_why_and_leaves_no_file(tmp_path):
    (tmp_path / "bad.pkl").write_bytes(b"nonsense")
    result = explorer("--model", str(tmp_path / "bad.pkl"), "--screenshot", str(tmp_path / "window.png"))
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert not (tmp_path / "window.png").exists()
    result = explorer("--session", str(tmp_path / "none.json"), "--screenshot", str(tmp_path / "window.png"))
    assert result.returncode == 1
    assert "none.json" in result.stderr
