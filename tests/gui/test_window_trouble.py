"""What the window says and does when something goes wrong, with an engine that draws plain colours."""

import sys
import threading
from types import SimpleNamespace

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from explorer.gui import settings
from explorer.gui.caches import LATENT_BYTES, KeptPictures, shared_out
from explorer.gui.thumbnails import SIDE
from tests.gui import fakes
from tests.gui.looking import LEFT, seen, titles


def test_a_failed_picture_leaves_the_last_one_and_a_notice_until_one_succeeds(window, settle, qtbot, engine):
    before = window.viewer.picture
    engine.fail = RuntimeError("a bad day")
    with qtbot.waitSignal(window.bridge.failed):
        window.commands["next_seed"].trigger()
    assert window.viewer.picture is before
    assert titles(window) == ["This picture could not be drawn"]
    engine.fail = None
    window.commands["next_seed"].trigger()
    settle(window)
    assert titles(window) == []


def test_wishes_a_network_cannot_grant_are_told_and_taken_back(window, settle):
    from explorer.recipe import Mix

    plain = window.store.recipe
    window.store.edit(plain.with_(mixes=tuple(Mix(9, (row,)) for row in range(9))), "Mix")
    settle(window)
    assert titles(window) == ["Not everything in this recipe can be drawn here"]
    window.store.undo()
    settle(window)
    assert titles(window) == []


def test_a_notice_is_dismissed_by_its_button(window, qtbot):
    from explorer.gui.notices import Notice
    from explorer.gui.widgets.buttons import IconButton

    window.notices.say(Notice("Oh", "no", key="a"))
    window.notices.say(Notice("Oh", "again", key="a"))
    assert [notice.text for notice in window.notices.notices] == ["again"]
    QTest.mouseClick(window.notices.findChildren(IconButton)[-1], LEFT)
    assert titles(window) == []
    assert not window.notices.isVisible()


def test_an_absent_device_is_told_and_the_old_one_stays(window, qtbot, settle):
    qtbot.waitUntil(lambda: window.commands["device_cpu"].isEnabled())
    assert not window.commands["device_cuda"].isEnabled()
    assert "NVIDIA" in window.commands["device_cuda"].toolTip()
    with qtbot.waitSignal(window.devices.notice):
        window.commands["precision_float16"].trigger()
    assert titles(window) == ["Not as wished, but it runs"]
    window.commands["device_cuda"].setEnabled(True)
    with qtbot.waitSignal(window.devices.notice):
        window.commands["device_cuda"].trigger()
    assert titles(window) == ["The device could not be changed"]


def test_a_device_asked_for_once_is_not_kept(open_window, qtbot):
    window = open_window(device="cpu")
    qtbot.waitUntil(lambda: window.commands["device_cpu"].isEnabled())
    assert window.commands["device_cpu"].isChecked()
    window.close()
    assert settings.load().device == "auto"


def test_what_is_left_out_is_said_once_not_with_every_picture(window, settle):
    from explorer.recipe import Mix

    mixes = tuple(Mix(9, (row,)) for row in range(9))
    window.store.edit(window.store.recipe.with_(mixes=mixes), "Mix")
    settle(window)
    window.notices.clear("wish")  # read, and gone by itself
    window.store.edit(window.store.recipe.with_(psi=0.1), "Change psi")
    settle(window)
    assert titles(window) == []


def test_an_exception_in_a_slot_is_logged_and_told(window, monkeypatch):
    from explorer.gui.mishaps import reporting_to
    from explorer.locations import user_log_dir

    # pytest-qt has a hook of its own, which would fail the test; ours calls the one before it.
    monkeypatch.setattr(sys, "excepthook", lambda *_: None)
    with reporting_to(window):
        sys.excepthook(ZeroDivisionError, ZeroDivisionError("oh"), None)
    assert titles(window) == ["Something unexpected happened"]
    assert "ZeroDivisionError" in (user_log_dir() / "explorer.log").read_text()


def test_the_memory_setting_reaches_the_engine(window, qtbot, engine):
    from explorer.gui.dialogs.preferences import Preferences

    window.commands["settings"].trigger()
    page = window.findChild(Preferences)
    page.cache.setValue(64)
    page.accept()
    qtbot.waitUntil(lambda: getattr(engine, "cache_bytes", 0) == shared_out(64)[0])
    assert window.settings.cache_mib == 64


def test_left_automatic_the_memory_follows_the_device(window, qtbot, engine, monkeypatch):
    from explorer.gui.dialogs.preferences import Preferences
    from explorer.render import devices

    card = SimpleNamespace(total_memory=24 * 2**30)
    monkeypatch.setattr(devices.torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(devices.torch.cuda, "get_device_properties", lambda device: card)
    window.commands["settings"].trigger()
    page = window.findChild(Preferences)
    assert page.cache.text() == "Automatic"
    page.accept()
    qtbot.waitUntil(lambda: callable(getattr(engine, "cache_bytes", 0)))
    assert engine.cache_bytes("cpu") == shared_out(256)[0]
    assert engine.cache_bytes("cuda") == shared_out(24 * 64)[0]
    assert window.settings.cache_mib == 0


def test_the_settings_tell_how_much_is_kept(window, qtbot, engine):
    from explorer.gui.dialogs.preferences import Preferences

    engine.cache_stats = SimpleNamespace(bytes=5 * 2**20, limit_bytes=shared_out(256)[0])
    window.bridge.kept.put("large", QImage(1024, 1024, QImage.Format.Format_RGB32))
    window.commands["settings"].trigger()
    page = window.findChild(Preferences)
    qtbot.waitUntil(lambda: "In use now: 9 of 256 MiB" in page.in_use.text())


def test_all_caches_together_stay_under_the_limit():
    for limit in (16, 256, 16384):
        engine_bytes, small_bytes = shared_out(limit)
        assert engine_bytes > small_bytes > 0
        assert engine_bytes + small_bytes + LATENT_BYTES <= limit * 2**20
    kept = KeptPictures(10 * 64 * 64 * 4)
    for number in range(30):
        kept.put(number, QImage(64, 64, QImage.Format.Format_RGB32))
        assert kept.get(0) is not None  # in use, and so never the oldest
        assert kept.nbytes <= 10 * 64 * 64 * 4
    assert [number for number in range(30) if number in kept] == [0, *range(21, 30)]
    kept.put(29, QImage(32, 32, QImage.Format.Format_RGB32))
    assert kept.nbytes == (9 * 64 * 64 + 32 * 32) * 4
    kept.set_limit(0)
    assert kept.nbytes == 32 * 32 * 4  # the newest stays


def test_thumbnails_of_large_networks_are_kept_small(window, settle, engine, monkeypatch):
    monkeypatch.setattr(fakes, "pixels_of", lambda recipe, side: np.zeros((1024, 1024, 3), np.uint8))
    window.commands["new_face"].trigger()
    settle(window)
    kept = [window.bridge.kept.get(key) for key in list(window.bridge.kept._images)]
    assert len(kept) > 1
    assert all(image.height() <= SIDE for image in kept)


def test_recent_files_and_networks_are_chosen_from_menus(window, settle, qtbot, tmp_path, saved):
    state = window.store.recipe
    window.commands["new_face"].trigger()
    (action,) = window.recent.menu.actions()
    assert action.text() == "face.png"
    with qtbot.waitSignal(window.incoming.opened):
        action.trigger()
    assert window.store.recipe == state
    (tmp_path / "pets & co.pkl").write_bytes(b"network")
    window.incoming.open_network(tmp_path / "pets & co.pkl")
    with qtbot.waitSignal(window.incoming.opened):
        pass
    window.store.undo()
    texts = {action.text(): action for action in window.networks.menu.actions()}
    with qtbot.waitSignal(window.desk.changed):
        texts["pets && co.pkl"].trigger()
    assert window.store.recipe.model.name == "pets & co"
    settle(window)


def test_without_the_bundled_network_the_window_says_what_to_do(open_window, engine, qtbot, tmp_path):
    engine.infos.clear()
    window = open_window(wait=False)
    with qtbot.waitSignal(window.incoming.notice):
        pass
    assert titles(window) == ["The network faces could not be opened"]
    QTest.keyClick(window.viewer, Qt.Key.Key_Space)  # harmless
    (tmp_path / "mine.pkl").write_bytes(b"network")
    with qtbot.waitSignal(window.settled):
        window.incoming.open_network(tmp_path / "mine.pkl")
    assert seen(window).model.name == "mine"


def test_the_window_lives_while_the_first_network_loads(open_window, engine, qtbot):
    started, go = threading.Event(), threading.Event()
    load = engine.open

    def slow(name):
        started.set()
        go.wait(30)
        return load(name)

    engine.open = slow
    window = open_window(wait=False)
    assert started.wait(10)
    QTest.keyClick(window.viewer, Qt.Key.Key_Space)
    QTest.keyClick(window.viewer, Qt.Key.Key_0)
    assert window.viewer.picture is None
    with qtbot.waitSignal(window.settled):
        go.set()


def test_closing_while_a_picture_is_drawn_is_clean(open_window, engine):
    window = open_window()
    engine.gate.clear()
    window.commands["new_face"].trigger()
    threading.Timer(0.05, engine.gate.set).start()
    window.close()  # the fixture checks that no thread is left


def test_closing_before_the_first_picture_is_clean(open_window):
    open_window(wait=False).close()
