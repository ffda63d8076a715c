"""What reading a file yields: the network itself, or only the facts about it."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from explorer import mappings

if TYPE_CHECKING:
    import torch

    from explorer.models.description import NetworkDescription


# Kept beside the weights but not trained: averages, stored noise, filters, fixed inputs.
_BUFFERS = {
    "w_avg",
    "noise_const",
    "resample_filter",
    "magnitude_ema",
    "up_filter",
    "down_filter",
    "transform",
    "freqs",
    "phases",
    "lod",
}


def count_parameters(counts: Mapping[str, int]) -> int:
    """Sum the sizes of trained tensors, given sizes by canonical name."""
    return sum(count for name, count in counts.items() if name.rpartition(".")[2] not in _BUFFERS)


@dataclass(frozen=True)
class LoadedNetwork:
    """A generator as a reader found it: sizes, weights and where they came from.

    Tensors are on the CPU, under the canonical names of the family. They may
    share memory with a private mapping of the file; writing to them never
    reaches the file.
    """

    description: NetworkDescription
    tensors: dict[str, torch.Tensor]
    header: dict[str, Any]
    """What the file says of itself: name, title, licence, attribution, training… Empty where nothing."""
    format: str
    """One word for the container and its dialect, such as "safetensors" or "torch-pickle"."""
    sha256: str
    """Of the whole file, in hexadecimal; empty where the caller asked to leave it out."""
    notes: tuple[str, ...] = ()
    """Sentences worth showing: assumptions made, parts left out."""
    globals: tuple[str, ...] = ()
    """Names the file mentions, `module.name`, sorted. None of them was looked up."""
    mapping: mmap.mmap | None = field(default=None, repr=False, compare=False)
    """The private mapping of the file that `tensors` lie in, where they do."""

    def rest(self, path: str = "") -> None:
        """Let the pages of the file go that were read, now and when layers lay out weights anew (`mappings`).

        For a network that was built: from then on nobody writes to its tensors. `path` is what messages call
        the file.
        """
        if self.mapping is not None:
            mappings.watch(self.mapping, path)
            mappings.rest()

    @property
    def parameters(self) -> int:
        """Number of trained values (buffers not counted)."""
        return count_parameters({name: tensor.numel() for name, tensor in self.tensors.items()})


@dataclass(frozen=True)
class CheckpointInfo:
    """What a checkpoint is, as `latent-explorer inspect` tells it."""

    format: str
    architecture: str
    resolution: int
    z_dim: int
    w_dim: int
    c_dim: int
    num_ws: int
    parameters: int
    sha256: str
    img_channels: int = 3
    options: Mapping[str, Any] = field(default_factory=dict)
    header: Mapping[str, Any] = field(default_factory=dict)
    width: int = 0
    """Of the picture in pixels; `resolution` is its height."""
    notes: tuple[str, ...] = ()
    globals: tuple[str, ...] = ()

    @property
    def licence(self) -> str | None:
        """Licence of the weights, where the file states it."""
        licence = self.header.get("licence")
        return licence if isinstance(licence, str) else None

    def as_json(self) -> dict[str, Any]:
        """Plain values for `inspect --json`; the promised names first."""
        return {
            "format": self.format,
            "architecture": self.architecture,
            "resolution": self.resolution,
            "z_dim": self.z_dim,
            "w_dim": self.w_dim,
            "c_dim": self.c_dim,
            "num_ws": self.num_ws,
            "parameters": self.parameters,
            "sha256": self.sha256,
            "img_channels": self.img_channels,
            "width": self.width,
            "options": dict(self.options),
            "header": dict(self.header),
            "licence": self.licence,
            "notes": list(self.notes),
            "globals": list(self.globals),
        }
