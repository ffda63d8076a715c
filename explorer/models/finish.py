"""What follows every convolution of StyleGAN2: noise, leaky ReLU, clamp."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.models.ops import SLOPE, clamp_


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of a layer, for a whole picture or rows of it."""

    noise: Tensor | None
    """[1, 1 or O, H, W] in the layer's type, times its strength and gain; None for none."""
    strength: float
    """Factor on `noise`."""
    clamp: float | None
    """Limit of the magnitude, or None."""

    def __call__(self, x: Tensor) -> Tensor:
        """Finish whole pictures, in place unless gradients are followed. [N, O, H, W]."""
        if self.noise is not None:
            x.add_(self.noise, alpha=self.strength)
        F.leaky_relu_(x, SLOPE)
        return x if self.clamp is None else clamp_(x, self.clamp)

    def rows(self, x: Tensor, top: int, out: Tensor) -> None:
        """Write rows from `top` on, finished, into `out`. Both [1, O, rows, W]."""
        if self.noise is None:
            out.copy_(x)
        else:
            torch.add(x, self.noise[:, :, top : top + x.shape[2]], alpha=self.strength, out=out)
        F.leaky_relu_(out, SLOPE)
        if self.clamp is not None:
            clamp_(out, self.clamp)
