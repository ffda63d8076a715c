"""Styles and demodulation of all layers at once, for devices on which launches cost more than sums.

A layer needs a dozen small operations before its convolution; with some twenty layers most
launches of a picture are of this kind. Here two batched matrix products, over weights
filled up with zeros to one size, do it for the whole network: expected, not measured, to spare
StyleGAN2 of 1024 pixels some 70 launches. On a CPU nothing is gained (5 million multiplications
either way) and each layer works for itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

_ALIGNED = 16
"""Numbers at whose multiples torch lets memory begin: rows of so many lie in one piece as apart."""


@dataclass(frozen=True, slots=True)
class StyleSource:
    """What a layer's style and demodulation come from."""

    row: int
    """Of `ws`."""
    weight: Tensor
    """[C, w_dim] from the row to the style"""
    bias: Tensor
    """[C]"""
    power: Tensor | None = None
    """[C, O], see `Styles.demod`; None where the layer has no demodulation."""
    epsilon: Tensor | None = None
    """[O]"""
    norm: Literal["none", "peak", "power"] = "none"
    """What the style is scaled to: a largest value of one ("peak", StyleGAN2 in half precision), or a mean
    square of one ("power", StyleGAN3). Demodulation takes it out again."""


@dataclass(frozen=True, slots=True)
class Styles:
    """What a layer takes from `ws`."""

    style: Tensor
    """[N, C] float32"""
    demod: Tensor | None
    """[N, O] float32: 1 / sqrt(style^2 power + epsilon)"""


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


class Styled(Protocol):
    """A layer that takes a style from a row of `ws`."""

    def styles(self, w: Tensor) -> Styles:
        """Its own, from its row. [N, w_dim] float32."""

    def source(self, row: int) -> StyleSource:
        """The same, to be worked out with other layers."""


class NetworkStyles:
    """Styles of a network's layers: all at once for the latents it has begun with, else each for itself.

    Parameters
    ----------
    parts : the layers and their rows of `ws`
    is_batched : whether to work out all at once, which pays on a GPU
    """

    def __init__(self, parts: Sequence[tuple[Styled, int]], is_batched: bool):
        self._parts = tuple(parts)
        self._bank = StyleBank([part.source(row) for part, row in parts]) if is_batched else None
        self._begun: tuple[Tensor, list[Styles]] | None = None
        self._rows: tuple[Tensor, Tensor] | None = None

    def begin(self, ws: Tensor) -> None:
        """See `Generator.begin`. On a CPU only the rows are laid out: the bundled network 1.02x faster."""
        self._begun = self._rows = None
        if ws.requires_grad:
            return
        if self._bank is None:
            self._rows = (ws, ws.transpose(0, 1).contiguous()) if ws.shape[2] % _ALIGNED == 0 else None
            return
        with torch.inference_mode():
            self._begun = (ws, self._bank(ws))

    def of(self, index: int, ws: Tensor) -> Styles:
        """Styles of a layer by its place among `parts`. [N, num_ws, w_dim]."""
        begun, rows = self._begun, self._rows  # another picture may begin at any time
        if begun is not None and begun[0] is ws:
            return begun[1][index]
        part, row = self._parts[index]
        # Either way they lie in memory alike whatever `ws` looks like, so products give the same bits.
        return part.styles(rows[1][row] if rows is not None and rows[0] is ws else ws[:, row].clone())

    def tensors(self) -> list[Tensor]:
        """All tensors it holds besides those of its layers."""
        return [] if self._bank is None else self._bank.tensors()
