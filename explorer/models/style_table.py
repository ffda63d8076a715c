"""Styles and demodulation of the layers of one picture on a CPU, out of tables of their weights.

Where a layer by itself needs five operations for its own, one (`ops.weighted_sums`, which also reads
weights faster than products of matrices do) serves all layers of a width: a network of 128 pixels
1.02x; the bundled one, whose weights stay in the cache, gains nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from explorer.models import processor
from explorer.models.ops import has_lookup, weighted_sums
from explorer.models.styles import Styles, StyleSource


class StyleTable:
    """All layers of a network.

    Parameters
    ----------
    sources : of each layer, in their order, such as `suits` accepts
    """

    def __init__(self, sources: Sequence[StyleSource]):
        given = list(sources)
        self._styles = _tables({i: (s.weight.t(), s.bias) for i, s in enumerate(given)})
        powers = {
            i: (s.power, s.epsilon)
            for i, s in enumerate(given)
            if s.power is not None and s.epsilon is not None
        }
        self._demods = _tables(powers)
        self.sources = [self._laid(i, source) for i, source in enumerate(given)]
        """The same with their weights in the memory of the tables."""
        self._plans: dict[tuple[int, int], list[_Group]] = {}

    @staticmethod
    def suits(sources: Sequence[StyleSource]) -> bool:
        """Whether it can, and that is fast: float32 on a CPU, no norms."""
        kinds = {(s.weight.dtype, processor.kind(s.weight.device), s.norm) for s in sources}
        return kinds == {(torch.float32, "cpu", "none")} and has_lookup()

    def _laid(self, layer: int, source: StyleSource) -> StyleSource:
        weight, bias = next(t for t in self._styles if layer in t.layers).of(layer)
        source = replace(source, weight=weight.t(), bias=bias)
        if source.power is None:
            return source
        power, epsilon = next(t for t in self._demods if layer in t.layers).of(layer)
        return replace(source, power=power, epsilon=epsilon)

    def __call__(self, ws: Tensor, first: int, past: int) -> dict[int, Styles]:
        """Styles of the layers from `first` to before `past`. [1, num_ws, w_dim] float32."""
        if (first, past) not in self._plans:
            self._plans[first, past] = self._plan(first, past)
        found: dict[int, Styles] = {}
        for group in self._plans[first, past]:
            styles = group.styles(ws[0].index_select(0, group.rows))
            each = styles.split(1)
            found |= {layer: Styles(style, None) for layer, style in zip(group.layers, each, strict=True)}
            for begin, end, sums in group.demods:
                chosen = styles[begin:end]
                demods = sums(chosen * chosen).rsqrt_().split(1)
                for place, demod in enumerate(demods, begin):
                    found[group.layers[place]] = Styles(each[place], demod)
        return found

    def _plan(self, first: int, past: int) -> "list[_Group]":
        plan = []
        for table in self._styles:
            wanted = [layer for layer in table.layers if first <= layer < past]
            layers: list[int] = []
            demods = []
            for powers in self._demods:
                same = [layer for layer in powers.layers if layer in wanted]
                if same:
                    demods.append((len(layers), len(layers) + len(same), powers.sums(same)))
                    layers += same
            layers += [layer for layer in wanted if self.sources[layer].power is None]
            if layers:
                rows = torch.tensor([self.sources[layer].row for layer in layers])
                plan.append(_Group(layers, rows, table.sums(layers), demods))
        return plan


@dataclass(frozen=True, slots=True)
class _Group:
    """Layers of one width."""

    layers: list[int]
    rows: Tensor
    """Of `ws`."""
    styles: "_Sums"
    demods: "list[tuple[int, int, _Sums]]"
    """From where to where among them demodulations have one width too."""


class _Table:
    """Weights of several layers, one below the other.

    Parameters
    ----------
    parts : by layer its weights, [rows, width], and what is added to their sums, [width]
    """

    def __init__(self, parts: dict[int, tuple[Tensor, Tensor]]):
        self.layers = list(parts)
        self._weights = torch.stack([weight for weight, _ in parts.values()])
        self._shifts = torch.stack([shift for _, shift in parts.values()])

    def of(self, layer: int) -> tuple[Tensor, Tensor]:
        """Weights and shift of one of them."""
        place = self.layers.index(layer)
        return self._weights[place], self._shifts[place]

    def sums(self, layers: Sequence[int]) -> "_Sums":
        """For some of them."""
        count, rows, width = self._weights.shape
        numbers = torch.tensor([self.layers.index(layer) for layer in layers])
        places = (numbers[:, None] * rows + torch.arange(rows)).view(-1)
        starts = torch.arange(len(layers)) * rows
        table = self._weights.view(count * rows, width)
        return _Sums(table, places.int(), starts.int(), self._shifts[numbers])


def _tables(parts: dict[int, tuple[Tensor, Tensor]]) -> list[_Table]:
    """One for each shape."""
    shapes = dict.fromkeys(weight.shape for weight, _ in parts.values())
    return [_Table({i: part for i, part in parts.items() if part[0].shape == shape}) for shape in shapes]


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums of weighted rows: of some of the layers in a table, one each."""

    table: Tensor
    places: Tensor
    """[layers * rows of a layer]"""
    starts: Tensor
    """[layers], where among the places each begins"""
    shifts: Tensor
    """[layers, width]"""

    def __call__(self, factors: Tensor) -> Tensor:
        """[layers, rows of a layer] to [layers, width]."""
        return weighted_sums(self.table, self.places, self.starts, factors.view(-1)).add_(self.shifts)
