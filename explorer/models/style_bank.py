"""Styles and demodulation of all layers at once, for devices on which launches cost more than sums.

A layer needs a dozen small operations before its convolution; with some twenty layers most
launches of a picture are of this kind. Here two batched matrix products, over weights
filled up with zeros to one size, do it for the whole network: expected, not measured, to spare
StyleGAN2 of 1024 pixels some 70 launches. A CPU has another way (`style_table`).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from explorer.models.styles import Styles, StyleSource


class StyleBank:
    """All layers of a network, made ready.

    Parameters
    ----------
    sources : of each layer, in their order, all on one device
    """

    def __init__(self, sources: Sequence[StyleSource]):
        self._sources = tuple(sources)
        widest = max(len(s.bias) for s in sources)
        broadest = max((s.power.shape[1] for s in sources if s.power is not None), default=1)
        like = sources[0].weight
        count = len(sources)
        self._rows = torch.tensor([s.row for s in sources], device=like.device)
        self._weight = like.new_zeros(count, like.shape[1], widest)
        self._bias = like.new_zeros(count, 1, widest)
        self._power = like.new_zeros(count, widest, broadest)
        self._epsilon = like.new_ones(count, 1, broadest)
        self._norms = {s.norm for s in sources}
        self._is_normed = torch.tensor([s.norm != "none" for s in sources], device=like.device)[:, None, None]
        self._counts = like.new_tensor([len(s.bias) for s in sources])[:, None, None]
        for i, source in enumerate(sources):
            channels = len(source.bias)
            self._weight[i, :, :channels] = source.weight.t()
            self._bias[i, 0, :channels] = source.bias
            if source.power is not None and source.epsilon is not None:
                self._power[i, :channels, : source.power.shape[1]] = source.power
                self._epsilon[i, 0, : source.power.shape[1]] = source.epsilon

    def __call__(self, ws: Tensor) -> list[Styles]:
        """Styles of each layer. [N, num_ws, w_dim] float32."""
        rows = ws.transpose(0, 1).index_select(0, self._rows)  # [L, N, w_dim]
        styles = torch.baddbmm(self._bias, rows, self._weight)  # [L, N, C]
        if self._norms != {"none"}:
            styles = torch.where(self._is_normed, styles / self._sizes(styles), styles)
        demods = torch.baddbmm(self._epsilon, styles.square(), self._power).rsqrt_()  # [L, N, O]
        return [
            Styles(
                styles[i, :, : len(source.bias)],
                None if source.power is None else demods[i, :, : source.power.shape[1]],
            )
            for i, source in enumerate(self._sources)
        ]

    def _sizes(self, styles: Tensor) -> Tensor:
        """What styles are divided by: [L, N, 1]. A network has one norm for all that have any."""
        if "power" in self._norms:
            return (styles.square().sum(dim=2, keepdim=True) / self._counts).sqrt_()
        return styles.abs().amax(dim=2, keepdim=True).clamp_min(torch.finfo(torch.float32).tiny)

    def tensors(self) -> list[Tensor]:
        """All tensors it holds besides those of its sources."""
        held = [self._rows, self._weight, self._bias, self._power, self._epsilon]
        return [*held, self._is_normed, self._counts]
