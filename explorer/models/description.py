"""What a network is, apart from its weights: the one form all readers produce."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Architecture = Literal["stylegan1", "stylegan2", "stylegan3-t", "stylegan3-r"]


@dataclass(frozen=True)
class NetworkDescription:
    """Sizes and switches of a generator.

    Sizes that tensors show (channels, mapping depth) are *not* repeated here:
    a family reads them from the shapes, so that any channel table works.
    """

    architecture: Architecture
    resolution: int
    """Height and width of the picture in pixels."""
    img_channels: int
    z_dim: int
    w_dim: int
    c_dim: int
    """Number of classes; 0 where the network is unconditional."""
    num_ws: int
    """Rows of `ws`."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """JSON-able switches of the family. StyleGAN2: `arch` ("skip", "resnet", "orig"),
    `conv_clamp` (float or None), `lr_multiplier` (0.01), `label_mode` ("embed", or
    "concat" for TensorFlow StyleGAN2), `num_fp16_res` (int). The other families list theirs
    at the top of `stylegan1` and `stylegan3`."""

    def as_json(self) -> dict[str, Any]:
        """Plain values, in a fixed order, for the header of our weight files."""
        return {
            "architecture": self.architecture,
            "resolution": self.resolution,
            "img_channels": self.img_channels,
            "z_dim": self.z_dim,
            "w_dim": self.w_dim,
            "c_dim": self.c_dim,
            "num_ws": self.num_ws,
            "options": dict(self.options),
        }
