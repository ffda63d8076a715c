"""The viewer: what is painted where, to the pixel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.gui.pace import Pace
from explorer.gui.render_bridge import to_picture
from explorer.gui.viewer import MARGIN, MAX_SCALE, Viewer
from explorer.recipe import Recipe
from explorer.render.frame import Frame, RenderRequest
from tests.gui.fakes import FACES

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def picture(side=16, full=None, serial=1, width=None):
    pixels = np.random.RandomState(side).randint(0, 256, (side, width or side, 3), np.uint8)
    request = RenderRequest(Recipe(FACES), serial)
    return to_picture(Frame(request, pixels, full or side, 0.0123, "cpu", "float32"))


def painted(viewer: Viewer) -> np.ndarray:
    image = viewer.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    view = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return view[:, : image.width(), 2::-1].copy()


@pytest.fixture
def viewer(qtbot):
    viewer = Viewer()
    qtbot.addWidget(viewer)
    viewer.resize(600, 400)
    viewer.set_overlay(False)
    viewer.show()
    qtbot.waitExposed(viewer)
    return viewer


def test_fitted_it_fills_the_height_and_stands_in_the_middle(viewer):
    viewer.show_picture(picture())
    target = viewer.target()
    assert target.height() == 400 - 2 * MARGIN
    assert target.center().x() == pytest.approx(300, abs=0.6)
    viewer.resize(300, 500)
    assert viewer.target().width() == 300 - 2 * MARGIN
    assert viewer.is_fitted


def test_one_to_one_shows_every_pixel_as_it_is(viewer):
    shown = picture(64)
    viewer.show_picture(shown)
    viewer.zoom_to(1.0)
    corner = viewer.target().topLeft().toPoint()
    seen = painted(viewer)[corner.y() : corner.y() + 64, corner.x() : corner.x() + 64]
    assert np.array_equal(seen, shown.frame.pixels)


def test_enlarged_pixels_are_crisp_when_zoomed(viewer):
    shown = picture(16)
    viewer.show_picture(shown)
    viewer.zoom_to(8.0)
    corner = viewer.target().topLeft().toPoint()
    seen = painted(viewer)[corner.y() : corner.y() + 128, corner.x() : corner.x() + 128]
    assert np.array_equal(seen, shown.frame.pixels.repeat(8, 0).repeat(8, 1))


def test_fitted_pictures_are_smooth_unless_wished_otherwise(viewer):
    viewer.show_picture(picture(16))
    smooth = len(np.unique(painted(viewer).reshape(-1, 3), axis=0))
    viewer.set_enlarging("crisp")
    crisp = len(np.unique(painted(viewer).reshape(-1, 3), axis=0))
    assert crisp <= 16 * 16 + 1 < smooth
    viewer.set_enlarging("smooth")
    viewer.zoom_to(8.0)
    assert len(np.unique(painted(viewer).reshape(-1, 3), axis=0)) > 16 * 16 + 1


def test_a_draft_stands_where_its_full_picture_will(viewer):
    viewer.show_picture(picture(16, full=64))
    draft = viewer.target()
    viewer.show_picture(picture(64))
    assert viewer.target() == draft
    assert not viewer.frame.is_draft


def test_wide_pictures_keep_their_shape(viewer):
    viewer.show_picture(picture(16, width=32))
    target = viewer.target()
    assert target.width() == pytest.approx(2 * target.height())


@given(
    x=st.floats(100, 500),
    y=st.floats(50, 350),
    turns=st.lists(st.integers(-360, 360), min_size=1, max_size=4),
)
def test_the_wheel_zooms_to_the_pointer(x, y, turns):
    viewer = Viewer()
    viewer.resize(600, 400)
    viewer.show_picture(picture(64))
    at = QPointF(x, y)
    for turn in turns:
        held = viewer.to_picture(at)
        wheel = QWheelEvent(
            at, at, QPoint(), QPoint(0, turn), Qt.MouseButton.NoButton, NONE,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(viewer, wheel)
        now = viewer.to_picture(at)
        middle = viewer.to_picture(QPointF(300, 200))
        if min(middle.x(), middle.y()) > 0.02 and max(middle.x(), middle.y()) < 0.98:
            # Elsewhere the picture was held back, so that it cannot get lost.
            size = viewer.target().size()
            assert abs(now.x() - held.x()) * size.width() < 1.5
            assert abs(now.y() - held.y()) * size.height() < 1.5
        assert viewer.scale <= MAX_SCALE


def test_a_zoomed_picture_is_dragged_and_never_lost(viewer):
    viewer.show_picture(picture(64))
    viewer.zoom_to(16.0)
    before = viewer.target().topLeft()
    drag(viewer, QPoint(300, 200), QPoint(340, 170))
    moved = viewer.target().topLeft() - before
    assert (moved.x(), moved.y()) == (pytest.approx(40, abs=1), pytest.approx(-30, abs=1))
    for _ in range(20):
        drag(viewer, QPoint(10, 10), QPoint(590, 390))
    assert viewer.target().contains(QPointF(300, 200))


def test_double_click_goes_to_actual_pixels_and_back(viewer):
    viewer.show_picture(picture(64))
    QTest.mouseDClick(viewer, LEFT, NONE, QPoint(300, 200))
    assert viewer.scale == 1.0
    QTest.mouseDClick(viewer, LEFT, NONE, QPoint(300, 200))
    assert viewer.is_fitted


def test_each_picture_is_told_as_painted_once(viewer, qtbot):
    with qtbot.waitSignal(viewer.painted) as told:
        viewer.show_picture(picture(serial=7))
    assert told.args == [7]
    with qtbot.assertNotEmitted(viewer.painted):
        viewer.repaint()


def test_the_overlay_says_what_is_seen(viewer):
    assert viewer.overlay_text == ""
    viewer.show_picture(picture(16, full=64))
    assert viewer.overlay_text.split("  ") == ["64 × 64", "draft 16 × 16", "12 ms", "CPU"]


def test_a_view_is_kept_and_nonsense_ignored(viewer):
    viewer.show_picture(picture(64))
    viewer.zoom_to(3.0, QPointF(200, 100))
    state, target = viewer.view_state(), viewer.target()
    viewer.fit()
    for nonsense in (None, {}, {"scale": "x", "x": 0, "y": 0}, {"scale": float("nan"), "x": 0, "y": 0}):
        viewer.restore_view(nonsense)
        assert viewer.is_fitted
    viewer.restore_view(state)
    assert viewer.target() == target


def test_pace_counts_bursts_and_forgets_pauses():
    now = [0.0]
    pace = Pace(lambda: now[0])
    assert pace.rate() is None
    for _ in range(40):
        now[0] += 0.05
        pace.count()
    assert pace.rate() == pytest.approx(20)
    now[0] += 5
    pace.count()
    assert pace.rate() is None


def drag(viewer, start, end):
    QTest.mousePress(viewer, LEFT, NONE, start)
    QTest.mouseMove(viewer, end)
    QTest.mouseRelease(viewer, LEFT, NONE, end)
