"""The canonical StyleGAN2 tensors: what they are called, how they must fit, what they tell.

Every dialect ends here, whatever its own names were. All sizes are read from
the shapes, so any channel table, depth or number of classes works; then every
shape is checked against all others, so that a network that comes out can be
drawn from.

References
----------
Karras et al. Analyzing and Improving the Image Quality of StyleGAN. 2020.
Karras et al. Training Generative Adversarial Networks with Limited Data. 2020.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from explorer.errors import CheckpointError, CorruptCheckpointError, UnsupportedCheckpointError
from explorer.models.description import NetworkDescription

MAX_RESOLUTION = 4096
MAX_WIDTH = 1 << 14
"""Of z, w and the layers between; the widest known networks have 1024."""

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]


class Shaped(Protocol):
    """Anything with a shape: a tensor, or a file's statement of one."""

    @property
    def shape(self) -> Any:
        """Sizes, first axis first."""


@dataclass(frozen=True)
class Switches:
    """What shapes cannot tell, as the dialect states it."""

    conv_clamp: float | None = None
    lr_multiplier: float = 0.01
    label_mode: str = "embed"
    num_fp16_res: int = 0


def shapes_of(tensors: Mapping[str, Shaped]) -> dict[str, Shape]:
    """Shapes by name."""
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def describe(shapes: Shapes, switches: Switches, path: str) -> NetworkDescription:
    """Sizes of a StyleGAN2 generator, from the shapes of its canonical tensors.

    Raises
    ------
    CorruptCheckpointError
        If a tensor is missing or does not fit the others.
    UnsupportedCheckpointError
        If it is a StyleGAN2 of a kind this program does not draw.
    """
    resolutions = read_resolutions(shapes, path)
    last = resolutions[-1]
    base = base_size(shapes, len(resolutions), path)
    arch = _arch(shapes, resolutions)
    w_dim = shape_of(shapes, f"synthesis.b{last}.torgb.affine.weight", 2, path)[1]
    z_dim, c_dim = latent_sizes(shapes, path)
    description = NetworkDescription(
        architecture="stylegan2",
        resolution=base[0] * last // 4,
        img_channels=shape_of(shapes, f"synthesis.b{last}.torgb.weight", 4, path)[0],
        z_dim=z_dim,
        w_dim=w_dim,
        c_dim=c_dim,
        num_ws=2 * int(math.log2(last)) - 2,
        options={
            "arch": arch,
            "conv_clamp": switches.conv_clamp,
            "lr_multiplier": switches.lr_multiplier,
            "label_mode": switches.label_mode,
            "num_fp16_res": switches.num_fp16_res,
            **base_option(base),
        },
    )
    check_shapes(shapes, _expected(shapes, description, resolutions, path), path)
    return description


def check_filter(statement: Any, gain: float, path: str) -> None:
    """Raise `UnsupportedCheckpointError` for a stored resampling filter other than [1, 3, 3, 1].

    Parameters
    ----------
    statement : a tensor or a file's statement of one, with `shape` and `to_torch`
    gain : sum of the filter's taps, as the dialect stores it
    """
    taps = (1, 3, 3, 1)
    usual = [gain * a * b / 64 for a in taps for b in taps]
    if tuple(statement.shape) == (4, 4):
        stored = statement.to_torch().flatten().tolist()
        if all(abs(a - b) < 1e-4 for a, b in zip(stored, usual, strict=True)):
            return
    raise UnsupportedCheckpointError(
        f"{path}: a StyleGAN2 with a resampling filter of its own; only [1, 3, 3, 1] is known"
    )


def is_known(name: str) -> bool:
    """Whether a canonical StyleGAN2 generator has a tensor of this name."""
    return _KNOWN.fullmatch(name) is not None


_KNOWN = re.compile(
    r"mapping\.(w_avg|label\.weight|(embed|embed_proj|fc\d+)\.(weight|bias))"
    r"|synthesis\.b\d+\.(const|resample_filter"
    r"|conv[01]\.(weight|bias|noise_strength|noise_const|resample_filter|affine\.(weight|bias))"
    r"|torgb\.(weight|bias|affine\.(weight|bias))"
    r"|skip\.(weight|resample_filter))"
)


def read_resolutions(shapes: Shapes, path: str) -> list[int]:
    """Names of the blocks: 4, 8, … up to the picture's; their sizes where the constant is 4 x 4."""
    found = {int(match[1]) for name in shapes if (match := re.match(r"synthesis\.b(\d{1,5})\.", name))}
    expected = [4 << index for index in range(len(found))]
    if not found or sorted(found) != expected or expected[-1] > MAX_RESOLUTION:
        raise CorruptCheckpointError(
            f"{path}: the blocks of the network are {sorted(found)}, expected 4, 8, 16, …"
        )
    return expected


def base_size(shapes: Shapes, blocks: int, path: str) -> tuple[int, int]:
    """Height and width of the constant, which every block but the first doubles."""
    _, height, width = shape_of(shapes, "synthesis.b4.const", 3, path)
    if max(height, width) << (blocks - 1) > MAX_RESOLUTION:
        raise CorruptCheckpointError(f"{path}: {blocks} blocks that start from {height} x {width}")
    return height, width


def base_option(base: tuple[int, int]) -> dict[str, Any]:
    """The option `base_size` where it is not the usual one."""
    return {} if base == (4, 4) else {"base_size": list(base)}


def size_of_block(shapes: Shapes, block: int) -> Shape:
    """Height and width of the block called `b{block}`."""
    height, width = shapes["synthesis.b4.const"][1:]
    return height * block // 4, width * block // 4


def _arch(shapes: Shapes, resolutions: list[int]) -> str:
    if any(f"synthesis.b{resolution}.skip.weight" in shapes for resolution in resolutions):
        return "resnet"
    has_rgb = [f"synthesis.b{resolution}.torgb.weight" in shapes for resolution in resolutions]
    return "skip" if all(has_rgb) else "orig"


def latent_sizes(shapes: Shapes, path: str) -> tuple[int, int]:
    """Length of z and number of classes."""
    width = shape_of(shapes, "mapping.fc0.weight", 2, path)[1]
    c_dim = 0
    if "mapping.label.weight" in shapes:
        # TensorFlow's StyleGAN 1 and 2: a bare matrix [classes, width].
        c_dim, label_width = shape_of(shapes, "mapping.label.weight", 2, path)
        width -= label_width
    elif "mapping.embed_proj.weight" in shapes:
        # StyleGAN-XL: a row per class, brought to the width that is joined behind z.
        c_dim = shape_of(shapes, "mapping.embed.weight", 2, path)[0]
        width -= shape_of(shapes, "mapping.embed_proj.weight", 2, path)[0]
    elif "mapping.embed.weight" in shapes:
        label_width, c_dim = shape_of(shapes, "mapping.embed.weight", 2, path)
        width -= label_width
    if not 1 <= width <= MAX_WIDTH:
        raise CorruptCheckpointError(f"{path}: the mapping network leaves {width} numbers for z")
    return width, c_dim


def mapping_shapes(shapes: Shapes, w_dim: int, *, has_label_bias: bool, path: str) -> dict[str, Shape]:
    """Tensors the mapping network must have, with the shapes that fit each other."""
    expected: dict[str, Shape] = {"mapping.w_avg": (w_dim,)}
    by_table = "mapping.embed_proj.weight" in shapes
    if by_table:
        c_dim, inner = shape_of(shapes, "mapping.embed.weight", 2, path)
        label_width = shape_of(shapes, "mapping.embed_proj.weight", 2, path)[0]
        expected["mapping.embed_proj.weight"] = (label_width, inner)
        expected["mapping.embed_proj.bias"] = (label_width,)
        if len(shapes.get("mapping.w_avg", ())) == 2:
            expected["mapping.w_avg"] = (c_dim, w_dim)
    width = shape_of(shapes, "mapping.fc0.weight", 2, path)[1]
    depth = sum(1 for name in shapes if re.fullmatch(r"mapping\.fc\d+\.weight", name))
    for index in range(depth):
        out = w_dim if index == depth - 1 else shape_of(shapes, f"mapping.fc{index}.weight", 2, path)[0]
        expected[f"mapping.fc{index}.weight"] = (out, width)
        expected[f"mapping.fc{index}.bias"] = (out,)
        if out > MAX_WIDTH:
            raise CorruptCheckpointError(f"{path}: a mapping network {out} wide")
        width = out
    if "mapping.embed.weight" in shapes and has_label_bias and not by_table:
        expected["mapping.embed.bias"] = (shape_of(shapes, "mapping.embed.weight", 2, path)[0],)
    return expected


def _expected(
    shapes: Shapes, description: NetworkDescription, resolutions: list[int], path: str
) -> dict[str, Shape]:
    """Every tensor the generator must have, with the shape that fits the others."""
    w_dim = description.w_dim
    has_label_bias = description.options["label_mode"] == "embed"
    expected = mapping_shapes(shapes, w_dim, has_label_bias=has_label_bias, path=path)
    before = shape_of(shapes, "synthesis.b4.const", 3, path)[0]
    for resolution in resolutions:
        block = f"synthesis.b{resolution}"
        after = shape_of(shapes, f"{block}.conv1.weight", 4, path)[0]
        if resolution > 4:
            expected |= _layer(shapes, f"{block}.conv0", after, before, resolution, w_dim)
        expected |= _layer(
            shapes, f"{block}.conv1", after, after if resolution > 4 else before, resolution, w_dim
        )
        if description.options["arch"] == "skip" or resolution == resolutions[-1]:
            expected |= _torgb(f"{block}.torgb", description.img_channels, after, w_dim)
        if description.options["arch"] == "resnet" and resolution > 4:
            expected[f"{block}.skip.weight"] = (after, before, 1, 1)
        before = after
    return expected


def _layer(
    shapes: Shapes, name: str, after: int, before: int, resolution: int, w_dim: int
) -> dict[str, Shape]:
    layer: dict[str, Shape] = {
        f"{name}.affine.weight": (before, w_dim),
        f"{name}.affine.bias": (before,),
        f"{name}.weight": (after, before, 3, 3),
        f"{name}.bias": (after,),
    }
    # A network trained without noise has neither of the two.
    if f"{name}.noise_strength" in shapes or f"{name}.noise_const" in shapes:
        layer[f"{name}.noise_strength"] = ()
        layer[f"{name}.noise_const"] = size_of_block(shapes, resolution)
    return layer


def _torgb(name: str, img_channels: int, before: int, w_dim: int) -> dict[str, Shape]:
    return {
        f"{name}.affine.weight": (before, w_dim),
        f"{name}.affine.bias": (before,),
        f"{name}.weight": (img_channels, before, 1, 1),
        f"{name}.bias": (img_channels,),
    }


def check_shapes(shapes: Shapes, expected: dict[str, Shape], path: str) -> None:
    """Raise `CorruptCheckpointError` for the first tensor that is missing or does not fit."""
    for name, shape in expected.items():
        if name not in shapes:
            raise missing(name, path)
        if shapes[name] != shape:
            raise CorruptCheckpointError(
                f"{path}: the tensor {name} has the shape {list(shapes[name])}; "
                f"{list(shape)} would fit the rest of the network"
            )


def shape_of(shapes: Shapes, name: str, rank: int, path: str) -> Shape:
    """Shape of a tensor that must be there, with no empty axis."""
    if name not in shapes:
        raise missing(name, path)
    shape = shapes[name]
    if len(shape) != rank or min(shape) < 1:
        raise CorruptCheckpointError(
            f"{path}: the tensor {name} has the shape {list(shape)}, which cannot be"
        )
    return shape


def missing(name: str, path: str) -> CheckpointError:
    """The error for a network that lacks a tensor."""
    return CorruptCheckpointError(f"{path}: the generator is incomplete: it has no tensor {name}")
