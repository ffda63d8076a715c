"""The sliders of the window, with an engine that draws plain colours."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from explorer.gui import moves
from explorer.gui.widgets.track import Track
from explorer.recipe import Noise, SeedBlend, edits
from tests.gui.looking import LEFT, NONE, find, seen


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
