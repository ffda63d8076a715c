"""The video verb on a small network."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.cli import main as cli
from explorer.export import FilmSettings, save_film
from explorer.export import video as video_module
from explorer.export.film_frames import FrameMaker
from explorer.latents import Direction
from explorer.provenance import Claims, read_film, verify
from explorer.recipe import Keyframe, Moment, Noise, Push, SeedBlend
from explorer.recipe.film_document import loads
from explorer.recipe.finish import Label
from explorer.render import Engine, RenderRequest
from tests.export.films import decoded, small_network
from tests.support import REPOSITORY


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return small_network(tmp_path_factory.mktemp("network"))


def video(network, *words):
    return cli.main(["video", "--model", str(network), "--device", "cpu", *map(str, words)])


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.mov", "a.gif", "a.webp"])
def test_every_format_has_the_frames_that_were_asked_for(network, tmp_path, capsys, name):
    out = tmp_path / name
    assert video(network, "--seeds", "1,2,3", "--seconds", 2, "--fps", 6, "--out", out, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["frames"], said["fps"], said["duration_s"], said["width"]) == (12, 6, 2, 16)
    assert said["bytes"] == out.stat().st_size
    film = read_film(out)
    assert [key.recipe.base for key in film.keys] == [SeedBlend.of(s) for s in (1, 2, 3)]


def test_a_folder_of_frames(network, tmp_path):
    assert video(network, "--seeds", "1,2", "--seconds", 1, "--fps", 5, "--out", tmp_path / "out") == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [f"frame{n:06}.png" for n in range(5)]


def test_frames_are_those_the_window_draws_and_can_be_checked(network, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["--seeds", "1,2", "--seconds", 1, "--fps", 5, "--loop", "--interp", "spline"]
    assert video(network, *words, "--out", out) == 0
    film = read_film(out / "frame000003.png")
    engine = Engine(device="cpu")
    engine.open(network)
    for number in range(5):
        path = out / f"frame{number:06}.png"
        drawn = engine.render(RenderRequest.of_moment(Moment(film, number))).pixels
        with Image.open(path) as image:
            assert np.array_equal(np.asarray(image), drawn)
        capsys.readouterr()
        assert cli.main(["verify", str(path), "--redraw", "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert said["redrawn"]["equal"]
        assert (said["frame"], said["film"]["loop"]) == (number, True)


def test_a_label_is_told_so_a_labelled_frame_can_be_checked_too(network, tmp_path, capsys):
    words = ["--seeds", "1,2", "--seconds", 1, "--fps", 2, "--size", 96, "--label", "--out", tmp_path / "out"]
    assert video(network, *words) == 0
    capsys.readouterr()
    assert cli.main(["verify", str(tmp_path / "out" / "frame000001.png"), "--redraw", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["redrawn"]["equal"]


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.webm", "a.gif", "a.webp", "a.apng"])
def test_frames_of_a_film_are_drawn_again_and_compared_as_far_as_its_format_allows(
    network, tmp_path, capsys, name
):
    out = tmp_path / name
    words = ["--seeds", "1,2", "--seconds", 1.3, "--fps", 10, "--size", 64, "--label", "--quality", 60]
    assert video(network, *words, "--out", out) == 0
    capsys.readouterr()
    assert cli.main(["verify", str(out), "--redraw", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["redrawn"]
    assert len(found["frames"]) > 1
    assert found["frames"][0] == 0
    is_lossless = name == "a.apng"
    assert (found["equal"], found["same_after_compression"]) == (is_lossless, not is_lossless)
    if name not in ("a.mp4", "a.gif"):
        return
    # The same film document over the pictures of another film: told apart.
    claims = Claims(read_film(out).keys[0].recipe, film=read_film(out), finish=verify(out).finish)
    other = tmp_path / f"other{out.suffix}"
    engine = Engine(device="cpu")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(video_module, "claims_of_film", lambda film, info: claims)
        pretended = read_film(out).with_(cells=(tuple(reversed_keys(read_film(out).keys)),))
        save_film(engine, pretended, other, FilmSettings(sign=False, label=Label(), quality=60))
    assert cli.main(["verify", str(other), "--redraw", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["redrawn"]
    assert (found["equal"], found["same_after_compression"]) == (False, False)


def reversed_keys(keys):
    """The same times with the pictures the other way round."""
    recipes = [key.recipe for key in reversed(keys)]
    return [key.with_(recipe=recipe) for key, recipe in zip(keys, recipes, strict=True)]


def test_a_sheet_is_not_compared_but_says_how(network, tmp_path, capsys):
    words = ["grid", "--model", str(network), "--seeds", "1-4", "--out", str(tmp_path / "a.png")]
    assert cli.main(words) == 0
    assert cli.main(["verify", str(tmp_path / "a.png"), "--redraw"]) == 1
    assert "video --film" in capsys.readouterr().err


def test_every_option_reaches_the_film(network, tmp_path):
    out = tmp_path / "a.film"
    words = "--seeds 1,2,3,4 --seconds 4 --fps 10 --interp spline --space z --easing smooth --loop --grid 2x1"
    words += " --psi 0.5 --cutoff 3 --mix 9@coarse*0.5 --direction smile=2 --noise random --noise-seed 7"
    words += " --noise-strength 0.5 --noise-loop --size 64"
    assert video(network, *words.split(), "--out", out) == 1  # nobody knows such a smile
    engine = Engine(device="cpu")
    info = engine.open(network)
    smile = Direction("smile", "learned", torch.ones(info.w_dim))
    engine.known.keep(info.ref, info.num_ws, info.w_dim, [smile])
    assert video(network, *words.split(), "--out", out) == 0
    film = loads(out.read_text())
    assert (film.fps, film.loop, film.length, film.columns, film.size) == (10, True, 4, 2, 64)
    assert [[key.recipe.base.terms[0][0] for key in keys] for keys in film.cells] == [[1, 2], [3, 4]]
    assert [key.time for key in film.keys] == [0, 2]
    recipe = film.keys[0].recipe
    assert (recipe.psi, recipe.cutoff, recipe.noise) == (0.5, 3, Noise("random", 7, 0.5))
    assert len(recipe.mixes) == 1
    assert recipe.directions == (Push("smile", 2.0, stored=smile.stored()),)
    assert film.keys[0] == Keyframe(recipe, 0, 0, "smooth", "spline", "z", True)


def test_a_film_is_made_again_from_itself_in_another_process(network, tmp_path):
    first, again = tmp_path / "a.mp4", tmp_path / "b.mp4"
    words = ["--seeds", "1,2", "--seconds", 1, "--fps", 8, "--loop", "--interp", "slerp"]
    assert video(network, *words, "--out", first) == 0
    done = subprocess.run(
        [sys.executable, "-m", "explorer", "video", "--model", network, "--film", first, "--out", again],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        env=os.environ,
    )
    assert done.returncode == 0, done.stderr
    assert read_film(again) == read_film(first)
    assert np.array_equal(decoded(again), decoded(first))
    # What the window would draw for this film is what is in the file, but for H.264's loss.
    engine = Engine(device="cpu")
    engine.open(network)
    drawn = FrameMaker(engine, read_film(first)).frame(3)
    assert np.abs(decoded(first)[3].astype(int) - drawn).mean() < 12


def test_a_saved_film_can_be_made_otherwise(network, tmp_path):
    document = tmp_path / "a.film"
    assert video(network, "--seeds", "1,2", "--seconds", 2, "--fps", 8, "--out", document) == 0
    out = tmp_path / "b.film"
    words = ["--film", document, "--fps", 5, "--seconds", 4, "--size", 32, "--loop", "--out", out]
    assert video(network, *words) == 0
    film = loads(out.read_text())
    assert (film.fps, film.size, film.loop) == (5, 32, True)
    assert video(network, "--film", document, "--seconds", 4, "--out", out) == 0
    assert loads(out.read_text()).frames == 32


@pytest.mark.parametrize(
    "words",
    [
        ["--out", "a.mp4"],
        ["--seeds", "1", "--film", "x.film", "--out", "a.mp4"],
        ["--seeds", "1,2", "--out", "a.avi"],
        ["--seeds", "1,2,3", "--grid", "2x1", "--out", "a.mp4"],
        ["--seeds", "1,2", "--grid", "0x1", "--out", "a.mp4"],
        ["--seeds", "1,2", "--fps", "0", "--out", "a.mp4"],
        ["--film", "x.film", "--psi", "0.5", "--out", "a.mp4"],
        ["--seeds", "1,2", "--interp", "wobble", "--out", "a.mp4"],
    ],
)
def test_wrong_usage_is_said_before_anything_is_loaded(network, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        video(network, *words)
    assert left.value.code == 2
    assert [p.name for p in tmp_path.iterdir()] == ["home"]


def test_a_film_of_another_network_is_refused(network, tmp_path, capsys):
    out = tmp_path / "a.film"
    assert video(network, "--seeds", "1,2", "--out", out) == 0
    text = out.read_text().replace(loads(out.read_text()).model.sha256, "f" * 64)
    out.write_text(text)
    assert video(network, "--film", out, "--out", tmp_path / "a.mp4") == 1
    assert "another" in capsys.readouterr().err
    assert video(network, "--film", network, "--out", tmp_path / "a.mp4") == 1


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_leaves_nothing(network, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    words = ["--seeds", "1,2", "--seconds", "600", "--fps", "60", "--out", str(out / "a.mp4")]
    child = subprocess.Popen(
        [sys.executable, "-m", "explorer", "video", "--model", str(network), "--device", "cpu", *words],
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    while child.poll() is None and not list(out.glob(".*/*.mp4*")):
        pass
    child.send_signal(signal.SIGINT)
    _, said = child.communicate()
    assert child.returncode == 130
    assert b"Traceback" not in said
    assert list(out.iterdir()) == []
