"""A run small enough for tests: 8 or 16 pixels, a handful of pictures, a few hundred weights."""

from dataclasses import replace
from typing import Any

import torch

from explorer.training.images import ImageSet
from explorer.training.settings import Settings, Stage
from explorer.training.trainer import Trainer

CPU = torch.device("cpu")


def pictures(count: int = 16, resolution: int = 16, seed: int = 0) -> ImageSet:
    """Smooth random colour fields, all different."""
    rng = torch.Generator().manual_seed(seed)
    coarse = torch.rand((count, 3, 4, 4), generator=rng)
    smooth = torch.nn.functional.interpolate(coarse, size=resolution, mode="bilinear", align_corners=False)
    return ImageSet((smooth * 255).to(torch.uint8), [f"{i}.png" for i in range(count)])


def settings(**changes: Any) -> Settings:
    """Two stages, 8 and 16 px, 0.4 kimg in all, with everything switched on early."""
    plain = Settings(
        stages=(Stage(8, 0.5, 4, 0.1), Stage(16, 0.5, 4, 0.1)),
        channels={4: 8, 8: 8, 16: 4},
        kimg=0.4,
        z_dim=6,
        w_dim=6,
        group=2,
        warmup_steps=4,
        hold_images=8,
        r1_interval=4,
        ada_kimg=0.5,
        ada_target=-1.0,  # below any mean sign of logits: p rises from the start
    )
    return replace(plain, **changes)


def trainer(**changes: Any) -> Trainer:
    """A fresh one on the CPU."""
    chosen = settings(**changes)
    return Trainer(chosen, pictures(resolution=chosen.resolution), CPU)


def advance(run: Trainer, steps: int) -> Trainer:
    """Take steps, entering stages as the plan asks."""
    for _ in range(steps):
        run.advance()
        run.step()
    return run
