"""Verify page, page on use, export with settings, batches, drag and copy: from press to file."""

import json
import zlib

import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from explorer.gui.dialogs.export_many import ExportMany
from explorer.gui.dialogs.export_picture import ExportPicture
from explorer.gui.dialogs.first_use import FirstUse
from explorer.gui.dialogs.preferences import Preferences
from explorer.gui.dialogs.sheet_page import SheetPage
from explorer.gui.dialogs.verify_page import VerifyPage
from explorer.gui.timeline.shelf import recipes_of
from explorer.gui.widgets.finish_box import FinishBox
from explorer.gui.widgets.signature_box import SignatureBox
from explorer.provenance import read_recipe, verify
from explorer.provenance.own_certificate import Chosen
from explorer.recipe import document, edits
from explorer.recipe.finish import Finish, Label
from explorer.render.frame import RenderRequest
from tests.provenance.test_own_certificate import Authority


@pytest.fixture
def page(window, qtbot):
    """The Verify page of a window, empty."""
    window.commands["verify"].trigger()
    return _child(window, VerifyPage)


@pytest.fixture
def picture(window, qtbot, tmp_path):
    """A picture this window saved, enlarged and labelled."""
    path = tmp_path / "face.png"
    with qtbot.waitSignal(window.outgoing.saved):
        finish = Finish(upscale=2, label=Label("top-right"))
        window.outgoing.save_picture(window.viewer.frame, path, window.desk.info, finish)
    return path


def _child(window, kind):
    return next(child for child in window.findChildren(kind) if child.isVisible())


def look(page, path, qtbot):
    page.look_into(path)
    qtbot.waitUntil(lambda: page.pages.currentWidget() is page.verdict)


def shown(page):
    words = [page.verdict.headline.text(), page.verdict.words.text(), page.means.text()]
    for line in page.verdict.lines.values():
        if line.headline.isVisible():
            words += [line.topic.text(), line.headline.text(), line.words.text()]
    return "\n".join(words)


def test_our_picture_is_known_and_drawn_again_as_it_was_finished(page, picture, qtbot):
    look(page, picture, qtbot)
    assert "made by AI" in shown(page)
    assert "top right" in shown(page)
    page.redraw_button.click()
    qtbot.waitUntil(lambda: "every pixel is the same" in shown(page).lower())


def test_a_recipe_comes_back_from_the_page(window, page, picture, qtbot, settle):
    seen = window.viewer.frame.request.recipe
    window.commands["next_seed"].trigger()
    settle(window)
    look(page, picture, qtbot)
    page.restore_button.click()
    qtbot.waitUntil(lambda: window.store.recipe == seen)


def test_a_changed_picture_is_told_apart(page, picture, qtbot, tmp_path):
    pytest.importorskip("c2pa")
    path = tmp_path / "changed.png"
    data = picture.read_bytes()
    # Flip one bit of the pixels, and mend the checksum, as an editor would.
    place = data.index(b"IDAT")
    length = int.from_bytes(data[place - 4 : place], "big")
    body = bytearray(data[place + 4 : place + 4 + length])
    body[-1] ^= 1
    crc = zlib.crc32(b"IDAT" + bytes(body)).to_bytes(4, "big")
    path.write_bytes(data[: place + 4] + bytes(body) + crc + data[place + 8 + length :])
    look(page, path, qtbot)
    assert "Changed after it was signed" in shown(page)
    assert "Broken" in shown(page)


def test_silence_is_no_answer(page, qtbot, tmp_path):
    path = tmp_path / "plain.jpg"
    Image.new("RGB", (40, 30)).save(path)
    look(page, path, qtbot)
    words = shown(page).lower()
    assert "that is no answer" in words
    assert "silence proves nothing" in words
    assert " real" not in words.replace("really", "")
    assert not page.restore_button.isVisible()
    assert not page.redraw_button.isVisible()


def test_no_picture_is_said_in_words(page, qtbot, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_bytes(b"hello")
    page.look_into(path)
    qtbot.waitUntil(lambda: "could not be looked into" in page.empty.words.text())
    assert "PNG" in page.empty.note.text()


def test_a_file_dropped_on_the_page_is_looked_into(page, picture, qtbot):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(picture))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    page.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, buttons, keys))
    qtbot.waitUntil(lambda: page.pages.currentWidget() is page.verdict)


def test_a_picture_without_recipe_offers_the_page(window, qtbot, tmp_path):
    path = tmp_path / "plain.png"
    Image.new("RGB", (8, 8)).save(path)
    with qtbot.waitSignal(window.incoming.notice) as caught:
        window.incoming.open_path(path)
    dict(caught.args[0].offers)["What the file says…"]()
    page = _child(window, VerifyPage)
    qtbot.waitUntil(lambda: page.pages.currentWidget() is page.verdict)


def test_the_page_on_use_comes_once_and_behind_the_first_face(open_window, qtbot):
    window = open_window(wait=False)
    window.truth.welcome(window.viewer)
    assert not window.findChildren(FirstUse)
    qtbot.waitUntil(lambda: bool(window.findChildren(FirstUse)))
    assert window.viewer.picture is not None
    assert window.settings.use_page_shown
    window.findChildren(FirstUse)[0].accept()
    again = open_window(settings=window.settings, wait=False)
    again.truth.welcome(again.viewer)
    qtbot.waitUntil(lambda: again.viewer.picture is not None)
    assert not again.findChildren(FirstUse)


def test_what_is_exported_is_finished_as_chosen_and_says_so(window, qtbot, tmp_path, monkeypatch):
    path = tmp_path / "out.webp"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(path), ""))
    window.commands["export_picture"].trigger()
    page = _child(window, ExportPicture)
    page.box.format.setCurrentText("WebP")
    page.box.upscale.choose(2)
    page.box.label.setChecked(True)
    with qtbot.waitSignal(window.outgoing.saved):
        page.go.click()
    report = verify(path)
    assert report.finish == Finish(upscale=4, label=Label())
    assert report.recipe == window.viewer.frame.request.recipe
    with Image.open(path) as image:
        assert image.size == (64, 64)
    assert window.settings.export_suffix == ".webp"
    assert FinishBox(window.settings.export_finish, ".webp").finish == report.finish


def test_a_format_offers_only_what_it_can_hold(qtbot):
    box = FinishBox(Finish(bits=16).dumps(), ".png")
    qtbot.addWidget(box)
    assert box.finish == Finish(bits=16)
    box.format.setCurrentText("JPEG")
    assert box.finish == Finish()
    box.quality.setValue(60)
    assert box.finish == Finish(quality=60)
    box.format.setCurrentText("TIFF")
    assert box.finish == Finish()
    assert FinishBox("{damaged", ".xyz").finish == Finish()


def test_many_seeds_go_into_a_folder(window, qtbot, tmp_path):
    window.commands["export_several"].trigger()
    page = _child(window, ExportMany)
    page.set_folder(tmp_path / "faces")
    page.seeds.setText("3-5, 9, 4")
    with qtbot.waitSignal(page.exported):
        page.go.click()
    names = sorted(path.name for path in (tmp_path / "faces").iterdir())
    assert names == ["seed0003.png", "seed0004.png", "seed0005.png", "seed0009.png"]
    report = verify(tmp_path / "faces" / "seed0009.png")
    assert edits.seed_a(report.recipe) == 9
    assert report.recipe.psi == window.viewer.frame.request.recipe.psi
    assert report.finish.label == Label()  # on by default for batches
    # A second run replaces nothing.
    page.seeds.setText("3")
    with qtbot.waitSignal(page.exported):
        page.go.click()
    assert (tmp_path / "faces" / "seed0003-2.png").is_file()


def test_a_batch_can_be_stopped_and_what_is_there_stays(window, qtbot, tmp_path, engine):
    window.commands["export_several"].trigger()
    page = _child(window, ExportMany)
    page.set_folder(tmp_path)
    page.seeds.setText("0-500")
    page.go.click()
    qtbot.waitUntil(lambda: page.bar.value() >= 2)
    page.leave.click()
    qtbot.waitUntil(lambda: not page.is_running)
    assert "Stopped" in page.words.text()
    count = len(list(tmp_path.glob("*.png")))
    assert 2 <= count < 501
    assert not list(tmp_path.glob(".*"))


def test_what_was_seen_before_is_exported_as_it_was_and_a_part_of_it_on_wish(window, settle, qtbot, tmp_path):
    for command in ("new_face", "new_face", "swap"):
        window.commands[command].trigger()
        settle(window)
    recipes = recipes_of(window.store.history)
    window.commands["export_several"].trigger()
    page = _child(window, ExportMany)
    page.set_folder(tmp_path)
    page.choice.source.choose(1)
    assert page.choice.recipes() == recipes
    assert recipes[0] == window.store.recipe
    page.choice.list.clearSelection()
    assert not page.go.isEnabled()
    page.choice.list.item(1).setSelected(True)
    with qtbot.waitSignal(page.exported):
        page.go.click()
    (path,) = tmp_path.glob("*.png")
    assert read_recipe(path) == recipes[1]
    # What was exported can be chosen again, as a file; what is no picture of ours is said.
    (tmp_path / "notes.txt").write_text("nothing")
    page.choice.add_files([path, tmp_path / "notes.txt"])
    assert page.choice.recipes() == (recipes[1],)
    assert "notes.txt" in page.count.text()


def test_a_contact_sheet_is_drawn_and_shown(window, qtbot, tmp_path):
    window.commands["export_sheet"].trigger()
    page = _child(window, SheetPage)
    qtbot.waitUntil(lambda: page.form.direction.count() > 0)
    form = page.form
    form.seeds.setText("1-3")
    shapes = []
    for kind in range(4):
        form.kind.choose(kind)
        sheet = form.sheet()
        shapes.append((len(sheet.rows), len(sheet.rows[0])))
        assert page.go.isEnabled()
    assert shapes == [(1, 3), (3, 5), (3, 5), (3, 7)]
    assert sheet.rows[0][0].directions[0].stored is not None
    form.amounts.setText("1:2:x")
    assert not page.go.isEnabled()
    assert "Cannot read" in page.count.text()
    form.amounts.setText("-1,1")
    with qtbot.waitSignal(page.exported):
        page.draw(tmp_path / "sheet.png")
    assert page.seen.isVisible()
    found = verify(tmp_path / "sheet.png")
    assert found.film == form.sheet().film
    assert found.credentials.is_own


def test_a_stopped_sheet_leaves_no_file(window, qtbot, tmp_path, engine):
    def render_all(requests):
        for number, request in enumerate(requests):
            if number == 2:
                engine.gate.clear()  # it would be done before anyone can stop it
            yield engine.render(request)

    engine.render_all = render_all
    window.commands["export_sheet"].trigger()
    page = _child(window, SheetPage)
    page.form.seeds.setText("0-500")
    page.draw(tmp_path / "sheet.png")
    qtbot.waitUntil(lambda: page.bar.value() >= 2)
    page.leave.click()
    engine.gate.set()
    qtbot.waitUntil(lambda: not page.is_running)
    assert "Stopped" in page.words.text()
    assert not list(tmp_path.glob("*sheet*"))


def test_a_failing_batch_says_why(window, qtbot, tmp_path):
    (tmp_path / "file").write_text("")
    window.commands["export_several"].trigger()
    page = _child(window, ExportMany)
    page.set_folder(tmp_path / "file" / "faces")
    page.go.click()
    qtbot.waitUntil(lambda: page.error.isVisible())
    assert "Cannot write" in page.error.text()


def test_above_a_thousand_the_licence_has_to_be_accepted(window):
    window.commands["export_several"].trigger()
    page = _child(window, ExportMany)
    page.seeds.setText("0-1000")
    assert not page.go.isEnabled()
    assert "CC BY-NC" in page.licence_words.text()
    page.accepted_licence.click()
    assert page.go.isEnabled()
    page.seeds.setText("7-")
    assert not page.go.isEnabled()
    assert "write them like" in page.count.text()


def test_a_certificate_of_ones_own_is_chosen_in_the_settings(window, qtbot, tmp_path):
    mine = Authority().issue(tmp_path / "mine")
    window.commands["settings"].trigger()
    box = _child(window, Preferences).signature
    assert "unchanged" in box.words.text()
    box.take(Chosen(mine.key, mine.key))
    assert "no certificate" in box.error.text()
    assert not box.forget.isVisible()
    box.take(mine)
    assert "Me Myself" in box.words.text()
    assert not box.error.isVisible()
    with qtbot.waitSignal(window.outgoing.saved):
        window.outgoing.save_picture(window.viewer.frame, tmp_path / "a.png", window.desk.info)
    assert verify(tmp_path / "a.png").credentials.signer == "Me Myself"
    mine.key.unlink()
    assert "without a signature meanwhile" in SignatureBox().error.text()
    box.forget.click()
    assert "made for itself" in box.words.text()


def test_a_copied_picture_brings_its_recipe_as_text(window, qtbot):
    with qtbot.waitSignal(window.outgoing.notice):
        window.commands["copy_picture"].trigger()
    data = QGuiApplication.clipboard().mimeData()
    assert data.hasImage()
    assert document.loads(data.text()) == window.viewer.frame.request.recipe


def test_a_drag_off_the_picture_carries_a_file_with_the_recipe(window, qtbot, monkeypatch):
    dragged = []
    monkeypatch.setattr(QGuiApplication, "mouseButtons", lambda: Qt.MouseButton.LeftButton)

    class Drag:
        def __init__(self, frame, path):
            self.data = window.drag_out.__class__.make_drag(window.drag_out, frame, path).mimeData()

        def exec(self, _action):
            path = self.data.urls()[0].toLocalFile()
            dragged.append((read_recipe(path), json.dumps(path), self.data.hasImage()))

    monkeypatch.setattr(window.drag_out, "make_drag", Drag)
    viewer, middle = window.viewer, QPointF(window.viewer.target().center())
    seen = viewer.frame.request.recipe
    QTest.mousePress(viewer, Qt.MouseButton.LeftButton, pos=middle.toPoint())
    to = middle + QPointF(60, 0)
    left, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QGuiApplication.sendEvent(
        viewer,
        QMouseEvent(QEvent.Type.MouseMove, to, viewer.mapToGlobal(to), Qt.MouseButton.NoButton, left, keys),
    )
    qtbot.waitUntil(lambda: bool(dragged))
    assert dragged[0][0] == seen
    assert dragged[0][2]


def test_a_zoomed_picture_is_moved_not_dragged_out(window):
    viewer = window.viewer
    viewer.zoom_to(200.0)
    before = viewer.target().topLeft()
    middle = viewer.rect().center()
    QTest.mousePress(viewer, Qt.MouseButton.LeftButton, pos=middle)
    to = QPointF(middle + QPoint(60, 0))
    left, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QGuiApplication.sendEvent(
        viewer,
        QMouseEvent(QEvent.Type.MouseMove, to, viewer.mapToGlobal(to), Qt.MouseButton.NoButton, left, keys),
    )
    QTest.mouseRelease(viewer, Qt.MouseButton.LeftButton, pos=to.toPoint())
    assert viewer.target().topLeft() != before


def test_sixteen_bits_are_asked_of_the_engine(window, engine, monkeypatch, qtbot, tmp_path):
    asked = []
    real = engine.render
    monkeypatch.setattr(engine, "render", lambda request: asked.append(request) or real(request))
    with qtbot.waitSignal(window.outgoing.notice):
        finish = Finish(bits=16)
        window.outgoing.save_picture(window.viewer.frame, tmp_path / "a.png", window.desk.info, finish)
    assert isinstance(asked[0], RenderRequest)
    assert asked[0].deep


def test_a_film_dropped_on_the_window_brings_its_first_keyframe(window, drop, qtbot, tmp_path):
    from explorer.provenance import Claims, containers, xmp
    from explorer.recipe import Film, Keyframe, SeedBlend

    recipe = window.store.recipe.with_(base=SeedBlend.of(4321))
    claims = Claims(recipe, film=Film(((Keyframe(recipe),),)))
    box = (20).to_bytes(4, "big") + b"ftypisom" + bytes(8)
    (tmp_path / "a.mp4").write_bytes(box + containers.mp4_box(xmp.build(claims)))
    drop(window, tmp_path / "a.mp4")
    qtbot.waitUntil(lambda: window.store.recipe == recipe)
