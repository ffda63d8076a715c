"""Styles of a network's layers, in whichever way is fastest."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.models.style_bank import StyleBank
from explorer.models.style_table import StyleTable
from explorer.models.styles import Styled, Styles


@dataclass(frozen=True, slots=True)
class _Known:
    """Latents and the styles of layers that are known for them."""

    ws: Tensor
    styles: dict[int, Styles]


class NetworkStyles:
    """Styles of a network's layers: together for the latents it has begun with, else each for itself.

    Parameters
    ----------
    parts : the layers and their rows of `ws`
    is_batched : whether to work out all at once, several pictures too, which pays on a GPU
    """

    def __init__(self, parts: Sequence[tuple[Styled, int]], is_batched: bool):
        self._parts = tuple(parts)
        sources = [part.source(row) for part, row in parts]
        self._bank = StyleBank(sources) if is_batched else None
        self._table = StyleTable(sources) if not is_batched and StyleTable.suits(sources) else None
        if self._table is not None:
            for (part, _), source in zip(self._parts, self._table.sources, strict=True):
                part.take(source)
        self._begun: _Known | None = None
        self._last: _Known | None = None
        """What the table gave last, with a copy of its latents."""

    def begin(self, ws: Tensor) -> None:
        """See `Generator.begin`."""
        self._begun = None
        if ws.requires_grad:
            return
        if self._bank is not None:
            with torch.inference_mode():
                self._begun = _Known(ws, dict(enumerate(self._bank(ws))))
        elif self._table is not None and len(ws) == 1:
            self._begun = _Known(ws, {})

    def of(self, index: int, ws: Tensor) -> Styles:
        """Styles of a layer by its place among `parts`. [N, num_ws, w_dim]."""
        begun = self._begun  # another picture may begin at any time
        if begun is None or begun.ws is not ws:
            return self._alone(index, ws)
        if index not in begun.styles:
            begun = self._begun = _Known(ws, self._from(index, ws))
        return begun.styles[index]

    def _from(self, index: int, ws: Tensor) -> dict[int, Styles]:
        """Styles of a layer and all after it: what is drawn from the middle on needs no others."""
        assert self._table is not None
        last = self._last
        # What goes on from a draft finds its styles there: all are 6 % of a picture of the bundled network.
        if last is None or index == 0 or index not in last.styles or not torch.equal(ws, last.ws):
            last = self._last = _Known(ws.clone(), self._table(ws, index, len(self._parts)))
        return last.styles

    def _alone(self, index: int, ws: Tensor) -> Styles:
        if self._table is not None and len(ws) == 1 and not ws.requires_grad:
            return self._table(ws, index, index + 1)[index]  # the same bits as together with others
        part, row = self._parts[index]
        # It lies in memory alike whatever `ws` looks like, so products give the same bits.
        return part.styles(ws[:, row].clone())

    def tensors(self) -> list[Tensor]:
        """All tensors it holds besides those of its layers."""
        return [] if self._bank is None else self._bank.tensors()
