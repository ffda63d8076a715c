"""What follows every convolution of StyleGAN2: bias, noise, leaky ReLU, clamp."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.models import fused
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

    def __call__(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """Finish whole pictures: [N, O, H, W], which may be written to unless gradients are followed.

        `bias` [O] where it is not added yet; None where it is.
        """
        bias = None if bias is None else bias[:, None, None]
        return fused.finish(x, bias, self.noise, self.strength, SLOPE, self.clamp)

    def rows(self, x: Tensor, top: int, out: Tensor, scale: Tensor | None = None) -> None:
        """Write rows from `top` on, times `scale` [O] and finished, into `out`. Both [1, O, rows, W]."""
        noise = None if self.noise is None else self.noise[:, :, top : top + x.shape[2]]
        if scale is None:
            torch.add(x, 0 if noise is None else noise, alpha=self.strength, out=out)
        elif noise is None:
            torch.mul(x, scale[:, None, None], out=out)
        else:
            noise = noise if self.strength == 1 else noise * self.strength
            torch.addcmul(noise, x, scale[:, None, None], out=out)
        F.leaky_relu_(out, SLOPE)
        if self.clamp is not None:
            clamp_(out, self.clamp)
