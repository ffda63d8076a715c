"""Growing by weight re-use: a network of 2R starts as the network of R it was.

Feature maps per resolution do not depend on the final resolution, so every
block of the smaller network fits into the larger one unchanged. The new
toRGB starts at zero: the larger generator first draws exactly the smaller
one's picture, up-sampled.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from explorer.training.networks import Generator, SynthesisBlock

OptimiserState = dict[str, tuple[float, Tensor]]
"""Steps taken and running mean of squared gradients, by parameter name."""


@torch.no_grad()
def grow_generator(small: Generator, large: Generator) -> None:
    """Copy every tensor of `small` into `large`; its new toRGB becomes zero."""
    _copy(small.state_dict(), large)
    for res in range(small.resolution.bit_length(), large.resolution.bit_length()):
        block = cast(SynthesisBlock, large.synthesis.get_submodule(f"b{1 << res}"))
        block.torgb.weight.zero_()
        block.torgb.bias.zero_()


@torch.no_grad()
def grow_discriminator(small: nn.Module, large: nn.Module, resolution: int) -> None:
    """Copy every tensor; the input layer of `resolution` becomes the one that fades, an older one goes."""
    kept = {name: value for name, value in small.state_dict().items() if not name.startswith("fade_rgb.")}
    _copy({rename_fading(name, resolution): value for name, value in kept.items()}, large)


def rename_fading(name: str, resolution: int) -> str:
    """Name in the grown discriminator of a tensor of the one of `resolution`."""
    old = f"b{resolution}.fromrgb."
    return "fade_rgb." + name.removeprefix(old) if name.startswith(old) else name


def _copy(source: dict[str, Tensor], target: nn.Module) -> None:
    own = target.state_dict()
    for name, value in source.items():
        if name in own:
            own[name].copy_(value)
