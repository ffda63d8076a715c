"""The panel of directions, the search for them, and what becomes of a picture made with them."""

import itertools

import numpy as np
import pytest
import torch
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QInputDialog

from explorer.gui.dialogs.export_directions import ExportDirections
from explorer.gui.dialogs.import_directions import ImportDirections
from explorer.gui.main_window import MainWindow
from explorer.gui.panels.directions import AT_ONCE
from explorer.latents import Direction
from explorer.latents.direction_form import DirectionSet, dumps
from explorer.recipe import ModelRef, Push, StoredDirection, document
from explorer.render import Engine, RenderRequest
from explorer.render.known_directions import read_directions
from tests.gui.fakes import FakeDirection
from tests.gui.test_real_engine import real_window, weights  # noqa: F401  fixtures


@pytest.fixture
def panel(qtbot, engine, open_window, settle):
    engine.known.own = [FakeDirection("pca 1"), FakeDirection("pca 2", layers="fine")]
    window = open_window()
    panel = window.column.panel("directions")
    qtbot.waitUntil(lambda: len(panel.rows) == 3)
    settle(window)
    panel.shown_in = window
    return panel


def pushes(panel):
    return panel.store.recipe.directions


def test_a_drag_is_one_step_and_carries_the_direction(panel, drag):
    panel.rows["pca 2", 0].track.setMinimumWidth(200)
    drag(panel.rows["pca 2", 0].track, 1.0, 2.0, 3.0)
    (push,) = pushes(panel)
    assert push.name == "pca 2"
    assert push.amount == pytest.approx(3.0, abs=0.2)
    assert push.stored == FakeDirection("pca 2", layers="fine").stored()
    assert panel.store.history.undo_name == "Change pca 2"
    panel.store.undo()
    assert pushes(panel) == ()
    assert panel.rows["pca 2", 0].track.amount == 0


def test_typing_reaches_ten_and_a_reset_takes_the_push_out(panel, qtbot):
    row = panel.rows["age", 0]
    row.box.setFocus()
    row.box.selectAll()
    row.box.insert("-12")
    row.box.setModified(True)
    row.box.editingFinished.emit()
    assert [push.amount for push in pushes(panel)] == [-10.0]
    row.layers_chosen.emit("coarse")
    assert pushes(panel)[0].layers == "coarse"
    assert row.rows.text() == "coarse"
    row.track.reset()
    assert pushes(panel) == ()


def test_a_switched_off_direction_keeps_its_amount(panel):
    row = panel.rows["age", 0]
    row.edited.emit(2.0)
    row.sealed.emit()
    row.switch.click()
    assert (pushes(panel)[0].amount, pushes(panel)[0].is_on) == (2.0, False)
    row.switch.click()
    assert pushes(panel)[0].is_on


def test_what_only_the_recipe_knows_is_listed_and_stays_while_it_is_dragged_through_0(panel):
    stored = StoredDirection(1, 8, bytes(32), 1.0, "fine", "sefa")
    foreign = (Push("hat", 2.0, stored=stored), Push("hat", -1.0, (1,), stored), Push("lost", 1.0))
    panel.store.edit(panel.store.recipe.with_(directions=foreign), "Open")
    assert list(panel.rows)[3:] == [("hat", 0), ("hat", 1), ("lost", 0)]
    assert panel.rows["hat", 0].rows.text() == "fine"
    panel.rows["hat", 1].edited.emit(0.0)
    assert [push.amount for push in pushes(panel)] == [2.0, 0.0, 1.0]
    panel.rows["hat", 0].asked.emit("remove")
    assert [push.name for push in pushes(panel)] == ["lost"]
    panel.reset.click()
    assert pushes(panel) == ()
    assert len(panel.rows) == 3


def test_names_are_changed_in_the_list_and_in_the_picture(panel, qtbot, monkeypatch):
    panel.rows["pca 1", 0].edited.emit(2.0)
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("smile", True))
    panel.rows["pca 1", 0].asked.emit("rename")
    qtbot.waitUntil(lambda: ("smile", 0) in panel.rows)
    assert [push.name for push in pushes(panel)] == ["smile"]
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("age", True))
    panel.rows["smile", 0].asked.emit("rename")
    qtbot.waitUntil(lambda: bool(panel.shown_in.notices.notices))
    assert "age" in panel.shown_in.notices.notices[0].text


def test_order_and_removal_are_kept(panel, qtbot, engine):
    panel.rows["pca 2", 0].asked.emit("up")
    qtbot.waitUntil(lambda: list(panel.rows)[1] == ("pca 2", 0))
    panel.rows["pca 1", 0].asked.emit("remove")
    qtbot.waitUntil(lambda: len(panel.rows) == 2)
    assert [direction.name for direction in engine.known.own] == ["pca 2"]
    actions = {action.objectName(): action for action in panel.rows["age", 0].menu.actions()}
    assert not actions["rename"].isEnabled()


def test_a_long_list_can_be_searched(panel, qtbot, engine):
    assert not panel.search.isVisibleTo(panel)
    engine.known.own += [FakeDirection(f"sefa {i}", "sefa") for i in range(8)]
    panel.shown_in.directions.desk.refresh()
    qtbot.waitUntil(lambda: len(panel.rows) == 11)
    assert panel.search.isVisibleTo(panel)
    panel.search.setText("sefa 3")
    assert [name for (name, _), row in panel.rows.items() if row.isVisibleTo(panel)] == ["sefa 3"]

    panel.search.setText("closed form 7")
    assert [name for (name, _), row in panel.rows.items() if row.isVisibleTo(panel)] == ["sefa 7"]


def test_a_long_list_comes_bit_by_bit_in_its_order_and_shows_the_edits_made_meanwhile(panel, qtbot, engine):
    engine.known.own += [FakeDirection(f"sefa {i}", "sefa") for i in range(8)]
    seen = []
    make_more = panel._more.timeout
    make_more.connect(lambda: seen.append(len(panel.rows)))
    with qtbot.waitSignal(panel.completed):
        panel.show_known(engine.known.of(None), frozenset())
        assert not panel.is_complete
        assert not panel.shown_in.is_settled
        panel.rows["age", 0].edited.emit(2.0)
        assert panel.rows["age", 0].track.amount == 2
    names = ["age", "pca 1", "pca 2", *(f"sefa {i}" for i in range(8))]
    assert [name for name, _ in panel.rows] == names
    assert [panel._list.indexOf(row) for row in panel.rows.values()] == list(range(11))
    assert panel.rows["sefa 7", 0].isVisibleTo(panel)
    assert max(b - a for a, b in itertools.pairwise(seen)) <= AT_ONCE
    assert panel.is_complete


def test_a_row_that_goes_before_it_is_dressed_does_no_harm(panel, qtbot, qapp):
    panel.show_known([FakeDirection(f"sefa {i}", "sefa") for i in range(8)], frozenset())
    qtbot.waitUntil(lambda: panel._bare is not None)
    name = panel._bare.name
    panel.show_known([FakeDirection(name, "sefa")], frozenset())
    assert list(panel.rows) == [(name, 0)]
    with qtbot.waitSignal(panel.completed):
        panel.show_known([], frozenset())
        qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not panel.rows


def test_what_is_below_a_long_list_moves_once(panel, qtbot):
    below = panel.shown_in.column.sections["mixing"]
    places = []
    with qtbot.waitSignal(panel.completed):
        panel.show_known([FakeDirection(f"sefa {i}", "sefa") for i in range(12)], frozenset())
        panel._more.timeout.connect(lambda: panel.rows and places.append((len(panel.rows), below.y())))
    qtbot.waitUntil(lambda: not panel._room.isVisible())
    # Where it stands is seen one group later: the window lays itself out in between.
    assert {y for count, y in places if AT_ONCE < count < 12} == {below.y()}


def test_a_long_list_of_another_network_takes_the_place_of_one_that_is_not_complete(panel, qtbot):
    panel.show_known([FakeDirection(f"sefa {i}", "sefa") for i in range(8)], frozenset())
    qtbot.waitUntil(lambda: len(panel._made) > 2)
    with qtbot.waitSignal(panel.completed):
        panel.show_known([FakeDirection(f"pca {i}") for i in range(5)], frozenset())
    assert [name for name, _ in panel.rows] == [f"pca {i}" for i in range(5)]
    assert not panel._made


def test_a_lock_is_kept_in_the_picture_and_can_be_undone(panel):
    row = panel.rows["age", 0]
    row.lock.click()
    (push,) = pushes(panel)
    assert (push.amount, push.is_locked, push.stored) == (0.0, True, FakeDirection("age", "learned").stored())
    assert panel.store.history.undo_name == "Keep age still"
    panel.store.undo()
    assert not row.lock.isChecked()
    assert pushes(panel) == ()
    row.lock.click()
    row.lock.click()
    assert pushes(panel) == ()


def test_rows_have_strengths_of_their_own(panel, drag):
    row = panel.rows["pca 2", 0]  # acts on the fine rows, 8 to 11
    row.edited.emit(2.0)
    row.sealed.emit()
    row.expander.click()
    tracks = row.details.tracks
    assert [track.amount for track in tracks] == [0.0] * 8 + [1.0] * 4
    drag(tracks[9], 0.8, 0.5)
    (push,) = pushes(panel)
    assert push.layers is None
    assert push.row_strengths == ((9, pytest.approx(0.5, abs=0.05)),)
    assert row.rows.text() == "fine *"
    panel.store.undo()
    assert pushes(panel)[0].row_strengths == ()
    assert tracks[9].amount == 1.0
    drag(tracks[2], 0.5, 1.0)
    assert pushes(panel)[0].layers == (2, 8, 9, 10, 11)
    row.layers_chosen.emit("coarse")
    assert pushes(panel)[0].row_strengths == ()
    row.label.clicked.emit()
    assert not row.is_open


def test_notes_are_written_and_effects_are_told(panel, qtbot, engine):
    engine.known.came[0] = FakeDirection("age", "learned", note="shipped", effects={"hair": -0.5, "smile": 2})
    panel.shown_in.directions.desk.refresh()
    row = panel.rows["age", 0]
    qtbot.waitUntil(lambda: "shipped" in row.label.toolTip())
    assert "smile +2, hair \N{MINUS SIGN}0.5" in row.label.toolTip()
    row.set_open(True)
    assert not row.details.note.isVisibleTo(panel)  # not the user's own
    assert "shipped" in row.details.fixed_note.text()
    own = panel.rows["pca 1", 0]
    own.set_open(True)
    own.details.note.setText("a rounder  face")
    own.details.note.editingFinished.emit()
    qtbot.waitUntil(lambda: engine.known.own[0].note == "a rounder face")


def test_names_are_dragged_to_another_place(panel, qtbot, engine):
    label, last = panel.rows["age", 0].label, panel.rows["pca 2", 0]
    middle = label.rect().center()
    qtbot.mousePress(label, Qt.MouseButton.LeftButton, pos=middle)
    for place in range(4, 80, 4):
        QTest.mouseMove(label, label.mapFromGlobal(last.mapToGlobal(QPoint(middle.x(), place - 40))))
    assert list(panel.rows)[-1] == ("age", 0)
    assert not engine.known.order
    qtbot.mouseRelease(label, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: engine.known.order == ["pca 1", "pca 2", "age"])
    assert not panel.rows["age", 0].is_open


def test_what_was_removed_can_be_brought_back(panel, qtbot, engine):
    panel.rows["pca 1", 0].asked.emit("remove")
    qtbot.waitUntil(lambda: bool(panel.shown_in.notices.notices))
    ((words, bring_back),) = panel.shown_in.notices.notices[0].offers
    assert "back" in words
    bring_back()
    qtbot.waitUntil(lambda: [d.name for d in engine.known.own] == ["pca 2", "pca 1"])


# With the real engine.


def test_from_nothing_to_a_picture_that_needs_nobody(real_window, qtbot, settle):  # noqa: F811
    window: MainWindow = real_window
    panel = window.column.panel("directions")
    assert not panel.rows
    assert panel.some.isVisibleTo(panel)
    panel.some.click()
    qtbot.waitUntil(lambda: bool(panel.rows) and panel.is_complete)
    assert not panel.some.isVisibleTo(panel)
    row = panel.rows["pca 1", 0]
    row.edited.emit(3.0)
    row.sealed.emit()
    settle(window)
    frame = window.viewer.frame
    # A machine that has the network and nothing else, from the text inside the picture.
    for name in ("pca 1", "pca 2"):
        engine = Engine(device="cpu")
        engine.known.remove(frame.request.recipe.model, name)
    again = engine.render(RenderRequest(document.loads(document.dumps(frame.request.recipe))))
    assert again.notices == ()
    assert np.array_equal(again.pixels, frame.pixels)
    plain = engine.render(RenderRequest(frame.request.recipe.with_(directions=())))
    assert not np.array_equal(plain.pixels, frame.pixels)


def test_a_search_shows_strips_and_keeps_what_is_named(real_window, qtbot, settle):  # noqa: F811
    window: MainWindow = real_window
    window.directions.find()
    dialog = window.directions.dialog
    dialog.methods["sefa"].click()
    dialog.number.setValue(3)
    dialog.layers.setEditText("0-1")
    dialog.go.click()
    qtbot.waitUntil(lambda: not dialog.is_busy)
    assert [len(row.strip.images) for row in dialog.rows] == [7, 7, 7]
    row = dialog.rows[1]
    middle, end = row.strip.images[3], row.strip.images[6]
    assert middle != end
    row.strip.chosen.emit(6)
    assert [(push.name, push.amount) for push in window.store.recipe.directions] == [(row.wanted_name, 3.0)]
    dialog.rows[2].strip.chosen.emit(0)  # another one is tried in its place
    assert len(window.store.recipe.directions) == 1
    dialog.rows[0].drop.click()
    assert [found.direction.name for found in dialog.rows] == ["sefa rows 0,1 2", "sefa rows 0,1 3"]
    row = dialog.rows[0]
    row.name.setText("")
    row.name.insert("turn = left")
    row.name.textEdited.emit(row.name.text())
    dialog.keep.click()
    panel = window.column.panel("directions")
    qtbot.waitUntil(lambda: ("turn left", 0) in panel.rows)
    assert panel.rows["turn left", 0].rows.text() == "0,1"
    settle(window)
    dialog.close()


def test_a_search_can_be_given_up_and_wrong_rows_are_told(real_window, qtbot):  # noqa: F811
    dialog = real_window.directions.dialog
    dialog.layers.setEditText("hat")
    dialog.search()
    assert "hat" in dialog.words.text()
    assert not dialog.is_busy
    dialog.layers.setEditText("40")
    dialog.search()
    qtbot.waitUntil(lambda: not dialog.is_busy)
    assert "rows 0 to" in dialog.words.text()
    dialog.layers.setEditText("all rows")
    dialog.search()
    assert dialog.is_busy
    dialog.go.click()
    assert not dialog.is_busy
    with qtbot.waitSignal(real_window.directions.desk.listed):
        real_window.directions.desk.refresh()  # the render thread has come this far
    assert dialog.rows == []


def test_files_go_out_and_come_in(real_window, qtbot, tmp_path, drop):  # noqa: F811
    window: MainWindow = real_window
    desk, panel = window.directions.desk, window.column.panel("directions")
    with qtbot.waitSignal(desk.notice) as said:
        desk.export_file(tmp_path / "none.directions")
    assert "no directions" in said.args[0].text.lower()
    assert not (tmp_path / "none.directions").exists()
    panel.some.click()
    qtbot.waitUntil(lambda: bool(panel.rows) and panel.is_complete)
    count = len(panel.rows)
    out = tmp_path / "a.directions"
    with qtbot.waitSignal(desk.notice):
        desk.export_file(out)
    drop(window, out)
    qtbot.waitUntil(lambda: len(panel.rows) == 2 * count)
    assert ("pca 1 (2)", 0) in panel.rows
    np.save(tmp_path / "odd.npy", np.ones(5))
    with qtbot.waitSignal(desk.notice) as said:
        drop(window, tmp_path / "odd.npy")
    assert "another network" in said.args[0].text


def export(monkeypatch, window, path):
    """Press Export in the dialog, and name the file."""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(path), ""))
    window.directions.export_file()
    return window.findChild(ExportDirections)


def test_what_is_shared_says_who_made_it_and_what_others_may_do(
    real_window,  # noqa: F811
    qtbot,
    tmp_path,
    drop,
    monkeypatch,
):
    window: MainWindow = real_window
    desk, panel = window.directions.desk, window.column.panel("directions")
    with qtbot.waitSignal(window.directions.notice):
        window.directions.export_file()  # there is nothing yet, and that is said
    panel.some.click()
    qtbot.waitUntil(lambda: bool(panel.rows) and panel.is_complete)
    names = [name for name, _ in panel.rows]
    dialog = export(monkeypatch, window, tmp_path / "mine")
    dialog.author_box.setText("Ada")
    dialog.licence_box.setCurrentText("CC BY 4.0")
    for place in range(1, len(names)):
        dialog.list.topLevelItem(place).setCheckState(0, Qt.CheckState.Unchecked)
    with qtbot.waitSignal(desk.notice):
        dialog.go.click()
    found = read_directions(tmp_path / "mine.directions")
    assert (found.author, found.licence, found.model) == ("Ada", "CC BY 4.0", desk.info.ref)
    assert [direction.name for direction in found.directions] == names[:1]
    drop(window, tmp_path / "mine.directions")
    qtbot.waitUntil(lambda: len(panel.rows) == len(names) + 1)
    assert "by Ada, CC BY 4.0" in panel.rows[f"{names[0]} (2)", 0].label.toolTip()


def test_directions_of_another_network_are_offered_with_a_warning(real_window, qtbot, tmp_path, drop):  # noqa: F811
    window: MainWindow = real_window
    info, panel = window.desk.info, window.column.panel("directions")
    strange = Direction("hat", "learned", torch.ones(info.w_dim), note="a tall one")
    found = DirectionSet(ModelRef("cats", "c" * 64), info.num_ws, info.w_dim, (strange,))
    (tmp_path / "cats.directions").write_bytes(dumps(found))
    torch.save(torch.ones(3, info.w_dim), tmp_path / "rows.pt")
    for name, words, kept in (("cats.directions", "'cats'", "hat"), ("rows.pt", "does not say", "rows 2")):
        drop(window, tmp_path / name)
        qtbot.waitUntil(lambda: window.findChild(ImportDirections) is not None)
        dialog = window.findChild(ImportDirections)
        assert words in dialog.warning.text()
        assert not panel.rows or ("hat", 0) in panel.rows
        if kept == "rows 2":
            for place in (0, 2):
                dialog.list.topLevelItem(place).setCheckState(0, Qt.CheckState.Unchecked)
        assert dialog.go.text() == "Import 1"
        dialog.go.click()
        qtbot.waitUntil(lambda kept=kept: (kept, 0) in panel.rows)
        qtbot.waitUntil(lambda: window.findChild(ImportDirections) is None)
