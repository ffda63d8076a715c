"""The filtered leaky ReLU of StyleGAN3, in polyphase form.

The paper's operation raises the sampling rate by U (zeros between samples, a low-pass
filter), applies the leaky ReLU there, filters again and keeps every D-th sample. Taken
literally most of that multiplies zeros or computes what is thrown away. Here the raised
signal is never assembled: it is held as its L * L phases (L the least common multiple
of U and D), each at a low rate, each a depth-wise convolution of the input with every
U-th tap. The second filter likewise reads phases and writes only what is kept.

On a CPU the picture is cut into strips of rows so that the phases stay in the cache. Measured on
one thread, layer by layer of StyleGAN3-T at 256 pixels: 2-7 times as fast as taken literally,
of which the strips are 1.2-1.9x from 148 pixels on (1.4x over the whole network).
On an NVIDIA GPU separable filters have another form (`banded`); what else is drawn
there, and what gradients are followed through, takes phases of the whole picture.
Nothing is compiled, no library is needed beyond torch.

References
----------
Karras et al. Alias-Free Generative Adversarial Networks. 2021, section 3.2 and appendix B.
Vaidyanathan. Multirate Systems and Filter Banks. 1993, section 4.3 (polyphase).
"""

import math
from dataclasses import dataclass
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.models import processor
from explorer.models.banded import Axis, BandedLReLU
from explorer.models.ops import SLOPE, SQRT2, clamp_
from explorer.models.pieces import spread

BLOCK = 64
"""Channels at a time on the CPU."""
STRIP_BYTES = 1024 * 1024
"""Size of one phase of a strip of one block on the CPU. Smaller pieces lose more to their
overlap and to calls than the cache gives back (measured from 64 KiB to 2 MiB)."""


@dataclass(frozen=True)
class _Taps:
    """Part of a filter that one phase sees."""

    first: int
    """Sample it starts at, for period 0."""
    values: Tensor
    """[taps], or [tapsY, tapsX]"""


@dataclass(frozen=True)
class _Rates:
    """How input samples, phases and output samples of one axis lie to each other.

    Phase `a` at period `q` is sample `q * period + a` of the raised signal.
    """

    period: int
    """L: phases per axis."""
    per_input: int
    """L / U: input samples per period."""
    per_output: int
    """L / D: output samples per period."""

    @classmethod
    def of(cls, up: int, down: int) -> "_Rates":
        period = math.lcm(up, down)
        return cls(period, period // up, period // down)


def _up_phases(taps: Tensor, up: int, low: int, rates: _Rates) -> list[_Taps]:
    """Per phase, which input samples it is made of.

    The raised signal is v[t] = sum over m of g[m] y[t + m - low], y the input with zeros
    between its samples, g the filter back to front: only m = low - t (mod U) meets a sample.
    """
    flipped = taps.flip(0)
    phases = []
    for phase in range(rates.period):
        start = (low - phase) % up
        values = flipped[start::up]
        phases.append(_Taps((phase + start - low) // up, values if len(values) else flipped.new_zeros(1)))
    return phases


def _down_phases(length: int, down: int, rates: _Rates) -> list[list[tuple[int, int, slice]]]:
    """Per phase, what it gives to: place within the output's period, period it starts at, taps it meets.

    out[o] = sum over m of h[m] v[o D + m], h the filter back to front.
    """
    phases: list[list[tuple[int, int, slice]]] = [[] for _ in range(rates.period)]
    for phase, parts in enumerate(phases):
        for place in range(rates.per_output):
            start = (phase - down * place) % rates.period
            if start < length:
                first = (down * place + start - phase) // rates.period
                parts.append((place, first, slice(start, length, rates.period)))
    return phases


def _common_window(parts: list[_Taps]) -> list[_Taps]:
    """Fill up with zero taps, last axis, until all start and end alike.

    Reading the same columns spares a copy per phase: a row of a slice is not contiguous.
    """
    first = min(part.first for part in parts)
    last = max(part.first + part.values.shape[-1] for part in parts)
    return [
        _Taps(first, F.pad(part.values, (part.first - first, last - part.first - part.values.shape[-1])))
        for part in parts
    ]


class FilteredLReLU:
    """Raise the rate, leaky ReLU with gain and clamp, lower the rate, for one layer.

    Parameters
    ----------
    channels : of the input
    up_filter : [taps], or None where `up` is 1
    down_filter : [taps] or [taps, taps], or None where `down` is 1
    up, down : factors of the sampling rate
    padding : samples added to (below zero: taken from) left, right, top and bottom of
        the raised signal before its filter
    out_size : (height, width) put out
    clamp : largest magnitude after the activation, None for no limit
    is_linear : slope 1 and gain 1, as in toRGB, instead of slope 0.2 and gain sqrt(2)
    fillers : the last so many channels are zeros without bias, which a form may make use of
    """

    def __init__(
        self,
        channels: int,
        up_filter: Tensor | None,
        down_filter: Tensor | None,
        up: int,
        down: int,
        padding: tuple[int, int, int, int],
        out_size: tuple[int, int],
        clamp: float | None,
        is_linear: bool,
        device: torch.device,
        dtype: torch.dtype,
        fillers: int = 0,
    ):
        self._padding, self._out_size, self._clamp, self._is_linear = padding, out_size, clamp, is_linear
        self._channels = channels
        self._banded: BandedLReLU | None = None
        self._is_plain = up == down == 1 and up_filter is None and down_filter is None
        if self._is_plain:
            return
        one = torch.ones(1)
        up_taps = one if up_filter is None else up_filter
        down_taps = one if down_filter is None else down_filter
        if up_taps.ndim != 1 or down_taps.ndim not in (1, 2):
            raise ValueError(
                f"filters of shape {list(up_taps.shape)} and {list(down_taps.shape)} have no known use"
            )
        self._rates = rates = _Rates.of(up, down)

        # Leaky ReLU lets a positive factor through: its gain goes into the filter before it.
        gain = 1.0 if is_linear else SQRT2
        if processor.kind(device) == "cuda" and down_taps.ndim == 1:
            like = torch.empty(0, device=device, dtype=dtype)
            height, width = out_size
            self._banded = BandedLReLU(
                Axis.of(up_taps * (up * gain), down_taps, up, down, padding[2], height, like),
                Axis.of(up_taps * up, down_taps, up, down, padding[0], width, like),
                out_size,
                1.0 if is_linear else SLOPE,
                clamp,
                fillers,
            )
        rows = _up_phases(up_taps * (up * gain), up, padding[2], rates)
        columns = _common_window(_up_phases(up_taps * up, up, padding[0], rates))

        block = min(channels, BLOCK) if processor.kind(device) == "cpu" else channels

        def kernel(values: Tensor, height: int, width: int) -> Tensor:
            shaped = values.reshape(1, 1, height, width).expand(block, 1, height, width)
            return shaped.to(device, dtype).contiguous()

        self._up_rows = [(part.first, kernel(part.values, -1, 1)) for part in rows]
        self._up_columns = [(part.first, kernel(part.values, 1, -1)) for part in columns]

        length = down_taps.shape[0]
        layout = _down_phases(length, down, rates)
        self._reach = max(
            first + len(range(*taps.indices(length))) - 1 for parts in layout for _, first, taps in parts
        )
        flipped = down_taps.flip(0) if down_taps.ndim == 1 else down_taps.flip(0, 1)
        everywhere = _Taps(0, torch.zeros(1, self._reach + 1))

        def wide(first: int, values: Tensor) -> Tensor:
            return _common_window([everywhere, _Taps(first, values)])[1].values

        # Either one axis after the other, or, where the filter is round, both at once.
        self._down_rows: list[list[tuple[int, int, Tensor]]] = [[] for _ in layout]
        self._down_columns: list[list[tuple[int, Tensor]]] = [[] for _ in layout]
        self._down_both: list[list[list[tuple[int, int, int, Tensor]]]] = [
            [[] for _ in layout] for _ in layout
        ]
        for phase, parts in enumerate(layout):
            if down_taps.ndim == 1:
                self._down_rows[phase] = [
                    (row, first, kernel(flipped[taps], -1, 1)) for row, first, taps in parts
                ]
                self._down_columns[phase] = [
                    (column, kernel(wide(first, flipped[taps]), 1, -1)) for column, first, taps in parts
                ]
                continue
            for column_phase, across in enumerate(layout):
                self._down_both[phase][column_phase] = [
                    (row, column, top, kernel(values, *values.shape))
                    for row, top, tall in parts
                    for column, left, broad in across
                    for values in [wide(left, flipped[tall, broad])]
                ]

    def tensors(self) -> list[Tensor]:
        """All tensors it holds."""
        if self._is_plain:
            return []
        held = [] if self._banded is None else self._banded.tensors()
        held += [taps for _, taps in self._up_rows + self._up_columns]
        held += [taps for phase in self._down_rows for *_, taps in phase]
        held += [taps for phase in self._down_columns for _, taps in phase]
        held += [taps for row in self._down_both for phase in row for *_, taps in phase]
        return held

    @property
    def adds_bias(self) -> bool:
        """Whether adding the bias costs nothing here: it rides on a copy that has to be made."""
        return self._banded is not None

    def __call__(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """Apply it.

        Parameters
        ----------
        x : [N, channels, height, width]; may be written to
        bias : [channels], added first; None where it is added already

        Returns
        -------
        [N, channels, *out_size], channels last
        """
        if bias is not None and self._banded is not None and not x.requires_grad:
            return self._banded(x, bias)
        if bias is not None:
            x = x + bias[:, None, None]
        if self._is_plain:
            left, right, top, bottom = self._padding
            return self._activate(F.pad(x, (left, right, top, bottom)) if any(self._padding) else x)
        height, width = self._out_size
        step = self._rates.per_output
        periods = -(-height // step)
        if processor.kind(x.device) != "cpu":
            return self._strip(x, 0, periods)[:, :, :height]
        if x.requires_grad:  # pieces written into one picture would each copy the whole on the way back
            return torch.cat([self._strip(part, 0, periods)[:, :, :height] for part in x.split(BLOCK, 1)], 1)
        # A block of channels and a strip of rows at a time, so that phases stay in the cache.
        rows = max(1, STRIP_BYTES // (BLOCK * (-(-width // step) + self._reach) * x.element_size()))
        whole = x.new_empty(x.shape[0], height, width, self._channels).permute(0, 3, 1, 2)
        places = list(product(range(x.shape[0]), range(0, periods, rows), range(0, self._channels, BLOCK)))

        def work(piece: int) -> None:
            sample, top, channel = places[piece]
            part, end = slice(channel, channel + BLOCK), min(top + rows, periods)
            strip = whole[sample : sample + 1, part, top * step : end * step]
            strip.copy_(self._strip(x[sample : sample + 1, part], top, end)[:, :, : strip.shape[2]])

        spread(lambda: work, len(places))
        return whole

    def _activate(self, x: Tensor) -> Tensor:
        if not self._is_linear:
            F.leaky_relu_(x, SLOPE)
        return x if self._clamp is None else clamp_(x, self._clamp)

    def _window(self, x: Tensor, first: int, last: int, width: int) -> Tensor:
        """Input rows `first` to `last`, and the `width` columns all column phases read, zeros outside."""
        left = self._up_columns[0][0]
        rows, columns = x.shape[2:]
        inside = x[:, :, max(first, 0) : max(last, 0), max(left, 0) : max(left + width, 0)]
        margins = (
            max(-left, 0),
            max(left + width - columns, 0),
            max(-first, 0),
            max(last - rows, 0),
        )
        return F.pad(inside, margins).contiguous(memory_format=torch.channels_last)

    def _strip(self, x: Tensor, begin: int, end: int) -> Tensor:
        """Output rows of periods `begin` to `end`. [N, C, (end - begin) * per_output, width]."""
        rates = self._rates
        step = rates.per_output
        tall = end - begin + self._reach
        out_width = -(-self._out_size[1] // step)
        broad = out_width + self._reach

        top = min(first for first, _ in self._up_rows)
        bottom = max(first + taps.shape[2] for first, taps in self._up_rows)
        start = begin * rates.per_input + top
        in_rows = (tall - 1) * rates.per_input + bottom - top
        in_columns = (broad - 1) * rates.per_input + self._up_columns[0][1].shape[3]
        window = self._window(x, start, start + in_rows, in_columns)

        totals: _Totals = {}
        for row_phase, (first, taps) in enumerate(self._up_rows):
            if not (self._down_rows[row_phase] or any(self._down_both[row_phase])):
                continue  # A filter shorter than a period passes some phases over.
            rows = (tall - 1) * rates.per_input + taps.shape[2]
            seen = window[:, :, first - top : first - top + rows]
            lifted = _filter(seen, taps, (rates.per_input, 1))
            halves: _Totals = {}
            for column_phase, (_, taps) in enumerate(self._up_columns):
                apart, both = self._down_columns[column_phase], self._down_both[row_phase][column_phase]
                if not (apart or both):
                    continue
                phase = self._activate(_filter(lifted, taps, (1, rates.per_input)))
                for column, taps in apart:
                    _add(halves, (0, column), _filter(phase, taps))
                for row, column, skip, taps in both:
                    seen = phase[:, :, skip : skip + end - begin + taps.shape[2] - 1]
                    _add(totals, (row, column), _filter(seen, taps))
            for (_, column), half in halves.items():
                for row, skip, taps in self._down_rows[row_phase]:
                    seen = half[:, :, skip : skip + end - begin + taps.shape[2] - 1]
                    _add(totals, (row, column), _filter(seen, taps))
        return self._interleave(totals)

    def _interleave(self, totals: "_Totals") -> Tensor:
        """Output residues (row, column) back into one picture, `out_size` wide."""
        first, step = totals[0, 0], self._rates.per_output
        if step > 1:
            count, channels, height, width = first.shape
            whole = first.new_empty(count, height, step, width, step, channels)
            for (row, column), part in totals.items():
                whole[:, :, row, :, column] = part.permute(0, 2, 3, 1)
            first = whole.view(count, height * step, width * step, channels).permute(0, 3, 1, 2)
        return first[..., : self._out_size[1]]


_Totals = dict[tuple[int, int], Tensor]
"""Sums under way, by row and column within a period of the output."""


def _add(totals: _Totals, place: tuple[int, int], part: Tensor) -> None:
    if place in totals:
        totals[place].add_(part)
    else:
        totals[place] = part


def _filter(x: Tensor, taps: Tensor, stride: tuple[int, int] = (1, 1)) -> Tensor:
    """Correlate each channel with the same taps, without padding."""
    channels = x.shape[1]
    return F.conv2d(x, taps[:channels], stride=stride, groups=channels)
