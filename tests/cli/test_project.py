"""The verb `project`, on a small network."""

import json

import numpy as np
import pytest
from PIL import Image

from explorer import projection
from explorer.cli import main as cli
from explorer.provenance import read_recipe
from explorer.recipe import LATENT_FILE, Mix, SeedBlend, StoredLatent
from explorer.recipe.document import loads
from tests.export.films import small_network


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return small_network(tmp_path_factory.mktemp("network"))


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.RandomState(0).randint(256, size=(60, 80, 3)).astype(np.uint8)
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    return path


def project(network, photo, *words):
    few = ["--steps", 6, "--device", "cpu", "--no-perceptual", "--model", network]
    return cli.main(["project", *map(str, (photo, *few, *words))])


def test_a_picture_a_recipe_and_a_latent(network, photo, tmp_path, capsys):
    outs = [tmp_path / f"out.{suffix}" for suffix in ("png", "json", "npz")]
    assert project(network, photo, "--json", *(word for out in outs for word in ("--out", out))) == 0
    said = capsys.readouterr()
    assert "consent" in said.err
    report = json.loads(said.out)
    assert report["steps"] == 6
    assert report["picture"]["crop"] == [10, 0, 60]
    recipe = read_recipe(outs[0])
    assert isinstance(recipe.base, StoredLatent)
    assert recipe.base.picture_sha256 == report["picture"]["sha256"]
    assert "photo" not in outs[1].read_text()
    assert loads(outs[1].read_text()) == recipe
    with np.load(outs[2], allow_pickle=False) as arrays:
        w = arrays["w"]
    assert w.shape == (1, recipe.base.rows, recipe.base.width)
    assert w.astype("<f4").tobytes() == recipe.base.data


def test_what_was_found_is_a_source_for_other_pictures(network, photo, tmp_path):
    found, mixed, again = (tmp_path / name for name in ("found.png", "mixed.png", "again.png"))
    assert project(network, photo, "--out", found) == 0
    words = ["--mix", "42@0-1*0.5", "--psi", "0.5", "--device", "cpu", "--model", str(network)]
    assert cli.main(["render", "--recipe", str(found), *words, "--out", str(mixed)]) == 0
    recipe = read_recipe(mixed)
    assert recipe.base == read_recipe(found).base
    assert recipe.mixes == (Mix(42, (0, 1), 0.5),)
    assert cli.main(["render", "--recipe", str(mixed), "--model", str(network), "--out", str(again)]) == 0
    assert np.array_equal(np.asarray(Image.open(mixed)), np.asarray(Image.open(again)))


def test_a_latent_in_a_file_is_a_source_too(network, photo, tmp_path):
    found, latent, again, mixed = (tmp_path / name for name in ("a.png", "a.npz", "again.png", "mixed.png"))
    assert project(network, photo, "--out", found, "--out", latent) == 0
    shared = ["--device", "cpu", "--model", str(network)]
    assert cli.main(["render", "--recipe", str(latent), *shared, "--out", str(again)]) == 0
    assert np.array_equal(np.asarray(Image.open(found)), np.asarray(Image.open(again)))
    assert read_recipe(again).base.origin == LATENT_FILE
    assert cli.main(["render", "--seeds", "7", "--mix", f"{latent}@0", *shared, "--out", str(mixed)]) == 0
    assert read_recipe(mixed).mixes[0].seed.origin == LATENT_FILE


def test_the_frame_is_obeyed(network, photo, tmp_path, capsys):
    out = tmp_path / "a.json"
    assert project(network, photo, "--crop", "5,6,32", "--out", out, "--json") == 0
    assert json.loads(capsys.readouterr().out)["picture"]["crop"] == [5, 6, 32]
    assert project(network, photo, "--crop", "60,0,40", "--out", out) == 1
    assert "80 x 60" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--crop", "1,2"], ["--out", "x.bmp"], ["--steps", "0"]])
def test_wrong_usage(network, photo, tmp_path, words):
    with pytest.raises(SystemExit) as end:
        project(network, photo, "--out", tmp_path / "a.png", *words)
    assert end.value.code == 2


def test_what_cannot_be_opened_leaves_nothing(network, tmp_path, capsys):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    assert project(network, bad, "--out", tmp_path / "a.png") == 1
    assert "bad.jpg" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.png")) + list(tmp_path.glob(".*"))


@pytest.mark.parametrize(("after", "kept"), [(3, True), (0, False)])
def test_ctrl_c_keeps_the_best_so_far(network, photo, tmp_path, capsys, monkeypatch, after, kept):
    whole = projection.project

    def interrupted(*args):
        for found in whole(*args):
            yield found
            if found is not None and found.done == after:
                raise KeyboardInterrupt

    monkeypatch.setattr(projection, "project", interrupted)
    out = tmp_path / "a.json"
    assert project(network, photo, "--out", out) == 130
    assert out.exists() == kept
    assert ("after 3 of 6" in capsys.readouterr().err) == kept


def test_a_mix_may_name_a_picture_that_was_projected(network, photo, tmp_path, capsys):
    found, mixed = tmp_path / "found.json", tmp_path / "mixed.png"
    assert project(network, photo, "--out", found) == 0
    words = ["--seeds", "7", "--mix", f"{found}@0-1*0.5", "--device", "cpu", "--model", str(network)]
    assert cli.main(["render", *words, "--out", str(mixed)]) == 0
    recipe = read_recipe(mixed)
    assert recipe.base == SeedBlend.of(7)
    assert recipe.mixes == (Mix(loads(found.read_text()).base, (0, 1), 0.5),)
    assert recipe.latents
    with pytest.raises(SystemExit):
        cli.main(["render", "--seeds", "7", "--mix", f"{tmp_path}/none.json@0", "--out", str(mixed)])
    assert "none.json" in capsys.readouterr().err
