"""The layers of StyleGAN2's synthesis, in the form that draws fastest.

The published graph scales the *weights* of a convolution by the style, sample by
sample. Here the weights are shared and stay as they are; the style scales the
activations before the convolution and the demodulation scales them after it,
which is the same sum in another order (Karras et al. 2020, section 2.2 and
appendix B). What that allows, with factors measured on one thread of a server CPU:

- one ordinary convolution in channels_last instead of a grouped one: 1.2-1.3x;
- an epilogue in place, its gain sqrt(2) folded into demodulation, noise and bias,
  since leaky ReLU lets positive factors through: another 1.1-1.2x;
- for a single sample, style and demodulation folded into whichever is smaller,
  weights or activations (`forms`): another 1.0-1.1x, by processor;
- on a CPU, wide layers by Winograd's algorithm (`winograd`): another 1.3x (128 pixels) to
  1.4x (256), of these the large ones by a library's form of it (`nnpack`): another 1.07-1.1x.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer import mappings
from explorer.models import processor
from explorer.models.constant import ConstantConv
from explorer.models.doubling import DoublingConv
from explorer.models.finish import Finish
from explorer.models.forms import Forms, LayerShape
from explorer.models.nnpack import NnpackConv, channels_last, has_nnpack, mixed
from explorer.models.ops import EPSILON, SQRT2, blur_kernel, clamp_
from explorer.models.packed import PackedConv
from explorer.models.styles import Styles, StyleSource
from explorer.models.weights import WeightTable
from explorer.models.winograd import WinogradConv

Channels = torch.channels_last
_FEW_CHANNELS = 8
_MOST_CHANNELS = 512
"""Put out by one convolution in float32 on a GPU. Of 1024 at 64 pixels cuDNN made Fourier transforms of 40 GB
that took an H100 86 ms, where 512 take it 0.83 ms."""
_STRIPS_FROM, _STRIP_BYTES = 128, 30 * 2**20
"""Rows of the largest picture that is doubled at once, and most that a strip of a larger one takes: see
`ModulatedConv._up_in_strips`."""
_WIDE, _LARGE, _MOST_SAMPLES = 256, 64, 4
"""Channels and pixels a side from which one convolution in float32 on a GPU has at most so many samples. Of 8
with 256 channels at 128 pixels cuDNN made Fourier transforms of 34 GB that took an H200 30 ms; twice 4 take
it 5.3 ms."""


def _take_noise(weights: WeightTable, name: str, size: tuple[int, int]) -> tuple[Tensor | None, float]:
    """Stored plane [1, 1, H, W] and its strength; None and 0 in a network without noise."""
    if not (weights.has(f"{name}.noise_const") or weights.has(f"{name}.noise_strength")):
        return None, 0.0
    plane = weights.take(f"{name}.noise_const", *size)
    return plane[None, None], float(weights.take(f"{name}.noise_strength"))


@contextmanager
def tf32(allowed: bool) -> Iterator[None]:
    """Let the convolutions and products within multiply in TF32, if `allowed`."""
    if not allowed:
        yield
        return
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.allow_tf32, matmul.allow_tf32
    cudnn.allow_tf32 = matmul.allow_tf32 = True
    try:
        yield
    finally:
        cudnn.allow_tf32, matmul.allow_tf32 = before


def phases(weight: Tensor) -> Tensor:
    """Kernel that makes all four pixels of doubling and blur at once: [I, O, 3, 3] to [4 O, I, 3, 3].

    The transposed convolution and the blur after it are one kernel of 6x6, of which each of the
    four pixels that a pixel becomes reads every second row and column. Channels put out are
    [2 rows, 2 columns, O].
    """
    channels_in, channels_out = weight.shape[:2]
    wide = F.conv2d(weight.reshape(-1, 1, 3, 3), blur_kernel(4.0)[None, None].to(weight), padding=3)
    parts = wide.view(channels_in, channels_out, 3, 2, 3, 2).flip(2, 4)  # [I, O, 3, 2 rows, 3, 2 columns]
    return parts.permute(3, 5, 1, 0, 2, 4).reshape(-1, channels_in, 3, 3)


class Affine:
    """Row of `ws` to style: a linear layer, its scale folded in when built."""

    def __init__(self, weights: WeightTable, name: str, width: int, channels: int, gain: float = 1.0):
        scale = gain / math.sqrt(width)
        self.weight = weights.take(f"{name}.weight", channels, width) * scale
        self.bias = weights.take(f"{name}.bias", channels) * gain

    def to(self, device: torch.device) -> None:
        """Move to a device, once, while the network is built."""
        self.weight, self.bias = self.weight.to(device), self.bias.to(device)

    def fill_up(self, count: int) -> None:
        """Add styles that are always zero."""
        self.weight, self.bias = F.pad(self.weight, (0, 0, 0, count)), F.pad(self.bias, (0, count))

    def __call__(self, w: Tensor) -> Tensor:
        """[N, w_dim] to [N, channels], float32."""
        return F.linear(w, self.weight, self.bias)


class ModulatedConv:
    """A 3x3 convolution with style, demodulation, noise, bias, leaky ReLU and clamp.

    Parameters
    ----------
    name : `synthesis.b32.conv0`, ...
    size : height and width of the output
    up : whether it doubles them (`conv0`)
    gain : extra gain after the activation, sqrt(1/2) at the end of a residual block
    clamp : limit of the output's magnitude before `gain`, or None
    half : reduced precision to convolve in, or None
    forms : the network's table, which tells the layer's form
    near : whether a GPU may round what float32 multiplies to TF32, as precise as float16: for
        the layers of a network in half precision that stay in float32 for its range
    const : the network's constant, [1, in_channels, H, W] on `device`, if that is all the layer ever reads
    """

    def __init__(
        self,
        weights: WeightTable,
        name: str,
        *,
        in_channels: int,
        w_dim: int,
        size: tuple[int, int],
        up: bool,
        gain: float,
        clamp: float | None,
        half: torch.dtype | None,
        device: torch.device,
        forms: Forms,
        near: bool = False,
        const: Tensor | None = None,
    ):
        self.up = up
        self.near = near
        self.dtype = half or torch.float32
        self.clamp = None if clamp is None else clamp * gain
        gain *= SQRT2
        self.affine = Affine(weights, f"{name}.affine", w_dim, in_channels)
        self.affine.to(device)

        weight = weights.take(f"{name}.weight", None, in_channels, 3, 3)
        self.out_channels = weight.shape[0]
        bias = weights.take(f"{name}.bias", self.out_channels)
        plane, strength = _take_noise(weights, name, size)

        height, width = size
        in_size = (height // 2, width // 2) if up else size
        shape = LayerShape(name, in_channels, self.out_channels, in_size, 3, up, const is not None)
        form = forms.choose(shape)
        # A transposed convolution wants [I, O, 3, 3]. The table keeps the very same memory: the file's,
        # where the layer lays its weights out anew.
        weight = weight.transpose(0, 1) if up else weight
        if not form.has_own_weights:
            weight = weight.contiguous(memory_format=Channels)
            weights.keep_as(f"{name}.weight", weight.transpose(0, 1) if up else weight)
        if half is not None:
            # Pre-normalisation (2-ADA, appendix): keeps sums within half precision; demodulation cancels it.
            dims = (0, 2, 3) if up else (1, 2, 3)
            peak = weight.abs().amax(dims, keepdim=True).clamp_min(torch.finfo(torch.float32).tiny)
            weight = weight / (peak * math.sqrt(9 * in_channels))
        # d * gain = rsqrt(style^2 Q + eps) * gain, the gain taken under the root.
        power = weight.square().sum(dim=(2, 3)) / gain**2
        self.power = (power if up else power.t()).contiguous().to(device)  # [I, O]
        self.epsilon = torch.full((self.out_channels,), EPSILON / gain**2, device=device)
        # On a GPU the blur is part of the weights, see `phases`, below `power`.
        self.in_phases = up and processor.kind(device) != "cpu"
        weight = phases(weight) if self.in_phases else weight
        self.folds = form.kind == "weights"
        # Products of full float32 are what a GPU's library has strange algorithms for.
        self._in_parts = processor.kind(device) == "cuda" and half is None and not near
        # A GPU's library adds the bias in a pass of its own; `fused` has one anyway.
        self._adds_bias_last = self.folds and not up and processor.kind(device) == "cuda"
        self.winograd: WinogradConv | None = None
        if form.kind == "winograd":
            self.winograd = WinogradConv(weight, form.tile, height, apart=form.apart)
        self.nnpack = NnpackConv(weight) if form.kind == "nnpack" else None
        self._doubling = DoublingConv(weight) if form.kind == "rows" else None
        self._doubles_alone = form.alone
        self._constant = (
            ConstantConv(weight, const) if form.kind == "constant" and const is not None else None
        )
        self._packed: PackedConv | None = None
        if form.packed:
            padding, stride = ((0, 0), (2, 2)) if up else ((1, 1), (1, 1))
            self._packed = PackedConv(
                lambda: mappings.whole(weight), transposed=up, padding=padding, stride=stride
            )
        self.weight = weight
        if not form.has_own_weights:
            self.weight = weight.to(device, self.dtype, memory_format=Channels)
        self.bias = (bias * gain).to(device, self.dtype)
        if self.in_phases:
            self._bias_twice = self.bias.repeat(2)
        self.noise_gain = strength * gain
        self.noise = None if plane is None else self.spread((plane * self.noise_gain).to(device, self.dtype))
        if up and not self.in_phases:
            self.blur = blur_kernel(4.0)[None, None].to(device, self.dtype)

    def spread(self, plane: Tensor) -> Tensor:
        """Noise plane [1, 1, H, W] in the form that is added fastest.

        With few channels, last in memory, adding one number to each group of them is
        slow: a plane written out for 8 channels at 128 px is added 6 times faster.
        """
        if processor.kind(plane.device) != "cpu" or self.out_channels > _FEW_CHANNELS:
            return plane
        return plane.expand(-1, self.out_channels, -1, -1).contiguous(memory_format=Channels)

    def styles(self, w: Tensor) -> Styles:
        """Style and demodulation from the layer's row. [N, w_dim] float32."""
        style = self.affine(w)  # [N, I]
        if self.dtype != torch.float32:
            peak = style.abs().amax(dim=1, keepdim=True).clamp_min(torch.finfo(torch.float32).tiny)
            style = style / peak
        return Styles(style, torch.addmm(self.epsilon, style * style, self.power).rsqrt_())

    def source(self, row: int) -> StyleSource:
        """The same as `styles`, to be worked out with other layers."""
        norm: Literal["none", "peak"] = "none" if self.dtype == torch.float32 else "peak"
        return StyleSource(row, self.affine.weight, self.affine.bias, self.power, self.epsilon, norm)

    def take(self, source: StyleSource) -> None:
        """See `Styled.take`."""
        assert source.power is not None
        assert source.epsilon is not None
        self.affine.weight, self.affine.bias = source.weight, source.bias
        self.power, self.epsilon = source.power, source.epsilon

    def __call__(self, x: Tensor, styles: Styles, noise: Tensor | None, strength: float) -> Tensor:
        """Run the layer.

        Parameters
        ----------
        x : [N, in_channels, h, w]; not written to.
        styles : from the layer's row
        noise : what `spread` gave of a plane in the layer's type, times strength and gain; None for none.
        strength : factor on `noise`

        Returns
        -------
        [N, out_channels, H, W], new memory
        """
        style, demod = styles.style, styles.demod
        assert demod is not None
        x = x.to(self.dtype)
        finish = Finish(noise, strength, self.clamp)
        if self.nnpack is not None and not style.requires_grad:
            return self.nnpack(x, style, demod, self.bias, finish)
        if self.up and not style.requires_grad and (strips := self._strips(x)) > 1:
            return self._up_in_strips(x, style, demod, finish, strips)
        with tf32(self.near):
            if self._adds_bias_last and x.shape[0] == 1 and not style.requires_grad:
                return finish(self._folded(x, style, demod, None), self.bias)
            return finish(self._up(x, style, demod) if self.up else self._same(x, style, demod))

    def _same(self, x: Tensor, style: Tensor, demod: Tensor) -> Tensor:
        """Convolution at the same size, demodulation and bias."""
        if self.winograd is not None and not style.requires_grad:
            return self.winograd(x, style, demod, self.bias)
        if self._constant is not None and not style.requires_grad:
            return self._scale_and_shift(self._constant(style), demod)
        if self.folds and x.shape[0] == 1 and not style.requires_grad:
            return self._folded(x, style, demod, self.bias)
        x = x * style.to(self.dtype)[:, :, None, None]
        if self._packed is not None and x.shape[0] == 1 and not style.requires_grad:
            return self._scale_and_shift(self._packed(x), demod)
        x = self._convolved(x, self._ordinary())
        return self._scale_and_shift(x, demod)

    def _ordinary(self) -> Tensor:
        """The weights as torch's own convolutions want them, which gradients and some batches are left to.

        Laid out when they are first asked for: most networks only draw, one picture at a time.
        """
        if not self.weight.is_contiguous(memory_format=Channels):
            with torch.inference_mode(False):  # else they could not be kept for a way back
                self.weight = mappings.whole(self.weight).contiguous(memory_format=Channels)
        return self.weight

    def _convolved(self, x: Tensor, weight: Tensor) -> Tensor:
        """Convolution at the same size, of no more samples at once than a GPU's library is good at."""
        is_large = min(weight.shape[:2]) >= _WIDE and min(x.shape[2:]) >= _LARGE
        parts = x.split(_MOST_SAMPLES) if self._in_parts and is_large else (x,)
        done = [F.conv2d(part, weight, padding=1) for part in parts]
        return done[0] if len(done) == 1 else torch.cat(done)

    def _folded(self, x: Tensor, style: Tensor, demod: Tensor, bias: Tensor | None) -> Tensor:
        """Convolution at the same size, style and demodulation folded into the weights, and bias."""
        scale = (demod[0, :, None] * style).to(self.dtype)  # [O, I]
        return F.conv2d(x, self.weight * scale[:, :, None, None], bias, padding=1)

    def _up(self, x: Tensor, style: Tensor, demod: Tensor) -> Tensor:
        """Convolution to twice the size, blur, demodulation and bias.

        For one sample demodulation and bias ride on the blur, which is a
        convolution anyway: they cost nothing. Where gradients are followed nothing is
        folded into weights: their gradient would cost a convolution more.
        """
        if self.in_phases:
            return self._up_in_phases(x * style.to(self.dtype)[:, :, None, None], demod.to(self.dtype))
        x = x if x.requires_grad else channels_last(x)
        x = self._doubled(x, style)
        channels = self.out_channels
        if x.shape[0] == 1 and not style.requires_grad:
            kernel = self.blur * demod[0, :, None, None, None].to(self.dtype)
            return F.conv2d(x, kernel, self.bias, padding=1, groups=channels)
        x = F.conv2d(x, self.blur.expand(channels, 1, 4, 4), padding=1, groups=channels)
        return self._scale_and_shift(x, demod)

    def _doubled(self, x: Tensor, style: Tensor) -> Tensor:
        """Convolution of x * style, to twice the size and one more row and column."""
        style = style.to(self.dtype)
        is_alone = torch.get_num_threads() == 1
        if self._doubling is not None and (is_alone or not self._doubles_alone) and not style.requires_grad:
            return self._doubling(x * style[:, :, None, None])
        if self._packed is not None and x.shape[0] == 1 and not style.requires_grad:
            return self._packed(x * style[:, :, None, None])
        if self.folds and x.shape[0] == 1 and not style.requires_grad:
            return F.conv_transpose2d(x, self.weight * style[0, :, None, None, None], stride=2)
        return F.conv_transpose2d(x * style[:, :, None, None], self._ordinary(), stride=2)

    def _strips(self, x: Tensor) -> int:
        """In how many strips a picture is doubled."""
        is_large = x.shape[2] > _STRIPS_FROM and x.shape[0] == 1 and not x.requires_grad
        if not is_large or processor.kind(x.device) != "cpu":
            return 1
        nbytes = 4 * self.out_channels * math.prod(2 * side + 1 for side in x.shape[2:])
        return min(-(-nbytes // _STRIP_BYTES), x.shape[2])

    def _up_in_strips(self, x: Tensor, style: Tensor, demod: Tensor, finish: Finish, strips: int) -> Tensor:
        """The layer for one sample on a CPU, so many rows at a time.

        For larger pictures oneDNN has another transposed convolution on processors without 512 bit
        vectors, half as fast: there StyleGAN2 of 1024 pixels is drawn 1.07x faster. Pieces of more than
        32 MiB come from the system anew each time, unless memory is kept (`allocator`): where it is not, the
        same network is drawn 1.1x faster. On two threads it takes 150 to 200 MiB less.
        """
        x = channels_last(x)
        kernel = self.blur * demod[0, :, None, None, None]
        n, _, height, width = x.shape
        out = x.new_empty(n, 2 * height, 2 * width, self.out_channels).permute(0, 3, 1, 2)
        rows = -(-height // strips)
        read = min(rows + 2, height)
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            # A row of the blur reads one above and two below; those at the ends of a strip lack what the
            # rows beyond would add. All strips read as many rows, for which weights are laid out.
            begin = min(max(top - 1, 0), height - read)
            wide = self._doubled(x[:, :, begin : begin + read], style)
            wide = wide[:, :, max(2 * (top - begin) - 1, 0) : 2 * (bottom - begin) + 2]
            blurred = F.conv2d(wide, kernel, self.bias, padding=1, groups=self.out_channels)
            blurred = blurred[:, :, int(top > 0) :][:, :, : 2 * (bottom - top)]
            finish.rows(blurred, 2 * top, out[:, :, 2 * top : 2 * bottom])
        return out

    def _up_in_phases(self, x: Tensor, demod: Tensor) -> Tensor:
        """One convolution makes the four pixels that each pixel becomes; then they find their places.

        In float32 an H100 takes 6 to 8 ms for the transposed convolution of a large block of StyleGAN2 1024,
        0.9 to 1.6 for this one; in float16, where both are fast, it spares the passes of the blur.
        Two pixels beside each other lie together already: bias and demodulation are written out for both.
        """
        most = _MOST_CHANNELS if self._in_parts else len(self.weight)
        parts = [self._convolved(x, weight) for weight in self.weight.split(most)]
        four = (parts[0] if len(parts) == 1 else torch.cat(parts, 1)).permute(0, 2, 3, 1)  # [N, h, w, 4 O]
        n, height, width, _ = four.shape
        apart = four.reshape(n, height, width, 2, -1).transpose(2, 3)  # [N, h, 2, w, 2 O]
        out = None if x.requires_grad or demod.requires_grad else apart.new_empty(apart.shape)
        placed = torch.addcmul(self._bias_twice, apart, demod.repeat(1, 2)[:, None, None, None], out=out)
        whole = placed.reshape(n, 2 * height, 2 * width, self.out_channels)
        return whole.permute(0, 3, 1, 2)

    def _scale_and_shift(self, x: Tensor, demod: Tensor) -> Tensor:
        demod = demod.to(self.dtype)
        out = None if x.requires_grad else x
        return torch.addcmul(self.bias[None, :, None, None], x, demod[:, :, None, None], out=out)

    def tensors(self) -> list[Tensor]:
        """All tensors it holds."""
        held = [self.affine.weight, self.affine.bias, self.weight, self.power, self.epsilon, self.bias]
        held += [self.noise] if self.noise is not None else []
        held += [self._bias_twice] if self.in_phases else []
        held += [self.blur] if self.up and not self.in_phases else []
        held += self.nnpack.tensors() if self.nnpack is not None else []
        held += self._packed.tensors() if self._packed is not None else []
        held += self._doubling.tensors() if self._doubling is not None else []
        held += self._constant.tensors() if self._constant is not None else []
        return held + (self.winograd.tensors() if self.winograd is not None else [])


class ToRGB:
    """A 1x1 convolution to image channels: style without demodulation, bias, clamp."""

    def __init__(
        self,
        weights: WeightTable,
        name: str,
        *,
        in_channels: int,
        img_channels: int,
        w_dim: int,
        clamp: float | None,
        half: torch.dtype | None,
        device: torch.device,
    ):
        self.dtype = half or torch.float32
        self.clamp = clamp
        self.affine = Affine(weights, f"{name}.affine", w_dim, in_channels, 1.0 / math.sqrt(in_channels))
        self.affine.to(device)
        weight = weights.take(f"{name}.weight", img_channels, in_channels, 1, 1)[:, :, 0, 0]
        self.weight = weight.contiguous().to(device)  # [K, C]
        self.bias = weights.take(f"{name}.bias", img_channels)[:, None].to(device)  # [K, 1]

    def styles(self, w: Tensor) -> Styles:
        """Style from the layer's row. [N, w_dim] float32."""
        return Styles(self.affine(w), None)

    def source(self, row: int) -> StyleSource:
        """The same as `styles`, to be worked out with other layers."""
        return StyleSource(row, self.affine.weight, self.affine.bias)

    def take(self, source: StyleSource) -> None:
        """See `Styled.take`."""
        self.affine.weight, self.affine.bias = source.weight, source.bias

    def __call__(self, x: Tensor, styles: Styles) -> Tensor:
        """[N, C, H, W] and the styles of its row to [N, img_channels, H, W] float32, new memory.

        In channels_last a 1x1 convolution is one matrix product over pixels, and
        each sample may have weights of its own.
        """
        weight = styles.style[:, None, :] * self.weight  # [N, K, C]
        follows = x.requires_grad or weight.requires_grad
        if x.is_contiguous() and processor.kind(x.device) == "cpu" and not follows and has_nnpack():
            y = mixed(x, weight, self.bias[:, 0])
        else:
            y = self._product(x, weight)
        return y if self.clamp is None else clamp_(y, self.clamp)

    def _product(self, x: Tensor, weight: Tensor) -> Tensor:
        n, channels, height, width = x.shape
        if x.is_contiguous():
            pixels = x.view(n, channels, height * width)
        else:
            pixels = x.permute(0, 2, 3, 1).reshape(n, height * width, channels).transpose(1, 2)
        # Measured 2-4 times faster than the same product with channels last in the result.
        y = torch.bmm(weight.to(self.dtype), pixels).to(torch.float32).add_(self.bias)
        return y.view(n, -1, height, width)

    def tensors(self) -> list[Tensor]:
        """All tensors it holds."""
        return [self.affine.weight, self.affine.bias, self.weight, self.bias]


class ResidualSkip:
    """The 1x1 path around a residual block, at the lower resolution: linear, without bias."""

    def __init__(
        self,
        weights: WeightTable,
        name: str,
        *,
        in_channels: int,
        out_channels: int,
        half: torch.dtype | None,
        device: torch.device,
    ):
        self.dtype = half or torch.float32
        weight = weights.take(f"{name}.weight", out_channels, in_channels, 1, 1)
        scale = math.sqrt(0.5 / in_channels)
        self.weight = (weight * scale).to(device, self.dtype)

    def __call__(self, x: Tensor) -> Tensor:
        """[N, in_channels, H, W] to [N, out_channels, H, W], not yet up-sampled."""
        return F.conv2d(x.to(self.dtype), self.weight)

    def tensors(self) -> list[Tensor]:
        """All tensors it holds."""
        return [self.weight]
