"""What a network is, apart from its weights: the one form all readers produce."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Architecture = Literal["stylegan1", "stylegan2", "stylegan3-t", "stylegan3-r"]

_LARGEST_BASE = 1024


@dataclass(frozen=True)
class NetworkDescription:
    """Sizes and switches of a generator.

    Sizes that tensors show (channels, mapping depth) are *not* repeated here:
    a family reads them from the shapes, so that any channel table works.
    """

    architecture: Architecture
    resolution: int
    """Height of the picture in pixels, and its width too unless `options` say otherwise; see `width`."""
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
    "concat" for TensorFlow StyleGAN2), `num_fp16_res` (int), `base_size` ([height, width] of
    the constant that every block doubles, absent where it is [4, 4]; StyleGAN has it too). The
    other families list theirs at the top of `stylegan1` and `stylegan3`."""

    @property
    def base_size(self) -> tuple[int, int]:
        """Height and width of what StyleGAN 1 and 2 start from.

        Raises
        ------
        ValueError
            If the option makes no sense.
        """
        stated = self.options.get("base_size", (4, 4))
        is_pair = isinstance(stated, list | tuple) and len(stated) == 2
        if not is_pair or not all(type(size) is int and 1 <= size <= _LARGEST_BASE for size in stated):
            raise ValueError(f"the option 'base_size' should be height and width, not {stated!r}")
        return stated[0], stated[1]

    @property
    def width(self) -> int:
        """Width of the picture in pixels. Raises `ValueError` if the options make no sense."""
        if self.architecture.startswith("stylegan3"):
            try:
                return int(self.options["layers"][-1]["out_size"][0])
            except (KeyError, IndexError, TypeError):
                raise ValueError("the last layer of a StyleGAN3 should state its size") from None
        height, width = self.base_size
        return self.resolution * width // height

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
