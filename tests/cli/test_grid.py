"""The grid verb on a small network."""

import json

import pytest
from PIL import Image

from explorer.cli import main as cli
from explorer.latents import Direction, direction_form
from explorer.provenance import read_film
from explorer.recipe import Mix, Push
from explorer.render import Engine
from tests.export.films import small_network


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return small_network(tmp_path_factory.mktemp("network"))


def grid(network, *words):
    return cli.main(["grid", "--model", str(network), "--device", "cpu", *map(str, words)])


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tiff"])
def test_a_contact_sheet(network, tmp_path, capsys, suffix):
    out = tmp_path / f"sheet.{suffix}"
    assert grid(network, "--seeds", "0-5", "--psi", 0.5, "--out", out, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["rows"], said["columns"], said["pictures"]) == (2, 3, 6)
    recipes = [keys[0].recipe for keys in read_film(out).cells]
    assert [r.base.terms[0][0] for r in recipes] == [0, 1, 2, 3, 4, 5]
    assert {r.psi for r in recipes} == {0.5}
    with Image.open(out) as image:
        assert image.width > 3 * 16


def test_a_truncation_sweep(network, tmp_path):
    out = tmp_path / "a.png"
    assert grid(network, "--seeds", "1,2", "--psi", "-1:1:5", "--cutoff", 2, "--out", out) == 0
    film = read_film(out)
    assert film.columns == 5
    assert [keys[0].recipe.psi for keys in film.cells[:5]] == [-1, -0.5, 0, 0.5, 1]
    assert film.cells[0][0].recipe.cutoff == 2


def test_a_mixing_table(network, tmp_path):
    out = tmp_path / "a.png"
    words = ["--seeds", "1-3", "--mix", "55,821@coarse", "--mix", "7@2*0.5", "--psi", 0.7]
    assert grid(network, *words, "--out", out) == 0
    film = read_film(out)
    assert film.columns == 4
    assert [keys[0].recipe.mixes for keys in film.cells[:4]] == [
        (),
        (Mix(55, "coarse"),),
        (Mix(821, "coarse"),),
        (Mix(7, (2,), 0.5),),
    ]


def test_a_direction_strip_with_directions_from_a_file(network, tmp_path, capsys):
    info = Engine(device="cpu").open(network)
    import torch

    smile = Direction("smile", "pca", torch.ones(info.w_dim), 1.0)
    found = direction_form.DirectionSet(info.ref, info.num_ws, info.w_dim, (smile,))
    file, out = tmp_path / "x.directions", tmp_path / "a.png"
    file.write_bytes(direction_form.dumps(found))
    words = ["--seeds", "1", "--direction", "smile=-2,0,2@0-3", "--out", out]
    assert grid(network, *words, "--directions", file) == 0
    assert capsys.readouterr().err == ""
    assert [keys[0].recipe.directions for keys in read_film(out).cells] == [
        (Push("smile", amount, (0, 1, 2, 3), smile.stored()),) for amount in (-2, 0, 2)
    ]
    also = ["--direction", "smile=0@0,1*0.5:lock", "--directions", file]
    assert grid(network, *words, *also) == 0
    pushes = [keys[0].recipe.directions for keys in read_film(out).cells]
    assert [[push.is_locked for push in some] for some in pushes] == [[True, False]] * 3
    assert grid(network, *words) == 1
    assert "there is no direction 'smile'" in capsys.readouterr().err
    assert grid(network, *words, "--directions", network) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--out", "a.png"],
        ["--seeds", "1", "--out", "a.mp4"],
        ["--seeds", "1", "--psi", "1,2", "--mix", "3@coarse", "--out", "a.png"],
        ["--seeds", "1", "--psi", "1:2:3:4", "--out", "a.png"],
        ["--seeds", "1", "--psi", "nan", "--out", "a.png"],
        ["--seeds", "1", "--mix", "3", "--out", "a.png"],
        ["--seeds", "1", "--direction", "smile", "--out", "a.png"],
        ["--seeds", "0-6", "--columns", "2", "--out", "a.png"],
        ["--seeds", "0-6", "--columns", "7", "--psi", "1,2", "--out", "a.png"],
        ["--seeds", "0-5000", "--out", "a.png"],
    ],
)
def test_wrong_usage_is_said_before_anything_is_loaded(network, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        grid(network, *words)
    assert left.value.code == 2
    assert [p.name for p in tmp_path.iterdir()] == ["home"]
