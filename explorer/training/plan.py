"""From a few wishes to a whole plan: stages, widths and penalties that suit the device.

The figures are the recipes that worked: thin networks, small batches and the
light augmentation on a CPU; wide ones in half precision on a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from explorer.errors import TrainingError
from explorer.training.settings import Counters, Settings, Stage, channel_table

CPU_MINUTES = 120.0
"""Length of a plan where none is asked for."""


@dataclass(frozen=True)
class Wishes:
    """What the person asked for; None leaves it to the device."""

    resolution: int | None = None
    """Of the finished network."""
    minutes: float | None = None
    """Length of the whole plan, in minutes of training."""
    kimg: float | None = None
    """Length of the whole plan, in thousands of pictures shown."""
    channels: tuple[int, int] | dict[int, int] | None = None
    """(base, most), or a table by resolution."""
    batch: int | None = None
    """At every stage."""
    gamma: float | None = None
    """At the last stage; smaller ones get a quarter per halving."""
    other: dict[str, Any] | None = None
    """Settings to set as they are, by name."""


def first_plan(wishes: Wishes, device: str) -> Settings:
    """Make a plan for a fresh run.

    Parameters
    ----------
    device : "cpu", "cuda" or another torch device

    Raises
    ------
    TrainingError
        If the wishes cannot be met together.
    """
    on_gpu = device.startswith("cuda")
    resolution = wishes.resolution or (256 if on_gpu else 128)
    if isinstance(wishes.channels, dict):
        channels = dict(wishes.channels)
    else:
        base, most = wishes.channels or ((8192, 256) if on_gpu else (1024, 128))
        channels = channel_table(base, most, resolution)
        if wishes.channels is None and not on_gpu:
            channels = {res: max(count, 16) for res, count in channels.items()}
    minutes = wishes.minutes
    if minutes is None and wishes.kimg is None:
        minutes = 25.0 if on_gpu else CPU_MINUTES
    wide = {
        "z_dim": 512,
        "w_dim": 512,
        "precision": "float16",
        "augment": "upright",
        "ema_kimg": 20.0,
        "ada_kimg": 100.0,
        "ada_cap": 0.8,
    }
    stages = _stages(resolution, wishes.batch, wishes.gamma, on_gpu)
    options = {**(wide if on_gpu else {}), **(wishes.other or {})}
    return Settings(stages=stages, channels=channels, minutes=minutes, kimg=wishes.kimg, **options)


def _stages(resolution: int, batch: int | None, gamma: float | None, on_gpu: bool) -> tuple[Stage, ...]:
    """Start small and double: a short first stage, the longest time at the last resolution.

    Small batches make the most of few pictures, large ones of a wide device. The penalty is the
    usual 0.0002·resolution²/batch, doubled on a GPU, where a run is over before it settles.
    """
    first = min(resolution, 64 if on_gpu else 32)
    sizes = [first << k for k in range(resolution.bit_length() - first.bit_length() + 1)]
    shares = [1.0, 2.0, 4.0, 6.0, 8.0] if on_gpu else [1.0, 6.0, 7.0, 10.0, 14.0, 20.0]
    count = batch or (64 if on_gpu else 8)
    stages = []
    for size, share in zip(sizes, shares, strict=False):
        weight = max((0.0004 if on_gpu else 0.0002) * size * size / count, 0.05)
        if gamma is not None:
            weight = gamma * (size / resolution) ** 2
        stages.append(Stage(size, share, count, weight))
    return tuple(stages)


def next_plan(settings: Settings, counters: Counters, wishes: Wishes) -> Settings:
    """Change the plan of a run that goes on.

    Lengths, penalties, batch, rates and augmentation may change; a larger
    resolution adds stages for the time that is left. Sizes of what exists may not.

    Raises
    ------
    TrainingError
        If the wishes contradict the networks of the state, or nothing is left to do.
    """
    other = dict(wishes.other or {})
    for name in ("z_dim", "w_dim", "mapping_layers", "use_noise", "group"):
        if name in other and other[name] != getattr(settings, name):
            raise TrainingError(f"{name} is part of the networks in the state and cannot change on resume.")
    if wishes.minutes is not None:
        settings = replace(settings, minutes=wishes.minutes, kimg=None)
    if wishes.kimg is not None:
        settings = replace(settings, kimg=wishes.kimg, minutes=None)
    settings = replace(settings, **other)
    if wishes.resolution is not None and wishes.resolution != settings.resolution:
        settings = _extended(settings, counters, wishes)
    elif wishes.channels is not None:
        raise TrainingError("The widths are part of the networks in the state and cannot change on resume.")
    settings = replace(
        settings, stages=tuple(_adjusted(stage, settings, wishes) for stage in settings.stages)
    )
    if settings.progress(counters.images, counters.seconds) >= 1:
        done = f"{counters.seconds / 60:.0f} minutes and {counters.images / 1000:.0f} kimg"
        raise TrainingError(f"This plan is finished ({done}). Give a larger --minutes or --kimg to go on.")
    return settings


def _extended(settings: Settings, counters: Counters, wishes: Wishes) -> Settings:
    resolution = wishes.resolution or 0
    if resolution < settings.resolution:
        raise TrainingError(f"The state is of {settings.resolution} px; it cannot shrink to {resolution}.")
    channels = dict(settings.channels)
    if isinstance(wishes.channels, dict):
        channels = {**wishes.channels, **channels}
    size = settings.resolution
    while size < resolution:
        size *= 2
        channels.setdefault(size, max(channels[size // 2] // 2, min(channels[size // 2], 16)))
    reached = settings.progress(counters.images, counters.seconds)
    old = settings.stages
    new = _stages(resolution, wishes.batch or old[-1].batch, None, on_gpu=False)
    added = [stage for stage in new if stage.resolution > settings.resolution]
    if reached >= 1:
        raise TrainingError("No time is left for larger pictures. Give a larger --minutes or --kimg.")
    total, weight = sum(stage.share for stage in old), sum(stage.share for stage in added)
    kept = [replace(stage, share=max(stage.share / total * reached, 1e-9)) for stage in old]
    grown = [replace(stage, share=stage.share / weight * (1 - reached)) for stage in added]
    return replace(settings, stages=(*kept, *grown), channels=channels)


def _adjusted(stage: Stage, settings: Settings, wishes: Wishes) -> Stage:
    if wishes.batch is not None:
        stage = replace(stage, batch=wishes.batch)
    if wishes.gamma is not None:
        stage = replace(stage, gamma=wishes.gamma * (stage.resolution / settings.resolution) ** 2)
    return stage
