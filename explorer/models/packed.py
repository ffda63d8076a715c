"""Convolutions of single pictures over weights that lie as oneDNN wants them.

Torch turns dense weights over in every call, and below some size of picture uses slower
sums of its own. Measured on one thread within whole networks, for layers that double the size:
512 channels 1.3x from 4 px, 1.45x from 8, 1.12x from 16; 256 channels 1.06x from 4 px, 1.08x from 8, 1.1x
from 16, to half as many 1.02x from 32. A layer of 256 channels 1.1x at 4 px, and at 8 px, there against
`winograd`. Those in `doubling` gain up to 1.07x and need no second copy.

The operations are torch's, though not among those it documents (its compiler uses
them); `has_packed` asks before relying on them.
"""

from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer import mappings

Pair = tuple[int, int]


class PackedConv:
    """A convolution without bias, ordinary or transposed.

    Parameters
    ----------
    weight : makes the weights, [O, I, h, w], or [I, O, h, w] where transposed, float32 on the
        CPU: called when the layer first draws, so that no copy besides the packed one stays
    padding, stride : along y and x; only the transposed one has a stride
    """

    def __init__(
        self,
        weight: Callable[[], Tensor],
        *,
        transposed: bool,
        padding: Pair = (0, 0),
        stride: Pair = (1, 1),
    ):
        self._weight = weight
        self._transposed = transposed
        self._padding = padding
        self._stride = stride
        self._made: Tensor | None = None
        self._made_for: tuple[int, ...] = ()

    def __call__(self, x: Tensor) -> Tensor:
        """[1, I, H, W] in channels_last to [1, O, H', W'], new memory."""
        if has_packed():
            return self.packed(x)
        if self._made is None:
            self._made = self._weight().contiguous(memory_format=torch.channels_last)
        if self._transposed:
            return F.conv_transpose2d(x, self._made, stride=self._stride, padding=self._padding)
        return F.conv2d(x, self._made, padding=self._padding)

    def packed(self, x: Tensor) -> Tensor:
        """The same, whether or not torch is known to have the operations.

        Raises
        ------
        AttributeError, RuntimeError, TypeError
            If it has not.
        """
        weight = self._pack(x)
        padding, stride, one = list(self._padding), list(self._stride), [1, 1]
        y: Tensor
        if self._transposed:
            y = torch.ops.mkldnn._convolution_transpose_pointwise(
                x, weight, None, padding, [0, 0], stride, one, 1, "none", [], ""
            )
        else:
            y = torch.ops.mkldnn._convolution_pointwise(x, weight, None, padding, one, one, 1, "none", [], "")
        return y

    def _pack(self, x: Tensor) -> Tensor:
        """Weights laid out for a size of picture and a number of threads."""
        wanted = (*x.shape, torch.get_num_threads())
        if self._made is None or self._made_for != wanted:
            self._made = None
            padding, stride, one, shape = list(self._padding), list(self._stride), [1, 1], list(x.shape)
            dense = self._weight().contiguous()
            if self._transposed:
                self._made = torch.ops.mkldnn._reorder_convolution_transpose_weight(
                    dense, padding, [0, 0], stride, one, 1, shape
                )
            else:
                self._made = torch.ops.mkldnn._reorder_convolution_weight(dense, padding, one, one, 1, shape)
            self._made_for = wanted
            mappings.rest()
        assert self._made is not None
        return self._made

    def tensors(self) -> list[Tensor]:
        """All tensors of its own that it holds by now."""
        return [] if self._made is None else [self._made]


@cache
def has_packed() -> bool:
    """Whether this build of torch has the operations: tried once on small examples of known result."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, 16, 5, 4, generator=generator).contiguous(memory_format=torch.channels_last)
    weight = torch.randn(16, 32, 3, 3, generator=generator)
    up = PackedConv(lambda: weight, transposed=True, stride=(2, 2))
    same = PackedConv(lambda: weight.transpose(0, 1), transposed=False, padding=(1, 1))
    try:
        found = [up.packed(x), same.packed(x)]
    except (AttributeError, RuntimeError, TypeError):
        return False
    wanted = [F.conv_transpose2d(x, weight, stride=2), F.conv2d(x, weight.transpose(0, 1), padding=1)]
    pairs = zip(found, wanted, strict=True)
    return all(a.shape == b.shape and torch.allclose(a, b, atol=1e-4) for a, b in pairs)
