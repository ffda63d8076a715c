"""Counts what a GPU would be asked to do: operations that are neither views nor mere memory."""

from collections import Counter

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

FREE = {
    "alias",
    "as_strided",
    "chunk",
    "detach",
    "empty",
    "empty_like",
    "empty_strided",
    "expand",
    "new_empty",
    "permute",
    "select",
    "slice",
    "split",
    "split_with_sizes",
    "squeeze",
    "t",
    "transpose",
    "unbind",
    "unsqueeze",
    "view",
    "_reshape_alias",
    "_unsafe_view",
}
"""Views and fresh memory: nothing is launched."""
COMPOSED = {"contiguous", "conv2d", "conv_transpose2d", "linear", "matmul", "pad", "reshape", "to"}
"""Counted as what they are made of, which may be nothing."""
WAITS = {"_local_scalar_dense", "item", "equal", "is_nonzero", "nonzero", "masked_select", "unique"}
"""What makes the CPU wait for a GPU."""


class Launches(TorchDispatchMode):
    """What was asked for while this was active, by name of the operation."""

    def __init__(self):
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.waits: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func._schema.name.removeprefix("aten::")
        if name in COMPOSED:
            with self:
                return func.decompose(*args, **(kwargs or {}))
        if name.rstrip("_") in WAITS:
            self.waits.append(name)
        if name not in FREE:
            self.counts[name] += 1
        return func(*args, **(kwargs or {}))

    @property
    def total(self) -> int:
        return sum(self.counts.values())


class Devices(Launches):
    """Launches, and what travels from one device to another, on a device that holds no numbers at all."""

    def __init__(self):
        super().__init__()
        self.travels: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = super().__torch_dispatch__(func, types, args, kwargs)
        leaves = tree_leaves((args, kwargs, result))
        devices = {leaf.device.type for leaf in leaves if isinstance(leaf, torch.Tensor) and leaf.ndim}
        name = func._schema.name.removeprefix("aten::")
        if len(devices) > 1 and name not in COMPOSED:
            self.travels.append(name)
        return result
