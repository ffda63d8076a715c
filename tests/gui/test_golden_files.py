"""Every format dropped on the window, drawn by the real engine."""

import numpy as np
import pytest

from explorer.gui.engine_maker import EngineMaker
from explorer.gui.main_window import MainWindow
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.settings import Settings
from explorer.recipe import Mix, Transform
from explorer.render import Engine, RenderRequest
from tests.gui.test_classes_and_transform import CTRL, SHIFT, pull
from tests.gui.test_real_engine import real_window, weights  # noqa: F401 -- fixtures
from tests.support import golden_file, golden_index, needs_golden

FILES = [entry["file"] for entry in golden_index() if not entry["file"].endswith(".xz")]


@pytest.fixture
def open_file(real_window, settle, qtbot, drop, tmp_path):  # noqa: F811
    def drop_golden(name):
        with qtbot.waitSignal(real_window.desk.changed, timeout=60_000):
            drop(real_window, golden_file(name, tmp_path))
        settle(real_window)
        return real_window

    return drop_golden


@needs_golden
def test_every_format_is_dropped_and_drawn(open_file):
    for name in FILES:
        window = open_file(name)
        frame = window.viewer.frame
        assert window.desk.info.ref.name == name.partition(".")[0]
        assert frame.pixels.shape[:2] == (window.desk.info.resolution,) * 2
        assert not [notice for notice in window.notices.notices if notice.level == "error"]
    # Each was an edit, so that one can go back through all of them.
    names = []
    for _ in FILES[1:]:
        window.commands["undo"].trigger()
        names.append(window.store.recipe.model.name)
    assert names == [name.partition(".")[0] for name in FILES[-2::-1]]


@needs_golden
def test_what_a_network_cannot_do_is_told_and_the_wish_kept(open_file, settle):
    window = open_file("sg3_t.pkl")
    wish = window.store.recipe.with_(
        transform=Transform(0.2, 0.0, 30.0), class_index=1, class_mix=((2, 0.25),), mixes=(Mix(25, (14, 15)),)
    )
    window.store.edit(wish, "x")
    settle(window)
    window = open_file("ada_skip.pkl")
    (notice,) = [notice for notice in window.notices.notices if notice.key == "wish"]
    for word in ("no input transform", "no classes, so class 1 is", "class 2 of the mix", "rows 14,15"):
        assert word in notice.text
    assert window.column.sections["transform"].isHidden()
    assert window.column.sections["class"].isHidden()
    window = open_file("sg3_r_cond.pkl")
    assert not [notice for notice in window.notices.notices if notice.key == "wish"]
    assert window.store.recipe.with_(model=wish.model) == wish
    assert not window.column.sections["noise"].body.isEnabled()
    assert window.column.sections["noise"].body.toolTip()
    frame = window.viewer.frame
    again = Engine(device="cpu").render(RenderRequest(frame.request.recipe))
    assert np.array_equal(again.pixels, frame.pixels)


@needs_golden
def test_the_last_three_stay_on_the_shelf(weights, qtbot, settle, drop, tmp_path):  # noqa: F811
    engines = []

    class Maker(EngineMaker):
        def __call__(self):
            engines.append(super().__call__())
            return engines[-1]

    maker = Maker("cpu")
    window = MainWindow(RenderBridge(maker), Settings(), maker.facts)
    window.show()
    try:
        with qtbot.waitSignal(window.settled, timeout=60_000):
            window.begin()
        refs = [window.desk.info.ref.sha256]
        for name in ("ada_skip.pkl", "sg3_r.pkl"):
            with qtbot.waitSignal(window.desk.changed):
                drop(window, golden_file(name, tmp_path))
            settle(window)
            refs.append(window.desk.info.ref.sha256)
        shelf = engines[0]._shelf
        assert shelf.loaded() == tuple(refs)
        places = dict(shelf._places)
        window.commands["undo"].trigger()
        settle(window)
        assert shelf._places[refs[1]] is places[refs[1]], "nothing was read again"
        assert shelf.loaded()[-1] == refs[1]
    finally:
        window.close()
        window.deleteLater()


@needs_golden
@pytest.mark.parametrize("name", ["bad_truncated.pkl", "exec_os_system.pkl"])
def test_a_refused_file_leaves_the_old_network_up_and_may_be_tried_again(
    open_file, drop, qtbot, tmp_path, name
):
    window = open_file("ada_skip.pkl")
    picture, recipe = window.viewer.picture, window.store.recipe
    for _ in range(2):
        window.notices.clear("open")
        with qtbot.waitSignal(window.incoming.notice):
            drop(window, golden_file(f"malicious/{name}", tmp_path))
        assert window.notices.notices[0].level == "error"
    assert window.viewer.picture is picture
    assert window.store.recipe == recipe
    open_file("tf_sg1.pkl")


# Small networks have rims where their filters end, so middles are compared.
MIDDLE = slice(20, 44)


@needs_golden
def test_a_picture_follows_the_hand(open_file, settle):
    window = open_file("sg3_r.pkl")
    before = window.viewer.frame.pixels.astype(int)
    pull(window, CTRL, (0, 0), (0.125, 0.125))
    settle(window)
    after = window.viewer.frame.pixels.astype(int)
    by = round(window.store.recipe.transform.x * 64)
    assert by == 8

    def apart(across, down):
        there = after[20 + down : 44 + down, 20 + across : 44 + across]
        return np.abs(there - before[MIDDLE, MIDDLE]).mean()

    others = [apart(-by, -by), apart(by, -by), apart(-by, by), apart(0, 0)]
    assert apart(by, by) < min(others) / 4


@needs_golden
def test_a_picture_turns_with_the_hand(open_file, settle):
    window = open_file("sg3_r.pkl")
    before = window.viewer.frame.pixels.astype(int)
    pull(window, CTRL | SHIFT, (0.4, 0), (0.3, -0.3), (0, -0.4))  # a quarter, counter-clockwise
    settle(window)
    after = window.viewer.frame.pixels.astype(int)
    apart = [np.abs(np.rot90(before, quarters) - after)[MIDDLE, MIDDLE].mean() for quarters in (1, 0, 2, 3)]
    assert apart[0] < min(apart[1:]) / 4
