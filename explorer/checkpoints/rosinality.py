"""State dictionaries of rosinality's stylegan2-pytorch, and of the many tools that embed it.

The generator is `g_ema` in training files and converted ones alike. Layers
are numbered instead of named by resolution, tensors carry a batch axis, and
the average latent may be missing; then it is estimated the way those tools do.

References
----------
https://github.com/rosinality/stylegan2-pytorch, names of `model.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from explorer.checkpoints import stylegan2_layout
from explorer.checkpoints.statements import (
    CHANNELS,
    PLANE,
    SAME,
    SCALAR,
    WITHOUT_BATCH,
    Found,
    Made,
    Rule,
    rule,
    translate,
    turned,
)
from explorer.checkpoints.stylegan2_layout import Switches
from explorer.checkpoints.values import TensorView
from explorer.errors import CorruptCheckpointError, UnsupportedCheckpointError

if TYPE_CHECKING:
    import torch

FORMAT = "rosinality-pt"
AVERAGE_OVER = 4096
"""Latents drawn to estimate a missing average, as the original's `mean_latent` does."""
_AT_ONCE = 256
_MAX_MAPPING = 1 << 24
"""Weights of a mapping network whose average is estimated; the largest known have 4 million."""


def _layer(index: int) -> str:
    """Layer 0 is the 4x4 convolution; then two per resolution, the first of which up-samples."""
    if index == 0:
        return "synthesis.b4.conv1"
    return f"synthesis.b{1 << (index + 5) // 2}.conv{1 - index % 2}"


def _conv_name(match: re.Match[str]) -> str:
    layer = _layer(0 if match["index"] is None else int(match["index"]) + 1)
    return f"{layer}.{_PARAMETERS[match['name']]}"


def _torgb_name(match: re.Match[str]) -> str:
    resolution = 4 if match["index"] is None else 8 << int(match["index"])
    return f"synthesis.b{resolution}.torgb.{_PARAMETERS[match['name']]}"


_PARAMETERS = {
    "conv.weight": "weight",
    "conv.modulation.weight": "affine.weight",
    "conv.modulation.bias": "affine.bias",
    "noise.weight": "noise_strength",
    "activate.bias": "bias",
    "bias": "bias",
}
_CONV = r"(?:conv1|convs\.(?P<index>\d{1,2}))\."
_TORGB = r"(?:to_rgb1|to_rgbs\.(?P<index>\d{1,2}))\."
_RULES: tuple[Rule, ...] = (
    rule(r"style\.([1-9]\d?)\.(weight|bias)", lambda m: f"mapping.fc{int(m[1]) - 1}.{m[2]}"),
    rule(r"input\.input", "synthesis.b4.const", WITHOUT_BATCH),
    rule(_CONV + r"(?P<name>conv\.weight)", _conv_name, WITHOUT_BATCH),
    rule(_CONV + r"(?P<name>conv\.modulation\.(?:weight|bias)|activate\.bias)", _conv_name, SAME),
    rule(_CONV + r"(?P<name>noise\.weight)", _conv_name, SCALAR),
    rule(_TORGB + r"(?P<name>conv\.weight)", _torgb_name, WITHOUT_BATCH),
    rule(_TORGB + r"(?P<name>conv\.modulation\.(?:weight|bias))", _torgb_name, SAME),
    rule(_TORGB + r"(?P<name>bias)", _torgb_name, CHANNELS),
    rule(r"noises\.noise_(\d{1,2})", lambda m: f"{_layer(int(m[1]))}.noise_const", PLANE),
    rule(r".*\.(?:blur|upsample)\.kernel", None),  # checked to be [1, 3, 3, 1], with the gain of 4 in it
)


def find_state(value: Mapping[Any, Any]) -> Mapping[Any, Any] | None:
    """The generator's dictionary within a file of this kind, or None where the file is of another."""
    candidates = [value.get("g_ema"), value.get("g"), value, value.get("state_dict")]
    for candidate in candidates:
        if isinstance(candidate, dict):
            for state in (candidate, _without_prefix(candidate)):
                if "conv1.conv.weight" in state and "style.1.weight" in state:
                    return state
    return None


def read_state(value: Mapping[Any, Any], state: Mapping[Any, Any], path: str) -> Found:
    """Describe the generator in a state dictionary.

    Raises
    ------
    UnsupportedCheckpointError, CorruptCheckpointError
    """
    if "input.freqs" in state or "affine_fourier.weight" in state:
        raise UnsupportedCheckpointError(
            f"{path}: a network of alias-free-gan-pytorch, an early relative of StyleGAN3 "
            "that draws differently; it cannot be shown here"
        )
    stated = _tensors(state, path)
    for name, statement in stated.items():
        if name.endswith((".blur.kernel", ".upsample.kernel")):
            stylegan2_layout.check_filter(statement, 4, path)
    tensors, notes = translate(stated, _RULES, path)
    tensors, more = _complete(tensors, value.get("latent_avg"), path)
    description = stylegan2_layout.describe(stylegan2_layout.shapes_of(tensors), Switches(), path)
    return Found(description, tensors, FORMAT, notes=notes + more)


def _without_prefix(state: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Encoders keep the generator under `decoder.`, wrappers under `module.` or `generator.`."""
    for prefix in ("decoder.", "module.", "generator."):
        inner = {
            key[len(prefix) :]: item
            for key, item in state.items()
            if type(key) is str and key.startswith(prefix)
        }
        if inner:
            return inner
    return {}


def _tensors(state: Mapping[Any, Any], path: str) -> dict[str, TensorView]:
    for name, statement in state.items():
        if type(name) is not str or len(name) > 256 or not isinstance(statement, TensorView):
            raise CorruptCheckpointError(f"{path}: {str(name)[:80]!a} should be a tensor")
    return dict(state)


def _complete(tensors: dict[str, Any], average: object, path: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Add what these files may lack: the average latent and the stored noise."""
    notes: tuple[str, ...] = ()
    if isinstance(average, TensorView):
        # [w], or [1, w] as `mean_latent` returns it.
        change = WITHOUT_BATCH if len(average.shape) == 2 else SAME
        tensors["mapping.w_avg"] = turned("latent_avg", average, change, path)
    else:
        mapping = {name: item for name, item in tensors.items() if name.startswith("mapping.fc")}
        last = tensors.get(f"mapping.fc{len(mapping) // 2 - 1}.bias")
        if last is None:
            raise CorruptCheckpointError(f"{path}: the mapping network is incomplete")
        if sum(math.prod(item.shape) for item in mapping.values()) > _MAX_MAPPING:
            raise UnsupportedCheckpointError(f"{path}: a mapping network too large to estimate its average")
        tensors["mapping.w_avg"] = Made(last.shape, lambda: _estimate(mapping))
        notes += (f"The file holds no average latent; it was estimated from {AVERAGE_OVER} latents.",)
    bare = [
        name.removesuffix("noise_strength")
        for name in tensors
        if name.endswith("noise_strength") and name.replace("strength", "const") not in tensors
    ]
    for name in bare:
        if "synthesis.b4.const" not in tensors or len(tensors["synthesis.b4.const"].shape) != 3:
            raise stylegan2_layout.missing("synthesis.b4.const", path)
        shapes = {"synthesis.b4.const": tensors["synthesis.b4.const"].shape}
        size = stylegan2_layout.size_of_block(shapes, int(name.split(".")[1][1:]))
        if max(size) <= stylegan2_layout.MAX_RESOLUTION:
            tensors[f"{name}noise_const"] = Made(size, partial(_noise, size))
    if bare:
        notes += ("The file holds no stored noise; drawn planes stand in for it.",)
    return tensors, notes


def _estimate(mapping: Mapping[str, Any]) -> torch.Tensor:
    """Mean of w over latents drawn from seed 0.

    The mapping of section 2 of the paper: normalised z, then layers with the
    learning rate multiplier 0.01, leaky ReLU 0.2 and gain sqrt(2).
    """
    import numpy as np
    import torch

    tensors = {name.removeprefix("mapping."): item.to_torch().float() for name, item in mapping.items()}
    width = tensors["fc0.weight"].shape[1]
    source = np.random.RandomState(0)
    total = torch.zeros(())
    for _ in range(AVERAGE_OVER // _AT_ONCE):
        x = torch.from_numpy(source.randn(_AT_ONCE, width).astype(np.float32))
        x = x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-8)
        for index in range(len(tensors) // 2):
            weight, bias = tensors[f"fc{index}.weight"], tensors[f"fc{index}.bias"]
            x = torch.nn.functional.linear(x, weight * (0.01 / weight.shape[1] ** 0.5), bias * 0.01)
            x = torch.nn.functional.leaky_relu(x, 0.2) * 2**0.5
        total = total + x.sum(dim=0)
    return total / AVERAGE_OVER


def _noise(size: tuple[int, ...]) -> torch.Tensor:
    import numpy as np
    import torch

    return torch.from_numpy(np.random.RandomState(size[0]).randn(*size).astype(np.float32))
