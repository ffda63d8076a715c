"""3x3 convolution by Winograd's algorithm as NNPACK has it, a library inside torch.

Its tiles of 6 x 6 outputs need 5 times fewer multiplications, and it transforms them in
registers, where `winograd` writes them to memory in between. What it asks for is row-major
memory. Torch's own operation over it transforms the weights in every picture and keeps all memory
it ever worked in; here the library's public C interface (`nnpack.h`) is called, with weights transformed
once and memory that is given back.

A piece of a picture is drawn by one thread, styled and finished there, before it leaves the cache.

Measured against the fastest other form here, turning the memory over and back included. On one
thread: at 64 px 32 channels 1.35x, 64 1.6x, 128 1.3x, 256 1.25x; at 128 and 256 px 1.4x to 1.2x from
48 to 256 channels; at 32 px 1.3x from 64 to 96. Against torch's operation over the same library, and
256 channels on two threads by `winograd`: StyleGAN2 of 256 pixels 1.03x and 28 MiB less, 1024 pixels
1.02x on one thread and 1.03x to 1.07x on two.

References
----------
Lavin, Gray. Fast Algorithms for Convolutional Neural Networks. 2016, section 4.3: tiles of 6
leave an error of some 1e-5 of a layer's largest value, 2e-6 to 3e-6 of a picture's.
"""

import ctypes
import math
import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from threading import Lock

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer import mappings
from explorer.models.finish import Finish
from explorer.models.ops import SLOPE
from explorer.models.pieces import spread

TILE = 6
"""Side of a tile of outputs."""
_PIECE_BYTES, _MOST_BYTES = 3 * 2**19, 32 * 2**20
"""Transformed tiles of a piece, before and after the products: what a core's second-level cache holds of
them, and the most where each piece reads so many weights that fewer are faster."""
_LITTLE = 1_000_000_000
"""Multiplications, done directly, below which others may be done before a thread has woken up: with two
pieces for each they take over, which makes a network of 128 pixels 1.08x faster on two threads."""
_TILES_8X8, _DIRECT = 3, 5
"""NNPACK's numbers for its algorithms."""
_COMPUTE, _PRECOMPUTE, _REUSE = 1, 2, 3
"""NNPACK's numbers for drawing, for transforming weights and for drawing with transformed ones."""


def suits(in_channels: int, out_channels: int, size: int) -> bool:
    """Whether a square layer is drawn fastest in this form."""
    narrow, wide = sorted((in_channels, out_channels))
    if narrow % 16 or size > 1024:
        return False
    return 32 <= narrow <= wide <= 256 if size >= 64 else size >= 32 and 64 <= narrow <= wide <= 128


def weight_bytes(in_channels: int, out_channels: int) -> int:
    """What the transformed weights of a layer take: 7 times as much as they do."""
    return 4 * (TILE + 2) ** 2 * in_channels * out_channels


class NnpackConv:
    """A 3x3 convolution with zeros outside, of styled input, as large as it.

    Parameters
    ----------
    weight : [O, I, 3, 3] float32 on the CPU
    """

    def __init__(self, weight: Tensor):
        self._given = weight
        self._out_channels, self._in_channels = weight.shape[:2]
        self._lock = Lock()
        self._made: Tensor | None = None
        self._planned: tuple[tuple[int, ...], _Plan] | None = None

    def _spread(self) -> Tensor:
        """The transformed weights, made when the layer first draws."""
        with self._lock:
            if self._made is None:
                weight = mappings.whole(self._given).contiguous()
                channels = self._in_channels, self._out_channels
                made = weight.new_empty(weight_bytes(*channels) // 4)
                _Call(*channels, TILE, TILE, (1, 1)).spread(weight, made)
                self._made = made
                mappings.rest()
            return self._made

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
        kernel = self._spread()
        out = x.new_empty(n, self._out_channels, height, width)
        plan = self._plan(height, width, torch.get_num_threads())
        count = len(plan.pieces)
        before = bias / scale  # added by the library, before the scale

        def worker() -> Callable[[int], None]:
            space = x.new_empty(plan.space)
            # A picture of one piece is finished where it was summed.
            summed = x.new_empty(self._out_channels * plan.most * width) if count > 1 else None

            def work(number: int) -> None:
                sample = number // count
                piece = plan.pieces[number % count]
                part = _styled(x[sample : sample + 1, :, piece.begin : piece.end], style[sample])
                target = out[sample : sample + 1, :, piece.top : piece.bottom]
                y = target if summed is None else summed[: target.numel()].view(target.shape)
                piece.call.draw(part, kernel, before[sample], y, space)
                finish.rows(y, piece.top, target, scale[sample])

            return work

        spread(worker, n * count)
        return out

    def _plan(self, height: int, width: int, threads: int) -> "_Plan":
        """How a picture is drawn: worked out once for a size and a number of threads."""
        wanted = height, width, threads
        if self._planned is None or self._planned[0] != wanted:
            channels = self._in_channels, self._out_channels
            pieces = []
            for top, bottom in pairwise(self._cuts(height, width, threads)):
                begin, end = max(top - 1, 0), min(bottom + 1, height)
                rim = begin - top + 1, bottom + 1 - end
                pieces.append(_Piece(top, bottom, begin, end, _Call(*channels, end - begin, width, rim)))
            space = max(piece.call.space() for piece in pieces)
            most = max(piece.bottom - piece.top for piece in pieces)
            self._planned = wanted, _Plan(pieces, space // 4, most)
        return self._planned[1]

    def tensors(self) -> list[Tensor]:
        """All tensors it holds by now."""
        return [self._given] if self._made is None else [self._given, self._made]

    def _cuts(self, height: int, width: int, threads: int) -> list[int]:
        """Where to cut a picture into pieces of whole tiles: not too large, and some for each thread."""
        down, across = -(-height // TILE), -(-width // TILE)
        channels = self._in_channels, self._out_channels
        nbytes = 4 * (TILE + 2) ** 2 * sum(channels) * down * across
        # Short pieces stay in the cache, but each reads all weights once more.
        limit = min(max(_PIECE_BYTES, 2 * weight_bytes(*channels)), _MOST_BYTES)
        is_little = 9 * math.prod(channels) * height * width < _LITTLE
        least = 2 * threads if is_little and threads > 1 else threads
        pieces = max(math.ceil(nbytes / limit), least)
        pieces = min(-(-pieces // threads) * threads, down)
        return [min(down * i // pieces * TILE, height) for i in range(pieces)] + [height]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Rows of a picture that are drawn at once."""

    top: int
    bottom: int
    begin: int
    """First of the rows read, those at the rim included; `end` is past the last."""
    end: int
    call: "_Call"


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a picture is drawn."""

    pieces: list[_Piece]
    space: int
    """Numbers that the library works in."""
    most: int
    """Rows that a piece puts out."""


def _styled(x: Tensor, style: Tensor) -> Tensor:
    """[1, I, H, W] times [I], row-major, new memory."""
    style = style[:, None, None]
    rows = row_major(x)
    return rows * style if rows.data_ptr() == x.data_ptr() else rows.mul_(style)


class _Size(ctypes.Structure):
    _fields_ = (("width", ctypes.c_size_t), ("height", ctypes.c_size_t))


class _Rim(ctypes.Structure):
    _fields_ = tuple((side, ctypes.c_size_t) for side in ("top", "right", "bottom", "left"))


class _Call:
    """A 3x3 convolution of pictures [I, height, width] by the library.

    Parameters
    ----------
    rim : rows of zeros above and below; left and right there is a column of them
    """

    def __init__(self, in_channels: int, out_channels: int, height: int, width: int, rim: tuple[int, int]):
        sides = _Rim(rim[0], 1, rim[1], 1)
        self._shape = in_channels, out_channels, _Size(width, height), sides, _Size(3, 3), _Size(1, 1)

    def spread(self, weight: Tensor, out: Tensor) -> None:
        """Transform weights. All row-major."""
        _run(_TILES_8X8, _PRECOMPUTE, self._shape, (None, weight, None, None, out), _nbytes(out))

    def space(self) -> int:
        """Bytes that it needs to draw."""
        # Told to write a size, and given no space, the library does nothing else.
        _run(_TILES_8X8, _REUSE, self._shape, 5 * (None,), size := ctypes.c_size_t())
        return size.value

    def draw(self, x: Tensor, weight: Tensor, bias: Tensor, out: Tensor, space: Tensor) -> None:
        """Convolve with transformed weights. All row-major."""
        _run(_TILES_8X8, _REUSE, self._shape, (x, weight, bias, out, space), _nbytes(space))


def mixed(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """1x1 convolution of row-major pictures, each by weights of its own.

    It reads a picture once, where a matrix product first lays it out anew: toRGB 1.6x faster at
    256 px and 1.8x at 512 and 1024 px (a picture of StyleGAN2 of 1024 pixels 1.015x).

    Parameters
    ----------
    x : [N, I, H, W] float32 on the CPU, row-major
    weight : [N, O, I], row-major
    bias : [O]

    Returns
    -------
    [N, O, H, W], new memory, row-major
    """
    n, in_channels, height, width = x.shape
    out = x.new_empty(n, len(bias), height, width)
    sizes = _Size(width, height), _Rim(0, 0, 0, 0), _Size(1, 1), _Size(1, 1)
    for sample in range(n):
        tensors = x[sample], weight[sample], bias, out[sample], None
        _run(_DIRECT, _COMPUTE, (in_channels, len(bias), *sizes), tensors, None)
    return out


def _run(
    algorithm: int,
    strategy: int,
    shape: tuple[int | ctypes.Structure, ...],
    tensors: tuple[Tensor | None, ...],
    size: ctypes.c_size_t | None,
) -> None:
    """Call the library.

    Parameters
    ----------
    shape : channels in and out; sizes of the picture, its rim, the kernel and its steps
    tensors : input, weights, bias, output and space to work in
    size : bytes of the space
    """
    places = [None if tensor is None else tensor.data_ptr() for tensor in tensors]
    tail = size, 0, None, None, None  # no activation, no threads, no times
    if status := _library()(algorithm, strategy, *shape, *places, *tail):
        raise RuntimeError(f"NNPACK gave the error {status}")


def _nbytes(space: Tensor) -> ctypes.c_size_t:
    return ctypes.c_size_t(space.numel() * space.element_size())


@cache
def _library() -> Callable[..., int]:
    """`nnp_convolution_inference` of the NNPACK within torch, set up.

    Raises
    ------
    OSError, AttributeError, RuntimeError
        If this build of torch has none, or it does not know the processor.
    """
    library = ctypes.CDLL(str(Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"))
    if library.nnp_initialize():
        raise RuntimeError("NNPACK does not know this processor")
    function = library.nnp_convolution_inference
    size, place, number = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int
    function.argtypes = [number, number, size, size, _Size, _Rim, _Size, _Size]
    function.argtypes += [*5 * [place], ctypes.POINTER(size), number, *3 * [place]]
    function.restype = number
    result: Callable[..., int] = function
    return result


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
    """Whether this build of torch has the library, on a processor it was measured on, and it sums right."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    generator = torch.Generator().manual_seed(0)
    x, weight = torch.randn(1, 16, 8, 8, generator=generator), torch.randn(16, 16, 3, 3, generator=generator)
    one = torch.ones(1, 16)
    try:
        found = NnpackConv(weight)(x, one, one, x.new_zeros(16), Finish(None, 1.0, None))
        pixels = mixed(x, weight[None, :3, :, 0, 0].contiguous(), one[0, :3])
    except (OSError, AttributeError, RuntimeError):
        return False
    wanted = F.leaky_relu(F.conv2d(x, weight, padding=1), SLOPE)
    wanted_pixels = F.conv2d(x, weight[:3, :, :1, :1], one[0, :3])
    return torch.allclose(found, wanted, atol=1e-3) and torch.allclose(pixels, wanted_pixels, atol=1e-4)
