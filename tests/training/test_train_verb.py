"""`latent-explorer train`, from pictures to a network that the explorer opens."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from explorer import load_generator
from explorer.cli.main import main
from explorer.training.loop import Rhythm, trouble
from explorer.training.loop import run as train
from explorer.training.networks import Generator
from explorer.training.state import load_state
from explorer.training.weights import save_weights
from tests.training.small import trainer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pictures")
    rng = np.random.RandomState(0)
    for number in range(8):
        pixels = rng.randint(0, 255, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((40, 36)).save(place / f"{number}.png")
    return place


def words(folder: Path, out: Path, *more: str) -> list[str]:
    plain = f"train --images {folder} --out {out} --device cpu --threads 1 --measure 4 --resolution 32"
    shape = "--channels 4:8,8:8,16:4,32:4 --z-dim 8 --w-dim 8 --batch 4"
    return [*plain.split(), *shape.split(), *more]


def test_one_command_makes_a_network_and_a_second_goes_on(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    titled = ("--name", "Eight fields", "--licence", "CC0", "--attribution", "nobody")
    assert main(words(folder, out, "--kimg", "0.02", *titled)) == 0
    assert "8 pictures" in capsys.readouterr().out
    drawn = load_generator(out / "network.safetensors")
    assert (drawn.resolution, drawn.z_dim, drawn.num_ws) == (32, 8, 8)
    first = load_state(out)
    assert first.counters["images"] == 20
    assert first.counters["history"][-1]["diversity_ratio"] > 0
    assert list((out / "sheets").glob("*psi0.7.png"))
    assert Image.open(out / "sheets" / "nearest.png").size == (16 * 32, 32)

    assert main(["train", "--images", str(folder), "--out", str(out)]) == 1
    assert "--resume" in capsys.readouterr().err
    (out / "sheets" / "nearest.png").unlink()
    again = ["--resume", str(out), "--kimg", "0.04"]
    assert main(["train", "--images", str(folder), "--out", str(out), "--measure", "0", *again]) == 0
    assert load_state(out).counters["images"] == 40
    assert not (out / "sheets" / "nearest.png").exists()
    assert len(list((out / "states").iterdir())) == 2


def test_the_explorer_draws_what_was_trained(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = Generator(32, {4: 8, 8: 8, 16: 8, 32: 4}, z_dim=8, w_dim=8, mapping_layers=2).requires_grad_(False)
    for name, value in net.named_parameters():
        if name.endswith("noise_strength"):
            value.fill_(0.2)
    net.mapping.w_avg.normal_()
    path = tmp_path / "n.safetensors"
    save_weights(path, net, {"name": "n"}, training={})
    opened = load_generator(path)
    z = opened.latent(5)
    torch.testing.assert_close(
        opened.synthesis(opened.mapping(z, psi=0.6)), net(z, psi=0.6), atol=1e-5, rtol=0
    )


def test_the_state_before_growing_is_kept(tmp_path: Path) -> None:
    run = trainer(kimg=0.04)
    train(run, tmp_path, rhythm=Rhythm(state=0, measured=0), say=lambda text: None, should_stop=lambda: False)
    names = sorted(path.name for path in (tmp_path / "states").iterdir())
    assert names == ["before-stage-2", "images-000000036", "images-000000040"]
    assert load_state(tmp_path).counters["images"] == 40
    before = load_state(tmp_path / "states" / "before-stage-2").counters
    assert (before["images"], before["stage"]) == (20, 0)


def test_ctrl_c_ends_after_the_step_with_everything_kept(tmp_path: Path) -> None:
    run = trainer()
    asked = iter([False, False, False, True])
    said: list[str] = []
    train(run, tmp_path, rhythm=Rhythm(), say=said.append, should_stop=lambda: next(asked))
    assert run.counters.steps == 3
    assert load_state(tmp_path).counters["steps"] == 3
    assert load_generator(tmp_path / "network.safetensors").resolution == 8
    assert "stopped at" in said[-1]


def test_the_signal_is_taken_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import explorer.training.loop as loop

    def press(*args: object, should_stop: object, **kwargs: object) -> None:
        signal.raise_signal(signal.SIGINT)
        assert callable(should_stop)
        assert should_stop()

    monkeypatch.setattr(loop, "run", press)
    before = signal.getsignal(signal.SIGINT)
    assert main(words(folder, tmp_path / "run", "--kimg", "1")) == 130
    assert signal.getsignal(signal.SIGINT) is before
    assert "once more" in capsys.readouterr().out


def test_too_small_a_memory_is_told_with_what_to_do(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import explorer.training.loop as loop

    def burst(*args: object, **kwargs: object) -> None:
        raise torch.OutOfMemoryError("2 GiB")

    monkeypatch.setattr(loop, "run", burst)
    assert main(words(folder, tmp_path / "run", "--kimg", "1")) == 1
    assert "smaller --batch" in capsys.readouterr().err


def test_a_session_ends_when_its_time_is_up(tmp_path: Path) -> None:
    run = trainer(kimg=1000)
    train(
        run,
        tmp_path,
        rhythm=Rhythm(line=0),
        say=lambda text: None,
        should_stop=lambda: run.counters.steps > 50,
        session_seconds=0,
    )
    assert run.counters.steps == 1
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert rows[0]["images"] == 4
    assert rows[0]["resolution"] == 8


def test_a_run_gone_wrong_is_told() -> None:
    good = {"loss_g": 1.6, "r_t": 0.4, "r1": 1.0}
    assert trouble(good, 50_000) is None
    assert trouble({**good, "loss_g": 6.0}, 5_000) is None
    assert "--gamma" in (trouble({**good, "loss_g": 6.0}, 50_000) or "")
    assert "finite" in (trouble({**good, "r1": float("nan")}, 50_000) or "")


@pytest.mark.parametrize(
    ("more", "code", "reason"),
    [
        (("--minutes", "1", "--kimg", "1"), 2, "two ways"),
        (("--channels", "wide"), 2, "neither BASE:MOST"),
        (("--device", "toaster"), 1, "toaster"),
        (("--resume", "nowhere"), 1, "no training state"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    more: tuple[str, ...],
    code: int,
    reason: str,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        found = main(words(folder, tmp_path / "run", *more))
    except SystemExit as exit:
        found = int(exit.code or 0)
    assert found == code
    assert reason in capsys.readouterr().err
