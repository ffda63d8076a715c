"""StyleGAN, the style-based generator of 2019.

`NetworkDescription.options`, all plain JSON values:

- `fused_scale`: "auto" (where it is missing), true or false: whether up-sampling layers were
  trained as transposed convolutions. "auto" means from 128 pixels on.
- `lr_multiplier`: of the mapping network, 0.01 where it is missing.
- `base_size`: [height, width] of the constant, [4, 4] where it is missing; every block doubles it.
- `lod`: 0, the finished network (where it is missing). Others are refused.
- `truncation_psi`, `truncation_cutoff`: what the network applies by itself where its user
  says nothing (0.7 and 8 in all releases). Kept for display, not applied here.

Tensors, with axes as in the canonical StyleGAN2 names (specification, section 8):

- `mapping.fc{i}.{weight [out, in], bias}`, `mapping.w_avg`; with classes also
  `mapping.label.weight [c_dim, label width]` (TensorFlow: `LabelConcat/weight`).
- `synthesis.b4.const [C, 4, 4]`.
- `synthesis.b{r}.layer0` and `.layer1` for r = 4, 8, ... R: `.weight [out, in, 3, 3]` as
  permuted from TensorFlow, never flipped (not in `b4.layer0`, the constant's layer),
  `.bias [out]`, `.noise_weight [out]`, `.noise_const [r, r]`, `.style.weight [2 out, w_dim]`
  and `.style.bias [2 out]` (scales first, then shifts). Both noise tensors are absent in a
  network trained without noise.
- `synthesis.torgb.{weight [img_channels, C, 1, 1], bias}` (TensorFlow: `ToRGB_lod0`).

References
----------
Karras, Laine, Aila. A Style-Based Generator Architecture for Generative Adversarial
Networks. 2019, section 2 and appendix C.
"""

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.models import processor
from explorer.models.description import NetworkDescription
from explorer.models.forms import Forms, LayerShape
from explorer.models.generator import Features, Generator, Move, NoisePlan, Precision, Step, tensor_bytes
from explorer.models.mapping import MappingNetwork
from explorer.models.modulated import Affine
from explorer.models.network_styles import NetworkStyles
from explorer.models.noise import Planes, blended
from explorer.models.ops import EPSILON, SLOPE, SQRT2, check_doubling, half_dtype, random_plane, truncate
from explorer.models.styles import Styles, StyleSource
from explorer.models.weights import WeightTable
from explorer.models.winograd import WinogradConv

_FUSED_FROM = 128
"""Resolution from which "auto" networks up-sample by a transposed convolution."""
_HALF_RESOLUTIONS = 4
_BUFFERS = ("noise_const", "w_avg")
_REQUIRED = {
    "use_styles": True,
    "use_instance_norm": True,
    "use_pixel_norm": False,
    "const_input_layer": True,
}
"""Switches of the published code that no release changed."""


class StyledLayer:
    """Convolution (none for the constant), noise, bias, leaky ReLU, instance norm, style.

    Parameters
    ----------
    name : `synthesis.b32.layer0`, ...
    in_channels : of the features, the constant's own for its layer
    size : height and width of the output
    has_conv : whether there is a convolution; `is_up` whether it doubles the size
    is_fused : the up-sampling was trained as a transposed convolution
    forms : the network's table, which tells the layer's form
    """

    def __init__(
        self,
        weights: WeightTable,
        name: str,
        *,
        in_channels: int,
        w_dim: int,
        size: tuple[int, int],
        has_conv: bool,
        is_up: bool,
        is_fused: bool,
        dtype: torch.dtype,
        device: torch.device,
        forms: Forms,
    ):
        self.dtype = dtype
        self._is_up = is_up
        self.out_channels = in_channels
        self._weight: Tensor | None = None
        self._winograd: WinogradConv | None = None
        if has_conv:
            weight = weights.take(f"{name}.weight", None, in_channels, 3, 3)
            self.out_channels = weight.shape[0]
            # The gain sqrt(2) of the activation sits here, so the bias escapes it.
            weight = weight * (SQRT2 / math.sqrt(9 * in_channels))
            in_size = (size[0] // 2, size[1] // 2) if is_up else size
            kernel = 4 if is_up else 3
            shape = LayerShape(name, in_channels, self.out_channels, in_size, kernel, is_up)
            form = forms.choose_stylegan1(shape)
            if form.kind == "winograd":
                self._winograd = WinogradConv(weight, form.tile, size[0], apart=form.apart)
            if is_up:
                weight = _upsampling_kernel(weight, is_fused)
            self._weight = weight.to(device, dtype, memory_format=torch.channels_last)
        self._bias = weights.take(f"{name}.bias", self.out_channels).to(device, dtype)
        self.noise: Tensor | None = None
        """Stored plane, [1, 1, R, R]; None in a network without noise."""
        if weights.has(f"{name}.noise_weight") or weights.has(f"{name}.noise_const"):
            plane = weights.take(f"{name}.noise_const", *size)[None, None]
            self.noise = plane.to(device, dtype)
            strength = weights.take(f"{name}.noise_weight", self.out_channels)[:, None, None]
            self._noise_weight = strength.to(device, dtype)
        self.style = Affine(weights, f"{name}.style", w_dim, 2 * self.out_channels)
        self.style.to(device)
        # On a GPU the blur is two box averages, [1, 2, 1] being twice [1, 1]: see `ModulatedConv`.
        self._boxes = is_up and processor.kind(device) != "cpu"
        if is_up and not self._boxes:
            taps = torch.tensor([1.0, 2.0, 1.0]) / 4
            blur = torch.outer(taps, taps).expand(self.out_channels, 1, 3, 3)
            self._blur = blur.to(device, dtype).contiguous()

    def styles(self, w: Tensor) -> Styles:
        """Scales and shifts from the layer's row. [N, w_dim] float32."""
        return Styles(self.style(w), None)

    def source(self, row: int) -> StyleSource:
        """The same, to be worked out with other layers."""
        return StyleSource(row, self.style.weight, self.style.bias)

    def take(self, source: StyleSource) -> None:
        """See `Styled.take`."""
        self.style.weight, self.style.bias = source.weight, source.bias

    def __call__(self, x: Tensor, styles: Styles, noise: Tensor | None, strength: float) -> Tensor:
        """Run the layer.

        Parameters
        ----------
        x : [N, in_channels, h, h]; not written to.
        styles : from the layer's row
        noise : [1, 1, R, R] in the layer's type, or None; `strength` is a factor on it.

        Returns
        -------
        [N, out_channels, R, R], new memory
        """
        x = x.to(self.dtype)
        if self._weight is None:
            x = x + self._bias[:, None, None]
        elif self._is_up:
            x = F.conv_transpose2d(x, self._weight, stride=2, padding=1)
            if self._boxes:
                x = F.avg_pool2d(F.avg_pool2d(x, 2, stride=1, padding=1), 2, stride=1)
                x = x + self._bias[:, None, None] if x.requires_grad else x.add_(self._bias[:, None, None])
            else:
                x = F.conv2d(x, self._blur, self._bias, padding=1, groups=self.out_channels)
        elif self._winograd is not None and not x.requires_grad:
            before, after = (x.new_ones(len(x), count) for count in (x.shape[1], self.out_channels))
            x = self._winograd(x, before, after, self._bias)
        else:
            x = F.conv2d(x, self._weight, self._bias, padding=1)
        if noise is not None:
            x.addcmul_(self._noise_weight, noise, value=strength)
        F.leaky_relu_(x, SLOPE)
        # Instance norm and style.
        mean = x.mean(dim=(2, 3), keepdim=True)
        x = x - mean if x.requires_grad else x.sub_(mean)
        variance = _mean_square(x)
        scale, shift = styles.style[:, :, None, None].chunk(2, dim=1)  # [N, C, 1, 1]
        scale = (scale + 1) * (variance + EPSILON).rsqrt_()
        out = None if scale.requires_grad else x
        return torch.addcmul(shift.to(self.dtype), x, scale.to(self.dtype), out=out)

    def tensors(self) -> list[Tensor]:
        """All tensors it holds."""
        held = [self._bias, self.style.weight, self.style.bias]
        held += [self._weight] if self._weight is not None else []
        held += self._winograd.tensors() if self._winograd is not None else []
        held += [self.noise, self._noise_weight] if self.noise is not None else []
        return held + ([self._blur] if self._is_up and not self._boxes else [])


def _mean_square(x: Tensor) -> Tensor:
    """Mean of squares of each channel. [N, C, 1, 1] float32.

    In strips, so that the squares stay in the cache: `torch.var_mean` takes ten times as
    long on a CPU in channels_last, and whole squares three times.
    """
    if processor.kind(x.device) != "cpu":  # one launch reads it all
        return torch.linalg.vector_norm(x, dim=(2, 3), keepdim=True, dtype=torch.float32).square() / (
            x.shape[2] * x.shape[3]
        )
    sums = [part.to(torch.float32).square().sum(dim=(2, 3), keepdim=True) for part in x.split(32, dim=2)]
    return torch.stack(sums).sum(dim=0) / (x.shape[2] * x.shape[3])


def _upsampling_kernel(weight: Tensor, is_fused: bool) -> Tensor:
    """Kernel of one transposed convolution with stride 2 for either way of up-sampling.

    Repeating every pixel and convolving with a 3x3 kernel reads each pixel through up to
    four neighbouring taps: the sum of the kernel's four shifts, applied with stride 2. The
    fused layers were trained in that form; the others correlate, so theirs is flipped.

    Parameters
    ----------
    weight : [O, I, 3, 3]

    Returns
    -------
    [I, O, 4, 4]
    """
    kernel = (weight if is_fused else weight.flip(2, 3)).transpose(0, 1)
    shifts = [F.pad(kernel, (left, 1 - left, top, 1 - top)) for left in (0, 1) for top in (0, 1)]
    return torch.stack(shifts).sum(dim=0)


class StyleGAN1(Generator):
    """Generator of StyleGAN (2019).

    Parameters
    ----------
    description : options `fused_scale`, `lr_multiplier`, `lod`; see the module
    tensors : canonical names to values, complete and without strangers
    device, precision : where and how to draw. The releases were trained in float32; in half
        precision the four highest resolutions use it, as in StyleGAN2.

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
        _check(description)
        weights = WeightTable(tensors)
        self._mapping = MappingNetwork(
            description, weights, self.device, label_mode="concat", has_gain_in_weights=True
        )
        self.w_avg = weights.take("mapping.w_avg", description.w_dim).to(self.device)
        const = weights.take("synthesis.b4.const", None, *description.base_size)[None]
        self._const = const.to(self.device, memory_format=torch.channels_last)
        self._layers: list[StyledLayer] = []
        self.steps = self._build(weights, half)
        weights.finish()
        self._tensors = weights.kept
        self._random = Planes()
        self._styles = NetworkStyles(
            [(layer, row) for row, layer in enumerate(self._layers)], processor.kind(self.device) != "cpu"
        )

    def _build(self, weights: WeightTable, half: torch.dtype | None) -> tuple[Step, ...]:
        """Make the layers and the chain of steps."""
        description = self.description
        fused = description.options.get("fused_scale", "auto")
        count = description.num_ws // 2
        first_half = max(count - _HALF_RESOLUTIONS, 1)
        self.forms = Forms(is_fast_cpu=processor.kind(self.device) == "cpu" and half is None)
        steps: list[Step] = []
        channels = self._const.shape[1]
        for block in range(count):
            size = (description.base_size[0] << block, description.base_size[1] << block)
            for number in (0, 1):
                name = f"b{4 << block}.layer{number}"
                layer = StyledLayer(
                    weights,
                    f"synthesis.{name}",
                    in_channels=channels,
                    w_dim=description.w_dim,
                    size=size,
                    has_conv=(block, number) != (0, 0),
                    is_up=block > 0 and number == 0,
                    is_fused=min(size) >= _FUSED_FROM if fused == "auto" else fused,
                    dtype=half if half is not None and block >= first_half else torch.float32,
                    device=self.device,
                    forms=self.forms,
                )
                steps.append(Step(name, (len(steps),), size[0], layer.noise is not None, makes_rgb=False))
                self._layers.append(layer)
                channels = layer.out_channels
        weight = weights.take("synthesis.torgb.weight", description.img_channels, channels, 1, 1)
        self._torgb = (weight / math.sqrt(channels)).to(self.device)
        self._torgb_bias = weights.take("synthesis.torgb.bias", description.img_channels).to(self.device)
        steps.append(Step("torgb", (), description.resolution, reads_noise=False, makes_rgb=True))
        return tuple(steps)

    def mapping(
        self, z: Tensor, c: Tensor | None = None, psi: float = 1.0, cutoff: int | None = None
    ) -> Tensor:
        """See `Generator.mapping`."""
        with torch.inference_mode():
            w = self._mapping(z.to(self.device), c)
            return truncate(w[:, None].expand(-1, self.num_ws, -1), self.w_avg, psi, cutoff)

    def start(self, batch: int) -> Features:
        """The learned constant, once per sample."""
        return Features(self._const.expand(batch, -1, -1, -1))

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
        """See `Generator.run`. toRGB reads no row of `ws`."""
        if index == len(self._layers):
            x = features.x.to(torch.float32)
            return Features(x, F.conv2d(x, self._torgb, self._torgb_bias))
        layer = self._layers[index]
        styles = self._styles.of(index, ws)
        return Features(layer(features.x, styles, self._noise(index, layer, noise), noise.strength))

    def _noise(self, index: int, layer: StyledLayer, plan: NoisePlan) -> Tensor | None:
        """Plane of a layer, without any strength."""
        if layer.noise is None or plan.mode == "none" or plan.strength == 0:
            return None
        if plan.blend:
            return blended(plan, lambda part: self._noise(index, layer, part))
        if plan.mode == "const":
            return layer.noise
        planes = self._random.of(plan.seed)
        if index not in planes:
            plane = random_plane(plan.seed, index, *layer.noise.shape[2:])
            planes[index] = plane.to(self.device, layer.dtype, non_blocking=True)
        return planes[index]

    def picture(self, features: Features) -> Tensor:
        """See `Generator.picture`."""
        if features.rgb is None:
            raise ValueError("there is no picture yet: the toRGB step has not run")
        return features.rgb

    def style_weights(self) -> list[tuple[int, Tensor]]:
        """See `Generator.style_weights`. Scales and shifts of every layer."""
        return [(row, layer.style.weight) for row, layer in enumerate(self._layers)]

    def to(self, device: str | torch.device, precision: Precision = "float32") -> "StyleGAN1":
        """See `Generator.to`. The new network shares this one's master weights on the CPU."""
        if torch.device(device) == self.device and precision == self.precision:
            return self
        return StyleGAN1(self.description, self._tensors, device, precision)

    @property
    def parameters(self) -> int:
        """Number of trained values (buffers not counted)."""
        return sum(t.numel() for name, t in self._tensors.items() if name.rsplit(".", 1)[-1] not in _BUFFERS)

    @property
    def nbytes(self) -> int:
        """Bytes its tensors hold on the device."""
        held = [self._const, self.w_avg, self._torgb, self._torgb_bias, *self._mapping.tensors()]
        held += self._styles.tensors()
        return tensor_bytes([*held, *(t for layer in self._layers for t in layer.tensors())])


def _check(description: NetworkDescription) -> None:
    """Raise `ValueError` for sizes and switches that are not drawn here."""
    options = description.options
    check_doubling(description, "StyleGAN")
    if options.get("lod", 0) != 0:
        raise ValueError(
            f"this StyleGAN was saved while it was still growing (lod {options['lod']!r}); "
            "only finished networks, lod 0, are drawn"
        )
    if options.get("fused_scale", "auto") not in ("auto", True, False):
        raise ValueError(f"fused_scale should be 'auto', true or false, not {options['fused_scale']!r}")
    for name, value in _REQUIRED.items():
        if options.get(name, value) != value:
            raise ValueError(f"a StyleGAN with {name} = {options[name]!r} is not known here; only {value} is")
