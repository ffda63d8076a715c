"""The window as a person uses it, with an engine that draws plain colours."""

import sys
import threading

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QWidget

from explorer.gui import moves, session, settings
from explorer.gui.actions import COMMANDS, MENUS, SUBMENUS
from explorer.gui.dialogs.palette import CommandPalette
from explorer.gui.dialogs.shortcuts import ShortcutsSheet
from explorer.gui.main_window import last_session
from explorer.gui.session import Session
from explorer.gui.settings import Settings
from explorer.gui.viewer import Viewer
from explorer.gui.widgets.buttons import TextButton
from explorer.gui.widgets.float_slider import FloatSlider
from explorer.gui.widgets.track import Track
from explorer.recipe import History, ModelRef, Noise, Recipe, SeedBlend, Work, edits
from explorer.recipe.document import dumps
from tests.gui.fakes import FACES, info_of, pixels_of

LEFT, NONE, CTRL = (
    Qt.MouseButton.LeftButton,
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
)


def seen(window) -> Recipe:
    return window.viewer.frame.request.recipe


def titles(window) -> list[str]:
    return [notice.title for notice in window.notices.notices]


def find(window, name, kind=QWidget):
    widget = window.findChild(kind, name)
    assert widget is not None, name
    return widget


@pytest.fixture
def saved(window, qtbot, tmp_path):
    """A picture on disk, made by the window."""
    path = tmp_path / "face.png"
    with qtbot.waitSignal(window.outgoing.saved):
        window.outgoing.save_picture(window.viewer.frame, path, window.desk.info)
    return path


# Faces.


def test_it_opens_on_a_face_of_the_bundled_network(window):
    assert window.desk.info.ref == FACES
    assert seen(window).model == FACES
    assert np.array_equal(window.viewer.frame.pixels, pixels_of(seen(window)))
    assert window.windowTitle().startswith("Faces")
    assert not window.store.history.can_undo


def test_space_draws_a_new_face(window, settle):
    before = window.store.recipe
    QTest.keyClick(window.viewer, Qt.Key.Key_Space)
    assert edits.seed_a(window.store.recipe) != edits.seed_a(before)
    settle(window)
    assert seen(window) == window.store.recipe
    QTest.keyClick(window.viewer, Qt.Key.Key_Z, CTRL)
    settle(window)
    assert seen(window) == before


@pytest.mark.parametrize("name", ["seed_a_box", "psi_slider", "new_face_button", "noise_seed_box"])
def test_space_means_a_new_face_wherever_the_hand_was_last(window, settle, name):
    widget = find(window, name)
    target = widget.box if isinstance(widget, FloatSlider) else widget
    QTest.mouseClick(target, LEFT)
    settle(window)
    before = edits.seed_a(window.store.recipe)
    QTest.keyClick(window.focusWidget() or window, Qt.Key.Key_Space)
    assert edits.seed_a(window.store.recipe) != before
    if isinstance(target, QLineEdit):
        assert " " not in target.text()


def test_space_presses_a_button_that_was_reached_by_tab(window):
    button = find(window, "seed_b_random")
    button.setFocus(Qt.FocusReason.TabFocusReason)
    before = window.store.recipe
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert edits.seed_a(window.store.recipe) == edits.seed_a(before)
    assert edits.seed_b(window.store.recipe) != edits.seed_b(before)


def test_holding_space_never_falls_behind(window, settle, engine):
    for _ in range(100):
        QTest.keyClick(window.viewer, Qt.Key.Key_Space)
    settle(window)
    assert seen(window) == window.store.recipe
    for _ in range(100):
        window.store.undo()
    assert edits.seed_a(window.store.recipe) == moves.FIRST_SEED_A


def test_a_new_face_shows_even_where_b_covered_a(window, settle):
    find(window, "seed_b_thumbnail").chosen.emit()
    assert edits.blend(window.store.recipe) == 1
    QTest.keyClick(window.viewer, Qt.Key.Key_Space)
    assert edits.blend(window.store.recipe) == 0
    window.store.edit(edits.with_row_strengths(window.store.recipe, [1.0] * 12, 1), "all B")
    QTest.keyClick(window.viewer, Qt.Key.Key_Space)
    assert not any(edits.row_strengths(window.store.recipe, 12))
    assert edits.seed_b(window.store.recipe) is not None


def test_a_large_seed_is_typed_and_is_one_step(window, settle):
    before = window.store.recipe
    QTest.keyClick(window.viewer, Qt.Key.Key_S)
    box = window.focusWidget()
    QTest.keyClicks(box, "4294967295")
    QTest.keyClick(box, Qt.Key.Key_Return)
    settle(window)
    assert edits.seed_a(seen(window)) == 4294967295
    QTest.keyClick(box, Qt.Key.Key_Z, CTRL)
    settle(window)
    assert seen(window) == before
    assert box.text() == str(edits.seed_a(before))


def test_neighbouring_seeds_by_key_and_by_button(window, settle):
    start = edits.seed_a(window.store.recipe)
    QTest.keyClick(window.viewer, Qt.Key.Key_N)
    QTest.keyClick(window.viewer, Qt.Key.Key_N)
    QTest.keyClick(window.viewer, Qt.Key.Key_P)
    QTest.mouseClick(find(window, "seed_a_next"), LEFT)
    assert edits.seed_a(window.store.recipe) == start + 2
    settle(window)


# Sliders.


def test_a_drag_brings_pictures_and_is_one_step(window, settle, drag, qtbot, engine):
    painted = []
    window.viewer.painted.connect(painted.append)
    psi = find(window, "psi_slider")
    before = window.store.recipe
    start = psi.track.point_of(psi.amount)
    QTest.mousePress(psi.track, LEFT, NONE, start)
    for step in range(1, 6):
        with qtbot.waitSignal(window.viewer.painted):
            QTest.mouseMove(psi.track, start + QPoint(8 * step, 0))
    QTest.mouseRelease(psi.track, LEFT, NONE, start + QPoint(40, 0))
    settle(window)
    assert len(painted) >= 5
    assert seen(window).psi == window.store.recipe.psi > before.psi
    assert window.commands["undo"].text() == "&Undo Change psi"
    window.commands["undo"].trigger()
    assert window.store.recipe is before or window.store.recipe == before
    assert not window.commands["undo"].isEnabled()
    assert window.commands["redo"].text() == "&Redo Change psi"
    settle(window)


def test_two_drags_are_two_steps(window, drag):
    psi = find(window, "psi_slider")
    drag(psi.track, 1.0, 1.2)
    drag(psi.track, 0.2, 0.1)
    assert len(window.store.history.past) == 2


def test_psi_is_typed_beyond_its_groove_and_reset_by_double_click(window, settle):
    psi = find(window, "psi_slider")
    psi.box.setFocus()
    psi.box.selectAll()
    QTest.keyClicks(psi.box, "-2.5")
    QTest.keyClick(psi.box, Qt.Key.Key_Return)
    assert window.store.recipe.psi == -2.5
    QTest.mouseDClick(psi.track, LEFT, NONE, psi.track.point_of(-1))
    assert window.store.recipe.psi == 0.7
    settle(window)


def test_cutoff_is_all_at_the_end(window, drag):
    cutoff = find(window, "cutoff_slider")
    assert cutoff.box.text() == "all"
    drag(cutoff.track, 4)
    assert window.store.recipe.cutoff == 4
    drag(cutoff.track, 12)
    assert window.store.recipe.cutoff is None


def test_the_blend_walks_from_a_to_b(window, drag, settle):
    blend = find(window, "blend_slider")
    drag(blend.track, 0.5)
    assert edits.blend(window.store.recipe) == pytest.approx(0.5, abs=0.02)
    drag(blend.track, 1.0)
    assert edits.blend(window.store.recipe) == 1.0
    settle(window)


def test_a_zone_moves_its_rows_together_and_keeps_their_differences(window, drag):
    row = find(window, "row_strength_5", Track)
    drag(row, 0.5)
    assert window.store.recipe.mixes[0].layers == (5,)
    middle = find(window, "middle_slider")
    drag(middle.track, 0.6)
    strengths = edits.row_strengths(window.store.recipe, 12)
    assert strengths[:4] == (0, 0, 0, 0)
    assert strengths[5] - strengths[4] == pytest.approx(
        edits.row_strengths(window.store.history.past[-1].value.recipe, 12)[5]
    )
    assert strengths[4] == strengths[6] == strengths[7] > 0
    drag(middle.track, 2.0, 0.1)  # past the end and back within one drag: nothing is flattened
    strengths = edits.row_strengths(window.store.recipe, 12)
    assert strengths[5] > strengths[4]
    QTest.mouseDClick(middle.track, LEFT, NONE, middle.track.point_of(middle.amount))
    assert not any(edits.row_strengths(window.store.recipe, 12))


def test_swap_and_reset_of_mixing(window, drag):
    drag(find(window, "coarse_slider").track, 1.0)
    a, b = edits.seed_a(window.store.recipe), edits.seed_b(window.store.recipe)
    QTest.mouseClick(find(window, "swap_button"), LEFT)
    assert (edits.seed_a(window.store.recipe), edits.seed_b(window.store.recipe)) == (b, a)
    assert edits.row_strengths(window.store.recipe, 12)[:4] == (1, 1, 1, 1)
    QTest.keyClick(window.viewer, Qt.Key.Key_M)
    assert not any(edits.row_strengths(window.store.recipe, 12))
    assert edits.seed_b(window.store.recipe) == a


def test_noise_modes_and_what_they_leave_without_use(window):
    seed, strength = find(window, "noise_seed_box"), find(window, "noise_strength_slider")
    assert not seed.isEnabled()
    QTest.mouseClick(find(window, "noise_random"), LEFT)
    assert window.store.recipe.noise == Noise("random", 0, 1.0)
    assert seed.isEnabled()
    QTest.mouseClick(find(window, "noise_none"), LEFT)
    assert not strength.isEnabled()
    assert strength.toolTip() == "Noise is off."
    assert window.store.recipe.noise.mode == "none"


def test_resetting_all_keeps_the_seeds(window):
    a, b = edits.seed_a(window.store.recipe), edits.seed_b(window.store.recipe)
    start = window.store.recipe
    window.store.edit(edits.with_blend(start, 0.4, 1).with_(psi=-1, cutoff=3, noise=Noise("none")), "x")
    window.commands["reset_all"].trigger()
    assert window.store.recipe == start
    assert (edits.seed_a(start), edits.seed_b(start)) == (a, b)


def test_thumbnails_show_a_and_b_alone(window, settle):
    a, b = find(window, "seed_a_thumbnail"), find(window, "seed_b_thumbnail")
    assert a.image is not None
    assert b.image is not None
    before = a.image
    window.commands["swap"].trigger()
    settle(window)
    assert b.image == before


def test_thumbnails_wait_until_the_hand_rests(window, settle, drag, engine):
    engine.rendered.clear()
    drag(find(window, "psi_slider").track, 0.8, 0.9, 1.0, let_go=False)
    settle(window)
    shown = [recipe for recipe in engine.rendered if recipe.base == SeedBlend.of(moves.FIRST_SEED_A)]
    assert shown == []
    window.store.seal()
    settle(window)
    assert [recipe.psi for recipe in engine.rendered if recipe.base == SeedBlend.of(moves.FIRST_SEED_A)] == [
        window.store.recipe.psi
    ]


# Files.


def test_a_saved_picture_dropped_on_the_window_brings_the_exact_state_back(
    window, saved, drop, settle, qtbot
):
    state = seen(window)
    window.store.edit(state.with_(psi=-0.4), "Change psi")
    QTest.keyClick(window.viewer, Qt.Key.Key_Space)
    before = window.store.recipe
    settle(window)
    with qtbot.waitSignal(window.store.changed):
        drop(window, saved)
    assert window.store.recipe == state
    settle(window)
    assert window.commands["undo"].text() == "&Undo Open face.png"
    window.commands["undo"].trigger()
    assert window.store.recipe == before
    settle(window)
    assert str(saved) in window.settings.recent_files


def test_what_is_saved_is_what_is_seen(window, qtbot, tmp_path, engine):
    from explorer.provenance import read_recipe

    state = seen(window)
    engine.gate.clear()
    QTest.keyClick(window.viewer, Qt.Key.Key_Space)  # wanted, but not yet drawn
    with qtbot.waitSignal(window.outgoing.saved):
        window.outgoing.save_picture(window.viewer.frame, tmp_path / "a.png", window.desk.info)
    assert read_recipe(tmp_path / "a.png") == state
    engine.gate.set()


def test_of_a_draft_the_full_picture_is_saved(window, qtbot, tmp_path, engine):
    from PIL import Image

    from explorer.render.frame import Frame, RenderRequest

    draft = Frame(RenderRequest(seen(window)), np.zeros((8, 8, 3), np.uint8), 16, 0.01, "cpu", "float32")
    with qtbot.waitSignal(window.outgoing.saved):
        window.outgoing.save_picture(draft, tmp_path / "a.png", None)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), pixels_of(seen(window)))


def test_save_picture_asks_where_and_quick_save_does_not(window, qtbot, tmp_path, monkeypatch):
    asked = []

    def answer(parent, title, start, filters):
        asked.append(start)
        return str(tmp_path / "mine"), "PNG (*.png)"

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    with qtbot.waitSignal(window.outgoing.saved):
        QTest.keyClick(window.viewer, Qt.Key.Key_S, CTRL)
    assert asked[0].endswith(f"faces-seed{moves.FIRST_SEED_A}.png")
    assert (tmp_path / "mine.png").is_file()
    with qtbot.waitSignal(window.outgoing.saved):  # nobody was asked whether to replace mine.png
        QTest.keyClick(window.viewer, Qt.Key.Key_S, CTRL)
    assert (tmp_path / "mine-2.png").is_file()
    for name in (f"faces-seed{moves.FIRST_SEED_A}.png", f"faces-seed{moves.FIRST_SEED_A}-2.png"):
        with qtbot.waitSignal(window.outgoing.saved):
            window.commands["quick_save"].trigger()
        assert (tmp_path / name).is_file()
    assert f"Saved faces-seed{moves.FIRST_SEED_A}-2.png" in titles(window)


def test_a_picture_that_cannot_be_saved_is_told(window, qtbot, tmp_path):
    with qtbot.waitSignal(window.outgoing.notice):
        window.outgoing.save_picture(window.viewer.frame, tmp_path / "no folder" / "a.png", None)
    assert titles(window) == ["a.png could not be saved"]


def test_a_bad_file_is_told_and_changes_nothing(window, drop, qtbot, tmp_path):
    picture, recipe = window.viewer.picture, window.store.recipe
    (tmp_path / "bad.pkl").write_bytes(b"cos\nsystem\n(S'ls'\ntR.")
    with qtbot.waitSignal(window.incoming.notice):
        drop(window, tmp_path / "bad.pkl")
    (notice,) = window.notices.notices
    assert notice.level == "error"
    assert "bad.pkl" in notice.text
    assert window.viewer.picture is picture
    assert window.store.recipe == recipe
    assert window.desk.info.ref == FACES


@pytest.mark.parametrize("name", ["gone.png", "empty.png", "text.json", "recipe-free.png"])
def test_files_that_hold_nothing_are_told(window, drop, qtbot, tmp_path, name):
    from PIL import Image

    if name == "empty.png":
        (tmp_path / name).write_bytes(b"")
    elif name == "text.json":
        (tmp_path / name).write_text('{"kind": "shopping list"}')
    elif name == "recipe-free.png":
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    with qtbot.waitSignal(window.incoming.notice):
        drop(window, tmp_path / name)
    assert titles(window) == [f"{name} could not be opened"]


def test_a_recipe_of_an_unknown_network_names_it_and_offers_what_to_do(window, settle, qtbot):
    before = window.viewer.picture
    wanted = window.store.recipe.with_(model=ModelRef("cats", "c" * 64), psi=0.25)
    with qtbot.waitSignal(window.incoming.notice):
        window.incoming.adopt(wanted, "Open cat.png")
    (notice,) = window.notices.notices
    assert "cats" in notice.title
    assert window.viewer.picture is before
    assert window.store.recipe.model == FACES
    offers = dict(notice.offers)
    assert list(offers) == ["Open network…", "Use with this network"]
    (button,) = [b for b in window.notices.findChildren(TextButton) if b.text() == "Use with this network"]
    QTest.mouseClick(button, LEFT)
    assert titles(window) == []
    settle(window)
    assert seen(window) == wanted.with_(model=FACES)


def test_another_network_keeps_the_wishes(window, drop, settle, qtbot, engine, tmp_path):
    engine.know(info_of(FACES))
    window.store.edit(edits.with_row_strengths(window.store.recipe, [0.0] * 10 + [1.0, 1.0], 5), "Mix")
    wishes = window.store.recipe
    (tmp_path / "small.safetensors").write_bytes(b"network")
    opened = info_of(ModelRef("small", "e" * 64), num_ws=6, has_noise=False, resolution=16)
    engine.open = lambda path: engine.know(opened)
    with qtbot.waitSignal(window.desk.changed):
        drop(window, tmp_path / "small.safetensors")
    settle(window)
    assert window.store.recipe == wishes.with_(model=opened.ref)
    assert len(window.column.panel("mixing").rows.tracks) == 6
    fine, noise = find(window, "fine_slider"), window.column.sections["noise"]
    assert not fine.isEnabled()
    assert "no fine rows" in fine.toolTip()
    assert not noise.body.isEnabled()
    assert "without noise" in noise.body.toolTip()
    assert str(tmp_path / "small.safetensors") in window.settings.recent_models
    window.commands["undo"].trigger()
    settle(window)
    assert window.desk.info.ref == FACES
    assert len(window.column.panel("mixing").rows.tracks) == 12
    assert find(window, "fine_slider").isEnabled()
    assert seen(window) == wishes


def test_copy_and_paste_of_a_recipe(window, settle):
    state = seen(window)
    window.commands["copy_recipe"].trigger()
    assert QGuiApplication.clipboard().text() == dumps(state)
    window.store.edit(state.with_(psi=0.1), "Change psi")
    window.commands["paste"].trigger()
    assert window.store.recipe == state
    settle(window)
    QGuiApplication.clipboard().setText("lorem ipsum")
    window.commands["paste"].trigger()
    assert "What was copied is no recipe" in titles(window)


def test_copy_picture_copies_what_is_seen(window, qtbot):
    QGuiApplication.clipboard().clear()
    window.commands["copy_picture"].trigger()
    qtbot.waitUntil(lambda: not QGuiApplication.clipboard().image().isNull())
    assert QGuiApplication.clipboard().image().size() == window.viewer.picture.image.size()


# Trouble.


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
    qtbot.waitUntil(lambda: getattr(engine, "cache_bytes", 0) == 64 * 2**20)
    assert window.settings.cache_mib == 64


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


# What is kept.


def test_the_next_window_opens_where_the_last_was_closed(open_window, settle, drag):
    first = open_window()
    QTest.keyClick(first.viewer, Qt.Key.Key_Space)
    drag(find(first, "psi_slider").track, 1.1)
    first.viewer.zoom_to(5.0)
    QTest.mouseClick(first.column.sections["noise"].findChild(QWidget, "section_header"), LEFT)
    first.commands["theme_light"].trigger()
    first.commands["controls_left"].trigger()
    settle(first)
    state = first.store.recipe
    first.close()

    kept = settings.load()
    assert kept.theme == "light"
    second = open_window(kept, restored=last_session(kept))
    assert second.store.recipe == state
    assert seen(second) == state
    assert second.viewer.scale == 5.0
    assert second.column.folded == ["noise"]
    assert second.dockWidgetArea(second.look.dock) == Qt.DockWidgetArea.LeftDockWidgetArea
    assert second.commands["undo"].text() == "&Undo Change psi"
    second.commands["undo"].trigger()
    settle(second)
    second.commands["theme_dark"].trigger()


def test_a_last_session_of_a_lost_network_begins_anew_and_says_so(open_window):
    lost = Recipe(ModelRef("lost", "9" * 64))
    window = open_window(restored=Session(History(Work(lost))))
    assert seen(window).model == FACES
    assert titles(window) == ["The session could not be restored"]


def test_a_damaged_last_session_is_no_reason_not_to_start(open_window):
    session.last_session_file().write_text("{")
    assert last_session(Settings()) is None
    assert last_session(Settings(restore_session=False)) is None


def test_a_saved_session_is_opened_with_its_history(window, qtbot, tmp_path, drop, settle):
    window.commands["next_seed"].trigger()
    window.commands["next_seed"].trigger()
    kept = window.store.history
    settle(window)
    with qtbot.waitSignal(window.outgoing.saved):
        window.outgoing.save_session(Session(kept), tmp_path / "s.json")
    window.commands["reset_all"].trigger()
    window.commands["new_face"].trigger()
    with qtbot.waitSignal(window.incoming.opened):
        drop(window, tmp_path / "s.json")
    settle(window)
    assert window.store.history == kept


def test_the_session_is_kept_while_the_window_is_open(window, qtbot):
    window.commands["next_seed"].trigger()
    window.keeper.finish()
    qtbot.waitUntil(session.last_session_file().is_file)
    assert session.read(session.last_session_file()).history.present == window.store.work


# Commands.


def test_every_command_is_in_a_menu_and_does_something(window):
    entries = [entry for menu in MENUS.values() for entry in menu]
    entries += [key for _, keys in SUBMENUS.values() for key in keys]
    assert {command.key for command in COMMANDS} <= set(entries)
    for action in window.commands.all():
        wired = action.receivers("2invoked()") > 0 or action.receivers("2triggered(bool)") > 1
        assert wired, action.command.key


def test_no_key_has_two_meanings():
    keys = [QKeySequence(key).toString() for command in COMMANDS for key in command.shortcuts]
    assert "" not in keys
    assert len(keys) == len(set(keys))


def test_the_sheet_shows_every_key(window, qtbot):
    from PySide6.QtWidgets import QLabel

    sheet = ShortcutsSheet(window.commands, window)
    texts = [label.text() for label in sheet.findChildren(QLabel)]
    for command in COMMANDS:
        for key in command.shortcuts:
            shown = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
            assert any(shown in text.split(" or ") for text in texts), key
    sheet.close()


def test_the_palette_finds_and_runs(window, qtbot):
    palette = CommandPalette(window.commands, window)
    palette.show()
    QTest.keyClicks(palette.line, "swap")
    assert palette.found[0] == "Swap A and B"
    a = edits.seed_a(window.store.recipe)
    QTest.keyClick(palette, Qt.Key.Key_Return)
    assert edits.seed_b(window.store.recipe) == a


def test_zoom_keys(window):
    viewer = window.viewer
    QTest.keyClick(viewer, Qt.Key.Key_1)
    assert viewer.scale == 1.0
    QTest.keyClick(viewer, Qt.Key.Key_Plus)
    assert viewer.scale == 1.25
    QTest.keyClick(viewer, Qt.Key.Key_Minus)
    assert viewer.scale == 1.0
    QTest.keyClick(viewer, Qt.Key.Key_0)
    assert viewer.is_fitted
    assert "fitted" in window.status.findChild(QWidget, "status_zoom").text()


def test_pages_open_and_close(window, qtbot):
    for key in ("shortcuts", "about", "model_card", "settings", "palette"):
        window.commands[key].trigger()
        pages = [
            w
            for w in QApplication.topLevelWidgets()
            if w is not window and w.isVisible() and w.parent() is window
        ]
        assert pages, key
        for page in pages:
            page.close()


def test_full_screen_leaves_only_the_picture_and_escape_returns(window, qtbot):
    window.commands["full_screen"].trigger()
    assert not window.menuBar().isVisible()
    assert not window.look.dock.isVisible()
    QTest.keyClick(window.viewer, Qt.Key.Key_F9)  # shortcuts work without a menu bar
    assert window.look.dock.isVisible()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert window.menuBar().isVisible()


def test_every_control_can_be_reached_and_has_a_name(window):
    seen_names = set()
    for widget in window.column.findChildren(QWidget):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
            name = widget.accessibleName() or getattr(widget, "text", str)()
            assert name, widget.objectName()
            seen_names.add(name)
    assert {"Seed A", "Psi", "Row 0, strength of B", "Swap A and B", "New face"} <= seen_names


def test_the_status_line_speaks_of_what_is_seen(window, settle, engine):
    window.store.edit(edits.with_blend(window.store.recipe, 0.25, 1), "Blend")
    settle(window)
    assert (
        window.status.seen_text == f"Seed {moves.FIRST_SEED_A} → {moves.FIRST_SEED_B} at 0.25   ·   psi 0.70"
    )
    engine.gate.clear()
    window.commands["new_face"].trigger()
    assert window.status.seen_text.startswith(f"Seed {moves.FIRST_SEED_A} ")
    engine.gate.set()


def test_an_idle_window_waits_for_nothing(window, qtbot):
    from PySide6.QtCore import QTimer

    window.keeper.finish()
    running = [timer for timer in window.findChildren(QTimer) if timer.isActive()]
    assert all(timer.isSingleShot() for timer in running)


def test_resizing_while_pictures_come(window, settle):
    for width in range(900, 1300, 40):
        window.resize(width, 700)
        window.commands["new_face"].trigger()
        QApplication.processEvents()
    settle(window)
    assert isinstance(window.viewer, Viewer)
    assert window.viewer.target().height() <= window.viewer.height()


def test_a_drag_over_the_window_shows_that_files_are_welcome(window, qapp):
    from PySide6.QtCore import QMimeData, QUrl
    from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent

    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/tmp/face.png")])
    enter = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, data, LEFT, NONE)
    qapp.sendEvent(window, enter)
    assert enter.isAccepted()
    qapp.sendEvent(window, QDragLeaveEvent())
    text = QMimeData()
    text.setText("hello")
    refused = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, text, LEFT, NONE)
    refused.ignore()
    qapp.sendEvent(window, refused)
    assert not refused.isAccepted()
    assert enter.type() == QEvent.Type.DragEnter


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.safetensors", b"{" + bytes(7) + b'{"a":1}', "network"),
        ("a.bin", b"{" + bytes(7) + b'{"a":1}', "network"),
        ("a.pkl", b"\x80\x02", "network"),
        ("a.png", b"", "picture"),
        ("renamed", b"\x89PNG\r\n", "picture"),
        ("a.json", b"", "session"),
        ("renamed.txt", b'  {"kind": 1}', "session"),
    ],
)
def test_files_are_told_apart_by_name_and_content(tmp_path, name, content, kind):
    from explorer.gui.incoming import kind_of

    (tmp_path / name).write_bytes(content)
    assert kind_of(tmp_path / name) == kind
