"""Building blocks of the training networks, in the form that differentiates cheaply.

Modulation scales activations instead of weights, so that one ordinary
convolution serves the whole batch; every resampling is one depth-wise 4×4
convolution. Both give the same numbers as the published formulas.

References
----------
Karras et al. Analyzing and Improving the Image Quality of StyleGAN. 2020,
section 2.2 and appendix B (weight demodulation, resampling filters).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SQRT2 = math.sqrt(2)

_filters: dict[tuple[int, float, torch.device, torch.dtype], Tensor] = {}
_merging: dict[tuple[int, torch.device, torch.dtype], Tensor] = {}


def is_dense(x: Tensor) -> bool:
    """Whether resampling where x lies is part of the convolutions, as a GPU likes it.

    A GPU has no fast convolution of single channels: on an H100 one takes 13 to 39 times as
    long as it takes to read and write its feature maps (2×2 means 9 times), while four times the
    products of a dense convolution hardly show. A CPU is faster with fewer products.
    """
    return x.is_cuda


def fir(x: Tensor, padding: int, stride: int = 1, gain: float = 1.0) -> Tensor:
    """Correlate every channel with the binomial 4×4 kernel [1,3,3,1]⊗[1,3,3,1].

    Parameters
    ----------
    x : [N, C, H, W]
    padding : zeros added on each side
    stride : keep every `stride`-th sample
    gain : sum of the kernel; 4 after a ×2 zero insertion

    Returns
    -------
    [N, C, (H + 2·padding − 4) // stride + 1, …]
    """
    channels = x.shape[1]
    key = (channels, gain, x.device, x.dtype)
    kernel = _filters.get(key)
    if kernel is None:
        kernel = _binomial(gain).expand(channels, 1, 4, 4).to(x.device, x.dtype).contiguous()
        _filters[key] = kernel
    return F.conv2d(x, kernel, padding=padding, stride=stride, groups=channels)


def _binomial(total: float) -> Tensor:
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return taps[:, None] * taps * (total / 64)


def merged(kernel: Tensor) -> Tensor:
    """The one kernel that does what `kernel` and the FIR kernel do together, centred.

    Parameters
    ----------
    kernel : [O, I, k, k] float32, k = 1 or 3

    Returns
    -------
    [O, I, 6, 6] float32; the FIR kernel's sum is 1
    """
    size = kernel.shape[-1]
    key = (size, kernel.device, kernel.dtype)
    matrix = _merging.get(key)
    if matrix is None:
        single = torch.eye(size * size).reshape(-1, 1, size, size)
        wide = F.conv2d(single, _binomial(1.0)[None, None], padding=3)
        rim = (6 - wide.shape[-1]) // 2
        matrix = F.pad(wide, (rim, rim, rim, rim)).reshape(size * size, 36).to(kernel)
        _merging[key] = matrix
    return (kernel.flatten(2) @ matrix).unflatten(2, (6, 6))


class _OnlyInputs:
    is_on = False


@contextmanager
def only_inputs() -> Iterator[None]:
    """Within it, gradients of pictures are followed that will be differentiated once more.

    Torch works out the derivative of a convolution's gradient of weights as a convolution whose
    kernel is a whole feature map, wanted or not, which no library is made for. Without it a gradient
    penalty takes a CPU 0.85 of the time. Within this, nobody may ask for gradients of weights.
    """
    _OnlyInputs.is_on = True
    try:
        yield
    finally:
        _OnlyInputs.is_on = False


class _TwiceConv(torch.autograd.Function):
    """A convolution that is as quick to differentiate twice as once."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor, stride: int, padding: int) -> Tensor:
        ctx.save_for_backward(x, kernel)
        ctx.stride, ctx.padding = stride, padding
        return F.conv2d(x, kernel, stride=stride, padding=padding)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        x, kernel = ctx.saved_tensors
        stride, padding = ctx.stride, ctx.padding
        of_x = of_kernel = None
        if ctx.needs_input_grad[0]:
            # What a stride leaves over at the far edge.
            rest = x.shape[-1] - ((grad.shape[-1] - 1) * stride - 2 * padding + kernel.shape[-1])
            of_x = F.conv_transpose2d(grad, kernel, stride=stride, padding=padding, output_padding=rest)
        if ctx.needs_input_grad[1] and not _OnlyInputs.is_on:
            strides, paddings, wanted = [stride] * 2, [padding] * 2, [False, True, False]
            of_kernel = torch.ops.aten.convolution_backward(
                grad, x, kernel, None, strides, paddings, [1, 1], False, [0, 0], 1, wanted
            )[1]
        return of_x, of_kernel, None, None


def convolve(x: Tensor, kernel: Tensor, bias: Tensor | None, stride: int = 1, padding: int = 0) -> Tensor:
    """A convolution of the discriminator: ordinary, or for two derivatives within `only_inputs`."""
    if not _OnlyInputs.is_on:
        return F.conv2d(x, kernel, bias, stride, padding)
    y: Tensor = _TwiceConv.apply(x, kernel, stride, padding)
    return y if bias is None else y + bias[:, None, None]


def doubled(x: Tensor, kernel: Tensor) -> Tensor:
    """Transposed 3×3 convolution that doubles height and width, and the FIR kernel after it.

    Parameters
    ----------
    x : [N, I, h, w]
    kernel : [O, I, 3, 3] float32

    Returns
    -------
    [N, O, 2h, 2w] of x's type
    """
    if not is_dense(x):
        wide = F.conv_transpose2d(x, kernel.to(x.dtype).transpose(0, 1), stride=2)
        return fir(wide, padding=1, gain=4.0)
    # Each of the four pixels that a pixel becomes reads every second row and column of the merged kernel.
    parts = (merged(kernel) * 4).unflatten(3, (3, 2)).unflatten(2, (3, 2)).flip(2, 4)
    phases = parts.permute(3, 5, 0, 1, 2, 4).flatten(0, 2)  # [2 rows, 2 columns, O; I, 3, 3]
    phases = phases.to(x.dtype).contiguous(memory_format=torch.channels_last)
    four = F.conv2d(x, phases, padding=1).permute(0, 2, 3, 1)
    apart = four.unflatten(3, (2, 2, -1)).transpose(2, 3)  # [N, h, 2, w, 2, O]
    return apart.flatten(1, 2).flatten(2, 3).permute(0, 3, 1, 2)


def halved(x: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
    """The FIR kernel, and a convolution of every second sample after it.

    Parameters
    ----------
    x : [N, I, H, W]
    kernel : [O, I, k, k] float32, k = 1 or 3
    bias : [O] of x's type, or None

    Returns
    -------
    [N, O, H/2, W/2] of x's type
    """
    if not is_dense(x):
        kernel = kernel.to(x.dtype)
        if kernel.shape[-1] == 1:
            return convolve(fir(x, padding=1, stride=2), kernel, bias)
        return convolve(fir(x, padding=2), kernel, bias, stride=2)
    # Four neighbours become channels of one pixel, on which the merged kernel has 3×3 places.
    pairs = x.permute(0, 2, 3, 1).unflatten(2, (-1, 2)).unflatten(1, (-1, 2)).transpose(2, 3)
    four = pairs.flatten(3).permute(0, 3, 1, 2)  # [N, 2 rows * 2 columns * I, H/2, W/2]
    parts = merged(kernel).unflatten(3, (3, 2)).unflatten(2, (3, 2))  # [O, I, 3, 2, 3, 2]
    dense = parts.permute(0, 3, 5, 1, 2, 4).flatten(1, 3).to(x.dtype)
    return convolve(four, dense.contiguous(memory_format=torch.channels_last), bias, padding=1)


def upsample_image(image: Tensor) -> Tensor:
    """Double height and width by the FIR rule: bilinear with zeros outside.

    Parameters
    ----------
    image : [N, C, H, W]
    """
    padded = F.pad(image, (1, 1, 1, 1))
    double = F.interpolate(padded, scale_factor=2, mode="bilinear", align_corners=False)
    return double[:, :, 2:-2, 2:-2]


def clamp(x: Tensor, limit: float | None) -> Tensor:
    """Keep half-precision activations in range; the identity where `limit` is None.

    By this name torch has it with a gradient of one pass, where that of `Tensor.clamp` takes four.
    """
    return x if limit is None else F.hardtanh(x, -limit, limit)


class Linear(nn.Module):
    """Fully connected layer with equalised learning rate.

    Parameters
    ----------
    lr_multiplier : weights are stored divided by it and used multiplied
    bias_init : start value of the bias; 1 for style affines
    activate : leaky ReLU with gain √2 afterwards
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        lr_multiplier: float = 1.0,
        bias_init: float = 0.0,
        activate: bool = False,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features) / lr_multiplier)
        self.bias = nn.Parameter(torch.full((out_features,), bias_init))
        self.weight_gain = lr_multiplier / math.sqrt(in_features)
        self.bias_gain = lr_multiplier
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        """[N, in] float32 to [N, out] float32."""
        bias = self.bias if self.bias_gain == 1 else self.bias * self.bias_gain
        y = torch.addmm(bias, x, self.weight.t(), alpha=self.weight_gain)
        return F.leaky_relu(y, 0.2) * SQRT2 if self.activate else y


class ModulatedConv(nn.Module):
    """One styled 3×3 convolution of the synthesis network, with noise, bias and activation.

    Parameters
    ----------
    resolution : of the output
    up : double the resolution on the way (the layer named `conv0`)
    conv_clamp : bound of the output, or None
    """

    noise_const: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        w_dim: int,
        resolution: int,
        *,
        up: bool,
        conv_clamp: float | None,
        use_noise: bool,
    ) -> None:
        super().__init__()
        self.resolution = resolution
        self.up = up
        self.conv_clamp = conv_clamp
        self.use_noise = use_noise
        self.affine = Linear(w_dim, in_channels, bias_init=1.0)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        if use_noise:
            self.noise_strength = nn.Parameter(torch.zeros([]))
            self.register_buffer("noise_const", torch.randn(resolution, resolution))

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """Run the layer.

        Parameters
        ----------
        x : [N, I, h, h], float32 or half precision; the layer computes in that type
        w : [N, w_dim] float32
        noise : [N or 1, 1, resolution, resolution] float32, or None

        Returns
        -------
        [N, O, resolution, resolution], of x's type
        """
        style = self.affine(w)  # [N, I]
        weight: Tensor = self.weight
        if x.dtype == torch.float16:
            # Both factors cancel in the demodulation; without them a sum over I·9 products overflows.
            fan_in = weight[0].numel()
            weight = weight / (weight.abs().amax(dim=(1, 2, 3), keepdim=True) * math.sqrt(fan_in))
            style = style / style.abs().amax(dim=1, keepdim=True)
        # d = rsqrt(Σ (weight·style)²), from the sums over the kernel alone. √2 of the activation is
        # positive and so passes through the leaky ReLU: it rides on d, bias and noise instead.
        energy = weight.square().sum(dim=(2, 3))  # [O, I]
        demod = torch.addmm(style.new_full((1,), 1e-8), style.square(), energy.t()).rsqrt() * SQRT2
        x = x * style.to(x.dtype)[:, :, None, None]
        x = doubled(x, weight) if self.up else F.conv2d(x, weight.to(x.dtype), padding=1)
        bias = (self.bias * SQRT2).to(x.dtype)[:, None, None]
        x = torch.addcmul(bias, x, demod.to(x.dtype)[:, :, None, None])
        if noise is not None and self.use_noise:
            x = x + (noise * (self.noise_strength * SQRT2)).to(x.dtype)
        return clamp(F.leaky_relu_(x, 0.2), self.conv_clamp)


class ToRGB(nn.Module):
    """1×1 modulated convolution to picture channels, without demodulation or noise."""

    def __init__(self, in_channels: int, img_channels: int, w_dim: int, conv_clamp: float | None) -> None:
        super().__init__()
        self.affine = Linear(w_dim, in_channels, bias_init=1.0)
        self.weight = nn.Parameter(torch.randn(img_channels, in_channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(img_channels))
        self.gain = 1 / math.sqrt(in_channels)
        self.conv_clamp = conv_clamp

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """[N, I, H, W] of any type to [N, channels, H, W] float32."""
        style = self.affine(w) * self.gain
        y = F.conv2d(x * style.to(x.dtype)[:, :, None, None], self.weight.to(x.dtype))
        return clamp(y.float() + self.bias[:, None, None], self.conv_clamp)


class Conv(nn.Module):
    """Plain convolution of the discriminator with equalised learning rate.

    Parameters
    ----------
    down : halve the resolution on the way, by the FIR rule
    bias : False for the linear skip path, which also has no activation
    gain : extra factor on output and clamp (√½ in residual blocks)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        *,
        down: bool = False,
        bias: bool = True,
        gain: float = 1.0,
        conv_clamp: float | None = None,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        self.down = down
        # The positive gains move in front of the leaky ReLU, onto weight and bias.
        self.output_gain = gain * (SQRT2 if bias else 1.0)
        self.weight_gain = self.output_gain / math.sqrt(in_channels * kernel * kernel)
        self.limit = None if conv_clamp is None else conv_clamp * gain

    def forward(self, x: Tensor) -> Tensor:
        """[N, I, H, W] to [N, O, H, W], or half of H and W where `down`."""
        kernel = self.weight * self.weight_gain
        bias = None if self.bias is None else (self.bias * self.output_gain).to(x.dtype)
        if self.down:
            x = halved(x, kernel, bias)
        else:
            x = convolve(x, kernel.to(x.dtype), bias, padding=kernel.shape[-1] // 2)
        return x if bias is None else clamp(F.leaky_relu(x, 0.2), self.limit)
