"""The directions verb on a small network, and `--direction` where pictures are made."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.cli import direction_learning
from explorer.cli import main as cli
from explorer.latents import direction_form
from explorer.provenance import read_film, read_recipe, verify
from explorer.recipe import Push
from explorer.render import Engine, RenderRequest, face_directions
from explorer.render.known_directions import read_directions
from tests.export.films import small_network
from tests.render.portraits import Painter


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return small_network(tmp_path_factory.mktemp("network"))


def directions(action, *words):
    return cli.main(["directions", action, *map(str, words)])


def find(network, out, *words):
    few = ["--components", 3, "--samples", 300]
    return directions("find", "--model", network, "--device", "cpu", "--out", out, *few, *words)


def test_finding_is_deterministic_by_seed(network, tmp_path, capsys):
    a, b, c = (tmp_path / f"{name}.directions" for name in "abc")
    assert find(network, a, "--author", "me", "--licence", "CC0") == 0
    said = read_directions(a)
    assert (said.author, said.licence, said.family) == ("me", "CC0", "stylegan2")
    assert find(network, a) == find(network, b) == find(network, c, "--seed", 1) == 0
    assert a.read_bytes() == b.read_bytes() != c.read_bytes()
    assert "3 directions" in capsys.readouterr().out
    assert [d.name for d in read_directions(a).directions] == ["pca 1", "pca 2", "pca 3"]


@pytest.mark.parametrize(
    ("method", "layers", "first"),
    [("zone", "coarse", "coarse 1"), ("sefa", "0-1", "sefa rows 0,1 1"), ("random", "fine", None)],
)
def test_methods_look_at_layers(network, tmp_path, capsys, method, layers, first):
    out = tmp_path / "x.directions"
    if first is None:  # this network is too small for fine rows
        assert find(network, out, "--method", method, "--layers", layers) == 1
        assert "rows 0 to" in capsys.readouterr().err
        assert not out.exists()
    else:
        assert find(network, out, "--method", method, "--layers", layers, "--json") == 0
        said = json.loads(capsys.readouterr().out)
        assert said[0]["name"] == first
        assert {entry["layers"] for entry in said} == {layers.replace("0-1", "0,1")}


def test_what_is_kept_is_listed_and_drawn(network, tmp_path, capsys):
    known = ["--model", str(network), "--json"]
    assert directions("list", *known) == 0
    assert json.loads(capsys.readouterr().out) == []
    keep = ["--model", str(network), "--samples", 300, "--components", 2, "--keep"]
    assert directions("find", *keep) == directions("find", *keep) == 0
    capsys.readouterr()
    assert directions("list", *known) == 0
    said = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in said] == ["pca 1", "pca 2", "pca 1 (2)", "pca 2 (2)"]
    assert {"name", "kind", "layers", "sigma", "effects"} <= set(said[0])

    out = tmp_path / "strip.png"
    words = ["--model", network, "--device", "cpu", "--seeds", "1,2", "--name", "pca 2", "--steps", 3]
    assert directions("strip", *words, "--range", 2, "--out", out) == 0
    film = read_film(out)
    assert [keys[0].recipe.directions[0].amount for keys in film.cells] == [-2, 0, 2] * 2
    size = ["--size", 32, "--out", out]
    for option, is_marked in ((["--no-mark"], False), ([], True)):
        assert directions("strip", *words, *size, *option) == 0
        assert verify(out).finish.mark is is_marked
    assert directions("strip", *words, "--name", "hat", "--out", out) == 1
    assert "pca 1 (2)" in capsys.readouterr().err


def test_a_typed_direction_travels_inside_the_picture(network, tmp_path, capsys, monkeypatch):
    file, out = tmp_path / "x.directions", tmp_path / "a.png"
    assert find(network, file) == 0
    words = ["render", "--model", str(network), "--device", "cpu", "--seeds", "3", "--out", str(out)]
    push = ["--direction", "pca 2=3@0-1"]
    assert cli.main([*words, *push]) == 1
    assert "directions find" in capsys.readouterr().err
    assert not out.exists()
    assert cli.main([*words, *push, "--directions", str(file)]) == 0
    recipe = read_recipe(out)
    assert recipe.directions == (Push("pca 2", 3.0, (0, 1), read_directions(file).directions[1].stored()),)
    # Another machine: the network is there, the direction is not.
    engine = Engine(device="cpu")
    engine.open(network)
    frame = engine.render(RenderRequest(recipe))
    assert frame.notices == ()
    with Image.open(out) as image:
        assert np.array_equal(np.asarray(image), frame.pixels)
    plain = engine.render(RenderRequest(recipe.with_(directions=())))
    assert not np.array_equal(plain.pixels, frame.pixels)


def test_import_of_another_tools_file(network, tmp_path, capsys):
    info = Engine(device="cpu").open(network)
    normal = np.random.RandomState(0).randn(1, info.w_dim)
    np.save(tmp_path / "smile_w_boundary.npy", normal / np.linalg.norm(normal))
    np.save(tmp_path / "odd.npy", np.ones((1, info.w_dim + 1)))
    out = tmp_path / "x.directions"
    words = ["--model", network, "--device", "cpu", "--out", out]
    assert directions("import", tmp_path / "odd.npy", *words) == 1
    assert "another network" in capsys.readouterr().err
    assert not out.exists()
    assert directions("import", tmp_path / "smile_w_boundary.npy", *words, "--layers", "coarse") == 0
    assert "does not say which network" in capsys.readouterr().err
    (smile,) = read_directions(out).directions
    assert (smile.name, smile.kind, smile.layers) == ("smile", "imported", "coarse")
    assert 0 < smile.sigma < 10
    assert torch.allclose(smile.vector, torch.from_numpy(normal / np.linalg.norm(normal))[0].float())


def test_directions_of_another_network_are_taken_with_a_warning(network, tmp_path, capsys):
    file = tmp_path / "x.directions"
    assert find(network, file) == 0
    found = read_directions(file)
    other = direction_form.DirectionSet(
        type(found.model)("cats", "0" * 64), found.num_ws, found.w_dim, found.directions, family="stylegan1"
    )
    file.write_bytes(direction_form.dumps(other))
    assert directions("import", file, "--model", network, "--keep") == 0
    said = capsys.readouterr().err
    assert "another network, 'cats'" in said
    assert "of the family stylegan1, while this one is stylegan2" in said


@pytest.mark.parametrize(
    "words",
    [
        ["find"],
        ["find", "--out", "a.png"],
        ["find", "--keep", "--layers", "hat"],
        ["list", "a.directions", "--model", "faces"],
        ["strip", "--seeds", "1", "--out", "a.mp4"],
        [],
    ],
)
def test_wrong_usage_is_told_before_anything_is_loaded(words, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["directions", *words])
    assert end.value.code == 2
    assert capsys.readouterr().err


def learn(network, *words):
    return directions("learn", "--model", network, "--device", "cpu", *words)


def test_learning_from_marked_seeds(network, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(direction_learning, "SAMPLES", 500)
    a, b, csv = tmp_path / "a.directions", tmp_path / "b.directions", tmp_path / "marks.csv"
    words = ["--name", "curls", "--more", "0-8", "--less", "20-28"]
    assert learn(network, *words, "--out", a, "--write-marks", csv) == 0
    said = capsys.readouterr().out
    assert "curls: tells" in said
    assert "of unseen marks right" in said
    # The marks alone make the same file again.
    assert learn(network, "--marks", csv, "--out", b, "--json") == 0
    assert a.read_bytes() == b.read_bytes()
    (told,) = json.loads(capsys.readouterr().out)
    assert {"name", "kind", "layers", "sigma", "effects", "accuracy", "interval", "advisable"} <= set(told)
    assert (told["kind"], told["more"], told["less"]) == ("learned", 9, 9)
    (direction,) = read_directions(a).directions
    assert direction.gradient is not None
    # Kept still: the known direction's measure does not move along the new one.
    assert learn(network, "--marks", csv) == 0
    assert (
        learn(network, "--name", "other", "--more", "1-9", "--less", "30-38", "--keep", "curls", "--out", b)
        == 0
    )
    (other,) = read_directions(b).directions
    assert abs(float(other.vector @ direction.gradient)) < 1e-4
    capsys.readouterr()
    assert directions("list", "--model", network, "--json") == 0
    assert json.loads(capsys.readouterr().out)[-1]["name"] == "curls"


def test_what_cannot_be_learned_is_told(network, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(direction_learning, "SAMPLES", 200)
    out = tmp_path / "x.directions"
    with pytest.raises(SystemExit) as usage:
        learn(network, "--name", "x", "--more", "1-9", "--less", "9-12", "--out", out)
    assert usage.value.code == 2
    with pytest.raises(SystemExit):
        learn(network, "--more", "1-9", "--less", "10-12", "--out", out)
    assert learn(network, "--name", "x", "--more", "1", "--less", "10-12", "--out", out) == 1
    assert "at least two" in capsys.readouterr().err
    assert (
        learn(network, "--name", "x", "--more", "1-3", "--less", "10-12", "--keep", "hat", "--out", out) == 1
    )
    assert "hat" in capsys.readouterr().err
    (tmp_path / "bad.csv").write_bytes(b"\xff\xfe\x00")
    assert learn(network, "--name", "x", "--marks", tmp_path / "bad.csv", "--out", out) == 1
    assert "bad.csv" in capsys.readouterr().err
    assert not out.exists()


def test_asking_names_seeds_and_draws_them(network, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(direction_learning, "SAMPLES", 200)
    sheet = tmp_path / "ask.png"
    words = ["--name", "x", "--more", "1-3", "--less", "10-12", "--ask", 4]
    assert learn(network, *words, "--sheet", sheet) == 0
    seeds = capsys.readouterr().out.strip().split(",")
    assert len(set(seeds)) == 4
    assert not set(seeds) & {"1", "2", "3", "10", "11", "12"}
    assert [keys[0].recipe.base.terms[0][0] for keys in read_film(sheet).cells] == list(map(int, seeds))
    assert learn(network, *words, "--json") == 0
    assert [entry["seed"] for entry in json.loads(capsys.readouterr().out)] == list(map(int, seeds))


def test_measuring_writes_directions_tables_and_strips(network, tmp_path, capsys, monkeypatch):
    painter = Painter()
    monkeypatch.setattr(Engine, "generator", lambda self, ref: painter)
    monkeypatch.setattr(face_directions, "PLANS", face_directions.PLANS[:1])
    out, table = tmp_path / "x.directions", tmp_path / "x.md"
    words = ["--model", network, "--device", "cpu", "--samples", 64, "--faces", 2, "--author", "me"]
    assert directions("measure", *words, "--out", out, "--table", table, "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["name"], told["rises"], len(told["means"])) == ("turn", True, 7)
    found = read_directions(out)
    assert (found.author, found.directions[0].effects) == ("me", told["effects"])
    text = table.read_text("utf-8")
    assert "--samples 64" in text
    again = tmp_path / "again.directions"
    assert directions("measure", *words, "--out", again) == 0
    assert again.read_bytes() == out.read_bytes()
    monkeypatch.setattr(face_directions, "LEAST_EFFECT", 99)
    assert directions("measure", *words, "--out", tmp_path / "none.directions") == 1
    assert "does not do what its name says" in capsys.readouterr().err
    assert not (tmp_path / "none.directions").exists()
