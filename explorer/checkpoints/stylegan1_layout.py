"""The canonical StyleGAN tensors: what they are called, how they must fit, what they tell.

Names, with r = 4, 8, … and C(r) channels; every resolution has two styled
layers, of which the first at 4 x 4 is the learned constant itself:

    mapping.w_avg [w], mapping.fc{i}.weight / bias, mapping.label.weight [classes, latent]
    synthesis.b4.const [C, 4, 4]
    synthesis.b{r}.layer{0,1}.weight [C, I, 3, 3] (not b4.layer0), .bias [C],
        .noise_weight [C], .noise_const [r, r], .style.weight [2C, w], .style.bias [2C]
    synthesis.torgb.weight [img, C, 1, 1] / bias

Values are stored as TensorFlow has them, axes in PyTorch's order; kernels of
up-sampling layers are not turned.

References
----------
Karras, Laine, Aila. A Style-Based Generator Architecture for Generative Adversarial Networks. 2019.
"""

from __future__ import annotations

import math
from typing import Any

from explorer.checkpoints.stylegan2_layout import (
    Shape,
    Shapes,
    base_option,
    base_size,
    check_shapes,
    latent_sizes,
    mapping_shapes,
    read_resolutions,
    shape_of,
    size_of_block,
)
from explorer.models.description import NetworkDescription


def describe(shapes: Shapes, *, fused_scale: Any, lr_multiplier: float, path: str) -> NetworkDescription:
    """Sizes of a StyleGAN generator, from the shapes of its canonical tensors.

    Parameters
    ----------
    fused_scale : "auto" (from 128 pixels on), True or False: how layers up-sample

    Raises
    ------
    CorruptCheckpointError, UnsupportedCheckpointError
    """
    resolutions = read_resolutions(shapes, path)
    last = resolutions[-1]
    base = base_size(shapes, len(resolutions), path)
    w_dim = shape_of(shapes, "synthesis.b4.layer0.style.weight", 2, path)[1]
    z_dim, c_dim = latent_sizes(shapes, path)
    img_channels = shape_of(shapes, "synthesis.torgb.weight", 4, path)[0]
    expected = mapping_shapes(shapes, w_dim, has_label_bias=False, path=path)
    before = shape_of(shapes, "synthesis.b4.const", 3, path)[0]
    for resolution in resolutions:
        block = f"synthesis.b{resolution}"
        after = shape_of(shapes, f"{block}.layer1.weight", 4, path)[0]
        if resolution == 4:
            expected |= _styled(shapes, f"{block}.layer0", before, resolution, w_dim)
            expected[f"{block}.layer1.weight"] = (after, before, 3, 3)
        else:
            expected |= _styled(shapes, f"{block}.layer0", after, resolution, w_dim)
            expected[f"{block}.layer0.weight"] = (after, before, 3, 3)
            expected[f"{block}.layer1.weight"] = (after, after, 3, 3)
        expected |= _styled(shapes, f"{block}.layer1", after, resolution, w_dim)
        before = after
    expected["synthesis.torgb.weight"] = (img_channels, before, 1, 1)
    expected["synthesis.torgb.bias"] = (img_channels,)
    check_shapes(shapes, expected, path)
    return NetworkDescription(
        architecture="stylegan1",
        resolution=base[0] * last // 4,
        img_channels=img_channels,
        z_dim=z_dim,
        w_dim=w_dim,
        c_dim=c_dim,
        num_ws=2 * int(math.log2(last)) - 2,
        options={
            "fused_scale": fused_scale,
            "label_mode": "concat",
            "lr_multiplier": lr_multiplier,
            **base_option(base),
        },
    )


def _styled(shapes: Shapes, name: str, channels: int, resolution: int, w_dim: int) -> dict[str, Shape]:
    layer: dict[str, Shape] = {
        f"{name}.bias": (channels,),
        f"{name}.style.weight": (2 * channels, w_dim),
        f"{name}.style.bias": (2 * channels,),
    }
    # A network trained without noise has neither of the two.
    if f"{name}.noise_weight" in shapes or f"{name}.noise_const" in shapes:
        layer[f"{name}.noise_weight"] = (channels,)
        layer[f"{name}.noise_const"] = size_of_block(shapes, resolution)
    return layer
