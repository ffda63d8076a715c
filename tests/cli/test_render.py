"""The render verb on a small network: same engine, same pixels, nothing half done."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from explorer.checkpoints import save_network
from explorer.cli import main as cli
from explorer.cli import render
from explorer.provenance import Claims, picture_options, read_recipe, verify
from explorer.recipe import Mix, ModelRef, Noise, Push, Recipe, SeedBlend
from explorer.recipe.document import dumps
from explorer.recipe.finish import Finish, Label
from explorer.render import Engine, RenderRequest
from tests.models.synthetic import channels_of, description_of, random_tensors
from tests.support import REPOSITORY


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "tiny.safetensors"
    tensors = random_tensors("skip", 16, channels_of(16, 128, 16))
    save_network(path, description_of("skip", 16), tensors, {"title": "Tiny", "licence": "MIT"})
    return path


def plan(*words):
    parser = cli.verb_parser("render", render)
    return render.make_plan(parser.parse_args([*words]))


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_options_become_a_recipe(tmp_path):
    words = "--seeds 5 --psi 0.5 --cutoff 8 --mix 42@coarse*0.5 --mix 7@4-6 --direction smile=-2@1,2*.5:lock"
    words += f" --noise random --noise-seed 3 --noise-strength 0.5 --class 2 --out {tmp_path}"
    made = plan(*words.split()).recipes(ModelRef("net", "0" * 64))
    assert made == (
        Recipe(
            ModelRef("net", "0" * 64),
            SeedBlend.of(5),
            class_index=2,
            mixes=(Mix(42, "coarse", 0.5), Mix(7, (4, 5, 6))),
            psi=0.5,
            cutoff=8,
            directions=(Push("smile", -2.0, (1, 2), row_strengths=((2, 0.5),), is_locked=True),),
            noise=Noise("random", 3, 0.5),
        ),
    )


def test_options_replace_parts_of_a_recipe(tmp_path):
    recipe = Recipe(ModelRef("net"), SeedBlend.between(1, 2, 0.5), psi=0.3, noise=Noise("random", 9))
    (tmp_path / "r.json").write_text(dumps(recipe))
    words = ["--recipe", str(tmp_path / "r.json"), "--out", str(tmp_path)]
    assert plan(*words).recipes(ModelRef("net")) == (recipe,)
    assert plan(*words, "--psi", "1").recipes(ModelRef("net")) == (recipe.with_(psi=1.0),)
    seeds = [r.base for r in plan(*words, "--seeds", "4,4,6").recipes(ModelRef("net"))]
    assert seeds == [SeedBlend.of(4), SeedBlend.of(6)]
    assert plan(*words, "--noise-seed", "8").start.noise == Noise("random", 8)


@pytest.mark.parametrize(
    "words",
    [
        "--out a.png",
        "--seeds 1-3 --out a.png",
        "--seeds 1 --out a.bmp",
        "--seeds 3-1 --out a.png",
        "--seeds 1 --out a.png --psi nan",
        "--seeds 1 --out a.png --psi 11",
        "--seeds 1 --out a.png --mix coarse@1",
        "--seeds 1 --out a.png --direction smile",
        "--seeds 1 --out a.png --noise loud",
        "--seeds 1 --out a.png --noise-seed 4",
        "--seeds 1 --out a.png --format webp",
        "--seeds 1 --out a.png --class -1",
    ],
)
def test_wrong_usage_is_2_and_says_how(words, capsys):
    with pytest.raises(SystemExit) as caught:
        plan(*words.split())
    assert caught.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_seeds_become_files_that_carry_their_recipes(network, tmp_path, capsys):
    out = tmp_path / "faces"
    assert (
        cli.main(["render", "--model", str(network), "--seeds", "0-2,7", "--psi", "0.7", "--out", str(out)])
        == 0
    )
    names = sorted(p.name for p in out.iterdir())
    assert names == ["seed0000.png", "seed0001.png", "seed0002.png", "seed0007.png"]
    assert "4 pictures of 16 x 16" in capsys.readouterr().out
    shown = {pixels(out / name).tobytes() for name in names}
    assert len(shown) == 4
    recipe = read_recipe(out / "seed0007.png")
    assert recipe.base == SeedBlend.of(7)
    assert recipe.psi == 0.7
    assert len(recipe.model.sha256) == 64


def test_the_file_holds_what_the_engine_draws(network, tmp_path):
    assert (
        cli.main(["render", "--model", str(network), "--seeds", "3", "--out", str(tmp_path / "a.png")]) == 0
    )
    engine = Engine(device="cpu")
    recipe = Recipe(engine.open(network).ref, SeedBlend.of(3))
    assert np.array_equal(pixels(tmp_path / "a.png"), engine.render(RenderRequest(recipe)).pixels)


def test_a_picture_is_drawn_again_from_itself_in_another_process(network, tmp_path):
    first, second = tmp_path / "a.png", tmp_path / "b.tiff"
    words = ["--seeds", "11", "--mix", "5@coarse*0.5", "--noise", "random", "--noise-seed", "2"]
    assert cli.main(["render", "--model", str(network), *words, "--out", str(first)]) == 0
    again = ["render", "--recipe", str(first), "--model", str(network), "--out", str(second)]
    done = subprocess.run(
        [sys.executable, "-m", "explorer", *again],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        env=os.environ,
    )
    assert done.returncode == 0, done.stderr
    assert read_recipe(second) == read_recipe(first)
    assert np.array_equal(pixels(second), pixels(first))


@pytest.mark.parametrize("suffix", ["jpg", "webp", "tiff"])
def test_every_format_fills_a_folder(network, tmp_path, suffix):
    words = [
        "render",
        "--model",
        str(network),
        "--seeds",
        "0-1",
        "--format",
        suffix,
        "--out",
        str(tmp_path / "out"),
    ]
    assert cli.main(words) == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        f"seed0000.{suffix}",
        f"seed0001.{suffix}",
    ]
    assert read_recipe(tmp_path / "out" / f"seed0001.{suffix}").base == SeedBlend.of(1)


def test_json_is_one_document_and_nothing_else(network, tmp_path, capsys):
    words = [
        "render",
        "--model",
        str(network),
        "--seeds",
        "4,5",
        "--device",
        "cpu",
        "--out",
        str(tmp_path),
        "--json",
    ]
    assert cli.main(words) == 0
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document["device"] == "cpu"
    assert document["model"]["name"] == read_recipe(tmp_path / "seed0004.png").model.name
    assert [p["recipe"]["base"] for p in document["pictures"]] == [
        {"seeds": [[4, 1.0]]},
        {"seeds": [[5, 1.0]]},
    ]
    assert all(os.path.isfile(p["file"]) for p in document["pictures"])


def test_wishes_that_cannot_be_met_are_told(network, tmp_path, capsys):
    words = [
        "render",
        "--model",
        str(network),
        "--seeds",
        "1",
        "--mix",
        "2@40",
        "--out",
        str(tmp_path / "a.png"),
    ]
    assert cli.main(words) == 0
    assert "note:" in capsys.readouterr().err


def test_several_pictures_are_labelled_where_a_label_can_be_read(network, tmp_path, monkeypatch):
    words = ["render", "--model", str(network), "--upscale", "4", "--out", str(tmp_path / "out")]

    def labels(*more):
        assert cli.main([*words, *more]) == 0
        return [verify(path, mark=False).finish.label for path in sorted((tmp_path / "out").iterdir())]

    assert labels("--seeds", "1,2") == [None, None]  # 64 pixels wide: it would cover them
    monkeypatch.setattr("explorer.export.label.label_fits", lambda width: True)
    assert labels("--seeds", "1,2") == [Label(), Label()]
    assert labels("--seeds", "1,2", "--label", "top-left") == [Label("top-left")] * 2
    assert labels("--seeds", "1,2", "--no-label") == [None, None]
    assert labels("--seeds", "1") == [None, None]  # a single one is a working picture


def test_a_picture_is_drawn_again_as_it_was_finished(network, tmp_path):
    first, again, other = (tmp_path / f"{name}.png" for name in ("first", "again", "other"))
    options = ["--bits", "16", "--upscale", "2", "--label", "top-right", "--no-mark"]
    assert cli.main(["render", "--model", str(network), "--seeds", "3", *options, "--out", str(first)]) == 0
    render = ["render", "--recipe", str(first), "--model", str(network), "--out"]
    assert cli.main([*render, str(again)]) == 0
    with Image.open(first) as a, Image.open(again) as b:
        assert np.array_equal(np.asarray(a), np.asarray(b))
    assert verify(again, mark=False).finish == verify(first, mark=False).finish
    assert cli.main([*render, str(other), "--no-label", "--upscale", "1", "--bits", "8"]) == 0
    assert verify(other, mark=False).finish == Finish(mark=False)
    assert cli.main([*render, str(tmp_path / "again.jpg")]) == 0  # which holds no 16 bits
    assert verify(tmp_path / "again.jpg", mark=False).finish.label == Label("top-right")


def test_a_certificate_that_cannot_sign_is_said_before_anything_is_drawn(network, tmp_path, capsys):
    words = ["render", "--model", str(network), "--seeds", "1", "--out", str(tmp_path / "a.png")]
    with pytest.raises(SystemExit) as end:
        cli.main([*words, "--key", "my.key"])
    assert end.value.code == 2
    (tmp_path / "my.pem").write_text("nothing")
    assert cli.main([*words, "--certificate", str(tmp_path / "my.pem")]) == 1
    assert "is no certificate in PEM form" in capsys.readouterr().err
    assert not (tmp_path / "a.png").exists()


def test_a_large_batch_says_the_licence(network, tmp_path, capsys, monkeypatch):
    words = ["render", "--model", str(network), "--seeds", "0-2", "--out", str(tmp_path / "out")]
    for many, said in ((3, False), (2, True)):
        monkeypatch.setattr(render, "MANY", many)
        assert cli.main(words) == 0
        assert ("MIT" in capsys.readouterr().err) is said


def test_a_recipe_of_another_network_is_refused(network, tmp_path, capsys):
    (tmp_path / "r.json").write_text(dumps(Recipe(ModelRef("other", "f" * 64))))
    words = ["render", "--recipe", str(tmp_path / "r.json"), "--out", str(tmp_path / "a.png")]
    assert cli.main([*words, "--model", str(network)]) == 1
    assert "other" in capsys.readouterr().err
    assert cli.main(words) == 1
    assert "other" in capsys.readouterr().err
    assert cli.main([*words[:-1], str(tmp_path / "folder")]) == 1
    assert [p.name for p in tmp_path.iterdir() if p.name != "home"] == ["r.json"]


@pytest.mark.parametrize("name", ["nosuchmodel", "no/such/file.pkl"])
def test_an_unknown_network_is_an_error_in_words(tmp_path, capsys, name):
    assert cli.main(["render", "--model", name, "--seeds", "1", "--out", str(tmp_path / "a.png")]) == 1
    said = capsys.readouterr().err
    assert name in said
    assert "should not happen" not in said


def test_ctrl_c_keeps_what_is_finished_and_nothing_half(network, tmp_path, monkeypatch):
    drawn = []
    draw = Engine.render

    def interrupted(self, request):
        if len(drawn) == 2:
            raise KeyboardInterrupt
        drawn.append(request)
        return draw(self, request)

    monkeypatch.setattr(Engine, "render", interrupted)
    out = tmp_path / "out"
    assert cli.main(["render", "--model", str(network), "--seeds", "0-9", "--out", str(out)]) == 130
    assert sorted(p.name for p in out.iterdir()) == ["seed0000.png", "seed0001.png"]


def test_a_folder_that_cannot_be_made_is_an_error_in_words(network, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    words = ["render", "--model", str(network), "--seeds", "0-1", "--out", str(tmp_path / "file" / "out")]
    assert cli.main(words) == 1
    assert "cannot write" in capsys.readouterr().err


@pytest.mark.parametrize(("suffix", "equal"), [("png", True), ("webp", True), ("tiff", True), ("jpg", False)])
def test_a_picture_can_be_drawn_again_and_compared(network, tmp_path, capsys, suffix, equal):
    path = tmp_path / f"a.{suffix}"
    assert cli.main(["render", "--model", str(network), "--seeds", "3", "--out", str(path)]) == 0
    capsys.readouterr()
    assert cli.main(["verify", str(path), "--redraw", "--json"]) == 0
    redrawn = json.loads(capsys.readouterr().out)["redrawn"]
    assert redrawn["equal"] is equal
    assert redrawn["max_difference"] < 128


def test_another_picture_under_a_recipe_is_noticed(network, tmp_path, capsys):
    path = tmp_path / "a.png"
    assert cli.main(["render", "--model", str(network), "--seeds", "3", "--out", str(path)]) == 0
    claims = Claims(read_recipe(path))
    for size in (16, 20):
        Image.new("RGB", (size, size)).save(path, **picture_options("PNG", claims))
        capsys.readouterr()
        assert cli.main(["verify", str(path), "--redraw"]) == 0
        assert "every pixel is the same" not in capsys.readouterr().out


def test_nothing_to_draw_again_is_an_error_in_words(tmp_path, capsys):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    assert cli.main(["verify", str(tmp_path / "a.png"), "--redraw"]) == 1
    assert "a.png" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ("--bits 16", "a.png"),
        ("--bits 16 --upscale 2 --label top-right --label-size large", "a.png"),
        ("--upscale 4", "a.tiff"),
        ("--label", "a.webp"),
    ],
)
def test_a_finished_picture_is_compared_as_it_was_finished(network, tmp_path, capsys, options, name):
    path = tmp_path / name
    words = ["render", "--model", str(network), "--seeds", "3", *options.split(), "--out", str(path)]
    assert cli.main(words) == 0
    capsys.readouterr()
    assert cli.main(["verify", str(path), "--redraw", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["redrawn"]["equal"]
    assert said["finish"]["bits"] == (16 if "16" in options else 8)
    assert (said["finish"]["label"] is not None) == ("--label" in options)


@pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
def test_lossy_files_are_the_same_once_compressed_alike(network, tmp_path, capsys, name):
    path = tmp_path / name
    words = ["render", "--model", str(network), "--seeds", "3", "--quality", "60", "--out", str(path)]
    assert cli.main(words) == 0
    capsys.readouterr()
    assert cli.main(["verify", str(path), "--redraw", "--json"]) == 0
    redrawn = json.loads(capsys.readouterr().out)["redrawn"]
    assert not redrawn["equal"]
    assert redrawn["same_after_compression"]


@pytest.mark.parametrize(
    "words",
    [
        "--bits 16 --out a.jpg",
        "--bits 16 --format webp --out folder",
        "--quality 80 --out a.png",
        "--quality 101 --out a.jpg",
        "--label-size large --out a.png",
        "--label middle --out a.png",
        "--upscale 3 --out a.png",
    ],
)
def test_a_finish_no_file_can_hold_is_wrong_usage(words, capsys):
    with pytest.raises(SystemExit) as end:
        plan("--seeds", "1", *words.split())
    assert end.value.code == 2
    assert capsys.readouterr().err
