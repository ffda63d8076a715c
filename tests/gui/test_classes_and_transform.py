"""What only some networks have: classes, and an input that moves."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from explorer.gui.actions import Actions
from explorer.gui.dialogs.shortcuts import ShortcutsSheet
from explorer.gui.transform_hand import _Grip
from explorer.gui.widgets.class_box import ClassBox
from explorer.recipe import ModelRef, Recipe, Transform
from tests.gui.fakes import info_of

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton

ZOO = replace(info_of(ModelRef("zoo", "2" * 64)), c_dim=4, class_names=("ant", "bee", "cat", "dog"))
MOVER = info_of(ModelRef("mover", "3" * 64), has_noise=False)


def find(window, name):
    widget = window.findChild(QWidget, name)
    assert widget is not None, name
    return widget


@pytest.fixture
def switch(window, engine, qtbot, settle):
    def to(info):
        engine.know(info)
        with qtbot.waitSignal(window.desk.changed):
            window.incoming.open_network(info.ref.name)
        settle(window)
        return window

    return to


def test_panels_are_there_only_for_networks_that_have_the_thing(window, switch):
    sections = window.column.sections
    assert sections["class"].isHidden()
    assert sections["transform"].isHidden()
    switch(ZOO)
    assert not sections["class"].isHidden()
    assert sections["transform"].isHidden()
    switch(MOVER)
    assert sections["class"].isHidden()
    assert not sections["transform"].isHidden()


def test_a_class_is_chosen_by_number_by_name_and_by_key(window, switch, settle):
    box = find(switch(ZOO), "class_box")
    assert isinstance(box, ClassBox)
    assert box.itemText(0).startswith("From the seed: ")
    line = box.lineEdit()
    for typed, index in (("2", 2), ("dog", 3), ("1 bee", 1)):
        line.setFocus()
        line.selectAll()
        QTest.keyClicks(line, typed)
        QTest.keyClick(line, Qt.Key.Key_Return)
        assert window.store.recipe.class_index == index
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert window.store.recipe.class_index == 2
    line.selectAll()
    QTest.keyClicks(line, "walrus")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert window.store.recipe.class_index == 2
    assert box.currentText() == "2 cat"
    find(window, "reset_class_button").click()
    assert window.store.recipe.class_index is None


def test_space_means_a_new_face_even_in_the_class_box(window, switch):
    line = find(switch(ZOO), "class_box").lineEdit()
    line.setFocus()
    before = window.store.recipe
    QTest.keyClick(line, Qt.Key.Key_Space)
    assert window.store.recipe.base != before.base


def test_classes_are_mixed_smoothly_and_a_drag_is_one_step(window, switch, settle, drag, engine):
    switch(ZOO)
    find(window, "class_box").chosen.emit(0)
    find(window, "add_class_button").click()
    find(window, "add_class_button").click()
    assert window.store.recipe.class_mix == ((1, 0.0), (2, 0.0))
    drag(find(window, "mixed_class_weight_0").track, 0.2, 0.5)
    drag(find(window, "mixed_class_weight_1").track, 0.4, 0.9)
    (_, first), (_, second) = window.store.recipe.class_mix
    assert second == pytest.approx(0.9, abs=0.01)
    assert first == pytest.approx(0.1, abs=0.01)  # gave way, with what was left
    settle(window)
    assert engine.rendered[-1].class_mix == window.store.recipe.class_mix
    window.commands["undo"].trigger()
    assert window.store.recipe.class_mix[1] == (2, 0.0)
    find(window, "mixed_class_1").chosen.emit(3)
    assert [index for index, _ in window.store.recipe.class_mix] == [1, 3]
    find(window, "mixed_class_1").chosen.emit(0)  # the first class already
    assert [index for index, _ in window.store.recipe.class_mix] == [1, 3]
    find(window, "remove_class_0").click()
    assert [index for index, _ in window.store.recipe.class_mix] == [3]


def test_no_more_classes_than_there_are(window, switch):
    switch(ZOO)
    add = find(window, "add_class_button")
    for _ in range(4):
        add.click()
    assert len(window.store.recipe.class_mix) == 4
    assert not add.isEnabled()
    assert "in use" in add.toolTip()


def test_a_class_beyond_the_network_stays_a_wish(window, switch, settle):
    switch(ZOO)
    window.store.edit(window.store.recipe.with_(class_index=9), "x")
    assert find(window, "class_box").currentText() == "9: not in this network"
    switch(MOVER)
    assert window.store.recipe.class_index == 9


def test_thumbnails_are_of_the_class(window, switch, settle, engine):
    switch(ZOO)
    engine.rendered.clear()
    find(window, "class_box").chosen.emit(3)
    settle(window)
    assert {recipe.class_index for recipe in engine.rendered} == {3}


# Transform.


def pull(window, modifiers, *points):
    """Drag on the picture through points given in picture widths from its middle."""
    viewer, target = window.viewer, window.viewer.target()
    places = [(target.center() + QPointF(*point) * target.width()).toPoint() for point in points]
    QTest.mousePress(viewer, LEFT, modifiers, places[0])
    for place in places[1:]:
        QTest.mouseMove(viewer, place)
    QTest.mouseRelease(viewer, LEFT, modifiers, places[-1])


def test_ctrl_and_drag_move_the_picture_in_one_step(window, switch):
    switch(MOVER)
    pull(window, CTRL, (0, 0), (0.1, 0), (0.25, -0.1))
    moved = window.store.recipe.transform
    assert (moved.x, moved.y, moved.degrees) == (
        pytest.approx(0.25, abs=0.01),
        pytest.approx(-0.1, abs=0.01),
        0.0,
    )
    assert find(window, "transform_x_slider").amount == moved.x
    window.commands["undo"].trigger()
    assert window.store.recipe.transform == Transform()


def test_with_shift_it_turns_around_its_own_middle(window, switch):
    switch(MOVER)
    pull(window, CTRL | SHIFT, (0.3, 0), (0.2, -0.2), (0, -0.3))
    assert window.store.recipe.transform.degrees == pytest.approx(90, abs=1)
    pull(window, CTRL, (0, 0), (0.2, 0))
    pull(window, CTRL | SHIFT, (0.2, -0.2), (0.4, 0))  # around (0.2, 0) now
    turned = window.store.recipe.transform
    assert turned.degrees == pytest.approx(0, abs=1.5)
    assert turned.x == pytest.approx(0.2, abs=0.01)


def test_a_turn_goes_on_past_half_a_round():
    grip = _Grip(QPointF(1, 0), Transform(0, 0, 170), turns=True)
    assert grip.transform_at(QPointF(0, -1)).degrees == pytest.approx(-100)


def test_ctrl_and_double_click_reset(window, switch):
    switch(MOVER)
    pull(window, CTRL, (0, 0), (0.2, 0.1))
    QTest.mouseDClick(window.viewer, LEFT, CTRL, window.viewer.rect().center())
    assert window.store.recipe.transform == Transform()


def test_other_networks_leave_the_drag_to_the_viewer(window):
    window.viewer.zoom_to(100)
    pull(window, CTRL, (0, 0), (0.001, 0))
    assert window.store.recipe.transform == Transform()
    assert not window.store.is_dragging


def test_a_switch_in_the_middle_of_a_drag_ends_it(window, switch):
    switch(MOVER)
    QTest.mousePress(window.viewer, LEFT, CTRL, QPoint(300, 300))
    QTest.mouseMove(window.viewer, QPoint(320, 300))
    assert window.store.is_dragging
    window.hand.show_info(ZOO)
    assert not window.store.is_dragging
    QTest.mouseRelease(window.viewer, LEFT, CTRL, QPoint(320, 300))


def test_sliders_and_reset(window, switch, drag):
    switch(MOVER)
    drag(find(window, "transform_x_slider").track, 0.3)
    drag(find(window, "transform_rotate_slider").track, 45)
    assert window.store.recipe.transform.x == pytest.approx(0.3, abs=0.02)
    assert window.store.recipe.transform.degrees == pytest.approx(45, abs=3)
    find(window, "reset_transform_button").click()
    assert window.store.recipe.transform == Transform()
    assert not find(window, "reset_transform_button").isEnabled()
    assert window.store.history.undo_name == "Reset transform"


def test_resetting_all_takes_class_and_transform_along(window, switch):
    switch(ZOO)
    start = window.store.recipe
    window.store.edit(start.with_(class_index=1, class_mix=((2, 0.5),), transform=Transform(0.1)), "x")
    window.commands["reset_all"].trigger()
    assert window.store.recipe == start


def test_the_sheet_tells_how_to_drag(window: object, qtbot):
    sheet = ShortcutsSheet(Actions(window), None)  # type: ignore[arg-type]
    qtbot.addWidget(sheet)
    words = " ".join(label.text() for label in sheet.findChildren(QWidget) if hasattr(label, "text"))
    assert "Drag the picture with Ctrl" in words


def test_the_way_back_brings_the_wishes_back(window, switch):
    """From a network with classes to one that moves and back, nothing of the recipe is lost."""
    switch(ZOO)
    wish: Recipe = window.store.recipe.with_(class_index=2, class_mix=((3, 0.5),), transform=Transform(0.1))
    window.store.edit(wish, "x")
    switch(MOVER)
    switch(ZOO)
    assert window.store.recipe == wish
    assert find(window, "mixed_class_weight_0").amount == 0.5
