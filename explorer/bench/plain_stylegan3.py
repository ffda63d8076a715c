"""The yardstick for StyleGAN3: its synthesis written down as the paper's graph, with nothing done for speed.

As `plain` is for StyleGAN2: NCHW order, weights modulated sample by sample and
convolved in groups, every gain, activation and clamp an operation of its own, and
filters that run at the raised rate over inserted zeros.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.models import NetworkDescription


class PlainStyleGAN3:
    """Synthesis of a StyleGAN3 generator, the straightforward way.

    Parameters
    ----------
    description, tensors : as `explorer.models.build_generator` takes them
    """

    def __init__(self, description: NetworkDescription, tensors: Mapping[str, Tensor]):
        self._options = description.options
        self._tensors = {name: tensor.to(torch.float32).contiguous() for name, tensor in tensors.items()}

    @torch.no_grad()
    def synthesis(self, ws: Tensor, noise_mode: str = "const") -> Tensor:
        """Draw pictures.

        Parameters
        ----------
        ws : [N, num_ws, w_dim] float32
        noise_mode : without effect, there is no noise

        Returns
        -------
        [N, img_channels, resolution, resolution] float32
        """
        x = self._input(ws[:, 0])
        for row, layer in enumerate(self._options["layers"], start=1):
            x = self._layer(x, ws[:, row], layer)
        return x * self._options.get("output_scale", 0.25)

    def _affine(self, w: Tensor, name: str) -> Tensor:
        weight = self._tensors[f"{name}.affine.weight"]
        return F.linear(w, weight / math.sqrt(weight.shape[1]), self._tensors[f"{name}.affine.bias"])

    def _input(self, w: Tensor) -> Tensor:
        """Fourier features, moved by w and by the stored transform."""
        t, geometry = self._tensors, self._options["input"]
        (width, height), rate, band = geometry["size"], geometry["sampling_rate"], geometry["bandwidth"]
        moves = self._affine(w, "synthesis.input")
        moves = moves / moves[:, :2].norm(dim=1, keepdim=True)
        turn, shift = (torch.eye(3).repeat(len(w), 1, 1) for _ in range(2))
        turn[:, 0, 0], turn[:, 0, 1], turn[:, 1, 0], turn[:, 1, 1] = (
            moves[:, 0],
            -moves[:, 1],
            moves[:, 1],
            moves[:, 0],
        )
        shift[:, 0, 2], shift[:, 1, 2] = -moves[:, 2], -moves[:, 3]
        matrix = turn @ shift @ t["synthesis.input.transform"]
        freqs = t["synthesis.input.freqs"]
        phases = t["synthesis.input.phases"] + (freqs @ matrix[:, :2, 2:])[..., 0]
        freqs = freqs @ matrix[:, :2, :2]
        amplitude = (1 - (freqs.norm(dim=2) - band) / (rate / 2 - band)).clamp(0, 1)
        x = (torch.arange(width) + 0.5 - width / 2) / rate
        y = (torch.arange(height) + 0.5 - height / 2) / rate
        grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=2)  # [H, W, 2]
        waves = torch.einsum("hwk,nck->nchw", grid, freqs) + phases[:, :, None, None]
        waves = torch.sin(2 * math.pi * waves) * amplitude[:, :, None, None]
        weight = t["synthesis.input.weight"]
        return torch.einsum("nchw,oc->nohw", waves, weight / math.sqrt(weight.shape[1]))

    def _layer(self, x: Tensor, w: Tensor, layer: Mapping[str, Any]) -> Tensor:
        t, name = self._tensors, f"synthesis.{layer['name']}"
        weight, style = t[f"{name}.weight"], self._affine(w, name)
        out_channels, in_channels, kernel = weight.shape[:3]
        if layer["is_torgb"]:
            weight = weight * (style / math.sqrt(in_channels * kernel**2))[:, None, :, None, None]
        else:
            weight = weight * weight.square().mean(dim=(1, 2, 3), keepdim=True).rsqrt()
            style = style * style.square().mean().rsqrt()
            weight = weight * style[:, None, :, None, None]
            weight = weight * (weight.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8).rsqrt()
        weight = weight * t[f"{name}.magnitude_ema"].rsqrt()
        n = len(w)
        x = x.reshape(1, n * in_channels, *x.shape[2:])
        x = F.conv2d(x, weight.reshape(n * out_channels, *weight.shape[2:]), padding=kernel - 1, groups=n)
        x = x.reshape(n, out_channels, *x.shape[2:]) + t[f"{name}.bias"][:, None, None]

        up, down = layer["up_factor"], layer["down_factor"]
        x = F.pad(x[:, :, :, None, :, None], (0, up - 1, 0, 0, 0, up - 1))
        x = x.reshape(n, out_channels, x.shape[2] * up, -1)
        x = F.pad(x, tuple(layer["padding"]))
        x = _filter(x, t.get(f"{name}.up_filter"), up**2)
        if not layer["is_torgb"]:
            x = F.leaky_relu(x, 0.2) * math.sqrt(2)
        if layer.get("conv_clamp") is not None:
            x = x.clamp(-layer["conv_clamp"], layer["conv_clamp"])
        return _filter(x, t.get(f"{name}.down_filter"), 1)[:, :, ::down, ::down]


def _filter(x: Tensor, taps: Tensor | None, gain: float) -> Tensor:
    """Convolve each channel, axis after axis where the filter allows it, without padding."""
    if taps is None:
        return x
    channels, count = x.shape[1], taps.shape[0]
    if taps.ndim == 2:
        kernel = (taps.flip(0, 1) * gain).expand(channels, 1, count, count).contiguous()
        return F.conv2d(x, kernel, groups=channels)
    line = (taps.flip(0) * math.sqrt(gain)).expand(channels, 1, 1, count).contiguous()
    return F.conv2d(F.conv2d(x, line, groups=channels), line.transpose(2, 3).contiguous(), groups=channels)
