"""The yardstick: StyleGAN2's synthesis written down as the papers' graph, with nothing done for speed.

Weights are modulated sample by sample and convolved in groups, tensors are in
NCHW order, every bias, gain, activation and clamp is an operation of its own,
and filters run over inserted zeros. That is what the published code does on a
processor without its compiled extensions, without gradients, but not in inference mode,
which it is older than; speeds of this program are told as
ratios against it, and differences to it are the error of a fast form.
"""

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.models import NetworkDescription


class PlainStyleGAN2:
    """Synthesis of a StyleGAN2 generator, the straightforward way.

    Parameters
    ----------
    description, tensors : as `explorer.models.build_generator` takes them
    """

    def __init__(self, description: NetworkDescription, tensors: Mapping[str, Tensor]):
        self._description = description
        self._arch = description.options.get("arch", "skip")
        self._clamp = description.options.get("conv_clamp")
        self._tensors = {name: tensor.to(torch.float32).contiguous() for name, tensor in tensors.items()}
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self._filter = torch.outer(taps, taps)

    @torch.no_grad()
    def synthesis(self, ws: Tensor, noise_mode: str = "const") -> Tensor:
        """Draw pictures.

        Parameters
        ----------
        ws : [N, num_ws, w_dim] float32
        noise_mode : "const" or "none"

        Returns
        -------
        [N, img_channels, resolution, resolution] float32
        """
        t = self._tensors
        x = t["synthesis.b4.const"].expand(len(ws), -1, -1, -1)
        image: Tensor | None = None
        for power in range(2, self._description.num_ws // 2 + 2):
            resolution = 2**power
            block = f"synthesis.b{resolution}"
            row = max(2 * power - 5, 0)
            before = x
            if resolution > 4:
                x = self._layer(x, ws[:, row], f"{block}.conv0", noise_mode, up=True)
                row += 1
            is_residual = self._arch == "resnet" and resolution > 4
            gain = math.sqrt(0.5) if is_residual else 1.0
            x = self._layer(x, ws[:, row], f"{block}.conv1", noise_mode, gain=gain)
            if is_residual:
                weight = t[f"{block}.skip.weight"]
                around = F.conv2d(before, weight / math.sqrt(weight.shape[1]))
                x = x + self._resample(around, up=2, pad=(2, 1), gain=4.0) * gain
            if f"{block}.torgb.weight" in t:
                if image is not None:
                    image = self._resample(image, up=2, pad=(2, 1), gain=4.0)
                rgb = self._torgb(x, ws[:, row + 1], f"{block}.torgb")
                image = rgb if image is None else image + rgb
        assert image is not None
        return image

    def _style(self, w: Tensor, name: str) -> Tensor:
        weight = self._tensors[f"{name}.affine.weight"]
        return F.linear(w, weight / math.sqrt(weight.shape[1]), self._tensors[f"{name}.affine.bias"])

    def _layer(
        self, x: Tensor, w: Tensor, name: str, noise_mode: str, *, up: bool = False, gain: float = 1.0
    ) -> Tensor:
        """Modulated 3x3 convolution, noise, bias, leaky ReLU, gain, clamp."""
        t = self._tensors
        weight = t[f"{name}.weight"] * self._style(w, name)[:, None, :, None, None]  # [N, O, I, 3, 3]
        weight = weight * (weight.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8).rsqrt()
        x = self._grouped(x, weight, up)
        if noise_mode == "const" and f"{name}.noise_const" in t:
            x = x + t[f"{name}.noise_const"] * t[f"{name}.noise_strength"]
        x = x + t[f"{name}.bias"][:, None, None]
        x = F.leaky_relu(x, 0.2)
        x = x * (gain * math.sqrt(2))
        return x if self._clamp is None else x.clamp(-self._clamp * gain, self._clamp * gain)

    def _grouped(self, x: Tensor, weight: Tensor, up: bool) -> Tensor:
        """Convolve each sample with its own weights, as one convolution of N groups."""
        n, out_channels, in_channels = weight.shape[:3]
        x = x.reshape(1, n * in_channels, *x.shape[2:])
        if up:
            weight = weight.transpose(1, 2).reshape(n * in_channels, out_channels, 3, 3)
            x = F.conv_transpose2d(x, weight, stride=2, groups=n)
            x = self._resample(x, up=1, pad=(1, 1), gain=4.0)
        else:
            weight = weight.reshape(n * out_channels, in_channels, *weight.shape[3:])
            x = F.conv2d(x, weight, padding=weight.shape[-1] // 2, groups=n)
        return x.reshape(n, out_channels, *x.shape[2:])

    def _torgb(self, x: Tensor, w: Tensor, name: str) -> Tensor:
        weight = self._tensors[f"{name}.weight"]
        style = self._style(w, name) / math.sqrt(weight.shape[1])
        y = self._grouped(x, weight * style[:, None, :, None, None], up=False)
        y = y + self._tensors[f"{name}.bias"][:, None, None]
        return y if self._clamp is None else y.clamp(-self._clamp, self._clamp)

    def _resample(self, x: Tensor, *, up: int, pad: tuple[int, int], gain: float) -> Tensor:
        """Insert zeros, pad, filter: section by section, no shortcut."""
        n, channels, height, width = x.shape
        x = F.pad(x.reshape(n, channels, height, 1, width, 1), (0, up - 1, 0, 0, 0, up - 1))
        x = x.reshape(n, channels, height * up, width * up)
        x = F.pad(x, (*pad, *pad))
        kernel = (self._filter * gain).expand(channels, 1, 4, 4).contiguous()
        return F.conv2d(x, kernel, groups=channels)
