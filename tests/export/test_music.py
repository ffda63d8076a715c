"""Music under films: muxed from the start to the film's end, and heard beat by beat."""

import wave

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import ExportError
from explorer.export import FilmSettings, save_film
from explorer.export.music import onsets
from explorer.recipe import Recipe, SeedBlend
from explorer.recipe import film_edits as edits
from explorer.recipe.recipe import ModelRef
from tests.export.films import decoded, film_of

RATE = 22_050


def tune(path, beats, seconds):
    """A soft tone with short bursts at `beats`."""
    t = np.arange(round(seconds * RATE)) / RATE
    sound = 0.05 * np.sin(2 * np.pi * 220 * t)
    for beat in beats:
        after = t - beat
        sound += np.where(after >= 0, 0.7 * np.sin(2 * np.pi * 880 * after) * np.exp(-18 * np.abs(after)), 0)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(sound, -1, 1) * 32_000).astype("<i2").tobytes())
    return path


@pytest.mark.parametrize("name", ["film.mp4", "film.mov", "film.webm"])
def test_music_goes_under_the_film_and_ends_with_it(engine, network, tmp_path, name):
    film = film_of(engine, network)
    music = tune(tmp_path / "tune.wav", (0.5, 1.0, 1.5), 5)
    for out in ("a", "b"):
        (tmp_path / out).mkdir()
        save_film(engine, film, tmp_path / out / name, FilmSettings(sign=False), music)
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert len(decoded(tmp_path / "a" / name)) == 20
    with av.open(str(tmp_path / "a" / name)) as file:
        stream = file.streams.audio[0]
        frames = list(file.decode(stream))
        seconds = sum(frame.samples for frame in frames) / stream.rate
    assert seconds == pytest.approx(2, abs=0.1)
    assert onsets(tmp_path / "a" / name) == pytest.approx((0.5, 1.0, 1.5), abs=0.05)


def test_short_music_simply_ends(engine, network, tmp_path):
    music = tune(tmp_path / "tune.wav", (0.2,), 0.5)
    save_film(engine, film_of(engine, network), tmp_path / "film.mp4", music=music)
    assert len(decoded(tmp_path / "film.mp4")) == 20


def test_what_is_no_music_is_refused_before_anything_is_drawn(engine, network, tmp_path):
    film = film_of(engine, network)
    save_film(engine, film, tmp_path / "silent.mp4")
    (tmp_path / "text.wav").write_text("la la la")
    music = tune(tmp_path / "tune.wav", (), 1)
    before = sorted(tmp_path.iterdir())
    for sound in ("silent.mp4", "text.wav", "absent.wav"):
        with pytest.raises(ExportError, match=sound):
            save_film(engine, film, tmp_path / "film.mp4", music=tmp_path / sound)
    with pytest.raises(ExportError, match="no sound"):
        save_film(engine, film, tmp_path / "film.gif", music=music)
    assert sorted(tmp_path.iterdir()) == before


def test_beats_are_heard_where_they_are(tmp_path):
    beats = (0.5, 1.0, 1.25, 2.0, 3.5)
    assert onsets(tune(tmp_path / "a.wav", beats, 5)) == pytest.approx(beats, abs=0.035)
    assert onsets(tune(tmp_path / "b.wav", (), 2)) == ()


@given(st.lists(st.floats(0, 10), max_size=6), st.lists(st.floats(0, 12), max_size=5))
def test_snapping_keeps_a_film_whole(marks, times):
    recipe = Recipe(ModelRef("net"), SeedBlend.of(1))
    film = edits.film_of([recipe])
    for time in times:
        film = edits.add_key(film, recipe, time)
    marks = sorted(marks)
    after = edits.snapped(film, marks)
    assert len(after.keys) == len(film.keys)
    for old, new in zip(film.keys, after.keys, strict=True):
        assert new.time == old.time or (new.time in marks and abs(new.time - old.time) <= 0.25)
