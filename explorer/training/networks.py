"""Generator and discriminator for training, under the canonical parameter names.

The generator is StyleGAN2-ADA's: a mapping network and a synthesis network
with skip outputs; the discriminator is its residual one. Weights saved from
here are read by `models` without renaming.

References
----------
Karras et al. Analyzing and Improving the Image Quality of StyleGAN. 2020,
section 4.1 (skip generator, residual discriminator).
Karras et al. Training Generative Adversarial Networks with Limited Data. 2020.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.training.layers import Conv, Linear, ModulatedConv, ToRGB, upsample_image

Channels = Mapping[int, int]
"""Feature maps at each resolution: 4, 8, … up to the network's own."""

LOWEST_HALF_RESOLUTION = 16
"""Blocks below it stay in float32: they cost nothing and decide most."""


def resolutions(resolution: int) -> list[int]:
    """4, 8, …, `resolution`."""
    return [1 << k for k in range(2, resolution.bit_length())]


def block_dtype(resolution: int, dtype: torch.dtype) -> torch.dtype:
    """Type in which the block of that resolution computes when the network may use `dtype`."""
    return dtype if resolution >= LOWEST_HALF_RESOLUTION else torch.float32


class MappingNetwork(nn.Module):
    """z to w: normalisation, then `layers` fully connected layers with λ = 0.01."""

    w_avg: Tensor

    def __init__(self, z_dim: int, w_dim: int, layers: int) -> None:
        super().__init__()
        self.layers = layers
        for index in range(layers):
            in_features = z_dim if index == 0 else w_dim
            self.add_module(f"fc{index}", Linear(in_features, w_dim, lr_multiplier=0.01, activate=True))
        self.register_buffer("w_avg", torch.zeros(w_dim))

    def forward(self, z: Tensor) -> Tensor:
        """[N, z_dim] to [N, w_dim], both float32."""
        x = z * (z.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
        for index in range(self.layers):
            x = self.get_submodule(f"fc{index}")(x)
        return x


class SynthesisBlock(nn.Module):
    """The layers of one resolution: `conv0` (not at 4×4), `conv1` and `torgb`."""

    def __init__(
        self,
        resolution: int,
        channels: Channels,
        w_dim: int,
        img_channels: int,
        conv_clamp: float | None,
        use_noise: bool,
    ) -> None:
        super().__init__()
        out = channels[resolution]
        self.resolution = resolution
        if resolution == 4:
            self.const = nn.Parameter(torch.randn(out, 4, 4))
        else:
            self.conv0 = ModulatedConv(
                channels[resolution // 2],
                out,
                w_dim,
                resolution,
                up=True,
                conv_clamp=conv_clamp,
                use_noise=use_noise,
            )
        self.conv1 = ModulatedConv(
            out, out, w_dim, resolution, up=False, conv_clamp=conv_clamp, use_noise=use_noise
        )
        self.torgb = ToRGB(out, img_channels, w_dim, conv_clamp)


class Synthesis(nn.Module):
    """ws to picture, by skip outputs summed over the resolutions."""

    def __init__(
        self,
        resolution: int,
        channels: Channels,
        w_dim: int,
        img_channels: int,
        conv_clamp: float | None,
        use_noise: bool,
    ) -> None:
        super().__init__()
        self.resolution = resolution
        self.num_ws = 2 * int(math.log2(resolution)) - 2
        for res in resolutions(resolution):
            block = SynthesisBlock(res, channels, w_dim, img_channels, conv_clamp, use_noise)
            self.add_module(f"b{res}", block)

    def forward(
        self,
        rows: Sequence[Tensor],
        noise: torch.Generator | str | None,
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """Draw pictures.

        Parameters
        ----------
        rows : num_ws tensors [N, w_dim] float32
        noise : a generator for fresh noise in every layer, "const" for the stored planes, None for none
        dtype : type of the blocks from 16×16 up

        Returns
        -------
        [N, img_channels, resolution, resolution] float32, nominally −1..1
        """
        x: Tensor | None = None
        image: Tensor | None = None
        row = 0
        for res in resolutions(self.resolution):
            block = cast(SynthesisBlock, self.get_submodule(f"b{res}"))
            if x is None:
                x = block.const.expand(len(rows[0]), -1, -1, -1)
                x = x.contiguous(memory_format=torch.channels_last)
            else:
                x = x.to(block_dtype(res, dtype))
                x = block.conv0(x, rows[row], _noise(block.conv0, x, noise))
                row += 1
            x = block.conv1(x, rows[row], _noise(block.conv1, x, noise))
            row += 1
            # The row of a toRGB is also the one of the next block's first layer.
            rgb = block.torgb(x, rows[row])
            image = rgb if image is None else upsample_image(image) + rgb
        assert image is not None
        return image


def _noise(layer: ModulatedConv, x: Tensor, noise: torch.Generator | str | None) -> Tensor | None:
    if noise is None or not layer.use_noise:
        return None
    if isinstance(noise, str):
        return layer.noise_const[None, None]
    shape = (len(x), 1, layer.resolution, layer.resolution)
    return torch.randn(shape, generator=noise, device=x.device)


class Generator(nn.Module):
    """StyleGAN2 generator with skip outputs.

    Parameters
    ----------
    resolution : power of two from 8
    channels : feature maps of every resolution up to it; more entries are ignored
    conv_clamp : bound of activations, needed in float16
    use_noise : give layers noise planes and strengths
    """

    def __init__(
        self,
        resolution: int,
        channels: Channels,
        *,
        z_dim: int,
        w_dim: int,
        mapping_layers: int,
        img_channels: int = 3,
        conv_clamp: float | None = None,
        use_noise: bool = True,
    ) -> None:
        super().__init__()
        self.resolution = resolution
        self.z_dim = z_dim
        self.w_dim = w_dim
        self.mapping = MappingNetwork(z_dim, w_dim, mapping_layers)
        self.synthesis = Synthesis(resolution, channels, w_dim, img_channels, conv_clamp, use_noise)
        self.num_ws = self.synthesis.num_ws

    def forward(
        self,
        z: Tensor,
        *,
        psi: float = 1.0,
        noise: torch.Generator | str | None = "const",
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """Pictures of latents [N, z_dim]; see `Synthesis.forward`."""
        w = self.mapping(z)
        if psi != 1:
            w = self.mapping.w_avg.lerp(w, psi)
        return cast(Tensor, self.synthesis([w] * self.num_ws, noise, dtype))


class DiscriminatorBlock(nn.Module):
    """Two convolutions with a linear skip path, halving the resolution."""

    def __init__(
        self,
        resolution: int,
        channels: Channels,
        img_channels: int,
        conv_clamp: float | None,
        is_first: bool,
    ) -> None:
        super().__init__()
        inside, out = channels[resolution], channels[resolution // 2]
        half = math.sqrt(0.5)
        if is_first:
            self.fromrgb = Conv(img_channels, inside, 1, conv_clamp=conv_clamp)
        self.conv0 = Conv(inside, inside, 3, conv_clamp=conv_clamp)
        self.conv1 = Conv(inside, out, 3, down=True, gain=half, conv_clamp=conv_clamp)
        self.skip = Conv(inside, out, 1, down=True, bias=False, gain=half)

    def forward(self, x: Tensor) -> Tensor:
        """[N, I, H, H] to [N, O, H/2, H/2]."""
        return cast(Tensor, self.skip(x) + self.conv1(self.conv0(x)))


class Epilogue(nn.Module):
    """Minibatch standard deviation, a last convolution, two fully connected layers."""

    def __init__(self, channels: int, group: int, conv_clamp: float | None) -> None:
        super().__init__()
        self.group = group
        self.conv = Conv(channels + 1, channels, 3, conv_clamp=conv_clamp)
        self.fc = Linear(channels * 16, channels, activate=True)
        self.out = Linear(channels, 1)

    def forward(self, x: Tensor, parts: int) -> Tensor:
        """[N, C, 4, 4] float32 to logits [N]; groups never cross the `parts` equal parts."""
        deviations = [minibatch_deviation(part, self.group) for part in x.chunk(parts)]
        x = self.conv(torch.cat([x, torch.cat(deviations)], dim=1))
        return cast(Tensor, self.out(self.fc(x.flatten(1))).squeeze(1))


def minibatch_deviation(x: Tensor, group: int) -> Tensor:
    """One number per group: how much its members differ, as a feature map.

    Parameters
    ----------
    x : [N, C, H, W]; members of a group are samples j, j + n, j + 2n, … with n = N / group
    group : at most this many per group; N must be a multiple of it, or less than it

    Returns
    -------
    [N, 1, H, W]
    """
    count, channels, height, width = x.shape
    size = min(group, count)
    if count % size:
        raise ValueError(f"a batch of {count} is no multiple of the minibatch-deviation group of {size}")
    grouped = x.reshape(size, count // size, channels, height, width)
    variance = grouped.var(dim=0, unbiased=False)
    deviation = (variance + 1e-8).sqrt().mean(dim=(1, 2, 3))  # [n]
    return deviation.repeat(size)[:, None, None, None].expand(-1, 1, height, width)


class Discriminator(nn.Module):
    """Residual discriminator, unconditional."""

    def __init__(
        self,
        resolution: int,
        channels: Channels,
        *,
        img_channels: int = 3,
        group: int = 4,
        conv_clamp: float | None = None,
    ) -> None:
        super().__init__()
        self.resolution = resolution
        for res in reversed(resolutions(resolution)[1:]):
            block = DiscriminatorBlock(res, channels, img_channels, conv_clamp, res == resolution)
            self.add_module(f"b{res}", block)
        self.b4 = Epilogue(channels[4], group, conv_clamp)

    def forward(
        self,
        image: Tensor,
        *,
        parts: int = 1,
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """Judge pictures: positive logits mean real.

        Parameters
        ----------
        image : [N, channels, H, H] float32
        parts : equal parts of the batch (say reals, then fakes) that do not see each other
        dtype : type of the blocks from 16×16 up

        Returns
        -------
        [N] float32
        """
        first = cast(DiscriminatorBlock, self.get_submodule(f"b{self.resolution}"))
        kind = block_dtype(self.resolution, dtype)
        x = first(first.fromrgb(image.to(kind).contiguous(memory_format=torch.channels_last)))
        for res in reversed(resolutions(self.resolution)[1:-1]):
            x = self.get_submodule(f"b{res}")(x.to(block_dtype(res, dtype)))
        return cast(Tensor, self.b4(x.float(), parts))


def softplus_mean(logits: Tensor) -> Tensor:
    """Mean of ln(1 + exp(logits)), the non-saturating loss."""
    return F.softplus(logits).mean()
