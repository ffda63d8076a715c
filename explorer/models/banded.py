"""The filtered leaky ReLU of StyleGAN3 as products with small band matrices: its form on a GPU.

A filter along one axis is a band matrix, the same band in every row. Cut into blocks of some
64 samples, each block is the product of one small matrix with a window of its input, so the
whole axis is one batched product with overlapping windows: nothing is copied, each pass reads
and writes memory once, and half precision runs on matrix units. Four such passes (up and
down, rows and columns) and the activation between them take some 15 launches a layer, where
phases of depth-wise convolutions (`filtered_lrelu`) take 23, or 130 where the rate is raised
four times; and no library is fast at depth-wise convolutions of 6 to 12 taps.

Expected of StyleGAN3-T 1024 at batch 1 in float16, counted and not measured: 30 GB read and
written, 18 of them within the second-level cache, 3 ms at 4 TB/s and 2 ms at 8; 0.3 TFLOP of
filters beneath that; 0.6 TFLOP of convolutions, 2 ms; 620 launches of a recorded chain (260
and more for strips), 1 ms. Together 8 to 10 ms.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

_ALIGNED = 8
"""Windows are this many samples long, or a multiple: what matrix units want of half precision."""
_SMALL = 160
"""Raised samples of an axis up to which blocks are half as long, so that less is computed in vain."""
_MOST = 65535
"""Products in one batch; not every version of the library takes more."""
STRIP_BYTES = 32 * 2**20
"""Raised rows that exist at a time: what stays in a large card's second-level cache (50 MB). Of the
30 GB that the operations of a picture of StyleGAN3-T 1024 read and write in float16, 18 GB then do so in
the cache; and the raised picture, 0.7 GB in one layer, never exists."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a layer: raised by `up` and lowered by `down` in `blocks` blocks."""

    up: Tensor
    """[R, K]: R raised samples of a block from K input samples."""
    down: Tensor
    """[R / D, K']: what a block puts out, from K' raised samples."""
    blocks: int
    first: int
    """Input sample that the first window starts at."""
    advance: int
    """Input samples from one block's window to the next: R / U."""

    @property
    def raised(self) -> int:
        """Raised samples of a block."""
        return self.up.shape[0]

    @property
    def reads(self) -> int:
        """Input samples that all windows read, from `first` on."""
        return (self.blocks - 1) * self.advance + self.up.shape[1]

    @classmethod
    def of(
        cls, up_taps: Tensor, down_taps: Tensor, up: int, down: int, low: int, size: int, like: Tensor
    ) -> "Axis":
        """Work out an axis.

        Parameters
        ----------
        up_taps, down_taps : [taps], front to back, gains included
        up, down : factors of the sampling rate
        low : samples added in front of the raised signal
        size : samples put out
        like : tells device and type
        """
        needed = (size - 1) * down + len(down_taps)
        period = math.lcm(up, down)
        raised = period * max(1, (32 if needed <= _SMALL else 64) // period)
        first = -(low // up)
        last = (needed - 1 + len(up_taps) - 1 - low) // up
        advance = raised // up
        # Whatever counts is read from the picture itself: a window may reach over its end, but not in vain.
        blocks = max(-(-needed // raised), -(-(last - first + 1) // advance))

        window = (raised - 1 + len(up_taps) - 1 - low) // up - first + 1
        upwards = torch.zeros(raised, _aligned(window))
        back = up_taps.flip(0)
        for place in range(raised):
            for sample in range(window):
                tap = (first + sample) * up - place + low
                if 0 <= tap < len(back):
                    upwards[place, sample] = back[tap]
        downwards = torch.zeros(raised // down, _aligned(raised - down + len(down_taps)))
        for place in range(raised // down):
            downwards[place, place * down : place * down + len(down_taps)] = down_taps.flip(0)
        return cls(upwards.to(like), downwards.to(like), blocks, first, advance)


def _aligned(count: int) -> int:
    return -(-count // _ALIGNED) * _ALIGNED


class BandedLReLU:
    """Raise the rate, leaky ReLU with clamp, lower the rate, whole pictures at a time.

    Parameters
    ----------
    rows, columns : of the picture, gains included
    out_size : (height, width) put out
    slope : of the leaky ReLU below zero; 1 for none
    clamp : largest magnitude, None for no limit
    """

    def __init__(
        self, rows: Axis, columns: Axis, out_size: tuple[int, int], slope: float, clamp: float | None
    ):
        self._rows, self._columns, self._out_size = rows, columns, out_size
        self._slope, self._clamp = slope, clamp

    def tensors(self) -> list[Tensor]:
        """All tensors it holds."""
        return [self._rows.up, self._rows.down, self._columns.up, self._columns.down]

    def __call__(self, x: Tensor) -> Tensor:
        """[N, C, height, width] to [N, C, *out_size], channels last. No gradients."""
        rows, columns = self._rows, self._columns
        count, channels, height, width = x.shape
        across = columns.blocks * columns.advance
        window = F.pad(
            x, (-columns.first, columns.first + across - width, -rows.first, rows.first + rows.reads - height)
        ).contiguous(memory_format=torch.channels_last)
        tall = rows.blocks * rows.raised

        pixels = window.permute(0, 2, 3, 1).reshape(-1)  # [N, reads, across, C], flat
        pitch = across * channels
        lifted = _room(x, count * tall * pitch, columns.up.shape[1] * channels)
        _along_rows(rows.up, pixels, pitch, rows.advance, rows.reads, lifted, rows.blocks, count)
        narrow = columns.blocks * columns.down.shape[0]
        lowered = _room(x, count * tall * narrow * channels, rows.down.shape[1] * narrow * channels)
        self._across(lifted, lowered, count * tall, channels)
        pitch = narrow * channels
        short = rows.blocks * rows.down.shape[0]
        out = x.new_empty(count * short * pitch)
        _along_rows(rows.down, lowered, pitch, rows.raised, tall, out, rows.blocks, count)
        whole = out.view(count, short, narrow, channels)[:, : self._out_size[0], : self._out_size[1]]
        return whole.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)

    def _across(self, lifted: Tensor, lowered: Tensor, height: int, channels: int) -> None:
        """Columns of all rows, a strip at a time: up, activation, down."""
        axis = self._columns
        wide = axis.blocks * axis.raised * channels
        strip = max(1, min(height, STRIP_BYTES // (wide * lifted.element_size()), _MOST // axis.blocks))
        raised = _room(lifted, strip * wide, axis.down.shape[1] * channels)
        pitch, narrow = axis.blocks * axis.advance * channels, axis.blocks * axis.down.shape[0] * channels
        for top in range(0, height, strip):
            count = min(strip, height - top)
            _along_columns(
                axis.up, lifted[top * pitch :], channels, axis.advance, raised, count * axis.blocks
            )
            part = raised[: count * wide]
            if self._slope != 1:
                F.leaky_relu_(part, self._slope)
            if self._clamp is not None:
                part.clamp_(-self._clamp, self._clamp)
            target = lowered[top * narrow :]
            _along_columns(axis.down, raised, channels, axis.raised, target, count * axis.blocks)


def _room(like: Tensor, size: int, rim: int) -> Tensor:
    """Memory for `size` values, and zeros behind them: windows that reach over the end find numbers."""
    room = like.new_empty(size + rim)
    room[size:].zero_()
    return room


def _along_rows(
    matrix: Tensor, x: Tensor, pitch: int, advance: int, height: int, out: Tensor, blocks: int, count: int
) -> None:
    """Multiply windows of whole rows, `pitch` values each, of `count` pictures of `height` rows."""
    places, length = matrix.shape
    for number in range(count):
        windows = x.as_strided((blocks, length, pitch), (advance * pitch, pitch, 1), number * height * pitch)
        start = number * blocks * places * pitch
        target = out[start : start + blocks * places * pitch].view(blocks, places, pitch)
        torch.bmm(matrix.expand(blocks, -1, -1), windows, out=target)


def _along_columns(matrix: Tensor, x: Tensor, channels: int, advance: int, out: Tensor, blocks: int) -> None:
    """Multiply windows of pixels, row after row, into `out`: rows lie behind each other without a gap."""
    places, length = matrix.shape
    windows = x.as_strided((blocks, length, channels), (advance * channels, channels, 1))
    target = out[: blocks * places * channels].view(blocks, places, channels)
    torch.bmm(matrix.expand(blocks, -1, -1), windows, out=target)
