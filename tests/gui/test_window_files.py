"""Files that go out of the window and come in, with an engine that draws plain colours."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from explorer.gui import moves
from explorer.gui.widgets.buttons import TextButton
from explorer.recipe import ModelRef, edits
from explorer.recipe.document import dumps
from tests.gui.fakes import FACES, info_of, pixels_of
from tests.gui.looking import CTRL, LEFT, NONE, find, seen, titles


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
