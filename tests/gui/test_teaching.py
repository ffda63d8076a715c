"""Teaching a direction: marks by hand, what they tell, and where it goes."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from explorer.gui import teaching
from explorer.gui.main_window import MainWindow
from explorer.gui.teaching import face_of, point_of
from explorer.recipe import ModelRef, Push, Recipe, SeedBlend, StoredDirection
from explorer.recipe.marked_pictures import MarkedPictures
from explorer.render import Engine
from tests.gui.test_real_engine import real_window, weights  # noqa: F401  fixtures


@pytest.fixture
def dialog(qtbot, real_window, monkeypatch):  # noqa: F811
    monkeypatch.setattr(teaching, "SAMPLES", 500)
    monkeypatch.setattr("explorer.latents.learning.POOL", 60)
    real_window.teach.teach()
    dialog = real_window.teach.dialog
    qtbot.waitUntil(lambda: not dialog.grid.empty)
    return dialog


def settled(qtbot, dialog):
    """Wait until nothing is under way any more."""
    qtbot.waitUntil(lambda: not dialog.is_busy and not dialog.grid.empty)


def teach(qtbot, dialog, rounds):
    """Mark by keyboard: a face is more where the first number of its point is high."""
    for is_more in (True, False) * rounds:
        qtbot.waitUntil(lambda: dialog.grid.current is not None)
        QTest.keyClick(dialog.grid, Qt.Key.Key_M if is_more else Qt.Key.Key_L)


def test_marks_by_keyboard_become_a_direction_in_the_list(dialog, real_window, qtbot):  # noqa: F811
    first = dialog.grid.keys[0]
    assert len(set(dialog.grid.keys)) == 18
    teach(qtbot, dialog, 7)
    settled(qtbot, dialog)
    assert dialog.lesson.marks.marked[0] == (first, True)
    assert first not in dialog.grid.keys
    assert "1 as more and 1 as less" in dialog.side.words.text()
    assert not dialog.side.keep.isEnabled()
    assert len(dialog.strip.images) == 7  # a first guess is seen before it can be trusted
    teach(qtbot, dialog, 1)
    settled(qtbot, dialog)
    assert "of unseen marks right" in dialog.side.words.text()
    assert dialog.learned.more == dialog.learned.less == 8
    dialog.strip.chosen.emit(6)
    assert real_window.store.recipe.directions[-1].amount == 3.0
    dialog.side.keep.click()
    assert "name" in dialog.side.words.text()
    dialog.side.name.setText("hat = on")
    dialog.side.note.setText("found by me")
    dialog.side.keep.click()
    panel = real_window.column.panel("directions")
    qtbot.waitUntil(lambda: ("hat on", 0) in panel.rows)
    assert "found by me; from 8 marked more and 8 less" in panel.rows["hat on", 0].label.toolTip()
    # What is in the list can be kept still by the next one.
    dialog.side.menu.actions()[0].setChecked(True)
    assert [direction.name for direction in dialog.lesson.keep] == ["hat on"]
    settled(qtbot, dialog)
    assert "kept directions" in dialog.side.words.text() or dialog.learned is not None


def test_a_mark_is_taken_back_and_a_face_is_passed_over(dialog, qtbot):
    grid = dialog.grid
    QTest.keyClick(grid, Qt.Key.Key_Right)
    passed, second = grid.current, grid.keys[2]
    QTest.keyClick(grid, Qt.Key.Key_N)
    assert grid.current == second
    QTest.keyClick(grid, Qt.Key.Key_Minus)
    assert dialog.lesson.marks.marked == ((second, False),)
    QTest.keyClick(grid, Qt.Key.Key_Backspace)
    assert dialog.lesson.marks.marked == ()
    settled(qtbot, dialog)
    assert passed not in grid.keys
    # A click on the right half is more, on the left half less.
    place = grid.place_of(7).center().toPoint()
    clicked = grid.keys[7]
    QTest.mouseClick(grid, Qt.MouseButton.LeftButton, pos=place + QPoint(20, 0))
    assert dialog.lesson.marks.marked == ((clicked, True),)
    dialog.more.chosen.emit(clicked)
    assert dialog.lesson.marks.marked == ()


def test_pictures_of_the_history_can_be_marked(dialog, real_window, qtbot):  # noqa: F811
    store = real_window.store
    for seed in (5, 6):
        store.edit(store.recipe.with_(base=SeedBlend.of(seed)), "New face")
    dialog.sources["history"].click()
    qtbot.waitUntil(lambda: len(dialog.grid.keys) == 3)
    assert dialog.grid.keys[0] == store.recipe
    QTest.keyClick(dialog.grid, Qt.Key.Key_M)
    assert dialog.lesson.marks.marked == ((store.recipe, True),)
    assert store.recipe not in dialog.grid.keys


def test_marks_are_saved_and_gone_on_with(dialog, real_window, qtbot, tmp_path, drop):  # noqa: F811
    teach(qtbot, dialog, 1)
    settled(qtbot, dialog)
    marks = dialog.lesson.marks.with_(name="smile")
    path = tmp_path / "smile.marks"
    with qtbot.waitSignal(real_window.teach.notice):
        real_window.teach.save_file(path, marks)
    dialog.side.clear.click()
    assert dialog.lesson.marks.marked == ()
    real_window.teach.open_file(path)
    qtbot.waitUntil(lambda: len(dialog.lesson.marks.marked) == 2)
    assert (dialog.lesson.marks, dialog.side.name.text()) == (marks, "smile")
    # As a table of seeds, which the command line reads too.
    table = tmp_path / "smile.csv"
    with qtbot.waitSignal(real_window.teach.notice):
        real_window.teach.save_file(table, marks)
    assert table.read_text("utf-8").startswith("# Marks of faces")
    dialog.side.clear.click()
    drop(real_window, table)
    qtbot.waitUntil(lambda: len(dialog.lesson.marks.marked) == 2)
    assert dialog.lesson.marks == marks
    # Closed, the dialog leaves them for another day.
    dialog.reject()
    kept = teach_file(real_window)
    qtbot.waitUntil(kept.is_file)
    with qtbot.waitSignal(real_window.teach.notice) as said:
        real_window.teach.save_file(path, MarkedPictures(ModelRef("cats", "c" * 64)))
    with qtbot.waitSignal(real_window.teach.notice) as said:
        real_window.teach.open_file(path)
    assert "cats" in said.args[0].text


def teach_file(window: MainWindow):
    from explorer.gui.teach_commands import _file_of

    return _file_of(window.desk.info.ref)


def test_the_point_of_a_picture_is_the_face_behind_its_truncation(weights):  # noqa: F811
    engine = Engine(device="cpu")
    ref = engine.open("faces").ref
    generator = engine.generator(ref)
    w = generator.mapping(generator.latent(7))[0, 0].double().numpy()
    assert np.allclose(point_of(engine, ref, face_of(ref, 7), "all"), w, atol=1e-4)
    whole = Recipe(ref, base=SeedBlend.of(7))
    assert np.allclose(point_of(engine, ref, whole, "coarse"), w, atol=1e-6)
    step = np.arange(generator.w_dim, dtype="<f4")
    pushed = whole.with_(
        directions=(Push("it", 1.0, stored=StoredDirection(1, generator.w_dim, step.tobytes())),)
    )
    assert np.allclose(point_of(engine, ref, pushed, "all"), w + step, atol=1e-4)


def test_it_is_known_from_how_many_marks_on_a_direction_is_worth_keeping():
    from explorer.latents import learning

    assert teaching.FEWEST == learning.FEWEST
