"""Small networks made from a rule, for tests that need no files."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from explorer.models import NetworkDescription
from explorer.models.stylegan2 import StyleGAN2


def fill(name: str, shape: tuple[int, ...]) -> Tensor:
    """Value of a tensor by the fill rule of the specification, section 9."""
    k = sum(map(ord, name)) % 97
    count = math.prod(shape)
    v = torch.from_numpy(np.sin(0.7 * np.arange(count) + k)).reshape(shape)
    last = name.rsplit(".", 1)[-1]
    if ".fc" in name:
        v = v * (100 if last == "weight" else 10)
    elif name.endswith("affine.bias"):
        v = 1 + 0.1 * v
    elif last == "bias":
        v = 0.1 * v
    elif last == "noise_strength":
        v = torch.full_like(v, 0.1)
    elif last == "w_avg":
        v = 0.2 * v
    return v.to(torch.float32)


def shapes(
    arch: str,
    resolution: int,
    channels: dict[int, int],
    z_dim: int = 8,
    w_dim: int = 8,
    c_dim: int = 0,
    img_channels: int = 3,
    mapping_layers: int = 3,
    has_noise: bool = True,
) -> dict[str, tuple[int, ...]]:
    """Canonical names and shapes of a StyleGAN2 generator (specification, section 8)."""
    table: dict[str, tuple[int, ...]] = {"mapping.w_avg": (w_dim,)}
    width = z_dim
    if c_dim:
        table["mapping.embed.weight"] = (w_dim, c_dim)
        table["mapping.embed.bias"] = (w_dim,)
        width += w_dim
    for i in range(mapping_layers):
        table[f"mapping.fc{i}.weight"] = (w_dim, width)
        table[f"mapping.fc{i}.bias"] = (w_dim,)
        width = w_dim

    def affine(name: str, inputs: int) -> None:
        table[f"{name}.affine.weight"] = (inputs, w_dim)
        table[f"{name}.affine.bias"] = (inputs,)

    before = channels[4]
    table["synthesis.b4.const"] = (before, 4, 4)
    for power in range(2, int(math.log2(resolution)) + 1):
        size = 2**power
        block, here = f"synthesis.b{size}", channels[size]
        for conv in ("conv0", "conv1") if size > 4 else ("conv1",):
            inputs = before if conv == "conv0" else here
            affine(f"{block}.{conv}", inputs)
            table[f"{block}.{conv}.weight"] = (here, inputs, 3, 3)
            table[f"{block}.{conv}.bias"] = (here,)
            if has_noise:
                table[f"{block}.{conv}.noise_const"] = (size, size)
                table[f"{block}.{conv}.noise_strength"] = ()
        if arch == "resnet" and size > 4:
            table[f"{block}.skip.weight"] = (here, before, 1, 1)
        if arch == "skip" or size == resolution:
            affine(f"{block}.torgb", here)
            table[f"{block}.torgb.weight"] = (img_channels, here, 1, 1)
            table[f"{block}.torgb.bias"] = (img_channels,)
        before = here
    return table


def description_of(
    arch: str,
    resolution: int,
    z_dim: int = 8,
    w_dim: int = 8,
    c_dim: int = 0,
    img_channels: int = 3,
    **options: Any,
) -> NetworkDescription:
    return NetworkDescription(
        architecture="stylegan2",
        resolution=resolution,
        img_channels=img_channels,
        z_dim=z_dim,
        w_dim=w_dim,
        c_dim=c_dim,
        num_ws=2 * int(math.log2(resolution)) - 2,
        options={"arch": arch, "conv_clamp": 256, **options},
    )


def channels_of(resolution: int, base: int, most: int) -> dict[int, int]:
    return {2**k: min(base // 2**k, most) for k in range(2, int(math.log2(resolution)) + 1)}


def by_rule(arch: str, resolution: int = 16, mapping_layers: int = 3, c_dim: int = 0) -> StyleGAN2:
    """The networks of the golden numbers: channels min(128 / R, 16)."""
    table = shapes(
        arch, resolution, channels_of(resolution, 128, 16), c_dim=c_dim, mapping_layers=mapping_layers
    )
    tensors = {name: fill(name, shape) for name, shape in table.items()}
    return StyleGAN2(description_of(arch, resolution, c_dim=c_dim), tensors)


def random_tensors(
    arch: str,
    resolution: int,
    channels: dict[int, int],
    seed: int = 0,
    **sizes: Any,
) -> dict[str, Tensor]:
    """Weights as before training, with the values that start at zero made visible."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in shapes(arch, resolution, channels, **sizes).items():
        value = torch.randn(shape, generator=generator)
        last = name.rsplit(".", 1)[-1]
        if ".fc" in name and last == "weight":
            value = value * 100
        elif last in ("bias", "noise_strength", "w_avg"):
            value = 0.1 * value + (1.0 if name.endswith("affine.bias") else 0.0)
        tensors[name] = value
    return tensors


def random_network(
    arch: str = "skip", resolution: int = 16, seed: int = 0, has_noise: bool = True, **sizes: Any
) -> StyleGAN2:
    """A network of 16, 16, 8, ... channels with random weights."""
    options = {key: sizes.pop(key) for key in ("conv_clamp", "label_mode") if key in sizes}
    channels = sizes.pop("channels", None) or channels_of(resolution, 128, 16)
    tensors = random_tensors(arch, resolution, channels, seed, has_noise=has_noise, **sizes)
    sizes.pop("mapping_layers", None)
    return StyleGAN2(description_of(arch, resolution, **sizes, **options), tensors)
