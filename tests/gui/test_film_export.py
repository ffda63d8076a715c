"""Films written from the window: the same pixels as from the command line, whatever happens meanwhile."""

import json
import shutil
import wave
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from explorer import locations
from explorer.cli.main import main
from explorer.export import FilmSettings
from explorer.export.film_job import parts_folder
from explorer.gui import film_export
from explorer.gui.dialogs.export_film import size_words, time_words
from explorer.gui.engine_maker import EngineMaker
from explorer.gui.film_export import FilmExport, Order, record_file
from explorer.gui.main_window import MainWindow
from explorer.gui.outgoing import text_of
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.settings import Settings
from explorer.provenance import read_film
from explorer.recipe import Film, Keyframe, Noise, Recipe, SeedBlend, film_edits
from explorer.recipe.easing import EASINGS
from explorer.recipe.film import PATHS, SPACES
from explorer.recipe.film_document import dumps
from explorer.recipe.finish import Label
from tests.gui.test_real_engine import write_network

UNSIGNED = FilmSettings(sign=False)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    folder = tmp_path / "weights"
    folder.mkdir()
    write_network(folder / "faces.safetensors")
    monkeypatch.setattr(locations, "weights_dir", lambda: folder)
    return folder


@pytest.fixture
def real_window(qtbot, weights):
    maker = EngineMaker("cpu")
    window = MainWindow(RenderBridge(maker), Settings(), maker.facts)
    window.show()
    with qtbot.waitSignal(window.settled, timeout=60_000):
        window.begin()
    yield window
    window.close()
    window.deleteLater()


@pytest.fixture
def page(real_window, film):
    """The export page of a film of eleven frames."""
    real_window.store.edit_film(film, "Open film")
    real_window.commands["export_film"].trigger()
    return real_window.film_doors.page()


@pytest.fixture
def film(real_window):
    ref = real_window.store.recipe.model
    recipes = [Recipe(ref, SeedBlend.of(seed), psi=0.6) for seed in (1, 2)]
    return film_edits.film_of(recipes, 1.1, fps=10)


@pytest.fixture
def in_small_pieces(monkeypatch):
    """One frame after the other, so that a short film of a tiny network takes many pieces."""
    monkeypatch.setattr(film_export, "PIECE_SECONDS", 0.0)


def frames_of(folder):
    return [np.asarray(Image.open(file)) for file in sorted(folder.glob("frame*.png"))]


def written(window, qtbot, order):
    """Export from the window, and wait for the end."""
    with qtbot.waitSignal(window.film_doors.export.ended) as ended:
        window.film_doors.export.start(order)
    return ended.args[0]


keyframes = st.builds(
    lambda seed, psi, noise, **way: ((seed, psi, noise), way),
    st.integers(0, 99),
    st.sampled_from((0.3, 0.7, 1.0)),
    st.builds(Noise, st.sampled_from(("const", "random", "none")), st.integers(0, 9)),
    easing=st.sampled_from(tuple(EASINGS)),
    path=st.sampled_from(PATHS),
    space=st.sampled_from(SPACES),
    noise_loop=st.booleans(),
    hold=st.sampled_from((0.0, 0.2)),
)


@st.composite
def films(draw, model):
    keys = draw(st.lists(keyframes, min_size=1, max_size=3))
    made = [
        Keyframe(Recipe(model, SeedBlend.of(seed), psi=psi, noise=noise), 0.3 * index, **way)
        for index, ((seed, psi, noise), way) in enumerate(keys)
    ]
    loop = draw(st.booleans())
    return Film((tuple(made),), fps=10, loop=loop, length=0.3 * len(made) + 0.3 if loop else 0.0, size=20)


def test_a_film_from_the_window_has_the_pixels_of_the_one_from_the_command_line(
    real_window, qtbot, tmp_path, weights, capsys
):
    model = real_window.store.recipe.model
    count = 0

    @settings(max_examples=8)
    @given(films(model))
    def check(film):
        nonlocal count
        count += 1
        here = tmp_path / f"{count}"
        here.mkdir()
        (here / "walk.film").write_text(dumps(film))
        report = written(real_window, qtbot, Order(film, here / "window", UNSIGNED))
        assert report.frames == film.frames
        assert main(["video", "--film", str(here / "walk.film"), "--out", str(here / "verb")]) == 0
        ours, theirs = frames_of(here / "window"), frames_of(here / "verb")
        assert len(ours) == film.frames
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))

    check()
    capsys.readouterr()


def test_the_page_exports_what_it_shows(real_window, page, film, qtbot, tmp_path):
    box = page.box
    box.format.setCurrentText("Animated PNG")
    box.height_box.setEditText("24")
    box.rate.setEditText("20")
    box.label.setChecked(True)
    box.mark.setChecked(False)
    page.set_place(tmp_path / "walk.apng")
    assert page.go.isEnabled(), page.error.text()
    with qtbot.waitSignal(page.exported) as exported:
        page.go.click()
    assert exported.args == [tmp_path / "walk.apng"]
    assert read_film(tmp_path / "walk.apng") == film.with_(fps=20, size=24)
    with Image.open(tmp_path / "walk.apng") as image:
        assert (image.n_frames, image.size) == (21, (24, 24))
    assert "21 frames" in page.words.text()
    assert not page.show_folder.isHidden()
    assert real_window.settings.film_format == "Animated PNG"
    assert not real_window.settings.film_mark
    real_window.commands["export_film"].trigger()
    assert not real_window.film_doors.page().order().settings.mark
    page.set_place(tmp_path / "walk.apng")
    assert "replaced" in page.resume.text()
    real_window.commands["export_film"].trigger()
    assert page._path.name != "walk.apng"


def test_pause_waits_for_the_user_and_the_viewer_lives_meanwhile(
    real_window, page, film, qtbot, tmp_path, settle, in_small_pieces
):
    export = real_window.film_doors.export
    with qtbot.waitSignal(export.progressed):
        page.start(Order(film, tmp_path / "frames", UNSIGNED))
    page.pause.click()
    assert export.state == "paused"
    real_window.commands["new_face"].trigger()
    settle(real_window)
    qtbot.waitUntil(lambda: export._asked == 0)
    done = page.bar.value()
    assert done < film.frames
    assert not (tmp_path / "frames").exists()
    assert page.words.text().startswith("Paused")
    with qtbot.waitSignal(export.ended) as ended:
        page.pause.click()
    assert ended.args[0].frames == film.frames


def test_the_viewer_is_served_between_two_frames(real_window, qtbot, tmp_path, film, settle):
    export = real_window.film_doors.export
    long = film_edits.lasting(film, 20.0)
    with qtbot.waitSignal(export.progressed):
        export.start(Order(long, tmp_path / "frames", UNSIGNED))
    for _ in range(3):
        real_window.commands["new_face"].trigger()
        settle(real_window)
    assert export.state == "running"
    with qtbot.waitSignal(export.ended):
        export.cancel()


def test_a_cancelled_export_leaves_nothing(real_window, page, film, qtbot, tmp_path):
    export = real_window.film_doors.export
    with qtbot.waitSignal(export.progressed):
        page.start(Order(film_edits.lasting(film, 20.0), tmp_path / "frames", UNSIGNED))
    with qtbot.waitSignal(export.ended) as ended:
        page.leave.click()
    assert ended.args == [None]
    assert not (tmp_path / "frames").exists()
    assert not parts_folder(tmp_path / "frames").exists()
    assert page.go.isVisible()
    qtbot.waitUntil(lambda: not record_file().exists())


def interrupted(window, qtbot, order):
    """Let an export end as a crash would, with some frames finished."""
    export = window.film_doors.export
    with qtbot.waitSignal(export.progressed, check_params_cb=lambda progress, _image: progress.done >= 4):
        export.start(order)
    export.pause()
    qtbot.waitUntil(lambda: export._asked == 0)
    export.close()
    export.state = "idle"


def test_an_interrupted_export_is_offered_and_goes_on(real_window, film, qtbot, tmp_path, in_small_pieces):
    order = Order(film, tmp_path / "frames", UNSIGNED)
    interrupted(real_window, qtbot, order)
    qtbot.waitUntil(record_file().exists)
    doors = real_window.film_doors
    with qtbot.waitSignal(doors.notice) as notice:
        doors.look_for_interrupted()
    assert "frames" in notice.args[0].title
    with qtbot.waitSignal(doors.export.ended) as ended:
        notice.args[0].offers[0][1]()
    report = ended.args[0]
    assert 0 < report.resumed < report.frames == film.frames
    assert len(frames_of(tmp_path / "frames")) == film.frames
    qtbot.waitUntil(lambda: not record_file().exists())


def test_the_page_says_what_is_finished_already_and_can_start_over(
    real_window, film, qtbot, tmp_path, in_small_pieces
):
    settings = FilmSettings()
    interrupted(real_window, qtbot, Order(film, tmp_path / "frames", settings))
    real_window.store.edit_film(film, "Open film")
    real_window.commands["export_film"].trigger()
    page = real_window.film_doors.page()
    page.box.format.setCurrentText("PNG sequence")
    page.set_place(tmp_path / "frames")
    qtbot.waitUntil(page.resume.isVisible)
    assert page.go.text() == "Go on"
    page.over.click()
    assert not page.resume.isVisible()
    qtbot.waitUntil(lambda: not parts_folder(tmp_path / "frames").exists())


def test_what_cannot_be_is_said_before_anything_is_drawn(page, tmp_path, monkeypatch):
    page.set_place(tmp_path / "nowhere" / "film.mp4")
    assert "does not exist" in page.error.text()
    assert not page.go.isEnabled()
    page.set_place(tmp_path / "film.mp4")
    assert page.go.isEnabled()
    page.box.rate.setEditText("1000")
    assert "240" in page.error.text()
    page.box.rate.setEditText("30")
    page.box.height_box.setEditText("many")
    assert not page.go.isEnabled()
    page.box.height_box.setEditText("64")
    assert page.go.isEnabled()
    monkeypatch.setattr("os.access", lambda path, mode: False)
    page.set_place(tmp_path / "film.mp4")
    assert "may not write" in page.error.text()


def test_a_full_disk_is_said_before_and_during(real_window, page, film, qtbot, tmp_path, monkeypatch):
    qtbot.waitUntil(lambda: page._cell[0] > 0)
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(total=1, used=1, free=0))
        page.set_place(tmp_path / "film.mp4")
        assert "free" in page.error.text()
        assert not page.go.isEnabled()
        with qtbot.waitSignal(real_window.film_doors.export.ended):
            page.start(Order(film, tmp_path / "film.mp4", UNSIGNED))
    assert "make room" in page.error.text()
    assert not list(tmp_path.glob("film.mp4"))


def test_the_page_says_what_a_format_cannot_carry(page):
    page.box.format.setCurrentText("WebM (VP9)")
    assert "no place for Content Credentials" in page.box.says.text()
    assert page.box.settings["codec"] == "vp9"
    assert page.order().settings.mark
    page.box.mark.setChecked(False)
    assert not page.order().settings.mark
    page.box.format.setCurrentText("Animated WebP")
    assert "signed with Content Credentials" in page.box.says.text()
    assert not page.with_music.isEnabled()


def test_several_films_are_written_as_a_grid(real_window, film, qtbot, tmp_path):
    real_window.store.edit_film(film_edits.beside(film, film_edits.stretched(film, 0.5)), "Put beside")
    real_window.commands["export_film"].trigger()
    page = real_window.film_doors.page()
    page.box.columns.setCurrentText("1")
    page.box.format.setCurrentText("PNG sequence")
    page.set_place(tmp_path / "grid")
    with qtbot.waitSignal(page.exported):
        page.go.click()
    assert frames_of(tmp_path / "grid")[0].shape == (32, 16, 3)


@pytest.mark.parametrize("name", ["walk.mp4", "walk.webm", "walk.gif", "walk.webp"])
def test_an_exported_film_comes_back_onto_the_timeline_by_a_drop(
    real_window, film, qtbot, tmp_path, drop, name
):
    assert written(real_window, qtbot, Order(film, tmp_path / name, UNSIGNED)).frames == film.frames
    assert real_window.store.film is None
    with qtbot.waitSignal(real_window.incoming.film_opened):
        drop(real_window, tmp_path / name)
    assert real_window.store.film == film
    assert real_window.look.timeline.isVisible()


def test_music_goes_into_the_export_unless_the_format_is_silent(real_window, page, qtbot, tmp_path):
    song = tmp_path / "song.wav"
    with wave.open(str(song), "wb") as file:
        file.setparams((1, 2, 22_050, 0, "NONE", ""))
        file.writeframes(np.random.RandomState(0).randint(-9000, 9000, 33_000, np.int16).tobytes())
    real_window.store.edit_music(str(song), "Put music under the film")
    real_window.commands["export_film"].trigger()
    page.set_place(tmp_path / "walk.mp4")
    assert page.order().music == str(song)
    with qtbot.waitSignal(page.exported):
        page.go.click()
    with av.open(str(tmp_path / "walk.mp4")) as file:
        assert len(file.streams.audio) == 1
    page.box.format.setCurrentText("GIF")
    assert page.order().music == ""


def test_a_frame_of_the_film_is_saved_as_what_it_is(real_window, page, film, qtbot, tmp_path):
    real_window.timeline.show_frame(7)

    def seen():
        moment = real_window.viewer.frame.request.moment
        return moment is not None and moment.number == 7 and not real_window.viewer.frame.is_draft

    qtbot.waitUntil(seen)
    frame = real_window.viewer.frame
    with qtbot.waitSignal(real_window.outgoing.saved):
        real_window.outgoing.save_picture(frame, tmp_path / "seven.png", real_window.desk.info)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "seven.png")), frame.pixels)
    with qtbot.waitSignal(real_window.incoming.film_opened) as opened:
        real_window.incoming.open_path(tmp_path / "seven.png")
    assert opened.args == [7]
    real_window.outgoing.copy_recipe(frame)
    assert "film" in real_window.notices.notices[0].title
    real_window.store.edit_film(None, "New film")
    with qtbot.waitSignal(real_window.incoming.film_opened):
        real_window.incoming.paste(text_of(frame))
    assert real_window.store.film == film


def test_a_note_of_an_export_survives_the_way_to_paper(film):
    settings = FilmSettings(70, "444", Label("top-right", "small"), codec="vp9")
    order = Order(film, Path("/films/walk.webm"), settings, "/songs/a.mp3")
    assert Order.loads(order.dumps()) == order


def test_a_damaged_note_is_no_offer(real_window, qtbot, in_small_pieces):
    export = FilmExport(real_window.bridge, real_window.tasks, keep=True)
    told = []
    newer = json.dumps({"kind": "latent-explorer/export", "version": 9})
    for text in ("", "{", "[]", "3", newer):
        record_file().write_text(text)
        export.look_for_interrupted(told.append)
        with qtbot.waitCallback() as done:
            real_window.tasks.run(lambda: None, done)
    assert told == []


def test_words_for_people():
    assert [time_words(s) for s in (3.2, 75, 3700)] == ["3 s", "1 min 15 s", "1 h 1 min"]
    assert [size_words(n) for n in (900, 119_227, 1.25e6, 3e9)] == ["900 bytes", "119 kB", "1.25 MB", "3 GB"]
