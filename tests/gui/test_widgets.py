"""The controls: what a hand does to them, and that setting them is silent."""

import time

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from explorer.cli.window_driver import Pulse
from explorer.gui.widgets.float_slider import FloatSlider
from explorer.gui.widgets.row_strengths import RowStrengths
from explorer.gui.widgets.section import Section
from explorer.gui.widgets.seed_box import SeedBox, read_seed
from explorer.gui.widgets.track import Track
from explorer.gui.widgets.value_box import read_number
from explorer.recipe import SEED_LIMIT, edits

LEFT, SHIFT, CTRL = (
    Qt.MouseButton.LeftButton,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def slider(qtbot):
    slider = FloatSlider("Psi", -1.0, 2.0, default=0.7, reach=(-10, 10), origin=0.0)
    slider.resize(400, 30)
    qtbot.addWidget(slider)
    slider.show()
    qtbot.waitExposed(slider)
    return slider


@pytest.fixture
def edited(slider):
    edited = []
    slider.edited.connect(edited.append)
    return edited


@pytest.fixture
def seed_box(qtbot):
    box = SeedBox("Seed")
    qtbot.addWidget(box)
    box.show()
    box.setFocus()
    return box


def wheel(widget, turns, modifiers=NONE):
    middle = QPointF(widget.rect().center())
    event = QWheelEvent(
        middle, widget.mapToGlobal(middle), QPoint(), QPoint(0, 120 * turns), Qt.MouseButton.NoButton,
        modifiers, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)
    return event


def test_setting_a_slider_is_silent_and_exact(slider, edited):
    slider.set_amount(0.123456)
    assert slider.amount == 0.123456
    assert edited == []
    slider.set_amount(7.5)  # beyond the groove: the knob stays at its end
    assert slider.amount == 7.5
    assert slider.box.text() == "7.50"


def test_a_groove_is_drawn_anew_only_where_it_looks_different(slider, qtbot, monkeypatch):
    track, drawn = slider.track, []
    draw = track._draw
    monkeypatch.setattr(track, "_draw", lambda painter: (drawn.append(track.amount), draw(painter)))
    first = track.grab().toImage()
    count = len(drawn)
    assert track.grab().toImage() == first
    with monkeypatch.context() as patch:
        patch.setattr(track, "update", lambda: pytest.fail("painted without need"))
        track.set_amount(track.amount)
    assert track.grab().toImage() == first
    assert len(drawn) == count
    before = track.amount
    track.set_amount(0.25)
    assert track.grab().toImage() != first
    assert len(drawn) == count + 1
    track.set_amount(before)
    assert track.grab().toImage() == first
    track.setEnabled(False)
    assert track.grab().toImage() != first


def test_a_drag_follows_the_hand_and_seals_at_both_ends(slider, edited, drag, qtbot):
    sealed = []
    slider.sealed.connect(lambda: sealed.append(len(edited)))
    drag(slider.track, 0.8, 1.0, 1.2)
    assert edited[-1] == pytest.approx(1.2, abs=0.02)
    assert edited == sorted(edited)
    assert sealed == [0, len(edited)]


def test_a_click_on_the_groove_goes_there(slider, edited):
    QTest.mouseClick(slider.track, LEFT, NONE, slider.track.point_of(-0.5))
    assert edited == [pytest.approx(-0.5, abs=0.02)]


def test_shift_moves_ten_times_finer(slider, edited):
    track = slider.track
    start = track.point_of(0.7)
    QTest.mousePress(track, LEFT, SHIFT, start)
    for step in range(1, 51):
        event_at = start + QPoint(step, 0)
        move(track, event_at, SHIFT)
    QTest.mouseRelease(track, LEFT, SHIFT, start + QPoint(50, 0))
    per_pixel = 3.0 / (track.width() - 16)
    assert slider.amount == pytest.approx(0.7 + 50 * per_pixel / 10, abs=0.002)


def test_ctrl_snaps_to_coarse_steps(slider, edited):
    track = slider.track
    start = track.point_of(0.7)
    QTest.mousePress(track, LEFT, CTRL, start)
    move(track, track.point_of(1.27), CTRL)
    QTest.mouseRelease(track, LEFT, CTRL, start)
    assert slider.amount == pytest.approx(1.3)


def test_taking_shift_on_the_way_makes_no_jump(slider):
    track = slider.track
    QTest.mousePress(track, LEFT, NONE, track.point_of(0.7))
    move(track, track.point_of(1.5), NONE)
    before = slider.amount
    move(track, track.point_of(1.5), SHIFT)
    move(track, track.point_of(1.5) + QPoint(1, 0), SHIFT)
    assert slider.amount == pytest.approx(before, abs=0.01)
    QTest.mouseRelease(track, LEFT, SHIFT)


def test_double_click_resets(slider, edited):
    slider.set_amount(1.5)
    QTest.mouseDClick(slider.track, LEFT, NONE, slider.track.point_of(1.5))
    assert edited == [0.7]


@pytest.mark.parametrize(
    ("key", "modifier", "expected"),
    [
        (Qt.Key.Key_Right, NONE, 0.71),
        (Qt.Key.Key_Left, NONE, 0.69),
        (Qt.Key.Key_Up, SHIFT, 0.701),
        (Qt.Key.Key_Right, CTRL, 0.8),
        (Qt.Key.Key_PageUp, NONE, 0.8),
        (Qt.Key.Key_Home, NONE, -1.0),
        (Qt.Key.Key_End, NONE, 2.0),
    ],
)
def test_keys_step(slider, edited, key, modifier, expected):
    QTest.keyClick(slider.track, key, modifier)
    assert edited == [pytest.approx(expected)]


def test_the_wheel_needs_the_focus(slider, edited, qtbot):
    slider.box.setFocus()
    assert not wheel(slider.track, 1).isAccepted()
    assert edited == []
    slider.track.setFocus()
    assert wheel(slider.track, 1).isAccepted()
    assert edited == [pytest.approx(0.71)]


def test_a_typed_number_may_lie_beyond_the_groove(slider, edited):
    slider.box.setFocus()
    slider.box.selectAll()
    QTest.keyClicks(slider.box, "3,25")
    assert edited == []  # not before Enter: "3" is no wish yet
    QTest.keyClick(slider.box, Qt.Key.Key_Return)
    assert edited == [3.25]
    slider.box.selectAll()
    QTest.keyClicks(slider.box, "99")
    QTest.keyClick(slider.box, Qt.Key.Key_Return)
    assert edited[-1] == 10


def test_nonsense_and_escape_bring_the_old_number_back(slider, edited):
    for keys, last in (("abc..", Qt.Key.Key_Return), ("5", Qt.Key.Key_Escape)):
        slider.box.setFocus()
        slider.box.selectAll()
        QTest.keyClicks(slider.box, keys)
        QTest.keyClick(slider.box, last)
        assert slider.box.text() == "0.70"
    assert edited == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", 0.5),
        ("0,5", 0.5),
        ("\N{MINUS SIGN}1", -1),
        (" 2 ", 2),
        ("1e-1", 0.1),
        ("nan", None),
        ("inf", None),
        ("", None),
    ],
)
def test_numbers_as_people_write_them(text, value):
    assert read_number(text) == value


def test_a_seed_is_followed_while_it_is_typed(seed_box):
    edited = []
    seed_box.edited.connect(edited.append)
    QTest.keyClicks(seed_box, "4294967295")
    assert edited[-1] == SEED_LIMIT - 1
    QTest.keyClicks(seed_box, "0")  # too large: the last seed stands
    assert edited[-1] == SEED_LIMIT - 1
    QTest.keyClick(seed_box, Qt.Key.Key_Return)
    assert seed_box.text() == "4294967295"


def test_seeds_step_around_the_end(seed_box):
    edited = []
    seed_box.edited.connect(edited.append)
    seed_box.set_seed(SEED_LIMIT - 1)
    QTest.keyClick(seed_box, Qt.Key.Key_Up)
    QTest.keyClick(seed_box, Qt.Key.Key_Down)
    assert edited == [0, SEED_LIMIT - 1]


def test_setting_a_seed_is_silent(seed_box, qtbot):
    with qtbot.assertNotEmitted(seed_box.edited):
        seed_box.set_seed(3_000_000_000)
    assert seed_box.text() == "3000000000"
    seed_box.set_seed(None)
    assert seed_box.text() == ""


@pytest.mark.parametrize(
    ("text", "seed"),
    [
        ("12", 12),
        ("1 234", 1234),
        ("4,294,967,295", 4294967295),
        ("4294967296", None),
        ("", None),
        ("9" * 40, None),
    ],
)
def test_seeds_as_people_paste_them(text, seed):
    assert read_seed(text) == seed


def test_a_screen_reader_moves_a_slider_too(qtbot):
    track = Track(0.0, 1.0)
    qtbot.addWidget(track)
    with qtbot.waitSignals([track.grabbed, track.moved, track.let_go], order="strict"):
        track.setValue(250)
    assert track.amount == pytest.approx(0.25)


def test_rows_are_rebuilt_for_another_network(qtbot):
    rows = RowStrengths()
    qtbot.addWidget(rows)
    for num_ws in (12, 18, 6, 2):
        zones = {zone: edits.zone_rows(num_ws)[zone] for zone in ("coarse", "middle", "fine")}
        rows.set_rows([f"Row {row}" for row in range(num_ws)], zones)
        assert len(rows.tracks) == num_ws
        rows.set_strengths([row / 10 for row in range(num_ws)])
        assert rows.tracks[-1].amount == (num_ws - 1) / 10


def test_a_section_folds_and_says_why_it_is_useless(qtbot):
    outer = QWidget()
    column = QVBoxLayout(outer)
    body = QWidget()
    section = Section("Noise", body)
    column.addWidget(section)
    qtbot.addWidget(outer)
    outer.show()
    section.set_available("This network draws without noise.")
    assert not body.isEnabled()
    assert body.toolTip() == "This network draws without noise."
    section.set_open(False)
    assert not body.isVisible()
    section.set_available()
    section.set_open(True)
    assert body.isEnabled()
    assert body.isVisible()


def move(widget, point, modifiers):
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    place = QPointF(point)
    event = QMouseEvent(
        QEvent.Type.MouseMove, place, widget.mapToGlobal(place), Qt.MouseButton.NoButton, LEFT, modifiers
    )
    QApplication.sendEvent(widget, event)


def test_bars_stay_where_only_the_names_of_rows_differ(qtbot):
    rows = RowStrengths()
    qtbot.addWidget(rows)
    zones = {"coarse": (0, 1), "fine": (2,)}
    rows.set_rows(["Row 0", "Row 1", "Row 2"], zones)
    before, heard = rows.tracks, []
    rows.edited.connect(lambda row, amount: heard.append(row))
    rows.set_rows(["Row 0: 4 pixels", "Row 1: 4 pixels", "Row 2: 8 pixels"], zones)
    assert rows.tracks == before
    assert rows.tracks[2].toolTip().startswith("Row 2: 8 pixels\n")
    rows.tracks[1].moved.emit(0.5)
    assert heard == [1]
    rows.set_rows(["Row 0", "Row 1", "Row 2"], {"coarse": (0,), "fine": (1, 2)})
    assert rows.tracks != before


def test_a_pulse_tells_how_long_the_window_stood_still(qtbot):
    pulse = Pulse()
    qtbot.wait(20)
    time.sleep(0.05)
    qtbot.wait(20)
    assert pulse.stop() >= 0.05
