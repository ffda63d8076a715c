"""Moving pictures by a matrix, smoothly, with derivatives of any order.

Sampling happens at double resolution between a low-pass up- and
down-sampling with the orthogonal Symlet-6 wavelet, so that repeated
augmentation neither blurs nor aliases.

References
----------
Karras et al. Training Generative Adversarial Networks with Limited Data. 2020, appendix B.1.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

SYM6 = (
    0.015404109327027373,
    0.0034907120842174702,
    -0.11799011114819057,
    -0.048311742585633,
    0.4910559419267466,
    0.787641141030194,
    0.3379294217276218,
    -0.07263752278646252,
    -0.021060292512300564,
    0.04472490177066578,
    0.0017677118642428036,
    -0.007800708325034148,
)
REACH = 3
"""Original pixels that half of the filter spans."""
LAG = (sum(place * tap for place, tap in enumerate(SYM6)) / sum(SYM6) - 5.5) / 2
"""Original pixels by which the filter's weight lies off its middle. Up- and down-sampling cancel
each other's only where nothing turns or mirrors in between, so both are undone."""


def warp(images: Tensor, inverse: Tensor) -> Tensor:
    """Move every picture by its matrix; the outside is a reflection of the inside.

    Parameters
    ----------
    images : [N, C, H, W] float32
    inverse : [N, 3, 3] float32, from places in the result to places in the picture, in pixels
        from the centre, x to the right and y down

    Returns
    -------
    [N, C, H, W]; gradients of any order flow to `images`, none to `inverse`
    """
    height, width = images.shape[2:]
    inverse = inverse.detach()
    margin_x, margin_y = _margins(inverse, width, height)
    padded = F.pad(images, (margin_x, margin_x, margin_y, margin_y), mode="reflect")
    fine = _up(padded)
    # From −1..1 over the result (with the filter's reach around it) to −1..1 over the padded picture.
    out_w, out_h = width + 2 * REACH, height + 2 * REACH
    to_pixels = inverse.new_tensor([out_w / 2, out_h / 2, 1]).diag()
    to_unit = inverse.new_tensor([2 / padded.shape[3], 2 / padded.shape[2], 1]).diag()
    lag = inverse.new_tensor([[1, 0, LAG], [0, 1, LAG], [0, 0, 1]])
    theta = (to_unit @ lag @ inverse @ lag.inverse() @ to_pixels)[:, :2]
    size = [len(images), images.shape[1], 2 * out_h, 2 * out_w]
    sampled: Tensor = _Sample.apply(fine, F.affine_grid(theta, size, align_corners=False))
    return _down(sampled)


def _margins(inverse: Tensor, width: int, height: int) -> tuple[int, int]:
    """Pixels of reflection on each side, along x and y, that hold every corner."""
    x, y = (width - 1) / 2, (height - 1) / 2
    corners = inverse.new_tensor([[-x, x, x, -x], [-y, -y, y, y], [1, 1, 1, 1]])
    reach = (inverse @ corners)[:, :2].abs().amax(dim=(0, 2)).tolist()
    wanted = (math.ceil(reach[0] - x) + 2 * REACH, math.ceil(reach[1] - y) + 2 * REACH)
    return min(max(wanted[0], 0), width - 1), min(max(wanted[1], 0), height - 1)


def _taps(like: Tensor, gain: float) -> Tensor:
    taps = torch.tensor(SYM6, dtype=torch.float64)
    return (taps / taps.sum() * gain).to(like.device, like.dtype)


def _up(x: Tensor) -> Tensor:
    """Zero insertion ×2 and low-pass along both axes: [N, C, 2H, 2W]."""
    count, channels, height, width = x.shape
    planes = x.reshape(count * channels, 1, height, 1, width, 1)
    planes = F.pad(planes, (0, 1, 0, 0, 0, 1)).reshape(-1, 1, 2 * height, 2 * width)
    kernel = _taps(x, 2).flip(0)
    planes = F.conv2d(F.pad(planes, (6, 5, 6, 5)), kernel.view(1, 1, 12, 1))
    return F.conv2d(planes, kernel.view(1, 1, 1, 12)).reshape(count, channels, 2 * height, 2 * width)


def _down(x: Tensor) -> Tensor:
    """Low-pass with the flipped filter, halve, and drop the reach: [N, C, H/2 − 2·REACH, W/2 − 2·REACH]."""
    count, channels, height, width = x.shape
    planes = x[:, :, 1:-1, 1:-1].reshape(-1, 1, height - 2, width - 2)
    kernel = _taps(x, 1)
    planes = F.conv2d(planes, kernel.view(1, 1, 12, 1), stride=(2, 1))
    planes = F.conv2d(planes, kernel.view(1, 1, 1, 12), stride=(1, 2))
    return planes.reshape(count, channels, height // 2 - 2 * REACH, width // 2 - 2 * REACH)


_BILINEAR, _BORDER = 0, 1  # numbers of the modes in torch's own operator


class _Sample(torch.autograd.Function):
    """Bilinear sampling whose gradient can be differentiated again, which torch's cannot.

    Sampling is linear in the picture, so its second derivative is sampling once more.
    """

    @staticmethod
    def forward(ctx: Any, image: Tensor, grid: Tensor) -> Tensor:
        ctx.save_for_backward(grid)
        ctx.shape = image.shape
        return F.grid_sample(image, grid, mode="bilinear", padding_mode="border", align_corners=False)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (grid,) = ctx.saved_tensors
        return _Scatter.apply(grad, grid, ctx.shape), None


class _Scatter(torch.autograd.Function):
    """The transpose of `_Sample`."""

    @staticmethod
    def forward(ctx: Any, grad: Tensor, grid: Tensor, shape: torch.Size) -> Tensor:
        ctx.save_for_backward(grid)
        image = grad.new_empty(shape)  # its values do not enter this gradient
        result: Tensor = torch.ops.aten.grid_sampler_2d_backward(
            grad, image, grid, _BILINEAR, _BORDER, False, [True, False]
        )[0]
        return result

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (grid,) = ctx.saved_tensors
        return _Sample.apply(grad, grid), None, None
