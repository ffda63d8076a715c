"""Frames finished on several threads: the same ones, in their order, never too many at once."""

import threading
import time
from functools import partial

import numpy as np
import pytest

from explorer.errors import ExportError
from explorer.export import FilmSettings, film_finishing, video, video_av, video_pillow, write_film
from explorer.export.film_finishing import AHEAD_BYTES, LARGE_BYTES, Finishing, threads_for
from explorer.export.film_frames import FrameFinisher, FrameMaker
from explorer.export.video_av import VideoEncoder
from explorer.export.video_av import threads_for as encoder_threads
from explorer.recipe.finish import Label
from explorer.render import devices
from tests.export.films import decoded, film_of

UNSIGNED = FilmSettings(sign=False)


@pytest.fixture
def three(monkeypatch):
    """Whatever is drawn, three threads finish it."""
    monkeypatch.setattr(film_finishing, "threads_for", lambda device, frame_bytes: 3)


def test_only_large_frames_from_a_gpu_are_worth_threads(monkeypatch):
    large = 3 * 1024**2
    for cores, wanted in ((1, 1), (2, 1), (4, 1), (6, 2), (8, 3), (16, 4), (128, 4)):
        monkeypatch.setattr(devices, "usable_cores", lambda cores=cores: cores)
        assert threads_for("cuda", large) == wanted
    assert threads_for("cpu", large) == 1
    assert threads_for("cuda", LARGE_BYTES - 1) == 1
    assert threads_for("cuda", AHEAD_BYTES // 2) == 1, "so large that groups would not fit into memory"


def test_encoder_threads_depend_on_size_and_device_alone():
    assert [encoder_threads((side, side), "cpu") for side in (256, 512, 1024)] == [1, 2, 2]
    assert [encoder_threads((side, side), "cuda") for side in (256, 512, 1024)] == [1, 2, 8]


def test_an_encoder_takes_them(tmp_path):
    """A segment asks its codec for as many."""
    for device, wanted in (("cpu", 2), ("cuda", 8)):
        encoder = VideoEncoder("MP4", FilmSettings(), 24.0, (1024, 1024), device=device)
        segment = encoder.open(tmp_path / device, 1)
        assert segment._stream.codec_context.thread_count == wanted
        segment.add(0, np.zeros((1024, 1024, 3), np.uint8))
        segment.close()


class Card(str):
    """A device that draws as the CPU does, and can be told from it."""


def test_an_export_tells_what_its_frames_are_drawn_on(engine, network, tmp_path, monkeypatch):
    asked = []

    def asks(device, frame_bytes):
        asked.append((type(device), frame_bytes))
        return 1

    def encodes(size, device):
        asked.append((type(device), size))
        return 1

    monkeypatch.setattr(film_finishing, "threads_for", asks)
    monkeypatch.setattr(video_av, "threads_for", encodes)
    monkeypatch.setattr(engine, "device", Card("cpu"))
    film = film_of(engine, network, seconds=1, size=64)
    list(write_film(engine, film, tmp_path / "film.mp4", UNSIGNED))
    assert asked == [(Card, (64, 64)), (Card, 3 * 64 * 64)]


@pytest.mark.parametrize("mark", [False, True])
@pytest.mark.parametrize("length", [1, 5, 30])
def test_threads_finish_the_same_frames_in_their_order(engine, network, three, mark, length):
    film = film_of(engine, network, seconds=6, size=64)  # 60 frames; pieces of 25 cut groups short
    drawn = [FrameMaker(engine, film).frame(number) for number in range(film.frames)]
    make = partial(FrameFinisher, film, Label(), mark, 25)
    wanted = make().finished_run(0, drawn)
    finishing = Finishing(make, "cuda", drawn[0].nbytes)
    found, begun = [], []
    for first in range(0, film.frames, length):
        begun += finishing.begin(first, drawn[first : first + length])
    for first, finished in begun:
        assert first == len(found)
        found += finished()
    finishing.close()
    np.testing.assert_array_equal(found, wanted)


def test_an_export_gives_the_same_film(engine, network, tmp_path, three, monkeypatch):
    film = film_of(engine, network, size=64)
    settings = FilmSettings(label=Label(), sign=False)
    reports = [list(write_film(engine, film, tmp_path / "several.mp4", settings))]
    monkeypatch.undo()
    reports.append(list(write_film(engine, film, tmp_path / "one.mp4", settings)))
    assert (tmp_path / "several.mp4").read_bytes() == (tmp_path / "one.mp4").read_bytes()
    assert len(decoded(tmp_path / "several.mp4")) == film.frames
    assert [progress[-1].done for progress in reports] == [film.frames] * 2


def test_frames_under_way_are_bounded(engine, network, tmp_path, three, monkeypatch):
    film = film_of(engine, network, seconds=8)
    frame_bytes = 3 * 32**2
    monkeypatch.setattr(film_finishing, "AHEAD_BYTES", 10 * frame_bytes)
    monkeypatch.setattr("explorer.export.film_writer.RUN_BYTES", frame_bytes)
    done = []
    block = video_pillow.GifEncoder._block

    def slow(self, number, pixels):
        time.sleep(0.005)
        done.append(number)
        return block(self, number, pixels)

    monkeypatch.setattr(video_pillow.GifEncoder, "_block", slow)
    ahead = [progress.done - len(done) for progress in write_film(engine, film, tmp_path / "f.gif", UNSIGNED)]
    assert done == list(range(film.frames))
    assert 3 < max(ahead) <= 10 + 3, "waiting, gathered and being encoded"


def test_an_error_on_a_finishing_thread_ends_the_export_and_the_threads(
    engine, network, tmp_path, three, monkeypatch
):
    film = film_of(engine, network)
    finished_run = FrameFinisher.finished_run

    def breaks(self, first, canvases):
        if first == 7:
            raise ExportError("no room for a label")
        return finished_run(self, first, canvases)

    monkeypatch.setattr(video.FrameFinisher, "finished_run", breaks)
    with pytest.raises(ExportError, match="no room for a label"):
        list(write_film(engine, film, tmp_path / "film.mp4", UNSIGNED))
    assert not (tmp_path / "film.mp4").exists()
    until = time.monotonic() + 5
    while any(t.name.startswith("film finisher") for t in threading.enumerate()):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_an_export_given_up_leaves_no_threads(engine, network, tmp_path, three):
    film = film_of(engine, network)
    steps = write_film(engine, film, tmp_path / "film.mp4", UNSIGNED)
    for _ in range(6):
        next(steps)
    steps.close()
    until = time.monotonic() + 5
    while any(t.name.startswith("film finisher") for t in threading.enumerate()):
        assert time.monotonic() < until
        time.sleep(0.01)
