"""Bringing a run to its first step: the device, the pictures, the plan, the state."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from explorer.allocator import keep_freed
from explorer.errors import DeviceError, TrainingError
from explorer.training.images import load_images
from explorer.training.plan import Wishes, first_plan, next_plan
from explorer.training.settings import Settings
from explorer.training.state import load_state
from explorer.training.threads import ThreadTrial
from explorer.training.trainer import Trainer

_KEPT_BYTES = 2**31 - 1
"""Freed activations kept for the next step: all of them."""


def prepare(name: str) -> torch.device:
    """Choose the device and set what torch keeps per process.

    Parameters
    ----------
    name : "auto", "cpu", "cuda" or "cuda:N"

    Raises
    ------
    DeviceError
        If the machine does not have it.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    kind = name.split(":")[0]
    if kind not in ("cpu", "cuda"):
        raise DeviceError(f"Training runs on cpu or cuda, not on {name!r}.")
    if kind == "cuda" and not torch.cuda.is_available():
        raise DeviceError("There is no usable NVIDIA GPU here. Train with --device cpu.")
    if kind == "cuda":
        # Trying every algorithm took half a minute at 256 px on an H100; the fastest gained 10 % at most.
        torch.backends.cudnn.benchmark = False
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
    else:
        # Products of tiny numbers are many in a young network and a hundred times slower than others.
        torch.set_flush_denormal(True)
        # Fetching fresh pages for activations took a third of a step at 128x128.
        keep_freed(_KEPT_BYTES)
    return torch.device(name)


def threads_for(asked: int | None, available: int) -> ThreadTrial:
    """Thread counts to choose from: the one asked for, or one, half and all."""
    if asked is not None:
        return ThreadTrial([asked])
    return ThreadTrial(sorted({1, max(available // 2, 1), available}), trial=3, hold=30)


def start(
    source: Path,
    out: Path,
    device: torch.device,
    wishes: Wishes,
    *,
    resume: Path | None = None,
    threads: int | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Trainer:
    """Read the state or make a plan, read the pictures, build the networks.

    Raises
    ------
    TrainingError
        If pictures, settings or state do not do.
    """
    state = None if resume is None else load_state(resume)
    if state is None and (out / "states").exists():
        raise TrainingError(f"{out}: holds a run already. Go on with --resume {out}, or name another folder.")
    if state is None:
        settings = first_plan(wishes, device.type)
    else:
        settings = next_plan(Settings.from_json(state.settings), state.read_counters(), wishes)
    if device.type == "cpu" and settings.precision != "float32":
        say(f"{settings.precision} is slower than float32 on a CPU, so float32 is used")
        clamp = 256.0 if settings.conv_clamp is None else settings.conv_clamp
        settings = replace(settings, precision="float32", conv_clamp=clamp)
    torch.set_num_threads(threads or os.cpu_count() or 1)
    say(f"reading pictures from {source}")
    images = load_images(source, settings.resolution, cache=out / "cache", threads=os.cpu_count() or 1)
    for reason in images.skipped[:5]:
        say(f"left out {reason}")
    if len(images.skipped) > 5:
        say(f"left out {len(images.skipped) - 5} more")
    trainer = Trainer(settings, images.to(device), device, state)
    names = " → ".join(f"{stage.resolution}" for stage in settings.stages)
    weight = sum(parameter.numel() for parameter in trainer.G.parameters()) / 1e6
    length = f"{settings.minutes:g} minutes" if settings.minutes is not None else f"{settings.kimg:g} kimg"
    say(f"{len(images)} pictures, {names} px, {length}, {device}; generator {weight:.2f} M now")
    return trainer
