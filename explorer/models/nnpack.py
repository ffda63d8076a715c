"""3x3 convolution by Winograd's algorithm as NNPACK has it, a library inside torch.

Its tiles of 6 x 6 outputs need 5 times fewer multiplications, and it transforms them in
registers, where `winograd` writes them to memory in between. What it asks for is row-major
memory, and it transforms the weights again in every picture: so it is for layers with many more
tiles than channels, as `suits` tells. Style and demodulation ride on the weights.

A piece of a picture is drawn by one thread, and finished there, before it leaves the cache
(`finish`): 32 channels at 1024 px and 64 at 512 px 1.1x.

Measured on one thread against the fastest other form here, turning the memory over and back
included: at 64 px 32 channels 1.35x, 64 1.6x, 128 1.25x, 256 1.15x; at 128 and 256 px 1.4x to
1.1x from 48 to 256 channels; at 32 px 1.3x from 64 to 96.

References
----------
Lavin, Gray. Fast Algorithms for Convolutional Neural Networks. 2016, section 4.3: tiles of 6
leave an error of some 1e-5 of a layer's largest value, 2e-6 to 3e-6 of a picture's.
"""

import math
import platform
from functools import cache, cached_property
from itertools import pairwise, product

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer import mappings
from explorer.models.finish import Finish
from explorer.models.pieces import spread

TILE = 6
_WORKSPACE_BYTES = 16 * 2**20
"""Most that the library may take for the tiles of one piece before they are transformed, and as much for
those after: it never gives that back. A quarter on each of several threads, which costs nothing there."""
_NARROW_BYTES = 2 * 2**20
"""The same for layers of few channels that are cut at all: such pieces stay in a core's cache, and
transforming the weights for each costs little. Makes 64 channels at 256 px 1.1x faster."""


def suits(in_channels: int, out_channels: int, size: int) -> bool:
    """Whether a square layer is drawn fastest in this form: one with few weights and many tiles."""
    narrow, wide = sorted((in_channels, out_channels))
    return narrow % 16 == 0 and wide <= 128 and 32 <= size <= 1024 and narrow >= (64 if size == 32 else 32)


def suits_alone(in_channels: int, out_channels: int, size: int) -> bool:
    """Whether one thread draws it so: each of several would keep 17 MB for transformed weights."""
    narrow, wide = sorted((in_channels, out_channels))
    return narrow % 16 == 0 and narrow >= 128 and 128 < wide <= 256 and 64 <= size <= 256


class NnpackConv:
    """A 3x3 convolution with zeros outside, of styled input, as large as it.

    Parameters
    ----------
    weight : [O, I, 3, 3] float32 on the CPU
    """

    def __init__(self, weight: Tensor):
        self._given = weight

    @cached_property
    def _weight(self) -> Tensor:
        """Row-major: made when the layer first draws. Memory of its own: what was given may lie in a file."""
        return mappings.whole(self._given).clone(memory_format=torch.contiguous_format)

    def __call__(self, x: Tensor, style: Tensor, scale: Tensor, bias: Tensor, finish: Finish) -> Tensor:
        """Convolve x * style, times `scale`, plus `bias`, and finish.

        Parameters
        ----------
        x : [N, I, H, W] float32 in any layout
        style : [N, I]
        scale : [N, O]
        bias : [O]

        Returns
        -------
        [N, O, H, W], new memory, row-major
        """
        n, _, height, width = x.shape
        weights = self._weight * (scale[:, :, None] * style[:, None, :])[:, :, :, None, None]
        cuts = self._cuts(height, width)
        if n == 1 and len(cuts) == 2:
            return finish(_convolve(row_major(x), weights[0], bias, padding=1))
        out = x.new_empty(n, len(bias), height, width)
        pieces = list(product(range(n), pairwise(cuts)))

        def work(number: int) -> None:
            sample, (top, bottom) = pieces[number]
            part = _rows(x[sample : sample + 1], weights[sample], bias, top, bottom)
            finish.rows(part, top, out[sample : sample + 1, :, top:bottom])

        spread(lambda: work, len(pieces))
        return out

    def tensors(self) -> list[Tensor]:
        """All tensors it holds by now."""
        return [self._given] + ([self._weight] if "_weight" in vars(self) else [])

    def _cuts(self, height: int, width: int) -> list[int]:
        """Where to cut a picture into pieces of whole tiles: one for each thread, and small enough for it."""
        down, across = -(-height // TILE), -(-width // TILE)
        channels = max(self._given.shape[:2])
        nbytes = 4 * (TILE + 2) ** 2 * channels * down * across
        threads = torch.get_num_threads()
        is_cut = nbytes > _WORKSPACE_BYTES
        limit = _WORKSPACE_BYTES if threads == 1 else _WORKSPACE_BYTES // 4
        limit = min(limit, _NARROW_BYTES) if channels < 128 and is_cut else limit
        pieces = min(max(math.ceil(nbytes / limit), threads), down)
        return [min(down * i // pieces * TILE, height) for i in range(pieces)] + [height]


def _rows(x: Tensor, weight: Tensor, bias: Tensor, top: int, bottom: int) -> Tensor:
    """Rows `top` to `bottom` of the convolution. [1, I, H, W] to [1, O, bottom - top, W]."""
    begin, end = max(top - 1, 0), min(bottom + 1, x.shape[2])
    part = row_major(x[:, :, begin:end])
    if begin < top and bottom < end:
        return _convolve(part, weight, bias, padding=(0, 1))
    # At a rim the library adds rows of zeros on both sides; what comes of the other side is cut off.
    return _convolve(part, weight, bias, padding=1)[:, :, top - begin : bottom - begin]


def _convolve(x: Tensor, weight: Tensor, bias: Tensor, padding: int | tuple[int, int]) -> Tensor:
    return torch._nnpack_spatial_convolution(x, weight, bias, padding)


def row_major(x: Tensor) -> Tensor:
    """The same pictures [N, C, H, W] with rows next to each other in memory.

    Shuffling channels turns a matrix over, by a loop of the processor's vector instructions
    that torch has for no copy: 3x (64 channels at 128 px) to 4x faster than copying the transposed matrix.
    """
    pixels = x.permute(0, 2, 3, 1)
    if x.is_contiguous() or not pixels.is_contiguous():
        return x.contiguous()
    n, channels, height, width = x.shape
    return _turned(x, height * width).view(n, channels, height, width)


def channels_last(x: Tensor) -> Tensor:
    """The same pictures [N, C, H, W] with channels last in memory; see `row_major`."""
    if x.is_contiguous(memory_format=torch.channels_last) or not x.is_contiguous():
        return x
    n, channels, height, width = x.shape
    return _turned(x, channels).view(n, height, width, channels).permute(0, 3, 1, 2)


def _turned(x: Tensor, rows: int) -> Tensor:
    """Each sample's numbers, a matrix of `rows` in memory, turned over. To [N, numbers of a sample]."""
    count = x[0].numel()
    # To the shuffle each sample is one pixel with very many channels, in as many groups as there are rows.
    shuffled = torch.channel_shuffle(x.as_strided((len(x), count, 1, 1), (count, 1, count, count)), rows)
    return shuffled.view(len(x), count)


@cache
def has_nnpack() -> bool:
    """Whether this build of torch has the library, on a processor it was measured on, and it sums right.

    The library takes as many threads of its own as torch has when it is first asked for, and keeps
    them whatever torch is told later: so it is asked for with one.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    generator = torch.Generator().manual_seed(0)
    x, weight = torch.randn(1, 16, 8, 8, generator=generator), torch.randn(16, 16, 3, 3, generator=generator)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        if not torch.backends.nnpack.is_available():  # which also sets it up
            return False
        found = _convolve(x, weight, x.new_zeros(16), padding=1)
    except (AttributeError, RuntimeError, TypeError):
        return False
    finally:
        torch.set_num_threads(threads)
    return torch.allclose(found, F.conv2d(x, weight, padding=1), atol=1e-3)
