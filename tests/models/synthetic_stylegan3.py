"""Small StyleGAN3 networks made from a rule or at random, for tests that need no files."""

import json
from dataclasses import replace
from typing import Any, Literal

import torch
from torch import Tensor

from explorer.models import NetworkDescription
from explorer.models.stylegan3_geometry import design_description, design_filters
from tests.models.synthetic import fill


def shapes(description: NetworkDescription, mapping_layers: int = 2) -> dict[str, tuple[int, ...]]:
    """Canonical names and shapes, without the filters."""
    w_dim, c_dim = description.w_dim, description.c_dim
    table: dict[str, tuple[int, ...]] = {"mapping.w_avg": (w_dim,)}
    width = description.z_dim
    if c_dim:
        table |= {"mapping.embed.weight": (w_dim, c_dim), "mapping.embed.bias": (w_dim,)}
        width += w_dim
    for i in range(mapping_layers):
        table |= {f"mapping.fc{i}.weight": (w_dim, width), f"mapping.fc{i}.bias": (w_dim,)}
        width = w_dim
    channels = description.options["layers"][0]["in_channels"]
    table |= {
        "synthesis.input.weight": (channels, channels),
        "synthesis.input.affine.weight": (4, w_dim),
        "synthesis.input.affine.bias": (4,),
        "synthesis.input.freqs": (channels, 2),
        "synthesis.input.phases": (channels,),
    }
    for layer in description.options["layers"]:
        name, inputs, outputs = f"synthesis.{layer['name']}", layer["in_channels"], layer["out_channels"]
        table |= {
            f"{name}.affine.weight": (inputs, w_dim),
            f"{name}.affine.bias": (inputs,),
            f"{name}.weight": (outputs, inputs, layer["conv_kernel"], layer["conv_kernel"]),
            f"{name}.bias": (outputs,),
            f"{name}.magnitude_ema": (),
        }
    return table


def filters(description: NetworkDescription) -> dict[str, Tensor]:
    """The stored filters, and the transform that moves nothing."""
    is_radial = description.architecture == "stylegan3-r"
    found = {
        f"synthesis.{layer['name']}.{key}": taps
        for layer in description.options["layers"]
        for key, taps in design_filters(layer, is_radial).items()
    }
    return found | {"synthesis.input.transform": torch.eye(3)}


def by_rule(config: Literal["T", "R"]) -> tuple[NetworkDescription, dict[str, Tensor]]:
    """The networks of the golden numbers (specification, section 9)."""
    description = design_description(
        config, 32, channel_base=256, channel_max=16, num_layers=6, z_dim=8, w_dim=8
    )
    tensors = {name: fill(name, shape) for name, shape in shapes(description).items()}
    for name, value in tensors.items():
        if name == "synthesis.input.affine.bias":
            tensors[name] = torch.tensor([1.0, 0.2, 0.05, -0.03])
        elif name == "synthesis.input.affine.weight":
            tensors[name] = value * 0.05
        elif name.endswith("magnitude_ema"):
            tensors[name] = torch.full_like(value, 1.3)
        elif name.endswith("freqs"):
            tensors[name] = value * 1.5
        elif name.endswith("phases"):
            tensors[name] = value * 0.5
    return description, tensors | filters(description)


def random_tensors(description: NetworkDescription, seed: int = 0) -> dict[str, Tensor]:
    """Weights as before training, with the values that start at zero made visible."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in shapes(description).items():
        value = torch.randn(shape, generator=generator)
        if ".fc" in name and name.endswith("weight"):
            value = value * 100
        elif name.endswith("magnitude_ema"):
            value = value.square() + 0.5
        elif name == "synthesis.input.affine.bias":
            value = torch.tensor([1.0, 0.3, 0.1, -0.2])
        elif name.endswith(("bias", "w_avg")):
            value = 0.1 * value + (1.0 if name.endswith("affine.bias") else 0.0)
        tensors[name] = value
    return tensors | filters(description)


def narrowed(description: NetworkDescription) -> NetworkDescription:
    """The same layers for pictures half as wide: 32 pixels high only, margins unchanged."""
    options = json.loads(json.dumps(dict(description.options)))
    halve = {36: 20, 52: 36, 32: 16}
    options["input"]["size"][0] = halve[options["input"]["size"][0]]
    for layer in options["layers"]:
        for key in ("in_size", "out_size"):
            layer[key][0] = halve[layer[key][0]]
        width = (layer["out_size"][0] - 1) * layer["down_factor"] + 1
        up, down = (6 * layer[key] if layer[key] > 1 else 1 for key in ("up_factor", "down_factor"))
        taps = 0 if layer["is_torgb"] else up + down - 2
        total = width + taps - (layer["in_size"][0] + layer["conv_kernel"] - 1) * layer["up_factor"]
        low = (total + layer["up_factor"]) // 2
        layer["padding"][:2] = [low, total - low]
    return replace(description, options=options)


def random_network(
    config: Literal["T", "R"] = "T", resolution: int = 32, seed: int = 0, **sizes: Any
) -> tuple[NetworkDescription, dict[str, Tensor]]:
    """A network of 16 layers' channels and fewer, with random weights."""
    plain = {"channel_base": 256, "channel_max": 12, "num_layers": 6, "z_dim": 8, "w_dim": 6}
    description = design_description(config, resolution, **(plain | sizes))
    return description, random_tensors(description, seed)
