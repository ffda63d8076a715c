"""The Project page: from a picture to the recipe in the store, given up, and with files that are none."""

import threading

import numpy as np
import pytest
import torch
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from explorer.gui import projection_job
from explorer.gui.dialogs.project_page import ProjectPage
from explorer.gui.widgets.crop_view import CropView
from explorer.recipe import SUPPLIED_PICTURE, SeedBlend, StoredLatent, edits
from tests.models.synthetic import random_network


@pytest.fixture
def engine(engine, monkeypatch):
    """The fake one, with a real network behind it."""
    generator = random_network("skip", w_dim=8, z_dim=8)
    engine.generator = lambda ref: generator
    monkeypatch.setattr(projection_job, "SHOWN_EVERY", 0.0)
    return engine


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.RandomState(0).randint(256, size=(60, 90, 3)).astype(np.uint8)
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def page(window, qtbot, photo):
    """The page, with a picture in it."""
    window.commands["project"].trigger()
    (page,) = window.findChildren(ProjectPage)
    page.open_picture(photo)
    qtbot.waitUntil(lambda: page.go.isEnabled())
    page.steps.setValue(10)
    page.features.setChecked(False)
    return page


def wait_until_found(qtbot, page):
    qtbot.waitUntil(lambda: page.found is not None)


def test_from_a_picture_to_the_recipe(window, page, qtbot, photo):
    before = window.store.recipe
    assert "consent" in page.consent.text()
    assert page.consent.isVisible()
    page.go.click()
    assert page.is_running
    wait_until_found(qtbot, page)
    assert window.store.recipe == before
    assert page.go.text() == "Use as A"
    assert page.nearest.image is not None
    page.go.click()
    recipe = window.store.recipe
    assert isinstance(recipe.base, StoredLatent)
    assert (recipe.base.origin, recipe.psi) == (SUPPLIED_PICTURE, 1.0)
    assert recipe.base.picture_sha256
    assert window.store.history.undo_name == "Project photo.png"
    # What is shown, and what the controls make of it.
    identity = window.column.panel("identity")
    assert identity.a.caption.text() == "Supplied picture A"
    assert identity.blend.isEnabled()
    identity.blend.edited.emit(0.5)
    assert edits.source_a(window.store.recipe) == recipe.base
    window.store.undo()
    window.store.undo()
    assert window.store.recipe == before
    window.store.redo()
    assert window.store.recipe == recipe


def test_as_b(window, page, qtbot):
    before = window.store.recipe
    page.go.click()
    wait_until_found(qtbot, page)
    page.as_b.click()
    recipe = window.store.recipe
    assert edits.source_a(recipe) == edits.source_a(before)
    assert isinstance(edits.source_b(recipe), StoredLatent)
    assert recipe.psi == before.psi
    mixing = window.column.panel("mixing")
    mixing.rows.edited.emit(0, 1.0)
    assert window.store.recipe.mixes[0].seed == edits.source_b(recipe)
    window.store.undo()
    window.store.undo()
    assert window.store.recipe == before
    assert isinstance(before.base, SeedBlend)


def slow(monkeypatch):
    """Let the search wait after each step until it is allowed to go on."""
    from explorer import projection

    gate = threading.Semaphore(0)
    whole = projection.project

    def waiting(*args):
        for progress in whole(*args):
            yield progress
            if progress is not None and progress.done:
                gate.acquire(timeout=20)

    monkeypatch.setattr(projection, "project", waiting)
    return gate


def test_stopped_early_it_keeps_the_best(window, page, qtbot, monkeypatch):
    gate = slow(monkeypatch)
    page.steps.setValue(500)
    page.go.click()
    qtbot.waitUntil(lambda: "Step" in page.words.text())
    assert "dB" in page.words.text()
    assert page.go.text() == "Stop and keep"
    page.go.click()
    for _ in range(20):
        gate.release()
    wait_until_found(qtbot, page)
    assert 1 <= page.found.done < 20


def test_given_up_it_leaves_nothing(window, page, qtbot, monkeypatch):
    gate = slow(monkeypatch)
    before = window.store.recipe
    page.steps.setValue(500)
    page.go.click()
    qtbot.waitUntil(lambda: page.nearest.image is not None)
    page.leave.click()
    for _ in range(20):
        gate.release()
    qtbot.waitUntil(lambda: not page.is_running)
    assert page.found is None
    assert page.go.text() == "Project"
    assert window.store.recipe == before
    # It may be tried again, and closing the page in the middle is no harm either.
    page.go.click()
    page.close()
    for _ in range(20):
        gate.release()
    qtbot.waitUntil(lambda: not window.bridge.is_busy)
    assert window.store.recipe == before


def test_what_is_no_picture_is_told_and_harms_nothing(window, page, qtbot, tmp_path):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    page.open_picture(bad)
    qtbot.waitUntil(lambda: "not a picture" in page.words.text())
    assert page.go.isEnabled()  # the picture before is still there


def test_a_failing_search_is_told(window, page, qtbot, engine):
    def fail(ref):
        raise MemoryError("no room")

    engine.generator = fail
    page.go.click()
    qtbot.waitUntil(lambda: "no room" in page.words.text())
    assert not page.is_running
    assert page.found is None


def test_a_picture_without_a_recipe_may_be_projected(window, qtbot, drop, photo):
    drop(window, photo)
    qtbot.waitUntil(lambda: bool(window.notices.notices))
    (told,) = [n for n in window.notices.notices if "photo.png" in n.title]
    dict(told.offers)["Project it…"]()
    (page,) = window.findChildren(ProjectPage)
    qtbot.waitUntil(lambda: page.go.isEnabled())


def test_the_frame_follows_mouse_and_keys(qtbot):
    view = CropView()
    qtbot.addWidget(view)
    view.resize(302, 202)
    view.show()
    from PySide6.QtGui import QImage

    view.show_picture(QImage(300, 200, QImage.Format.Format_RGB32), 300, 200, 1.0)
    assert view.crop == (50, 0, 200)
    view.resize_by(0.5)
    assert view.crop == (100, 50, 100)
    middle = view.frame_on_screen().center().toPoint()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    QTest.mouseMove(view, middle + QPoint(30, -20))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    assert view.crop == (130, 30, 100)
    corner = view.frame_on_screen().bottomRight().toPoint()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, corner)
    QTest.mouseMove(view, corner + QPoint(500, 500))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, corner)
    x, y, size = view.crop
    assert (x, y) == (130, 30)
    assert size == 170
    for _ in range(100):
        QTest.keyClick(view, Qt.Key.Key_Minus)
    assert view.crop[2] == 16
    QTest.keyClick(view, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    moved = view.crop
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert view.crop[0] == moved[0] + 1
    for _ in range(100):
        QTest.keyClick(view, Qt.Key.Key_Right)
        QTest.keyClick(view, Qt.Key.Key_Plus)
    x, y, size = view.crop
    assert x + size <= 300
    assert y + size <= 200


@pytest.mark.parametrize("aspect", [0.5, 1.0, 2.0])
def test_a_frame_has_the_shape_of_the_network(qtbot, aspect):
    from PySide6.QtGui import QImage

    from explorer.projection import Crop
    from explorer.projection.picture import SuppliedPicture

    view = CropView()
    qtbot.addWidget(view)
    view.resize(300, 300)
    view.show_picture(QImage(97, 61, QImage.Format.Format_RGB32), 97, 61, aspect)
    picture = SuppliedPicture(Image.new("RGB", (97, 61)), "0" * 64)
    for factor in (1.0, 0.77, 0.61, 3.0):
        view.resize_by(factor)
        view.move_by(50, 31)
        picture.check(Crop(*view.crop), aspect)


def test_the_picture_shown_is_the_best(window, page, qtbot):
    page.go.click()
    wait_until_found(qtbot, page)
    assert (page.nearest.image.width(), page.nearest.image.height()) == (16, 16)
    assert torch.is_grad_enabled()
