"""Growing by weight re-use: a network of 2R starts as the network of R it was.

Feature maps per resolution do not depend on the final resolution, so every
block of the smaller network fits into the larger one unchanged. The new
toRGB starts at zero, so the larger generator first draws exactly the smaller
one's picture, up-sampled; the discriminator's new block starts as the input
layer that it replaces, so it first judges as the smaller one did.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from explorer.training.layers import Conv
from explorer.training.networks import Discriminator, DiscriminatorBlock, Generator, SynthesisBlock


@torch.no_grad()
def grow_generator(small: Generator, large: Generator) -> None:
    """Copy every tensor of `small` into `large`; its new toRGB becomes zero."""
    _copy(small.state_dict(), large)
    for res in range(small.resolution.bit_length(), large.resolution.bit_length()):
        block = cast(SynthesisBlock, large.synthesis.get_submodule(f"b{1 << res}"))
        block.torgb.weight.zero_()
        block.torgb.bias.zero_()


@torch.no_grad()
def grow_discriminator(small: Discriminator, large: Discriminator) -> None:
    """Copy every tensor of `small` into `large`, whose new first block goes on from the old input layer."""
    old = cast(DiscriminatorBlock, small.get_submodule(f"b{small.resolution}"))
    _copy({k: v for k, v in small.state_dict().items() if ".fromrgb." not in k}, large)
    carry_on(old.fromrgb, cast(DiscriminatorBlock, large.get_submodule(f"b{large.resolution}")))


@torch.no_grad()
def carry_on(old: Conv, block: DiscriminatorBlock, samples: int = 4096) -> None:
    """Start a new first block as the input layer that it replaces, seen through one halving.

    Left random, it would feed noise to blocks that expect features. Faded in
    over thousands of pictures, as in Progressive GANs, it was seen to take all
    the discriminator knew with it: on the way to 128×128 its logits went to 0
    and stayed there. So the new input layer takes rows of the old one, the linear path is
    fitted to give all of them (they are functions of the colour alone), and the
    convolutions beside it start at zero. Where the widths are equal the old
    features are met exactly, but for the order of activation and halving; half
    as wide, to 4-30 %.

    Parameters
    ----------
    old : input layer of the smaller network, [C, 3, 1, 1]
    block : first block of the larger one; its input layer has any width
    samples : random colours for the fit
    """
    assert old.bias is not None
    assert block.fromrgb.bias is not None
    device = old.weight.device
    fresh, wide = block.fromrgb.weight.shape[0], old.weight.shape[0]
    rows = torch.linspace(0, wide - 1, min(fresh, wide), device=device).round().long()
    block.fromrgb.weight[: len(rows)] = old.weight[rows]
    block.fromrgb.bias[: len(rows)] = old.bias[rows]
    rng = torch.Generator().manual_seed(0)
    colours = torch.rand((samples, old.weight.shape[1], 1, 1), generator=rng).to(device) * 2 - 1
    has, wants = block.fromrgb(colours).flatten(1).double(), old(colours).flatten(1).double()
    # A little ridge keeps the fit small where rows say nearly the same.
    ridge = 1e-6 * samples * torch.eye(fresh, dtype=torch.float64, device=device)
    fit = torch.linalg.solve(has.T @ has + ridge, has.T @ wants)  # [fresh, wide]
    block.skip.weight.copy_((fit.T / block.skip.weight_gain)[:, :, None, None])
    block.conv1.weight.zero_()


def _copy(source: dict[str, Tensor], target: nn.Module) -> None:
    own = target.state_dict()
    for name, value in source.items():
        if name in own:
            own[name].copy_(value)
