"""Transposed 3x3 convolution with stride 2 in fewer multiplications, for large layers on a CPU.

Along y, every second row it puts out comes from one row of the input alone; those between
come from two, by a filter of two taps, which Winograd's minimal filtering (`winograd`) does for 5 rows
with 6 products instead of 10. Along x all stays an ordinary transposed convolution, so that
whole rows are the columns of one wide matrix and the transforms cost little. Together 0.73 of
the multiplications.

Measured on one thread against the ordinary form: 1.15-1.25x in layers of 64 to 512 channels from
`forms.ROWS_FROM` on, which draws a picture of StyleGAN2 of 1024 pixels 1.04x faster. On two threads up to
1.15x. Smaller layers lose what they gain to more calls (a network of 128 pixels 0.96x).
"""

from functools import partial

import torch
from torch import Tensor

from explorer import mappings
from explorer.models.packed import PackedConv
from explorer.models.winograd import transforms

TILE = 5
"""Rows between that are made together."""


class DoublingConv:
    """A 3x3 convolution to twice the size and one more row and column.

    Parameters
    ----------
    weight : [I, O, 3, 3] float32 on the CPU
    """

    def __init__(self, weight: Tensor):
        self._weight = weight
        self._kernel, self._before, self._after = (torch.from_numpy(t).float() for t in transforms(TILE, 2))

        # Along x, for each product and then for the rows that need none.
        self._convs = [
            PackedConv(partial(_taps, weight, self._kernel, row), transposed=True, stride=(1, 2))
            for row in range(TILE + 2)
        ]

    def __call__(self, x: Tensor) -> Tensor:
        """[N, I, H, W] float32 in channels_last to [N, O, 2 H + 1, 2 W + 1], a view into new memory."""
        n, channels, height, width = x.shape
        tiles = -(-(height + 1) // TILE)
        length = (2 * width + 1) * self._weight.shape[1]
        out = x.new_empty(n, tiles * TILE, 2, length)
        *products, single = self._convs
        lines = x.permute(0, 2, 3, 1).reshape(n, height, -1)  # [N, H, W * I]
        after = self._after.expand(tiles, -1, -1)
        for sample in range(n):
            points = (
                self._lift(lines[sample], tiles).view(-1, 1, tiles, width, channels).permute(0, 1, 4, 2, 3)
            )
            between = x.new_empty(len(products), tiles, length)
            for point, conv, target in zip(points, products, between, strict=True):
                target.copy_(_widened(point, conv))
            target = out[sample, :, 0].view(tiles, TILE, length)
            torch.bmm(after, between.transpose(0, 1), out=target)
            out[sample, :height, 1].copy_(_widened(x[sample : sample + 1], single))
        whole = out.view(n, 2 * tiles * TILE, 2 * width + 1, -1).permute(0, 3, 1, 2)
        return whole[:, :, : 2 * height + 1]

    def _lift(self, lines: Tensor, tiles: int) -> Tensor:
        """Transform along y, zeros above and below. [H, columns] to [TILE + 1, tiles, columns]."""
        height, columns = lines.shape
        span = TILE + 1
        points = lines.new_empty(span, tiles, columns)
        inside = range(1, max((height - span + 1) // TILE + 1, 1))
        if inside:
            windows = lines[TILE - 1 :].unfold(0, span, TILE)[: len(inside)].transpose(1, 2)
            before = self._before.expand(len(inside), -1, -1)
            torch.bmm(before, windows, out=points[:, 1 : inside.stop].transpose(0, 1))
        for tile in (0, *range(inside.stop, tiles)):  # over the rim
            start = tile * TILE - 1
            begin, end = max(start, 0), min(start + span, height)
            torch.mm(self._before[:, begin - start : end - start], lines[begin:end], out=points[:, tile])
        return points

    def tensors(self) -> list[Tensor]:
        """All tensors it holds by now."""
        held = [self._kernel, self._before, self._after, self._weight]
        return held + [tensor for conv in self._convs for tensor in conv.tensors()]


def _taps(weight: Tensor, kernel: Tensor, row: int) -> Tensor:
    """Weights of a product, or past those of the rows that need none, [I, O, 1, 3]."""
    weight = mappings.whole(weight)
    if row > TILE:
        return weight[:, :, 1:2]
    pair = weight[:, :, [2, 0]]  # taps for the row before and the row itself
    return torch.einsum("t,iotx->iox", kernel[row], pair)[:, :, None]


def _widened(x: Tensor, conv: PackedConv) -> Tensor:
    """Rows to twice the width. [1, I, H, W] to [H, (2 W + 1) * O]."""
    wide = conv(x)
    return wide.permute(0, 2, 3, 1).reshape(x.shape[2], -1)
