"""Faces: new ones, neighbours, seeds by hand, with an engine that draws plain colours."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from explorer.gui import moves
from explorer.gui.widgets.float_slider import FloatSlider
from explorer.recipe import edits
from tests.gui.fakes import FACES, pixels_of
from tests.gui.looking import CTRL, LEFT, find, seen


def test_it_opens_on_a_face_of_the_bundled_network(window):
    assert window.desk.info.ref == FACES
    assert seen(window).model == FACES
    assert np.array_equal(window.viewer.frame.pixels, pixels_of(seen(window)))
    assert window.windowTitle().startswith("Faces")
    assert not window.store.history.can_undo


def test_sections_are_painted_one_after_the_other_for_a_network(window, qtbot):
    column = window.column
    seen = []
    column._painter.timeout.connect(
        lambda: seen.append([section.updatesEnabled() for section in column.sections.values()])
    )
    with qtbot.waitSignal(column.completed):
        column.show_info(window.desk.info)
        assert not column.is_complete
        assert not any(section.updatesEnabled() for section in column.sections.values())
    assert [flags.count(True) for flags in seen] == list(range(1, len(column.sections) + 1))
    assert column.is_complete


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
