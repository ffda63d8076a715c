"""StyleGAN2 and StyleGAN2-ADA: the skip, residual and plain generators.

Built from shapes: any channel table, number of classes or image channels, with
or without noise, from a constant of any size, which every block doubles. Blocks are
called b4, b8, ... whatever their size. Layers and their fast form are in `modulated`.

References
----------
Karras et al. Analyzing and Improving the Image Quality of StyleGAN. 2020.
Karras et al. Training Generative Adversarial Networks with Limited Data. 2020.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.models import processor
from explorer.models.description import NetworkDescription
from explorer.models.forms import Forms
from explorer.models.generator import Features, Generator, Move, NoisePlan, Precision, Step, tensor_bytes
from explorer.models.mapping import MappingNetwork
from explorer.models.modulated import ModulatedConv, ResidualSkip, ToRGB
from explorer.models.network_styles import NetworkStyles
from explorer.models.noise import Planes, blended
from explorer.models.ops import (
    add_doubled_,
    blur_kernel,
    check_doubling,
    half_dtype,
    number_option,
    random_plane,
    truncate,
    upsample2,
)
from explorer.models.weights import WeightTable

_ARCHITECTURES = ("skip", "resnet", "orig")
_HALF_RESOLUTIONS = 4
"""Resolutions in half precision where the file does not say, as in all official mixed trainings."""
_BUFFERS = ("noise_const", "w_avg", "resample_filter")


@dataclass(frozen=True, slots=True)
class _Link:
    """What one step does: exactly one of `conv` and `torgb` is there."""

    conv: ModulatedConv | None = None
    skip: ResidualSkip | None = None
    """On the last convolution of a residual block: the path around the block."""
    opens_residual: bool = False
    """On the first convolution of a residual block: its input must be carried along."""
    torgb: ToRGB | None = None


class StyleGAN2(Generator):
    """Generator of StyleGAN2 (config A-F equivalents) and 2-ADA.

    Parameters
    ----------
    description : options `arch`, `conv_clamp`, `lr_multiplier`, `label_mode`, `num_fp16_res`, `base_size`
    tensors : canonical names to values, complete and without strangers
    device, precision : where and how to draw; half precisions on processors that have them.

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
        _check_sizes(description)
        weights = WeightTable(tensors)
        self._mapping = MappingNetwork(description, weights, self.device)
        by_class = weights.has("mapping.w_avg") and tensors["mapping.w_avg"].ndim == 2
        shape = (description.c_dim, description.w_dim) if by_class else (description.w_dim,)
        self.w_avg = weights.take("mapping.w_avg", *shape).to(self.device)
        const = weights.take("synthesis.b4.const", None, *description.base_size)[None]
        self._const = const.to(self.device, memory_format=torch.channels_last)
        self.steps, self._links = self._build(weights, half)
        _check_filters(tensors)
        weights.finish()
        self._tensors = weights.kept
        self._random = Planes()
        parts = zip(self._links, self.steps, strict=True)
        styled = [(link.conv or link.torgb, step.rows[0]) for link, step in parts]
        self._styles = NetworkStyles(
            [(part, row) for part, row in styled if part is not None], processor.kind(self.device) != "cpu"
        )

    def _build(self, weights: WeightTable, half: torch.dtype | None) -> tuple[tuple[Step, ...], list[_Link]]:
        """Make the chain of steps, block after block."""
        description = self.description
        options = description.options
        arch = options.get("arch", "skip")
        clamp = number_option(options, "conv_clamp", None)
        first_half = _first_half_block(description)
        self.forms = Forms(is_fast_cpu=processor.kind(self.device) == "cpu" and half is None)
        steps: list[Step] = []
        links: list[_Link] = []
        channels = self._const.shape[1]

        count = description.num_ws // 2
        for number in range(count):
            block = f"b{4 << number}"
            height, width = (side << number for side in description.base_size)
            row = 2 * number - 1
            block_half = half if number >= first_half else None
            is_residual = arch == "resnet" and number > 0
            block_channels = channels
            for conv in ("conv0", "conv1"):
                if number == 0 and conv == "conv0":
                    row += 1
                    continue
                layer = ModulatedConv(
                    weights,
                    f"synthesis.{block}.{conv}",
                    in_channels=channels,
                    w_dim=description.w_dim,
                    size=(height, width),
                    up=conv == "conv0",
                    gain=math.sqrt(0.5) if is_residual and conv == "conv1" else 1.0,
                    clamp=clamp,
                    half=block_half,
                    device=self.device,
                    forms=self.forms,
                    near=half is not None and block_half is None,
                    const=self._const if number == 0 else None,
                )
                channels = layer.out_channels
                skip = None
                if is_residual and conv == "conv1":
                    skip = ResidualSkip(
                        weights,
                        f"synthesis.{block}.skip",
                        in_channels=block_channels,
                        out_channels=channels,
                        half=block_half,
                        device=self.device,
                    )
                has_noise = layer.noise is not None
                steps.append(Step(f"{block}.{conv}", (row,), height, has_noise, makes_rgb=False))
                links.append(_Link(layer, skip, opens_residual=is_residual and conv == "conv0"))
                row += 1
            if arch == "skip" or number == count - 1:
                torgb = ToRGB(
                    weights,
                    f"synthesis.{block}.torgb",
                    in_channels=channels,
                    img_channels=description.img_channels,
                    w_dim=description.w_dim,
                    clamp=clamp,
                    half=block_half,
                    device=self.device,
                )
                steps.append(Step(f"{block}.torgb", (row,), height, reads_noise=False, makes_rgb=True))
                links.append(_Link(torgb=torgb))
        return tuple(steps), links

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
        """See `Generator.run`. Call it in `torch.inference_mode`: a few per cent faster."""
        link = self._links[index]
        if link.torgb is not None:
            rgb = link.torgb(features.x, self._styles.of(index, ws))
            if features.rgb is not None:
                add_doubled_(rgb, features.rgb)
            return Features(features.x, rgb)
        assert link.conv is not None
        styles = self._styles.of(index, ws)
        x = link.conv(features.x, styles, self._noise(index, link.conv, noise), noise.strength)
        if link.skip is not None and features.residual is not None:
            around = upsample2(link.skip(features.residual))
            x = x + around if x.requires_grad else x.add_(around)
        residual = features.x if link.opens_residual else None
        return Features(x, features.rgb, residual)

    def _noise(self, index: int, conv: ModulatedConv, plan: NoisePlan) -> Tensor | None:
        """Plane of a layer, its strength and gain included, `plan.strength` not."""
        if conv.noise is None or plan.mode == "none" or plan.strength == 0:
            return None
        if plan.blend:
            return blended(plan, lambda part: self._noise(index, conv, part))
        if plan.mode == "const":
            return conv.noise
        planes = self._random.of(plan.seed)
        if index not in planes:
            plane = random_plane(plan.seed, index, *conv.noise.shape[2:])
            planes[index] = conv.spread(
                (plane * conv.noise_gain).to(self.device, conv.dtype, non_blocking=True)
            )
        return planes[index]

    def picture(self, features: Features) -> Tensor:
        """See `Generator.picture`."""
        if features.rgb is None:
            raise ValueError("there is no picture yet: no toRGB step has run")
        return features.rgb

    def style_weights(self) -> list[tuple[int, Tensor]]:
        """See `Generator.style_weights`."""
        parts = [
            link.conv or (link.torgb if i == len(self._links) - 1 else None)
            for i, link in enumerate(self._links)
        ]
        return [
            (step.rows[0], part.affine.weight)
            for step, part in zip(self.steps, parts, strict=True)
            if part is not None
        ]

    def to(self, device: str | torch.device, precision: Precision = "float32") -> "StyleGAN2":
        """See `Generator.to`. The new network shares this one's master weights on the CPU."""
        if torch.device(device) == self.device and precision == self.precision:
            return self
        return StyleGAN2(self.description, self._tensors, device, precision)

    @property
    def parameters(self) -> int:
        """Number of trained values (buffers not counted)."""
        return sum(t.numel() for name, t in self._tensors.items() if name.rsplit(".", 1)[-1] not in _BUFFERS)

    @property
    def nbytes(self) -> int:
        """Bytes its tensors hold on the device."""
        held = [self._const, self.w_avg, *self._mapping.tensors()]
        held += self._styles.tensors()
        for link in self._links:
            for part in (link.conv, link.skip, link.torgb):
                held += part.tensors() if part is not None else []
        return tensor_bytes(held)


def _check_sizes(description: NetworkDescription) -> None:
    """Raise `ValueError` for sizes that no StyleGAN2 has."""
    check_doubling(description, "StyleGAN2")
    arch = description.options.get("arch", "skip")
    if arch not in _ARCHITECTURES:
        raise ValueError(f"unknown arch {arch!r}; architectures are {', '.join(_ARCHITECTURES)}")


def _check_filters(tensors: Mapping[str, Tensor]) -> None:
    """Raise `ValueError` unless every stored resampling filter is the one this code applies."""
    for name, tensor in tensors.items():
        if name.endswith("resample_filter"):
            kernel = blur_kernel(1.0)
            if tensor.shape != kernel.shape or not torch.allclose(tensor.to("cpu", torch.float32), kernel):
                raise ValueError(f"{name!r} is another filter than [1, 3, 3, 1], the only one known here")


def _first_half_block(description: NetworkDescription) -> int:
    """Number of the first block that may run in half precision: the `num_fp16_res` last, never block 0."""
    count = description.options.get("num_fp16_res") or _HALF_RESOLUTIONS
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ValueError(f"the option 'num_fp16_res' should be a whole number, not {count!r}")
    return max(description.num_ws // 2 - count, 1)
