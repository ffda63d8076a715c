"""A trained generator as a file that the explorer opens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from torch import Tensor

from explorer.checkpoints.safetensors_form import save_network
from explorer.models.description import NetworkDescription
from explorer.training.networks import Generator
from explorer.training.settings import Counters, Settings


def describe(generator: Generator, conv_clamp: float | None) -> NetworkDescription:
    """Sizes and switches of a generator of this room."""
    return NetworkDescription(
        architecture="stylegan2",
        resolution=generator.resolution,
        img_channels=3,
        z_dim=generator.z_dim,
        w_dim=generator.w_dim,
        c_dim=0,
        num_ws=generator.num_ws,
        options={
            "arch": "skip",
            "conv_clamp": conv_clamp,
            "lr_multiplier": 0.01,
            "label_mode": "embed",
        },
    )


def training_facts(settings: Settings, counters: Counters, pictures: int) -> dict[str, Any]:
    """What the header says of how the weights came to be."""
    return {
        "program": "latent-explorer train",
        "pictures": pictures,
        "images_shown": counters.images,
        "steps": counters.steps,
        "hours": round(counters.seconds / 3600, 3),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "settings": settings.as_json(),
        "measures": dict(counters.history[-1]) if counters.history else {},
    }


def save_weights(
    path: Path,
    generator: Generator,
    facts: Mapping[str, Any],
    *,
    conv_clamp: float | None = None,
    training: Mapping[str, Any],
) -> None:
    """Write a generator in the project's own safetensors form, float32.

    Parameters
    ----------
    generator : the averaged one
    facts : name, title, licence, attribution… as they stand in the header
    training : `training_facts`
    """
    tensors: dict[str, Tensor] = {
        name: value.detach().cpu().contiguous() for name, value in generator.state_dict().items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_network(path, describe(generator, conv_clamp), tensors, {**facts, "training": dict(training)})
