"""The canonical StyleGAN3 tensors: what they are called, how they must fit, what they tell.

Names are those of NVIDIA's modules. Every layer states its own geometry, which
goes into `NetworkDescription.options` unchanged, as plain JSON: any schedule of
layers works, and nothing is designed anew while loading.

References
----------
Karras et al. Alias-Free Generative Adversarial Networks. 2021.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from explorer.checkpoints.stylegan2_layout import (
    MAX_RESOLUTION,
    Shape,
    Shapes,
    check_shapes,
    latent_sizes,
    mapping_shapes,
    shape_of,
)
from explorer.errors import CorruptCheckpointError
from explorer.models.description import NetworkDescription

MAX_LAYERS = 64

LAYER_FLAGS = ("is_torgb", "is_critically_sampled", "use_fp16")
LAYER_NUMBERS = (
    "in_channels",
    "out_channels",
    "in_sampling_rate",
    "out_sampling_rate",
    "in_cutoff",
    "out_cutoff",
    "in_half_width",
    "out_half_width",
    "conv_kernel",
    "up_factor",
    "down_factor",
)
LAYER_PAIRS = ("in_size", "out_size")
"""Width and height."""

_TENSORS = re.compile(
    r"mapping\.(w_avg|(embed|embed_proj|fc\d+)\.(weight|bias))"
    r"|synthesis\.input\.(weight|transform|freqs|phases|affine\.(weight|bias))"
    r"|synthesis\.L\d+_\d+_\d+\.(weight|bias|magnitude_ema|up_filter|down_filter|affine\.(weight|bias))"
)


def is_known(name: str) -> bool:
    """Whether a canonical StyleGAN3 generator has a tensor of this name."""
    return _TENSORS.fullmatch(name) is not None


def describe(shapes: Shapes, options: Mapping[str, Any], path: str) -> NetworkDescription:
    """Sizes of a StyleGAN3 generator, from its geometry and the shapes of its tensors.

    Parameters
    ----------
    options : `layers` (one dictionary per layer, toRGB last), `input`, `output_scale`,
        `lr_multiplier`, and `label_mode` where it is "table" (StyleGAN-XL), all plain JSON

    Raises
    ------
    CorruptCheckpointError, UnsupportedCheckpointError
    """
    layers = _layers(options, path)
    width, height = _pair(layers[-1].get("out_size"), path)
    largest = max(width, height)
    if largest > MAX_RESOLUTION:
        raise CorruptCheckpointError(f"{path}: pictures of {width} x {height} pixels")
    for layer in layers:
        # Layers are never larger than the picture with its margin.
        if max(*_pair(layer.get("in_size"), path), *_pair(layer.get("out_size"), path)) > 2 * largest + 64:
            raise CorruptCheckpointError(f"{path}: a layer larger than the picture")
    w_dim = shape_of(shapes, "synthesis.input.affine.weight", 2, path)[1]
    z_dim, c_dim = latent_sizes(shapes, path)
    kernel = shape_of(shapes, f"synthesis.{layers[0]['name']}.weight", 4, path)[2]
    check_shapes(shapes, _expected(shapes, layers, w_dim, path), path)
    return NetworkDescription(
        architecture="stylegan3-r" if kernel == 1 else "stylegan3-t",
        resolution=height,
        img_channels=shape_of(shapes, f"synthesis.{layers[-1]['name']}.weight", 4, path)[0],
        z_dim=z_dim,
        w_dim=w_dim,
        c_dim=c_dim,
        num_ws=len(layers) + 1,
        options=dict(options),
    )


def _layers(options: Mapping[str, Any], path: str) -> list[Mapping[str, Any]]:
    layers = options.get("layers")
    is_list = isinstance(layers, list) and 0 < len(layers) <= MAX_LAYERS
    if not is_list or not all(isinstance(layer, Mapping) for layer in layers or ()):
        raise CorruptCheckpointError(f"{path}: the geometry of the layers is missing")
    names = [layer.get("name") for layer in layers or ()]
    if not all(isinstance(name, str) and re.fullmatch(r"L\d+_\d+_\d+", name) for name in names):
        raise CorruptCheckpointError(f"{path}: the layers have no proper names")
    if len(set(names)) != len(names):
        raise CorruptCheckpointError(f"{path}: two layers have one name")
    return list(layers or ())


def _expected(shapes: Shapes, layers: Sequence[Mapping[str, Any]], w_dim: int, path: str) -> dict[str, Shape]:
    """Every tensor the generator must have, with the shape that fits the others."""
    channels = shape_of(shapes, "synthesis.input.weight", 2, path)[0]
    expected = mapping_shapes(shapes, w_dim, has_label_bias=True, path=path)
    expected |= {
        "synthesis.input.weight": (channels, channels),
        "synthesis.input.affine.weight": (4, w_dim),
        "synthesis.input.affine.bias": (4,),
        "synthesis.input.transform": (3, 3),
        "synthesis.input.freqs": (channels, 2),
        "synthesis.input.phases": (channels,),
    }
    for layer in layers:
        name = f"synthesis.{layer['name']}"
        after, _, kernel, _ = shape_of(shapes, f"{name}.weight", 4, path)
        expected |= {
            f"{name}.affine.weight": (channels, w_dim),
            f"{name}.affine.bias": (channels,),
            f"{name}.weight": (after, channels, kernel, kernel),
            f"{name}.bias": (after,),
            f"{name}.magnitude_ema": (),
        }
        for filter_name in (f"{name}.up_filter", f"{name}.down_filter"):
            if filter_name in shapes:
                _check_filter(filter_name, shapes[filter_name], path)
        channels = after
    return expected


def _check_filter(name: str, shape: Shape, path: str) -> None:
    """Separable or square, and no longer than filters are."""
    if len(shape) not in (1, 2) or len(set(shape)) != 1 or not 1 <= shape[0] <= 256:
        raise CorruptCheckpointError(f"{path}: the filter {name} has the shape {list(shape)}")


def whole_pair(value: object) -> list[int] | None:
    """Width and height as a list of two whole numbers; a single number stands for both."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = [value, value]
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    if not all(isinstance(item, int | float) and math.isfinite(item) and item == int(item) for item in value):
        return None
    return [int(item) for item in value]


def _pair(value: object, path: str) -> list[int]:
    pair = whole_pair(value)
    if pair is None or min(pair) < 1:
        raise CorruptCheckpointError(f"{path}: a layer without proper sizes")
    return pair
