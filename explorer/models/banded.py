"""The filtered leaky ReLU of StyleGAN3 as products with small band matrices: its form on a GPU.

A filter along one axis is a band matrix, the same band in every row. Cut into blocks of some
64 samples, each block is the product of one small matrix with a window of its input, so the
whole axis is one batched product with overlapping windows: nothing is copied, each pass reads
and writes memory once, and half precision runs on matrix units. Four such passes (up and
down, along y and x) and the activation between them take some 15 launches a layer, where
phases of depth-wise convolutions (`filtered_lrelu`) take 23, or 130 where the rate is raised
four times; and no library is fast at depth-wise convolutions of 6 to 12 taps.

A product is fast where its other side is long, and both axes cannot lie behind all others in
memory. So the first pass turns the picture, from [y, x, C] to [x, C, y], and the last one turns it
back: a product writes its result in either order for nothing. Between them the windows along x are
as long as whole rows of the picture times its channels. (With the channels last throughout, windows
along x are 32 to 128 values long: an H100 read and wrote those at 27 % of its memory's speed, the
long ones at 50 to 60 %, and took 20.5 ms for a picture of StyleGAN3-T 1024 in float16.)

Measured there for StyleGAN3-T 1024 at batch 1, one recorded picture: 11.2 ms in float16, of which
leaky ReLU and clamp took 2.4 and convolutions some 2.3; on an H200, those two one pass (`fused`), 9.1 ms.
float32 took as long as before, 49 ms, most of it in convolutions and products, for which it has no matrix
units. On the H200 strips of 24, 32 and 56 MiB took 9.4, 9.3 and 9.0 ms, blocks of 32 and 128 1.14 and 1.05
times as long, and channels filled up to 32, 64 or 128 bytes 1.01 to 1.13 times. Counted: 9.5 GB read and
written in memory and 17 GB in the cache, 0.28 TFLOP of filters, 0.6 TFLOP of convolutions.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.models import fused

_ALIGNED = 8
"""Windows are this many samples long, or a multiple: what matrix units want of half precision."""
_BLOCK = 64
"""Raised samples of a block, about: more are fewer and larger products, and more multiplications in all."""
_SMALL = 160
"""Raised samples of an axis up to which blocks are half as long, so that less is computed in vain."""
_LINE = 64
"""Values that strips are a multiple of: 128 bytes in half precision."""
STRIP_BYTES = 40 * 2**20
"""Part of the raised picture that exists at a time: what stays in a large card's second-level cache
(50 or 60 MB). The whole, 0.8 GB in one layer of StyleGAN3-T 1024, never exists."""


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

    def margins(self, size: int) -> tuple[int, int, int]:
        """How many of an input's `size` samples the windows read, and how many zeros before and after."""
        before = min(max(-self.first, 0), self.reads)
        there = max(min(size, self.first + self.reads) - max(self.first, 0), 0)
        return there, before, self.reads - before - there

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
        raised = period * max(1, (_BLOCK // 2 if needed <= _SMALL else _BLOCK) // period)
        first = -(low // up)
        advance = raised // up
        blocks = -(-needed // raised)

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
    rows, columns : bands along y and along x, gains included
    out_size : (height, width) put out
    slope : of the leaky ReLU below zero; 1 for none
    clamp : largest magnitude, None for no limit
    fillers : the last so many channels are zeros, and are put out as such
    """

    def __init__(
        self,
        rows: Axis,
        columns: Axis,
        out_size: tuple[int, int],
        slope: float,
        clamp: float | None,
        fillers: int = 0,
    ):
        self._rows, self._columns, self._out_size = rows, columns, out_size
        self._slope, self._clamp, self._fillers = slope, clamp, fillers

    def tensors(self) -> list[Tensor]:
        """All tensors it holds."""
        return [self._rows.up, self._rows.down, self._columns.up, self._columns.down]

    def __call__(self, x: Tensor, bias: Tensor) -> Tensor:
        """[N, C, height, width] and [C], added first, to [N, C, *out_size], channels last. No gradients.

        Fast where channels lie last already and, in half precision, are a multiple of 8.
        """
        rows, columns = self._rows, self._columns
        count, channels, _, width = x.shape
        height, across = self._out_size
        tall = rows.blocks * rows.raised
        line = channels * tall  # one sample along x: all channels, all of y
        there, before, after = columns.margins(width)

        lifted = x.new_empty(columns.reads, line)  # [x, C, y], raised along y
        lifted[:before].zero_()
        lifted[columns.reads - after :].zero_()
        narrow = columns.blocks * columns.down.shape[0]
        lowered = _room(x, narrow * line, rows.down.shape[1])  # the same, lowered along x
        if self._fillers:
            lowered[: narrow * line].view(narrow, channels, tall)[:, -self._fillers :].zero_()
        # Blocks of the last rows may reach over the picture's end: the next picture is written over that.
        over = rows.blocks * rows.down.shape[0] - height
        out = x.new_empty((count * height + over) * across * channels)
        for sample, picture in enumerate(self._window(x, bias).unbind()):
            seen = picture[:, max(columns.first, 0) :]
            self._turn(seen, there * channels, width * channels, lifted[before:])
            self._along_x(lifted, lowered, line, line - self._fillers * tall)
            self._turn_back(lowered, out[sample * height * across * channels :], across * channels)
        whole = out[: count * height * across * channels].view(count, height, across, channels)
        return whole.permute(0, 3, 1, 2)

    def _window(self, x: Tensor, bias: Tensor) -> Tensor:
        """Rows that are read, bias added, zeros above and below. [N, reads, width, C]."""
        rows = self._rows
        count, channels, height, width = x.shape
        there, before, after = rows.margins(height)
        window = x.new_empty(count, rows.reads, width, channels)
        window[:, :before].zero_()
        window[:, rows.reads - after :].zero_()
        top = max(rows.first, 0)
        seen = x.permute(0, 2, 3, 1)[:, top : top + there]
        torch.add(seen, bias, out=window[:, before : before + there])
        return window

    def _turn(self, picture: Tensor, values: int, pitch: int, lifted: Tensor) -> None:
        """Raise along y. [reads, x, C], of a row `values` and to the next one `pitch`, to [x, C, y]."""
        rows, places = self._rows, self._rows.raised
        windows = picture.as_strided(
            (rows.blocks, values, rows.up.shape[1]), (rows.advance * pitch, 1, pitch)
        )
        target = lifted.as_strided((rows.blocks, values, places), (places, rows.blocks * places, 1))
        torch.bmm(windows, rows.up.t().expand(rows.blocks, -1, -1), out=target)

    def _turn_back(self, lowered: Tensor, out: Tensor, pitch: int) -> None:
        """Lower along y. [x, C, y] to [y, x, C], a row of `pitch` values."""
        rows, (places, length) = self._rows, self._rows.down.shape
        windows = lowered.as_strided(
            (rows.blocks, length, pitch), (rows.raised, 1, rows.blocks * rows.raised)
        )
        target = out[: rows.blocks * places * pitch].view(rows.blocks, places, pitch)
        torch.bmm(rows.down.expand(rows.blocks, -1, -1), windows, out=target)

    def _along_x(self, lifted: Tensor, lowered: Tensor, line: int, count: int) -> None:
        """Up, activation and down along x, for a strip of the first `count` of each `line` at a time."""
        axis = self._columns
        wide, (places, length) = axis.blocks * axis.raised, axis.down.shape
        most = max(1, STRIP_BYTES // (wide * lifted.element_size() * _LINE)) * _LINE
        # As long as each other, so that all have the zeros that the last window reaches in one place.
        strip = min(-(-count // (-(-count // most) * _LINE)) * _LINE, count)
        room = _room(lifted, wide * strip, (length - axis.raised) * strip)
        raised = room[: wide * strip].view(axis.blocks, axis.raised, strip)
        up, down = axis.up.expand(axis.blocks, -1, -1), axis.down.expand(axis.blocks, -1, -1)
        for start in range(0, count, strip):
            start = min(start, count - strip)  # the last one begins within the one before
            upper = lifted[0, start:].as_strided(
                (axis.blocks, axis.up.shape[1], strip), (axis.advance * line, line, 1)
            )
            torch.bmm(up, upper, out=raised)
            active = room
            if self._slope != 1 or self._clamp is not None:
                active = fused.finish(room, slope=self._slope, clamp=self._clamp)
            lower = active.as_strided((axis.blocks, length, strip), (axis.raised * strip, strip, 1))
            target = lowered[start:].as_strided((axis.blocks, places, strip), (places * line, line, 1))
            torch.bmm(down, lower, out=target)


def _room(like: Tensor, size: int, rim: int) -> Tensor:
    """Memory for `size` values, and zeros behind them: windows that reach over the end find numbers."""
    room = like.new_empty(size + rim)
    room[size:].zero_()
    return room
