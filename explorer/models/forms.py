"""In which form each layer is drawn: decided once, when a network is built, in one table.

`str(network.forms)` shows it. All forms compute the same sum (see `modulated` and
`winograd` for what each gains):

- "winograd": fewer multiplications, for wide layers on a CPU, while the memory of the
  transformed weights stays under `LIMIT_BYTES` for the network; in large layers with strips
  "apart", each drawn by one thread (see `pieces`);
- "nnpack": the same algorithm as a library has it, for large layers (`nnpack`);
- "rows": the same along one axis, for large layers that double the size (`doubling`);
- "constant": a sum of pictures made once, for the layer that reads the network's constant (`constant`);
- "weights": style and demodulation scale the weights, where these are fewer numbers;
- "activations": they scale what goes in and comes out; the widest "packed", that is over
  weights laid out once as the library wants them (`packed`);
- "ordinary": a convolution without style, as in StyleGAN1.

What is no choice is not in it: StyleGAN3's filters always run in strips of polyphase form on
a CPU (`filtered_lrelu`), as products with bands on a GPU (`banded`). A batch of StyleGAN2 always
scales its activations: weights for each picture would make one convolution a grouped one.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import torch

from explorer.models.nnpack import has_nnpack, suits, weight_bytes
from explorer.models.winograd import tile_for

LIMIT_BYTES = 512 * 2**20
"""Most that the transformed weights of one network may take. Official sizes need 40 to 400 MiB."""
STYLEGAN3_WIDTH = 128
"""Width from which Winograd is faster in StyleGAN3 on a CPU: 1.2x there, 2.5x at 512 channels."""
APART_FROM = 4_000_000_000
"""Multiplications of a layer, done directly, from which its strips are drawn apart. On two threads that
makes StyleGAN2 of 1024 pixels 1.08x faster; smaller layers lose by it (a network of 128 pixels 0.85x)."""

ROWS_FROM, NARROW_ROWS_FROM = 1_000_000_000, 4_000_000_000
"""Multiplications of a layer that doubles the size from which the form "rows" is faster; the second of one
that reads less than 512 channels. Smaller ones it makes slower (128 to 64 at 128 px 0.83x on two threads)."""
HAS_LONG_VECTORS = torch.backends.cpu.get_cpu_capability() == "AVX512"
ALONE_ROWS_FROM = 300_000_000 if HAS_LONG_VECTORS else 600_000_000
"""The same on one thread alone, for 256 to 128 channels and more. At 32 px such a layer makes a network of
128 pixels 1.01x faster with vectors of 512 bits, 0.98x without; on two threads it is itself 0.9x at 64 px."""


@dataclass(frozen=True, slots=True)
class Form:
    """How one layer is drawn."""

    kind: Literal["constant", "winograd", "nnpack", "rows", "weights", "activations", "ordinary"]
    tile: int = 0
    """Side of Winograd's tiles."""
    apart: bool = False
    """Whether each of Winograd's strips is drawn by one thread, instead of one after the other by all."""

    alone: bool = False
    """Whether "rows" is for where one thread draws all; several use the ordinary sum, packed."""

    packed: bool = False
    """Whether weights are laid out as the library wants them, for single pictures."""

    @property
    def has_own_weights(self) -> bool:
        """Whether it draws with weights of its own alone, so that the network's may stay in their file."""
        return self.packed or self.kind in ("constant", "winograd", "nnpack", "rows")

    def __str__(self) -> str:
        tile = f" {self.tile}x{self.tile}" if self.tile else ""
        said = ((self.apart, "strips apart"), (self.alone, "on one thread"), (self.packed, "packed"))
        return ", ".join([f"{self.kind}{tile}", *(words for holds, words in said if holds)])


@dataclass(frozen=True, slots=True)
class LayerShape:
    """What the choice depends on."""

    name: str
    in_channels: int
    out_channels: int
    size: tuple[int, int]
    """Height and width of the input."""
    kernel: int = 3
    up: bool = False
    """Whether the convolution doubles the size."""
    reads_constant: bool = False

    @property
    def multiplications(self) -> int:
        """For one picture, done directly."""
        return self.in_channels * self.out_channels * self.kernel**2 * math.prod(self.size)


class Forms:
    """The table of one network.

    Parameters
    ----------
    is_fast_cpu : float32 on a CPU, the only place where Winograd's algorithm is used
    limit_bytes : see `LIMIT_BYTES`
    """

    def __init__(self, is_fast_cpu: bool, limit_bytes: int = LIMIT_BYTES):
        self._is_fast_cpu = is_fast_cpu
        self._left = limit_bytes
        self.rows: dict[LayerShape, Form] = {}

    def choose(self, layer: LayerShape) -> Form:
        """Form of a layer of StyleGAN2: whatever is fastest for its shape."""
        height, width = layer.size
        # Scaling the 3x3 weights pays where it touches fewer numbers than scaling the activations.
        other = Form("weights" if 9 * layer.out_channels < height * width else "activations")
        if layer.up:
            return self._settle_rows(layer, other)
        nbytes = 4 * height * width * layer.in_channels * layer.out_channels
        if layer.reads_constant and self._is_fast_cpu and nbytes <= self._left:
            self._left -= nbytes
            form = self.rows[layer] = Form("constant")
            return form
        if self._has_library(layer):
            self._left -= weight_bytes(layer.in_channels, layer.out_channels)
            form = self.rows[layer] = Form("nnpack")
            return form
        return self._settle_packed(layer, self._settle(layer, _tile(layer), other))

    def _has_library(self, layer: LayerShape) -> bool:
        """Whether a layer is faster in NNPACK, and its memory allowed."""
        height, width = layer.size
        channels = layer.in_channels, layer.out_channels
        suited = self._is_fast_cpu and layer.kernel == 3 and height == width and suits(*channels, height)
        return suited and weight_bytes(*channels) <= self._left and has_nnpack()

    def choose_stylegan1(self, layer: LayerShape) -> Form:
        """Form of a layer of StyleGAN1, whose style comes after the convolution."""
        return self._settle(layer, _tile(layer), Form("ordinary"))

    def choose_stylegan3(self, layer: LayerShape) -> Form:
        """Form of a layer of StyleGAN3, whose weights are fewer than its activations everywhere."""
        is_wide = min(layer.in_channels, layer.out_channels) >= STYLEGAN3_WIDTH
        return self._settle(layer, 4 if is_wide else None, Form("weights"))

    def _settle(self, layer: LayerShape, tile: int | None, other: Form) -> Form:
        """Winograd's form with `tile` where it is possible and its memory allowed, else `other`."""
        form = other
        if tile and self._is_fast_cpu and layer.kernel == 3 and layer.size[0] == layer.size[1]:
            nbytes = 4 * (tile + 2) ** 2 * layer.in_channels * layer.out_channels
            if nbytes <= self._left:
                self._left -= nbytes
                form = Form("winograd", tile, apart=layer.multiplications >= APART_FROM)
        self.rows[layer] = form
        return form

    def _settle_rows(self, layer: LayerShape, other: Form) -> Form:
        """The form "rows" where it is faster and its memory allowed, else `other`."""
        form = other
        least = ROWS_FROM if layer.in_channels >= 512 else NARROW_ROWS_FROM
        narrow, work = min(layer.in_channels, layer.out_channels), layer.multiplications
        alone = narrow >= 128 and layer.in_channels >= 256 and ALONE_ROWS_FROM <= work < least
        nbytes = 4 * (7 * 3 + 9 * alone) * layer.in_channels * layer.out_channels
        is_large = (narrow >= 64 and work >= least) or alone
        if is_large and self._is_fast_cpu and nbytes <= self._left:
            self._left -= nbytes
            form = Form("rows", alone=alone, packed=alone)
        return self._settle_packed(layer, form)

    def _settle_packed(self, layer: LayerShape, form: Form) -> Form:
        """The same form, its weights packed where that is faster and its memory allowed."""
        width, size = min(layer.in_channels, layer.out_channels), min(layer.size)
        is_worth_it = width >= (128 if size >= 32 else 256) if layer.up else width == 256 and size <= 8
        nbytes = 4 * 9 * layer.in_channels * layer.out_channels
        if form.kind == "activations" and is_worth_it and self._is_fast_cpu and nbytes <= self._left:
            self._left -= nbytes
            form = replace(form, packed=True)
        self.rows[layer] = form
        return form

    @property
    def multiplications(self) -> int:
        """Multiplications of all convolutions for one picture, were they done directly."""
        return sum(layer.multiplications for layer in self.rows)

    def __str__(self) -> str:
        return "\n".join(
            f"{layer.name:16} {layer.in_channels:4} to {layer.out_channels:4} channels, "
            f"kernel {layer.kernel}, {layer.size[0]}x{layer.size[1]}{' doubled' if layer.up else ''}: {form}"
            for layer, form in self.rows.items()
        )


def _tile(layer: LayerShape) -> int | None:
    """Tile of Winograd's algorithm that suits a layer of StyleGAN1 or 2."""
    return None if layer.up else tile_for(layer.in_channels, layer.out_channels, layer.size[0])
