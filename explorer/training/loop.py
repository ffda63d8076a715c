"""The run as its owner sees it: steps, a line of progress, sample sheets, states on disk."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from explorer.training.sheets import draw, save_sheet, seed_latents, to_pixels
from explorer.training.state import save_state
from explorer.training.trainer import Trainer

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


def run(
    trainer: Trainer,
    out: Path,
    *,
    rhythm: Rhythm,
    say: Say,
    should_stop: Callable[[], bool],
    session_seconds: float | None = None,
    is_exact: bool = True,
) -> None:
    """Train until the plan is done, the session's time is up, or `should_stop`.

    Leaves a state, a sheet and a line in `out/log.jsonl` whatever the reason for the end.
    """
    counters = trainer.counters
    started = last = line_at = sheet_at = state_at = time.monotonic()
    line_images = counters.images
    out.mkdir(parents=True, exist_ok=True)
    while trainer.progress < 1 and not should_stop():
        if trainer.advance():
            say(f"stage {counters.stage + 1}: {trainer.stage.resolution} px")
        trainer.step()
        now = time.monotonic()
        counters.seconds += now - last
        last = now
        if now - line_at >= rhythm.line:
            _tell(trainer, out, (counters.images - line_images) / (now - line_at), say)
            line_at, line_images = now, counters.images
        if now - sheet_at >= rhythm.sheet:
            write_sheets(trainer, out)
            sheet_at = now
        if now - state_at >= rhythm.state:
            keep_state(trainer, out, rhythm.keep, is_exact)
            state_at = now
        if session_seconds is not None and now - started >= session_seconds:
            break
    write_sheets(trainer, out)
    folder = keep_state(trainer, out, rhythm.keep, is_exact)
    say(
        f"stopped at {counters.images / 1000:.1f} kimg, {trainer.progress:.1%} of the plan; state in {folder}"
    )


def _tell(trainer: Trainer, out: Path, rate: float, say: Say) -> None:
    counters, health = trainer.counters, trainer.take_health()
    left = (1 - trainer.progress) / max(trainer.progress, 1e-9) * counters.seconds
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
    say(
        f"{counters.images / 1000:7.1f} kimg {trainer.stage.resolution:4d} px {rate:6.1f} img/s "
        f"left {left / 60:5.1f} min | G {health['loss_g']:.2f} D {health['loss_d']:.2f} r_t {health['r_t']:.2f} "
        f"p {counters.ada_p:.3f} fake {health['judged_real']:.2f} R1 {health['r1']:.3f} lr {row['lr']:.5f}"
    )


def write_sheets(trainer: Trainer, out: Path, count: int = 64) -> None:
    """Sheets of fixed seeds by the averaged generator at psi 1 and 0.7."""
    z = seed_latents(range(count), trainer.settings.z_dim, trainer.device)
    for psi in (1.0, 0.7):
        pixels = to_pixels(draw(trainer.ema, z, psi))
        save_sheet(out / "sheets" / f"{trainer.counters.images:09d}-psi{psi}.png", pixels)


def keep_state(trainer: Trainer, out: Path, keep: int, is_exact: bool) -> Path:
    """Write the state under its count of images and drop all but the newest `keep`."""
    states = out / "states"
    folder = states / f"images-{trainer.counters.images:09d}"
    save_state(folder, trainer.state(is_exact))
    for old in sorted(states.glob("images-*"))[:-keep]:
        shutil.rmtree(old)
    return folder
