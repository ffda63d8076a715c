"""3x3 convolution with fewer multiplications, for wide layers on a CPU.

Winograd's minimal filtering: a tile of m x m outputs is a product, number by number,
of a (m+2) x (m+2) transform of its inputs with one of the kernel, transformed back.
Over channels the products are matrix products, (m+2)^2 of them, and need 2.25 (m = 2)
or 4 (m = 4) times fewer multiplications than the sum itself.

Measured on one thread against the same layer as an ordinary convolution, style included:
512 channels 1.9x at 8 px, 2.4x at 16 and 2.6x at 32; 256 channels 2.1x at 32-64;
128 channels 1.7x at 128 px, 1.5x at 64; 64 channels 1.2x from 128 px (1.0-1.1x on a
core with 512 bit vectors, whose ordinary convolution is nearer to its ceiling). What it costs
is memory: the transformed weights are 1.8 or 4 times as large.

References
----------
Lavin, Gray. Fast Algorithms for Convolutional Neural Networks. 2016.
Barabasz et al. Error Analysis and Improving the Accuracy of Winograd Convolution. 2018:
the points +-sqrt(1/2), +-sqrt(2) here leave 4 times less error than the usual +-1, +-2
(2e-6 of the largest value; the ordinary sum has 3e-7 to 3e-6).
"""

import math
from collections.abc import Callable
from functools import cache
from itertools import product
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explorer import mappings
from explorer.models.pieces import spread

_POINTS = {2: (0.0, 1.0, -1.0), 4: (0.0, math.sqrt(0.5), -math.sqrt(0.5), math.sqrt(2), -math.sqrt(2))}
"""Where the polynomials of Toom and Cook are evaluated, infinity aside."""
_CACHE_BYTES = 1_200_000
"""Second-level cache of a core: what a strip of transformed tiles should fit into."""


def tile_for(in_channels: int, out_channels: int, size: int) -> int | None:
    """Tile with which a layer of `size` pixels is faster than as an ordinary convolution, or None.

    Narrow layers win only where they are large; below 8 pixels, reading the larger
    weights takes longer than the multiplications they save.
    """
    width = min(in_channels, out_channels)
    if size % 4 or width % 16:
        return None
    if size == 8:
        return 2 if width >= 512 else None
    is_wide_enough = width >= 128 and size >= 16
    is_large_enough = width >= 64 and size >= 128
    return 4 if is_wide_enough or is_large_enough else None


class WinogradConv:
    """A 3x3 convolution with zeros outside, of styled input.

    Parameters
    ----------
    weight : [O, I, 3, 3] float32 on the CPU
    tile : 2 or 4, see `tile_for`
    size : height and width of the input it is used at
    padding : rim of zeros; with 1 the output is as large as the input
    apart : whether each strip is drawn by one thread; the bits are the same on any number of them then
    """

    def __init__(self, weight: Tensor, tile: int, size: int, padding: int = 1, apart: bool = False):
        self._tile = tile
        self._span = tile + 2
        self._padding = padding
        self._out_channels, self._in_channels = weight.shape[:2]
        self._out_size = size + 2 * padding - 2
        self._weight = weight
        kernel, before, after = (torch.from_numpy(np.kron(t, t)).float() for t in transforms(tile))
        self._kernel, self._before, self._after = kernel, before, after
        self._across = across = -(-self._out_size // tile)
        # Short strips keep the tiles in the cache, but each reads all weights once more.
        strip_bytes = max(_CACHE_BYTES, 2 * self._span**2 * self._out_channels * self._in_channels)
        row_bytes = 4 * across * self._span**2 * self._in_channels
        self._strip = min(max(strip_bytes // row_bytes, 1), across)
        self._apart = apart
        self._lock = Lock()
        self._made: _Grouped | _Matrices | None = None
        self._made_for = 0

    def _product(self) -> "_Grouped | _Matrices":
        """The transformed weights, made when the layer first draws.

        They take as long as a sixth of a frame and several times the memory of the
        network: nothing for a network that is only opened, or goes on to another device.
        The library lays them out for a number of threads, and for any other would do so
        again in every picture (6 times as slow at 512 channels): so they follow that number.
        """
        with self._lock:
            threads = torch.get_num_threads()
            if self._made is None or self._made_for != threads:
                self._made = None
                count = self._strip * self._across
                self._made = _Grouped(self._spread, count) if _has_grouped() else _Matrices(self._spread)
                self._made_for = threads
                mappings.rest()
            return self._made

    def _spread(self) -> Tensor:
        """Transformed weights, [span^2, O, I]: made where they are used up, so that no copy stays."""
        spread = self._kernel @ mappings.whole(self._weight).reshape(-1, 9).t()  # [span^2, O * I]
        return spread.view(-1, self._out_channels, self._in_channels)

    def __call__(self, x: Tensor, style: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        """Convolve x * style, times `scale`, plus `bias`.

        Parameters
        ----------
        x : [N, I, size, size] float32 in channels_last
        style : [N, I]
        scale : [N, O]
        bias : [O]

        Returns
        -------
        [N, O, H, H], H = size + 2 * padding - 2, new memory; in channels_last where H is a
        multiple of the tile, otherwise a view into such a picture
        """
        n, across = x.shape[0], self._across
        out = x.new_empty(n, across, self._tile, across, self._tile, self._out_channels)
        places = list(product(range(n), range(0, across, self._strip)))

        def worker() -> Callable[[int], None]:
            scratch = _Scratch(x, self._strip, across, self._tile, self._out_channels)

            def work(piece: int) -> None:
                sample, first = places[piece]
                target = out[sample, first : first + self._strip]
                self._one_strip(x[sample], style[sample], scale[sample], bias, first, scratch, target)

            return work

        spread(worker, len(places), together=not self._apart)
        whole = out.view(n, across * self._tile, across * self._tile, -1).permute(0, 3, 1, 2)
        return whole[:, :, : self._out_size, : self._out_size]

    def _one_strip(
        self,
        x: Tensor,
        style: Tensor,
        scale: Tensor,
        bias: Tensor,
        first: int,
        scratch: "_Scratch",
        out: Tensor,
    ) -> None:
        """Write rows of tiles from `first` on into `out` [tiles down, tile, tiles across, tile, O]."""
        rows = len(out)
        count, tile = rows * self._across, self._tile
        scratch.fill(x, style, first * tile - self._padding, self._padding)
        tiles, points, back = scratch.tiles[:rows], scratch.points[:count], scratch.back[:count]
        torch.bmm(self._before.expand(count, -1, -1), tiles.reshape(count, *points.shape[1:]), out=points)
        products = self._product()(points)  # [T, span^2, O]
        torch.bmm(self._after.expand(count, -1, -1), products, out=back)
        part = back.view(rows, self._across, tile, tile, self._out_channels).permute(0, 2, 1, 3, 4)
        torch.addcmul(bias, part, scale, out=out)

    def tensors(self) -> list[Tensor]:
        """All tensors it holds by now."""
        held = [self._kernel, self._before, self._after, self._weight]
        return held if self._made is None else [*held, self._made.weight]


class _Scratch:
    """Memory that the strips of one picture share, so that it stays in the cache.

    Against fresh memory for each strip: 1.03-1.1x for layers of up to 128 channels.
    """

    def __init__(self, x: Tensor, strip: int, across: int, tile: int, out_channels: int):
        channels, span = x.shape[1], tile + 2
        # One strip of styled input with its rim, the zeros left and right written once.
        self._rim = x.new_zeros(strip * tile + 2, across * tile + 2, channels)
        row = (across * tile + 2) * channels
        self.tiles = self._rim.as_strided(
            (strip, across, span, span, channels), (tile * row, tile * channels, row, channels, 1)
        )
        self.points = x.new_empty(strip * across, span * span, channels)
        self.back = x.new_empty(strip * across, tile * tile, out_channels)

    def fill(self, x: Tensor, style: Tensor, top: int, left: int) -> None:
        """Take in x * style from row `top` on, zeros outside. [C, size, size], [C]."""
        size, height = x.shape[1], len(self._rim)
        begin, end = max(top, 0), min(top + height, size)
        inside = self._rim[begin - top : max(end - top, begin - top)]
        torch.mul(x.permute(1, 2, 0)[begin : max(end, begin)], style, out=inside[:, left : left + size])
        self._rim[: begin - top].zero_()
        self._rim[max(end - top, 0) :].zero_()


@cache
def transforms(
    tile: int, taps: int = 3
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Transforms along one axis, after Toom and Cook: output = A ((G kernel) * (B input)).

    Returns
    -------
    G [span, taps], B [span, span], A [tile, span], span = tile + taps - 1
    """
    span = tile + taps - 1
    points = _POINTS[span - 2]
    before, after, kernel = np.zeros((span, span)), np.zeros((tile, span)), np.zeros((span, taps))
    for j, p in enumerate(points):
        others = [q for q in points if q != p]
        kernel[j] = p ** np.arange(taps) / math.prod(p - q for q in others)
        before[j, : span - 1] = np.poly(others)[::-1]
        after[:, j] = p ** np.arange(tile)
    kernel[-1, -1] = after[-1, -1] = 1.0  # the point at infinity
    before[-1] = np.poly(points)[::-1]
    return kernel, before, after


class _Matrices:
    """[T, G, I] times [G, I, O], by the batched product of torch."""

    def __init__(self, spread: Callable[[], Tensor]):
        self.weight = spread().transpose(1, 2).contiguous()

    def __call__(self, x: Tensor) -> Tensor:
        return torch.bmm(x.transpose(0, 1), self.weight).transpose(0, 1)


class _Grouped:
    """The same as a 1x1 convolution in G groups over weights in oneDNN's own layout.

    1.3-1.5 times faster than `_Matrices`. The operation is torch's, though not among
    those it documents (its compiler uses it); `_has_grouped` asks before relying on it.
    """

    def __init__(self, spread: Callable[[], Tensor], count: int):
        weight = spread()
        self._groups, self._out, channels = weight.shape
        dense = weight.view(self._groups * self._out, channels, 1, 1)
        shape = [1, self._groups * channels, 1, count]
        self.weight: Tensor = torch.ops.mkldnn._reorder_convolution_weight(
            dense, [0, 0], [1, 1], [1, 1], self._groups, shape
        )

    def __call__(self, x: Tensor) -> Tensor:
        count, groups, channels = x.shape
        width = groups * channels
        pixels = x.as_strided((1, width, 1, count), (count * width, 1, count * width, width))
        y: Tensor = torch.ops.mkldnn._convolution_pointwise(
            pixels, self.weight, None, [0, 0], [1, 1], [1, 1], groups, "none", [], ""
        )
        return y.permute(0, 2, 3, 1).reshape(count, groups, self._out)


@cache
def _has_grouped() -> bool:
    """Whether this build of torch has the faster product: tried once on a small example of known result."""
    generator = torch.Generator().manual_seed(0)
    spread = torch.randn(4, 16, 32, generator=generator)
    x = torch.randn(3, 4, 32, generator=generator)
    try:
        found = _Grouped(lambda: spread, 3)(x)
    except (AttributeError, RuntimeError, TypeError):
        return False
    return found.shape == (3, 4, 16) and torch.allclose(found, _Matrices(lambda: spread)(x), atol=1e-4)
