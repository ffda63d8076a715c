"""Films as files: exact, whole or not there, resumable, with the film inside."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import namedtuple
from dataclasses import replace
from types import SimpleNamespace

import av
import numpy as np
import pytest
from PIL import Image

from explorer.errors import ExportError, RecipeError
from explorer.export import FilmSettings, discard, film_writer, save_film, video_pillow, write_film
from explorer.export.film_frames import FrameMaker
from explorer.export.film_job import parts_folder
from explorer.export.video import finished_frames
from explorer.export.video_av import VideoEncoder
from explorer.provenance import Claims, credentials, read_film, read_recipe, verify
from explorer.provenance.claims import GENERATED
from explorer.recipe import ModelRef, Recipe
from explorer.recipe import film_edits as edits
from explorer.recipe.film_document import dumps
from explorer.recipe.finish import Label
from explorer.render import Engine, RenderRequest, RenderWorker
from tests.export.films import decoded, film_of
from tests.support import REPOSITORY

NAMES = ("film.mp4", "film.webm", "film.mov", "film.gif", "film.webp", "film.apng", "film")
FILES = NAMES[:-1]
UNSIGNED = FilmSettings(sign=False, mark=False)
MARKED = FilmSettings(sign=False)


@pytest.fixture(scope="module")
def film(engine, network):
    return film_of(engine, network)


def content(path):
    if path.is_dir():
        return {file.name: file.read_bytes() for file in path.iterdir()}
    return path.read_bytes()


def frames_of(path):
    """All frames of a film file, [N, H, W, 3] uint8."""
    if path.is_dir():
        return np.stack([np.asarray(Image.open(file)) for file in sorted(path.iterdir())])
    if path.suffix in (".gif", ".webp", ".apng"):
        with Image.open(path) as image:
            frames = []
            for i in range(image.n_frames):
                image.seek(i)
                frames.append(np.asarray(image.convert("RGB")))
            return np.stack(frames)
    return decoded(path)


@pytest.mark.parametrize("name", NAMES)
def test_every_format_holds_every_frame(engine, network, tmp_path, name):
    film = film_of(engine, network, seconds=1, loop=False)
    report = save_film(engine, film, tmp_path / name, UNSIGNED)
    assert (report.frames, report.resumed, report.width, report.height) == (10, 0, 32, 32)
    assert report.notices == ()
    found = frames_of(tmp_path / name)
    maker = FrameMaker(engine, film)
    wanted = np.stack([maker.frame(n) for n in range(10)])
    assert found.shape == wanted.shape
    error = np.abs(found.astype(int) - wanted).mean(axis=(1, 2, 3))
    assert error.max() <= (0 if name == "film" else 12)
    # Every frame is nearer to its own picture than to its neighbour's.
    other = np.abs(found.astype(int) - np.roll(wanted, 2, axis=0)).mean(axis=(1, 2, 3))
    assert (error < other).all()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([name, "home"])


@pytest.mark.parametrize("name", FILES)
def test_what_a_film_says_of_itself(engine, film, tmp_path, name):
    path = tmp_path / name
    save_film(engine, film, path)
    assert read_film(path) == film
    assert read_recipe(path) == film.keys[0].recipe
    report = verify(path)
    assert report.ai_generated
    assert report.film == film
    assert report.source_type == GENERATED
    assert report.software.startswith("Latent Explorer")
    assert report.as_json()["film"]["fps"] == 10
    if name == "film.webm":
        assert report.credentials.present is False
        assert any("cannot carry" in text for text in report.in_words())
    elif credentials.can_sign():
        assert (report.credentials.valid, report.credentials.tampered) == (True, False)
        assert report.credentials.is_own


@pytest.mark.skipif(not credentials.can_sign(), reason="c2pa-python is not installed")
@pytest.mark.parametrize("name", ["film.mp4", "film.mov", "film.gif", "film.webp", "film.apng"])
def test_a_changed_film_is_called_broken(engine, film, tmp_path, name):
    path = tmp_path / name
    save_film(engine, film, path)
    data = bytearray(path.read_bytes())
    mark = {".mp4": b"mdat", ".mov": b"mdat", ".gif": b"\x00\x21\xf9", ".webp": b"ANMF", ".apng": b"fdAT"}[
        path.suffix
    ]
    data[data.rindex(mark) + 60] ^= 1
    path.write_bytes(data)
    assert verify(path).credentials.tampered


def test_a_frame_of_a_sequence_knows_the_film_and_its_number(engine, film, tmp_path):
    save_film(engine, film, tmp_path / "frames")
    key, between = (tmp_path / "frames" / f"frame0000{n}.png" for n in ("10", "07"))
    assert verify(between).frame == 7
    assert verify(between).film == film
    assert read_recipe(key) == film.keys[1].recipe
    with pytest.raises(RecipeError, match="between two keyframes"):
        read_recipe(between)


@pytest.mark.parametrize("name", NAMES)
def test_two_exports_give_the_same_bytes(engine, film, tmp_path, name):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for folder in ("a", "b"):
        save_film(engine, film, tmp_path / folder / name, UNSIGNED)
    assert content(tmp_path / "a" / name) == content(tmp_path / "b" / name)


def given_up(engine, film, path, after):
    """Begin an export and close it once `after` frames were drawn."""
    work = write_film(engine, film, path, UNSIGNED)
    for progress in work:
        if progress.done == after:
            break
    work.close()


@pytest.mark.parametrize("name", NAMES)
def test_an_export_goes_on_where_it_was_given_up(engine, network, tmp_path, name):
    film = film_of(engine, network, seconds=12, size=16)
    whole, path = tmp_path / "whole" / name, tmp_path / "resumed" / name
    for target in (whole, path):
        target.parent.mkdir()
    save_film(engine, film, whole, UNSIGNED)
    given_up(engine, film, path, 90)
    assert not path.exists()
    assert parts_folder(path).is_dir()
    assert not list(parts_folder(path).glob("*.part"))
    report = save_film(engine, film, path, UNSIGNED)
    assert 24 <= report.resumed < 120
    assert content(path) == content(whole)
    assert [p.name for p in path.parent.iterdir()] == [name]


def test_another_film_or_setting_does_not_go_on_from_foreign_pieces(engine, network, tmp_path):
    film, path = film_of(engine, network, seconds=12, size=16), tmp_path / "film.mp4"
    for other, settings in (
        (film, FilmSettings(quality=50, sign=False)),
        (edits.change_key(film, 0, easing="smooth"), UNSIGNED),
    ):
        given_up(engine, film, path, 90)
        assert save_film(engine, other, path, settings).resumed == 0


def test_giving_up_while_the_film_is_finished_leaves_no_film(engine, film, tmp_path, monkeypatch):
    path, join = tmp_path / "film.gif", video_pillow.GifEncoder.join
    reached, go_on = threading.Event(), threading.Event()

    def slow(*args):
        reached.set()
        go_on.wait(30)
        join(*args)

    monkeypatch.setattr(video_pillow.GifEncoder, "join", slow)
    work = write_film(engine, film, path, UNSIGNED)
    while not reached.is_set():
        next(work)
    threading.Timer(0.2, go_on.set).start()
    work.close()
    assert not path.exists()
    # Nothing but the joining is left to do.
    monkeypatch.undo()
    assert save_film(engine, film, path, UNSIGNED).resumed == 20


def test_giving_up_can_leave_nothing(engine, network, tmp_path):
    film, path = film_of(engine, network, seconds=12, size=16), tmp_path / "film.mp4"
    given_up(engine, film, path, 90)
    discard(path)
    assert [p.name for p in tmp_path.iterdir()] == ["home"]


CHILD = """
import sys
from pathlib import Path
from explorer.export import FilmSettings, write_film
from explorer.recipe.film_document import loads
from explorer.render import Engine, RenderRequest, RenderWorker
network, document, out = map(Path, sys.argv[1:])
engine = Engine(device="cpu", threads=1)
engine.open(network)
for progress in write_film(engine, loads(document.read_text()), out, FilmSettings(sign=False)):
    print(progress.done, flush=True)
"""


def in_a_child(network, film, path, **options):
    (path.parent / "film.json").write_text(dumps(film))
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(network), str(path.parent / "film.json"), str(path)],
        cwd=REPOSITORY,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.mark.skipif(os.name != "posix", reason="there is no kill -9 here")
def test_a_killed_export_goes_on(engine, network, tmp_path):
    film, path = film_of(engine, network, seconds=16, size=32), tmp_path / "film.mp4"
    child = in_a_child(network, film, path)
    for line in child.stdout:
        if int(line) >= 100:
            child.send_signal(signal.SIGKILL)
            break
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    assert not path.exists()
    report = save_film(engine, film, path, MARKED)
    assert report.resumed >= 40
    whole = tmp_path / "whole.mp4"
    save_film(engine, film, whole, MARKED)
    assert path.read_bytes() == whole.read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on file sizes")
def test_a_full_disk_is_said_in_words_and_can_be_mended(engine, network, tmp_path):
    film, path = film_of(engine, network, seconds=12, size=64), tmp_path / "film.mov"

    def no_room():
        import resource  # absent from Windows

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    child = in_a_child(network, film, path, preexec_fn=no_room)
    _, said = child.communicate()
    assert child.returncode == 1
    assert "ExportError" in said
    assert f"cannot write {path}" in said
    assert not path.exists()
    assert not list(parts_folder(path).glob("*.part"))
    save_film(engine, film, path, UNSIGNED)
    assert len(decoded(path)) == 120


def test_too_little_room_is_said_before(engine, film, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 10))
    with pytest.raises(ExportError, match="10 bytes are free"):
        save_film(engine, film, tmp_path / "film.mp4")


@pytest.mark.parametrize("name", ["film.mp4", "film.gif"])
def test_an_error_while_writing_is_said_in_words(engine, film, tmp_path, monkeypatch, name):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match="the disk is full"):
        save_film(engine, film, tmp_path / name)
    assert not (tmp_path / name).exists()


def test_places_that_cannot_be_written_to_are_said_at_once(engine, film, tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "film.mp4", tmp_path / "absent" / "film.mp4"):
        with pytest.raises(ExportError, match="cannot write"):
            save_film(engine, film, path)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("film.avi", {}, r"\.mp4"),
        ("film.mp4", {"size": 33}, "even"),
        ("film.gif", {"fps": 60}, "50"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_before_anything_is_drawn(
    engine, film, tmp_path, name, change, words
):
    with pytest.raises(ExportError, match=words):
        next(write_film(engine, film.with_(**change), tmp_path / name))
    assert [p.name for p in tmp_path.iterdir()] == ["home"]


def test_without_pyav_the_other_formats_still_work(engine, film, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "explorer.export.video_av", None)
    with pytest.raises(ExportError, match="pip install av"):
        save_film(engine, film, tmp_path / "film.mp4")
    save_film(engine, film, tmp_path / "film.webp", UNSIGNED)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["film.webp", "home"]


def test_frames_do_not_mix_with_those_of_a_longer_film(engine, film, network, tmp_path):
    out = tmp_path / "frames"
    save_film(engine, film, out, UNSIGNED)
    with pytest.raises(ExportError, match="longer film"):
        save_film(engine, film_of(engine, network, seconds=1), out, UNSIGNED)
    save_film(engine, film, out, UNSIGNED)  # the same once more is welcome
    assert len(list(out.iterdir())) == 20


@pytest.mark.parametrize(("name", "most"), [("film.mp4", 3), ("film.webm", 4), ("film.mov", 3)])
def test_colours_are_those_of_the_network_and_tagged(engine, film, tmp_path, name, most):
    colours = [(200, 40, 40), (40, 200, 40), (40, 40, 200), (230, 230, 60), (128, 128, 128)]

    def render(request):
        frame = Engine.render(engine, request)
        colour = colours[request.moment.number // 4 % len(colours)]
        return replace(frame, pixels=np.full_like(frame.pixels, 0) + np.array(colour, np.uint8))

    painter = SimpleNamespace(
        info=engine.info,
        device="cpu",
        precision="",
        directions_of=engine.directions_of,
        render_all=lambda requests: map(render, requests),
    )
    save_film(painter, film, tmp_path / name, FilmSettings(quality=95, sign=False, mark=False))
    found = decoded(tmp_path / name)
    for n, picture in enumerate(found):
        wanted = np.array(colours[n // 4 % len(colours)])
        assert np.abs(picture.reshape(-1, 3).mean(axis=0) - wanted).max() <= most
    with av.open(str(tmp_path / name)) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)
        assert context.color_range == 1


@pytest.mark.parametrize("name", ["film.mp4", "film.webm"])
def test_no_step_is_seen_where_segments_meet_and_where_a_loop_begins_again(tmp_path, name):
    frames, size, x = 48, 64, np.arange(64)

    def picture(number):
        shift = 2 * np.pi * number / frames
        wave = 40 * np.sin(x / 5 + shift)[None, :] + 40 * np.cos(x / 7 - shift)[:, None]
        grain = np.random.RandomState(0).uniform(-4, 4, (size, size))
        return np.repeat((128 + wave + grain).clip(0, 255).astype(np.uint8)[..., None], 3, -1)

    format = "MP4" if name.endswith("mp4") else "WEBM"
    encoder = VideoEncoder(format, FilmSettings(), 12, (size, size))
    encoder.segment_frames = frames // 2
    paths = []
    for first in (0, frames // 2):
        paths.append(tmp_path / f"{first}{encoder.suffix}")
        segment = encoder.open(paths[-1], frames // 2)
        for number in range(first, first + frames // 2):
            segment.add(number, picture(number))
        segment.close()
    encoder.join(paths, tmp_path / name, Claims(Recipe(ModelRef("faces"))))
    wanted = np.stack([picture(number) for number in range(frames)]).astype(float)
    error = (decoded(tmp_path / name) - wanted).mean(-1)
    steps = np.abs(error - np.roll(error, 1, axis=0)).mean((1, 2))
    seams = steps[[0, frames // 2]]
    inside = np.delete(steps, [0, frames // 2])
    assert seams.max() <= 1.3 * inside.max()  # 1.9 where nothing is done about it


def test_times_are_exact_and_loops_loop(engine, film, tmp_path):
    film = film.with_(fps=24.0)
    for name in ("film.mp4", "film.gif", "film.webp"):
        save_film(engine, film, tmp_path / name, UNSIGNED)
    with av.open(str(tmp_path / "film.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.frames, stream.average_rate) == (48, 24)
        times = [float(frame.pts * stream.time_base) for frame in container.decode(stream)]
    assert times == pytest.approx([n / 24 for n in range(48)])
    for name in ("film.gif", "film.webp"):
        with Image.open(tmp_path / name) as image:
            total = 0
            for i in range(image.n_frames):
                image.seek(i)
                image.load()
                total += image.info["duration"]
            assert total == 2000
            assert image.info["loop"] == 0


def test_a_grid_puts_films_side_by_side(engine, network, tmp_path):
    ref = engine.open(network).ref
    one = film_of(engine, network).keys
    other = tuple(key.with_(recipe=key.recipe.with_(psi=0.0)) for key in one)
    grid = film_of(engine, network).with_(cells=(one, other), columns=2)
    assert grid.model == ref
    save_film(engine, grid, tmp_path / "grid", UNSIGNED)
    found = frames_of(tmp_path / "grid")
    assert found.shape == (20, 32, 64, 3)
    alone = FrameMaker(engine, film_of(engine, network))
    assert np.array_equal(found[7][:, :32], alone.frame(7))
    assert np.array_equal(found[3][:, 32:], found[14][:, 32:])


def test_progress_counts_and_shows(engine, network, tmp_path):
    grid = film_of(engine, network)
    grid = grid.with_(cells=grid.cells * 2, columns=2)
    seen = list(write_film(engine, grid, tmp_path / "film.mp4", UNSIGNED))
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert seen[-1].done == seen[-1].total == 20
    assert len([p for p in seen if p.preview is not None]) == 20
    # A grid gives way after each cell, so that the window lives while a wall is drawn.
    assert len([p for p in seen if p.preview is None and p.done < 20]) == 20
    assert seen[0].seconds_left is None
    assert all(p.preview.shape == (32, 64, 3) for p in seen if p.preview is not None)


def test_a_label_can_be_drawn_in(engine, film, tmp_path):
    film = film.with_(size=128)
    save_film(engine, film, tmp_path / "plain", UNSIGNED)
    save_film(engine, film, tmp_path / "marked", replace(UNSIGNED, label=Label()))
    plain, marked = frames_of(tmp_path / "plain"), frames_of(tmp_path / "marked")
    where = np.nonzero((plain != marked).any(axis=(0, 3)))
    assert where[0].min() > 100
    assert where[1].max() < 90


def test_an_export_runs_on_the_render_thread_while_pictures_are_asked_for(network, film, tmp_path):
    frames, finished, answer = [], threading.Event(), []

    def make_engine():
        engine = Engine(device="cpu", threads=1)
        engine.open(network)
        return engine

    def done(result):
        answer.append(result)
        finished.set()

    worker = RenderWorker(make_engine, frames.append)
    worker.start()
    try:
        worker.call(lambda engine: write_film(engine, film, tmp_path / "film.gif", UNSIGNED), done)
        for serial in range(50):
            worker.submit(RenderRequest(film.keys[serial % 2].recipe, serial))
            if finished.wait(0.01):
                break
        assert finished.wait(60)
    finally:
        worker.close()
    assert answer[0].frames == 20
    assert frames


@pytest.mark.parametrize("run", [1, 4])
def test_memory_of_the_queue_is_bounded(engine, film, tmp_path, monkeypatch, run):
    """A slow encoder makes the drawing wait; it never piles frames up."""
    done = []
    block = video_pillow.GifEncoder._block

    def slow(self, number, pixels):
        time.sleep(0.02)
        done.append(number)
        return block(self, number, pixels)

    monkeypatch.setattr(video_pillow.GifEncoder, "_block", slow)
    monkeypatch.setattr(film_writer, "RUN_BYTES", run * 3 * 32**2)
    most = 3 * run if run > 1 else film_writer.WAITING + 1  # gathered, waiting, under way
    for progress in write_film(engine, film, tmp_path / "film.gif", UNSIGNED):
        assert progress.done - len(done) <= most + 1
    assert len(done) == 20


def test_av1_holds_every_frame_in_less_room(engine, network, tmp_path):
    film = film_of(engine, network, seconds=1, size=64, loop=False)
    save_film(engine, film, tmp_path / "small.webm", replace(UNSIGNED, codec="av1"))
    assert len(decoded(tmp_path / "small.webm")) == film.frames
    with av.open(str(tmp_path / "small.webm")) as file:
        assert "av1" in file.streams.video[0].codec_context.name
    assert read_film(tmp_path / "small.webm") == film


@pytest.mark.parametrize(("size", "chroma"), [(64, "444"), (32, "420")])
def test_what_av1_cannot_hold_is_refused_before(engine, network, tmp_path, size, chroma):
    film = film_of(engine, network, size=size)
    with pytest.raises(ExportError, match="AV1"):
        save_film(engine, film, tmp_path / "film.webm", FilmSettings(80, chroma, codec="av1"))
    assert not list(tmp_path.glob("*film*"))


def test_an_animated_png_loses_nothing(engine, network, tmp_path):
    film = film_of(engine, network, seconds=1)
    save_film(engine, film, tmp_path / "film.apng", UNSIGNED)
    maker = FrameMaker(engine, film)
    drawn = np.stack([maker.frame(number) for number in range(film.frames)])
    assert np.array_equal(frames_of(tmp_path / "film.apng"), drawn)


def test_what_an_earlier_attempt_has_finished_can_be_asked_without_touching_it(engine, network, tmp_path):
    film, path = film_of(engine, network, seconds=5), tmp_path / "film.mp4"
    assert finished_frames(engine, film, path, UNSIGNED) == 0
    assert not list(tmp_path.glob("*film*"))
    work = write_film(engine, film, path, UNSIGNED)
    while next(work).bytes_written == 0:
        pass
    work.close()
    assert finished_frames(engine, film, path, UNSIGNED) == 40
    assert finished_frames(engine, film, path, replace(UNSIGNED, quality=70)) == 0
    assert save_film(engine, film, path, UNSIGNED).resumed == 40


@pytest.mark.parametrize(("size", "is_marked"), [(22, False), (24, True)])
def test_a_film_tells_of_a_mark_only_where_its_cells_have_room_for_it(
    engine, network, tmp_path, size, is_marked
):
    film = film_of(engine, network, seconds=0.2, size=size)
    wall = film.with_(cells=film.cells * 2, columns=2)
    for name in ("film.mp4", "frames"):
        save_film(engine, wall, tmp_path / name, MARKED)
    first = min((tmp_path / "frames").iterdir())
    assert verify(tmp_path / "film.mp4").finish.mark is verify(first).finish.mark is is_marked
