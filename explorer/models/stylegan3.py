"""StyleGAN3, configurations T (translation) and R (rotation).

The geometry is the file's own: every layer states its sizes, rates and padding, and
the filters are stored beside the weights, so that any layer schedule works (other
resolutions, pictures that are not square, StyleGAN-XL's heads).

`NetworkDescription.options`, all plain JSON values:

- `layers`: a list with one dictionary per layer, toRGB last, with the attributes of the
  same name in NVIDIA's pickles. Used here: `name` (the tensors are under
  `synthesis.{name}.`), `is_torgb`, `in_size` and `out_size` ([width, height]), `up_factor`,
  `down_factor`, `padding` ([left, right, top, bottom] at the raised rate), `conv_clamp`
  (number or null), `use_fp16` (optional; false where it is missing). Others are kept and
  not read: `is_critically_sampled`, `in_sampling_rate`, `out_sampling_rate`, `in_cutoff`,
  `out_cutoff`, `in_half_width`, `out_half_width`.
- `input`: a dictionary with `size` ([width, height]), `sampling_rate`, `bandwidth`.
- `output_scale`: factor of the picture, 0.25 where it is missing.
- `lr_multiplier`: of the mapping network, 0.01 where it is missing.

Tensors are under the names of specification section 8: `mapping.*`,
`synthesis.input.{weight, affine.weight, affine.bias, transform, freqs, phases}`,
`synthesis.{name}.{weight, bias, affine.weight, affine.bias, magnitude_ema, up_filter,
down_filter}`, the filters absent where a layer has none.

References
----------
Karras et al. Alias-Free Generative Adversarial Networks. 2021.
"""

import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.models import processor
from explorer.models.description import NetworkDescription
from explorer.models.filtered_lrelu import FilteredLReLU
from explorer.models.forms import Forms, LayerShape
from explorer.models.generator import (
    Features,
    Generator,
    Move,
    NoisePlan,
    Precision,
    Step,
    Transform,
    tensor_bytes,
)
from explorer.models.mapping import MappingNetwork
from explorer.models.modulated import Affine, tf32
from explorer.models.network_styles import NetworkStyles
from explorer.models.ops import EPSILON, half_dtype, number_option, truncate
from explorer.models.stylegan3_geometry import InputGeometry, LayerGeometry
from explorer.models.styles import Styles, StyleSource
from explorer.models.weights import WeightTable
from explorer.models.winograd import WinogradConv

ALIGNED_BYTES = 16
_BUFFERS = ("w_avg", "transform", "freqs", "phases", "magnitude_ema", "up_filter", "down_filter")


class FourierInput:
    """The first features: sine waves over the plane, moved by `w` and by the user's transform."""

    def __init__(self, weights: WeightTable, geometry: InputGeometry, w_dim: int, device: torch.device):
        name = "synthesis.input"
        self.affine = Affine(weights, f"{name}.affine", w_dim, 4)
        self.affine.to(device)
        self._freqs = weights.take(f"{name}.freqs", None, 2).to(device)
        self.channels = self._freqs.shape[0]
        self._phases = weights.take(f"{name}.phases", self.channels).to(device)
        weight = weights.take(f"{name}.weight", self.channels, self.channels)
        self._weight = (weight.t() / math.sqrt(self.channels)).contiguous().to(device)
        self._matrix = weights.take(f"{name}.transform", 3, 3).to(device)
        width, height = geometry.size
        self._bandwidth = geometry.bandwidth
        self._fade = geometry.sampling_rate / 2 - geometry.bandwidth
        # Sample centres in picture widths; the canvas is -1/2..1/2, the margin lies outside.
        self._x = ((torch.arange(width) + 0.5 - width / 2) / geometry.sampling_rate).to(device)
        self._y = ((torch.arange(height) + 0.5 - height / 2) / geometry.sampling_rate).to(device)

    def __call__(self, w: Tensor, transform: Move | None) -> Tensor:
        """[N, w_dim] to [N, channels, height, width] float32, channels last."""
        if transform is None:
            matrix = self._matrix
        else:
            matrix = transform if isinstance(transform, Tensor) else inverse_transform(transform).to(w.device)
        t = self.affine(w)  # [N, 4]
        t = t / t[:, :2].norm(dim=1, keepdim=True)
        cos, sin, shift_x, shift_y = t.unbind(1)
        zero, one = torch.zeros_like(cos), torch.ones_like(cos)
        turn = torch.stack([cos, -sin, zero, sin, cos, zero, zero, zero, one], dim=1).view(-1, 3, 3)
        move = torch.stack([one, zero, -shift_x, zero, one, -shift_y, zero, zero, one], dim=1).view(-1, 3, 3)
        moved = turn @ move @ matrix  # [N, 3, 3]

        phases = self._phases + (self._freqs @ moved[:, :2, 2:])[..., 0]  # [N, C]
        freqs = self._freqs @ moved[:, :2, :2]  # [N, C, 2]
        # Waves that the transform made too fine for the grid fade out.
        amplitude = (1 - (freqs.norm(dim=2) - self._bandwidth) / self._fade).clamp_(0, 1)

        across = self._x[:, None] * freqs[:, None, :, 0] + phases[:, None]  # [N, W, C]
        down = self._y[:, None] * freqs[:, None, :, 1]  # [N, H, C]
        waves = (down[:, :, None] + across[:, None]).mul_(2 * math.pi).sin_()
        waves.mul_(amplitude[:, None, None])
        return (waves @ self._weight).permute(0, 3, 1, 2)

    def tensors(self) -> list[Tensor]:
        """All tensors it holds."""
        held = [self._freqs, self._phases, self._weight, self._matrix, self._x, self._y]
        return [self.affine.weight, self.affine.bias, *held]


def inverse_transform(transform: Transform) -> Tensor:
    """Matrix that the input multiplies its waves with: the inverse of what happens to the picture.

    Parameters
    ----------
    transform : shift x, shift y in picture widths, angle in degrees

    Returns
    -------
    [3, 3] float32, inverse of [[cos a, sin a, x], [-sin a, cos a, y], [0, 0, 1]]
    """
    x, y, degrees = transform
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    return torch.tensor(
        [[cos, -sin, sin * y - cos * x], [sin, cos, -sin * x - cos * y], [0.0, 0.0, 1.0]], dtype=torch.float32
    )


class SynthesisLayer:
    """Modulated convolution with a rim of its own, then the filtered leaky ReLU.

    Style, demodulation and input gain are folded into the weights, sample by sample: they
    are fewer than the activations in every published layer. So the convolution adds the
    bias by itself, half precision needs no care of its own (what is rounded are weights of
    ordinary size), and a batch equals its samples one by one. Wide layers on a CPU scale
    the activations instead and convolve by Winograd's algorithm.

    On an NVIDIA GPU channels are filled up with zeros to a multiple of `ALIGNED_BYTES` (StyleGAN3-T
    1024 has 323, 203, 81 and 51): its matrix units read no others at full speed, and libraries choose
    slow convolutions for others in float32. `width_in` is how many come in. `near` says whether
    a GPU may round what float32 multiplies to TF32, as in `modulated`.
    """

    def __init__(
        self,
        weights: WeightTable,
        geometry: LayerGeometry,
        in_channels: int,
        width_in: int,
        w_dim: int,
        dtype: torch.dtype,
        device: torch.device,
        forms: Forms,
        near: bool,
    ):
        name = f"synthesis.{geometry.name}"
        self.dtype, self._near = dtype, near
        weight = weights.take(f"{name}.weight", None, in_channels, None, None)
        self.out_channels, self._kernel = weight.shape[0], weight.shape[2]
        if weight.shape[3] != self._kernel:
            raise ValueError(f"the kernel of the layer {geometry.name!r} is not square: {list(weight.shape)}")
        self._is_torgb = geometry.is_torgb
        self._is_product = geometry.is_torgb and self._kernel == 1 and processor.kind(device) != "cpu"
        fan_in = in_channels * self._kernel**2
        self.affine = Affine(
            weights, f"{name}.affine", w_dim, in_channels, fan_in**-0.5 if geometry.is_torgb else 1.0
        )
        self.affine.to(device)
        bias = weights.take(f"{name}.bias", self.out_channels)
        magnitude = float(weights.take(f"{name}.magnitude_ema"))
        if not magnitude > 0:
            raise ValueError(f"{name}.magnitude_ema, a mean square, should be positive, not {magnitude}")
        gain = magnitude**-0.5

        weight = weight.contiguous(memory_format=torch.channels_last)
        weights.keep_as(f"{name}.weight", weight)
        self.width = self.out_channels
        """Channels put out, those that only fill up included."""
        if not geometry.is_torgb and processor.kind(device) == "cuda":
            self.width += -self.out_channels % (ALIGNED_BYTES // dtype.itemsize)
        more_in, more_out = width_in - in_channels, self.width - self.out_channels
        if more_in or more_out:
            weight = F.pad(weight, (0, 0, 0, 0, 0, more_in, 0, more_out))
            weight = weight.contiguous(memory_format=torch.channels_last)
            bias = F.pad(bias, (0, more_out))
            self.affine.fill_up(more_in)
        square = weight.square().sum(dim=(2, 3))  # [O, I]
        total = square.sum(dim=1)
        norm = torch.where(total > 0, (total / fan_in).rsqrt(), 1.0)  # [O]
        # d = rsqrt(style^2 Q + eps) of the weights at unit power, then that power and the input gain.
        self._power = (square * norm.square()[:, None]).t().contiguous().to(device)  # [I, O]
        self._epsilon = torch.full((self.width,), EPSILON, device=device)
        self._gain = (torch.full_like(norm, gain) if geometry.is_torgb else norm * gain).to(device)
        self._weight = weight.to(device, memory_format=torch.channels_last)
        width, height = geometry.in_size
        shape = LayerShape(name, in_channels, self.out_channels, (height, width), self._kernel)
        form = forms.choose_stylegan3(shape)
        self._winograd: WinogradConv | None = None
        if form.kind == "winograd":
            self._winograd = WinogradConv(weight, form.tile, height, padding=2, apart=form.apart)
        self._bias = bias.to(device, dtype)
        self._filtered_lrelu = _filtered_lrelu(
            weights, geometry, self._kernel, self.width, more_out, dtype, device
        )

    def styles(self, w: Tensor) -> Styles:
        """Style and what the output is scaled by, input gain included. [N, w_dim] float32."""
        style = self.affine(w)  # [N, I]
        if self._is_torgb:
            return Styles(style, None)
        style = style * style.square().mean(dim=1, keepdim=True).rsqrt()
        demod = torch.addmm(self._epsilon, style.square(), self._power).rsqrt_()
        return Styles(style, self._gain.expand(len(style), -1) * demod)  # [N, I], [N, O]

    def take(self, source: StyleSource) -> None:
        """See `Styled.take`: never, its styles have a norm."""
        raise NotImplementedError

    def source(self, row: int) -> StyleSource:
        """The same, to be worked out with other layers: the gain goes under the root."""
        affine, gain = self.affine, self._gain.square()
        if self._is_torgb:
            return StyleSource(row, affine.weight, affine.bias)
        return StyleSource(
            row, affine.weight, affine.bias, self._power / gain, self._epsilon / gain, norm="power"
        )

    def __call__(self, x: Tensor, styles: Styles) -> Tensor:
        """[N, in_channels, h, w] and the styles of its row to [N, out_channels, H, W], new memory."""
        style = styles.style
        scale = self._gain.expand(len(style), -1) if styles.demod is None else styles.demod
        if self._winograd is not None and not style.requires_grad:
            return self._filtered_lrelu(self._winograd(x, style, scale, self._bias))
        x = x.to(self.dtype)
        factors = scale[:, :, None] * style[:, None, :]  # [N, O, I]
        if self._is_product:
            return self._filtered_lrelu(self._product(x, factors))
        before, after = (None, self._bias) if self._filtered_lrelu.adds_bias else (self._bias, None)
        samples = []
        with tf32(self._near):
            for sample, factor in zip(x.split(1), factors, strict=True):
                weight = (self._weight * factor[:, :, None, None]).to(self.dtype)
                samples.append(F.conv2d(sample, weight, before, padding=self._kernel - 1))
            return self._filtered_lrelu(samples[0] if len(samples) == 1 else torch.cat(samples), after)

    def _product(self, x: Tensor, factors: Tensor) -> Tensor:
        """Convolution of 1x1 to the picture's channels, as one product over pixels."""
        n, channels, height, width = x.shape
        pixels = x.permute(0, 2, 3, 1).reshape(n, height * width, channels).transpose(1, 2)  # [N, I, HW]
        weight = (self._weight[:, :, 0, 0] * factors).to(self.dtype)  # [N, O, I]
        return torch.bmm(weight, pixels).add_(self._bias[:, None]).view(n, -1, height, width)

    def tensors(self) -> list[Tensor]:
        """All tensors it holds."""
        held = [self.affine.weight, self.affine.bias, self._weight, self._bias]
        held += self._winograd.tensors() if self._winograd is not None else []
        return [*held, self._power, self._epsilon, self._gain, *self._filtered_lrelu.tensors()]


def _take_filter(weights: WeightTable, name: str) -> Tensor | None:
    """A stored filter, [taps] or [taps, taps]; None where the layer has none."""
    if not weights.has(name):
        return None
    taps = weights.take(name, *(None,) * weights.rank(name))
    if taps.ndim not in (1, 2) or taps.shape[0] != taps.shape[-1]:
        raise ValueError(f"the filter {name!r} should be [taps] or [taps, taps], not {list(taps.shape)}")
    return taps


def _filtered_lrelu(
    weights: WeightTable,
    geometry: LayerGeometry,
    kernel: int,
    channels: int,
    fillers: int,
    dtype: torch.dtype,
    device: torch.device,
) -> FilteredLReLU:
    """Make the second half of a layer from its stored filters, once they fit its sizes."""
    name = f"synthesis.{geometry.name}"
    up_filter = _take_filter(weights, f"{name}.up_filter")
    down_filter = _take_filter(weights, f"{name}.down_filter")
    taps = [1 if found is None else found.shape[0] for found in (up_filter, down_filter)]
    geometry.check(kernel, *taps)
    width, height = geometry.out_size
    return FilteredLReLU(
        channels,
        up_filter,
        down_filter,
        up=geometry.up,
        down=geometry.down,
        padding=geometry.padding,
        out_size=(height, width),
        clamp=geometry.clamp,
        is_linear=geometry.is_torgb,
        device=device,
        dtype=dtype,
        fillers=fillers,
    )


class StyleGAN3(Generator):
    """Generator of StyleGAN3-T and StyleGAN3-R, with or without classes.

    Parameters
    ----------
    description : options `layers`, `input`, `output_scale`, `lr_multiplier`; see the module
    tensors : canonical names to values, complete and without strangers
    device, precision : where and how to draw; half precisions on processors that have
        them, for the layers that the network was trained for it.

    Raises
    ------
    ValueError
        If description and tensors do not make one network, or the device cannot use the precision.
    """

    def __init__(
        self,
        description: NetworkDescription,
        tensors: Mapping[str, Tensor],
        device: str | torch.device = "cpu",
        precision: Precision = "float32",
    ):
        self.description = description
        self.device = torch.device(device)
        self.precision = precision
        half = half_dtype(precision, self.device)
        options = description.options
        self._output_scale = number_option(options, "output_scale", 0.25) or 0.25
        geometries = LayerGeometry.chain(options, description)
        weights = WeightTable(tensors)
        self._mapping = MappingNetwork(description, weights, self.device)
        by_class = weights.has("mapping.w_avg") and weights.rank("mapping.w_avg") == 2
        shape = (description.c_dim, description.w_dim) if by_class else (description.w_dim,)
        self.w_avg = weights.take("mapping.w_avg", *shape).to(self.device)

        entrance = InputGeometry.read(options)
        self._input = FourierInput(weights, entrance, description.w_dim, self.device)
        steps = [Step("input", (0,), entrance.size[1], reads_noise=False, makes_rgb=False)]
        self._layers: list[SynthesisLayer] = []
        self.forms = Forms(is_fast_cpu=processor.kind(self.device) == "cpu")
        channels = width = self._input.channels
        for row, geometry in enumerate(geometries, start=1):
            dtype = half if half is not None and geometry.use_fp16 else torch.float32
            layer = SynthesisLayer(
                weights,
                geometry,
                channels,
                width,
                description.w_dim,
                dtype,
                self.device,
                self.forms,
                near=half is not None and dtype == torch.float32,
            )
            self._layers.append(layer)
            channels, width = layer.out_channels, layer.width
            steps.append(Step(geometry.name, (row,), geometry.out_size[1], False, geometry.is_torgb))
        if channels != description.img_channels:
            raise ValueError(
                f"the last layer has {channels} channels, the picture {description.img_channels}"
            )
        weights.finish()
        self.steps = tuple(steps)
        rows = enumerate(self._layers, start=1)
        self._styles = NetworkStyles(
            [(layer, row) for row, layer in rows], processor.kind(self.device) != "cpu"
        )
        self._tensors = weights.kept

    def mapping(
        self, z: Tensor, c: Tensor | None = None, psi: float = 1.0, cutoff: int | None = None
    ) -> Tensor:
        """See `Generator.mapping`."""
        with torch.inference_mode():
            w = self._mapping(z.to(self.device), c)
            w_avg = self.w_avg
            if w_avg.ndim == 2 and c is not None:
                w_avg = c.to(self.device, torch.float32) @ w_avg
            return truncate(w[:, None].expand(-1, self.num_ws, -1), w_avg, psi, cutoff)

    def start(self, batch: int) -> Features:
        """Nothing yet: the input step draws the first features from `ws` alone."""
        return Features(torch.empty(batch, 0, 0, 0, device=self.device))

    def begin(self, ws: Tensor) -> None:
        """See `Generator.begin`: styles of all layers at once, where that pays."""
        self._styles.begin(ws)

    def run(
        self,
        index: int,
        features: Features,
        ws: Tensor,
        noise: NoisePlan = NoisePlan(),
        transform: Move | None = None,
    ) -> Features:
        """See `Generator.run`. There is no noise; only the first step reads `transform`."""
        if index == 0:
            return Features(self._input(ws[:, 0], transform))
        return Features(self._layers[index - 1](features.x, self._styles.of(index - 1, ws)))

    def move(self, transforms: Sequence[Transform]) -> Tensor:
        """See `Generator.move`. [3, 3] of one, [N, 3, 3] of several."""
        matrices = [inverse_transform(transform) for transform in transforms]
        made = matrices[0] if len(matrices) == 1 else torch.stack(matrices)
        return made.to(self.device, non_blocking=True)

    def picture(self, features: Features) -> Tensor:
        """See `Generator.picture`."""
        return features.x.to(torch.float32) * self._output_scale

    def style_weights(self) -> list[tuple[int, Tensor]]:
        """See `Generator.style_weights`. The input's own row moves the canvas and is left out."""
        return [(row, layer.affine.weight) for row, layer in enumerate(self._layers, start=1)]

    def to(self, device: str | torch.device, precision: Precision = "float32") -> "StyleGAN3":
        """See `Generator.to`. The new network shares this one's master weights on the CPU."""
        if torch.device(device) == self.device and precision == self.precision:
            return self
        return StyleGAN3(self.description, self._tensors, device, precision)

    @property
    def parameters(self) -> int:
        """Number of trained values (buffers not counted)."""
        return sum(t.numel() for name, t in self._tensors.items() if name.rsplit(".", 1)[-1] not in _BUFFERS)

    @property
    def nbytes(self) -> int:
        """Bytes its tensors hold on the device."""
        held = [self.w_avg, *self._mapping.tensors(), *self._input.tensors(), *self._styles.tensors()]
        return tensor_bytes([*held, *(t for layer in self._layers for t in layer.tensors())])
