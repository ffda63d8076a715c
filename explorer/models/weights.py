"""The tensors of a network while it is being built: each asked for by name and shape, none left over."""

from collections.abc import Mapping

import torch
from torch import Tensor

from explorer import mappings

SMALL_BYTES = 64 * 2**10
"""Tensors that are copied out of the file they lie in: pictures are to need it no more."""


class WeightTable:
    """Canonical names to tensors, checked as they are taken.

    Every complaint is a `ValueError` that names the tensor, what was expected and
    what was found; `checkpoints` adds the file to it.

    Attributes
    ----------
    kept : what was taken, in float32 and row-major, unless replaced by `keep_as`
    """

    def __init__(self, tensors: Mapping[str, Tensor]):
        self._tensors = tensors
        self.kept: dict[str, Tensor] = {}

    def has(self, name: str) -> bool:
        """Whether a tensor of that name exists."""
        return name in self._tensors

    def rank(self, name: str) -> int:
        """How many axes the tensor `name` has; 0 where there is none."""
        return self._tensors[name].ndim if name in self._tensors else 0

    def take(self, name: str, *shape: int | None) -> Tensor:
        """Tensor `name` on the CPU in float32; None in `shape` accepts any positive size.

        Raises
        ------
        ValueError
            If it is missing, of another shape, or not made of real numbers.
        """
        if name not in self._tensors:
            raise ValueError(f"the tensor {name!r} is missing")
        tensor = mappings.whole(self._tensors[name].detach())
        fits = tensor.ndim == len(shape) and all(
            found == wanted if wanted is not None else found > 0
            for found, wanted in zip(tensor.shape, shape, strict=True)
        )
        if not fits:
            wanted = ["any" if size is None else size for size in shape]
            raise ValueError(
                f"the tensor {name!r} should have shape {wanted}, not {list(tensor.shape)}".replace(
                    "'any'", "any"
                )
            )
        if not tensor.dtype.is_floating_point:
            raise ValueError(f"the tensor {name!r} holds {tensor.dtype}, not real numbers")
        kept = tensor.to("cpu", torch.float32)
        # Small ones are drawn with as they are; large ones are laid out anew, or scaled, before.
        self.kept[name] = kept.clone() if kept.nbytes <= SMALL_BYTES else kept
        return self.kept[name]

    def keep_as(self, name: str, tensor: Tensor) -> Tensor:
        """Keep the same values in another memory layout, so that no second copy stays alive."""
        self.kept[name] = tensor
        return tensor

    def finish(self) -> None:
        """Raise `ValueError` if a tensor was never asked for: a sign of a network we read wrongly."""
        left = [
            name for name in self._tensors if name not in self.kept and not name.endswith("resample_filter")
        ]
        if left:
            shown = ", ".join(sorted(left)[:4]) + (", ..." if len(left) > 4 else "")
            raise ValueError(f"{len(left)} tensors have no place in this network: {shown}")
