"""What a layer takes from `ws`, and from which weights that comes."""

from dataclasses import dataclass
from typing import Literal, Protocol

from torch import Tensor


@dataclass(frozen=True, slots=True)
class StyleSource:
    """What a layer's style and demodulation come from."""

    row: int
    """Of `ws`."""
    weight: Tensor
    """[C, w_dim] from the row to the style"""
    bias: Tensor
    """[C]"""
    power: Tensor | None = None
    """[C, O], see `Styles.demod`; None where the layer has no demodulation."""
    epsilon: Tensor | None = None
    """[O]"""
    norm: Literal["none", "peak", "power"] = "none"
    """What the style is scaled to: a largest value of one ("peak", StyleGAN2 in half precision), or a mean
    square of one ("power", StyleGAN3). Demodulation takes it out again."""


@dataclass(frozen=True, slots=True)
class Styles:
    """What a layer takes from `ws`."""

    style: Tensor
    """[N, C] float32"""
    demod: Tensor | None
    """[N, O] float32: 1 / sqrt(style^2 power + epsilon)"""


class Styled(Protocol):
    """A layer that takes a style from a row of `ws`."""

    def styles(self, w: Tensor) -> Styles:
        """Its own, from its row. [N, w_dim] float32."""

    def source(self, row: int) -> StyleSource:
        """The same, to be worked out with other layers."""

    def take(self, source: StyleSource) -> None:
        """From now on use this memory, which holds the same as its own. Only where it has no norm."""
