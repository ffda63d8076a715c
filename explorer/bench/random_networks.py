"""Networks of known sizes with random weights.

What a picture costs does not depend on the weights, so the official
configurations are measured with random ones and nothing has to be downloaded.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from explorer.models import NetworkDescription
from explorer.models.stylegan3_geometry import design_description, design_filters

Tensors = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class RandomNetwork:
    """Sizes of a network in the words of its paper: channels(r) = min(channel_base / r, channel_max)."""

    resolution: int
    channel_base: int
    channel_max: int
    width: int = 512
    """Of z and w."""
    config: Literal["T", "R"] | None = None
    """Configuration of a StyleGAN3; None makes a StyleGAN2."""
    num_layers: int = 14
    """StyleGAN3 only."""

    def make(self) -> tuple[NetworkDescription, Tensors]:
        """Draw the weights; the same ones every time."""
        draw = _Draw()
        if self.config is None:
            return _stylegan2(self, draw)
        return _stylegan3(self, self.config, draw)


RANDOM: Mapping[str, RandomNetwork] = {
    "random-tiny-16": RandomNetwork(16, 128, 16, width=16),
    "random-tiny-sg3-32": RandomNetwork(32, 256, 16, width=16, config="T", num_layers=6),
    "random-compact-128": RandomNetwork(128, 8192, 256),
    "random-compact-256": RandomNetwork(256, 8192, 256),
    "random-paper-256": RandomNetwork(256, 16384, 512),
    "random-config-f-1024": RandomNetwork(1024, 32768, 512),
    "random-sg3-t-256": RandomNetwork(256, 32768, 512, config="T"),
    "random-sg3-t-1024": RandomNetwork(1024, 32768, 512, config="T"),
}


class _Draw:
    """Standard normal numbers, from one seed."""

    def __init__(self) -> None:
        self._random = torch.Generator().manual_seed(0)

    def __call__(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._random)


def _stylegan2(sizes: RandomNetwork, draw: _Draw) -> tuple[NetworkDescription, Tensors]:
    rows = 2 * int(math.log2(sizes.resolution)) - 2
    description = NetworkDescription(
        architecture="stylegan2",
        resolution=sizes.resolution,
        img_channels=3,
        z_dim=sizes.width,
        w_dim=sizes.width,
        c_dim=0,
        num_ws=rows,
        options={"arch": "skip", "conv_clamp": 256.0},
    )
    tensors = _mapping(sizes.width, 8, draw)
    before = min(sizes.channel_base // 4, sizes.channel_max)
    tensors["synthesis.b4.const"] = draw(before, 4, 4)
    for power in range(2, int(math.log2(sizes.resolution)) + 1):
        size = 2**power
        here = min(sizes.channel_base // size, sizes.channel_max)
        layers = {"conv1": here} if size == 4 else {"conv0": before, "conv1": here}
        for layer, channels in layers.items():
            name = f"synthesis.b{size}.{layer}"
            tensors |= _affine(name, channels, sizes.width, draw)
            tensors |= {
                f"{name}.weight": draw(here, channels, 3, 3),
                f"{name}.bias": torch.zeros(here),
                f"{name}.noise_const": draw(size, size),
                f"{name}.noise_strength": torch.tensor(0.1),
            }
        name = f"synthesis.b{size}.torgb"
        tensors |= _affine(name, here, sizes.width, draw)
        tensors |= {f"{name}.weight": draw(3, here, 1, 1), f"{name}.bias": torch.zeros(3)}
        before = here
    return description, tensors


def _stylegan3(
    sizes: RandomNetwork, config: Literal["T", "R"], draw: _Draw
) -> tuple[NetworkDescription, Tensors]:
    description = design_description(
        config,
        sizes.resolution,
        channel_base=sizes.channel_base,
        channel_max=sizes.channel_max,
        num_layers=sizes.num_layers,
        z_dim=sizes.width,
        w_dim=sizes.width,
    )
    layers = description.options["layers"]
    channels = layers[0]["in_channels"]
    tensors = _mapping(sizes.width, 2, draw)
    tensors |= {
        "synthesis.input.weight": draw(channels, channels),
        "synthesis.input.affine.weight": torch.zeros(4, sizes.width),
        "synthesis.input.affine.bias": torch.tensor([1.0, 0.0, 0.0, 0.0]),
        "synthesis.input.freqs": draw(channels, 2),
        "synthesis.input.phases": draw(channels),
        "synthesis.input.transform": torch.eye(3),
    }
    for layer in layers:
        name = f"synthesis.{layer['name']}"
        kernel = layer["conv_kernel"]
        tensors |= _affine(name, layer["in_channels"], sizes.width, draw)
        tensors |= {
            f"{name}.weight": draw(layer["out_channels"], layer["in_channels"], kernel, kernel),
            f"{name}.bias": torch.zeros(layer["out_channels"]),
            f"{name}.magnitude_ema": torch.tensor(1.0),
        }
        filters = design_filters(layer, is_radial=config == "R")
        tensors |= {f"{name}.{key}": taps for key, taps in filters.items()}
    return description, tensors


def _mapping(width: int, layers: int, draw: _Draw) -> Tensors:
    tensors = {"mapping.w_avg": torch.zeros(width)}
    for i in range(layers):
        # Weights are stored divided by the learning rate multiplier 0.01.
        tensors[f"mapping.fc{i}.weight"] = 100 * draw(width, width)
        tensors[f"mapping.fc{i}.bias"] = torch.zeros(width)
    return tensors


def _affine(name: str, channels: int, width: int, draw: _Draw) -> Tensors:
    return {f"{name}.affine.weight": draw(channels, width), f"{name}.affine.bias": torch.ones(channels)}
