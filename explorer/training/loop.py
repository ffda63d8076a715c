"""The run as its owner sees it: steps, a line of progress, sample sheets, states on disk."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from explorer.training.evaluate import evaluate, nearest_pairs
from explorer.training.sheets import draw, save_sheet, seed_latents, sheet_pixels
from explorer.training.state import save_state
from explorer.training.threads import ThreadTrial
from explorer.training.trainer import Trainer
from explorer.training.weights import save_weights, training_facts

Say = Callable[[str], None]


@dataclass(frozen=True)
class Rhythm:
    """How often a run tells of itself, in seconds of wall clock."""

    line: float = 30.0
    """Between lines of progress."""
    sheet: float = 240.0
    """Between sample sheets."""
    state: float = 300.0
    """Between states on disk."""
    keep: int = 2
    """States kept."""
    measure: float | None = None
    """Between measurements, which take a minute on a CPU; None measures at the end alone."""
    measured: int = 512
    """Samples and pictures that a measurement compares; 0 leaves it out, and the nearest pictures with it."""


def run(
    trainer: Trainer,
    out: Path,
    *,
    rhythm: Rhythm,
    say: Say,
    should_stop: Callable[[], bool],
    session_seconds: float | None = None,
    is_exact: bool = True,
    threads: ThreadTrial | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Train until the plan is done, the session's time is up, or `should_stop`.

    Leaves in `out`, whatever the reason for the end: `network.safetensors` (the averaged
    generator, ready to open), a resumable state, sample sheets and `log.jsonl`. When the plan is done,
    measures are taken too, and `sheets/nearest.png` shows samples beside the training pictures
    nearest to them.

    Parameters
    ----------
    session_seconds : wall clock after which this session ends, the plan done or not
    is_exact : write states that resume bit for bit, not the smaller compact ones
    facts : what the network's header says of it, such as name and licence
    """
    counters = trainer.counters
    started = last = line_at = sheet_at = state_at = measured_at = time.monotonic()
    line_images = counters.images
    out.mkdir(parents=True, exist_ok=True)
    while trainer.progress < 1 and not should_stop():
        if trainer.is_stage_over:
            # Growing is where runs fail; this state is kept for good, to grow from again.
            save_state(out / "states" / f"before-stage-{counters.stage + 2}", trainer.state(is_exact))
            trainer.advance()
            say(f"stage {counters.stage + 1}: {trainer.stage.resolution} px")
        trainer.step()
        now = time.monotonic()
        counters.seconds += now - last
        last = now
        if threads is not None:
            torch.set_num_threads(threads.after_step(counters.images, now))
        if now - line_at >= rhythm.line:
            _tell(trainer, out, (counters.images - line_images) / (now - line_at), say)
            line_at, line_images = now, counters.images
        if now - sheet_at >= rhythm.sheet:
            write_sheets(trainer, out)
            sheet_at = now
        if now - state_at >= rhythm.state:
            _keep(trainer, out, rhythm.keep, is_exact, facts or {})
            state_at = now
        if rhythm.measure is not None and now - measured_at >= rhythm.measure:
            _measure(trainer, rhythm.measured, say)
            # Measuring is no training: its time is not the plan's.
            last = measured_at = time.monotonic()
        if session_seconds is not None and now - started >= session_seconds:
            break
    write_sheets(trainer, out)
    if trainer.progress >= 1 and rhythm.measured:
        _measure(trainer, rhythm.measured, say)
        pairs = sheet_pixels(nearest_pairs(trainer, min(64, len(trainer.images))))
        save_sheet(out / "sheets" / "nearest.png", pairs, columns=16)
    folder = _keep(trainer, out, rhythm.keep, is_exact, facts or {})
    say(
        f"stopped at {counters.images / 1000:.1f} kimg, {trainer.progress:.1%} of the plan; state in {folder}"
    )


def _tell(trainer: Trainer, out: Path, rate: float, say: Say) -> None:
    counters, health = trainer.counters, trainer.take_health()
    left = max(1 - trainer.progress, 0.0) / max(trainer.progress, 1e-9) * counters.seconds
    row = {
        "images": counters.images,
        "seconds": round(counters.seconds, 1),
        "resolution": trainer.stage.resolution,
        "images_per_second": round(rate, 2),
        "p": round(counters.ada_p, 4),
        "lr": trainer.opt_g.param_groups[0]["lr"],
        **{name: round(value, 4) for name, value in health.items()},
    }
    with open(out / "log.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    speed = f"{rate:6.1f} img/s"
    if trainer.device.type == "cpu":
        speed += f" on {torch.get_num_threads()} threads"
    say(
        f"{counters.images / 1000:7.1f} kimg  {trainer.stage.resolution} px  {speed}  "
        f"{left / 60:.1f} min left | G {health['loss_g']:.2f}  D {health['loss_d']:.2f}  "
        f"r_t {health['r_t']:.2f}  p {counters.ada_p:.3f}  "
        f"fakes judged real {health['judged_real']:.2f}  R1 {health['r1']:.3f}  lr {row['lr']:.5f}"
    )
    if (warning := trouble(health, counters.images)) is not None:
        say(f"warning: {warning}")


def trouble(health: Mapping[str, float], images: int) -> str | None:
    """What looks wrong in the health of a run and what to do, or None.

    The first ten thousand pictures are stormy in every healthy run.
    """
    if images < 10_000:
        return None
    if not all(math.isfinite(value) for value in health.values()):
        return "numbers are no longer finite: resume an earlier state with half the --lr"
    if health["loss_g"] > 5 or health["r_t"] > 0.95:
        return (
            "the discriminator wins too easily: look at the sheets; if samples stall or look alike, "
            "resume an earlier state with twice the --gamma"
        )
    return None


def write_sheets(trainer: Trainer, out: Path, count: int = 64) -> None:
    """Sheets of fixed seeds by the averaged generator at psi 1 and 0.7."""
    z = seed_latents(range(count), trainer.settings.z_dim, trainer.device)
    for psi in (1.0, 0.7):
        pixels = sheet_pixels(draw(trainer.ema, z, psi))
        save_sheet(out / "sheets" / f"{trainer.counters.images:09d}-psi{psi}.png", pixels)


def _measure(trainer: Trainer, count: int, say: Say) -> None:
    if count < 2:
        return
    row = {"images": trainer.counters.images, "compared": count, **evaluate(trainer, count)}
    trainer.counters.history.append(row)
    chosen = ("swd", "random_feature_distance", "diversity_ratio", "copying_ratio")
    say("measures: " + ", ".join(f"{name.replace('_', ' ')} {row[name]:.3g}" for name in chosen))


def _keep(trainer: Trainer, out: Path, keep: int, is_exact: bool, facts: Mapping[str, Any]) -> Path:
    """Write the network, and the state under its count of images; drop all but the newest `keep` states."""
    save_weights(
        out / "network.safetensors",
        trainer.ema,
        facts,
        conv_clamp=trainer.conv_clamp,
        training=training_facts(trainer.settings, trainer.counters, len(trainer.images)),
    )
    states = out / "states"
    folder = states / f"images-{trainer.counters.images:09d}"
    save_state(folder, trainer.state(is_exact))
    for old in sorted(states.glob("images-*"))[:-keep]:
        shutil.rmtree(old)
    return folder
