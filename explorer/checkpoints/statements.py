"""Between a file's names and ours: statements about tensors, renamed and turned, not yet copied.

A dialect is a list of rules. Each says what a name looks like, what we call
it, and how the axes differ. Nothing is computed until the generator is known
to be whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from explorer.checkpoints.values import NumpyArray, TensorView
from explorer.errors import CorruptCheckpointError

if TYPE_CHECKING:
    import torch

    from explorer.models.description import NetworkDescription

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Change:
    """How a stored tensor becomes a canonical one."""

    shape: Callable[[Shape], Shape]
    apply: Callable[[torch.Tensor], torch.Tensor]
    rank: int | None = None
    ones: tuple[int, ...] = ()
    """Axes that must have size 1."""


def _take(shape: Shape, *axes: int) -> Shape:
    return tuple(shape[axis] for axis in axes)


SAME = Change(lambda s: s, lambda t: t)
TRANSPOSED = Change(lambda s: _take(s, 1, 0), lambda t: t.t(), 2)
KERNEL = Change(lambda s: _take(s, 3, 2, 0, 1), lambda t: t.permute(3, 2, 0, 1), 4)
"""[kh, kw, in, out] to [out, in, kh, kw]."""
FLIPPED_KERNEL = Change(KERNEL.shape, lambda t: t.permute(3, 2, 0, 1).flip(2, 3), 4)
"""The same, and turned by 180 degrees."""
FLIPPED = Change(lambda s: s, lambda t: t.flip(2, 3), 4)
PLUS_ONE = Change(lambda s: s, lambda t: t + 1, 1)
WITHOUT_BATCH = Change(lambda s: s[1:], lambda t: t[0], ones=(0,))
PLANE = Change(lambda s: s[2:], lambda t: t[0, 0], 4, ones=(0, 1))
"""[1, 1, h, w] to [h, w]."""
CHANNELS = Change(lambda s: _take(s, 1), lambda t: t[0, :, 0, 0], 4, ones=(0, 2, 3))
"""[1, c, 1, 1] to [c]."""


def first_rows(count: int) -> Change:
    """The first rows of a table that is longer than it need be."""
    return Change(lambda s: (min(s[0], count), s[1]), lambda t: t[:count], 2)


SCALAR = Change(lambda s: (), lambda t: t.reshape(()), 1, ones=(0,))
"""[1] to []."""


@dataclass(frozen=True, slots=True, eq=False)
class Mapped:
    """A statement of the file under a canonical name."""

    source: TensorView | NumpyArray
    shape: Shape
    change: Change

    @property
    def nbytes(self) -> int:
        """Bytes it takes from the file."""
        return self.source.nbytes

    def to_torch(self) -> torch.Tensor:
        """Copy out, turned our way."""
        return self.change.apply(self.source.to_torch()).contiguous()


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A tensor that the file lacks and that we make instead; a note says so."""

    shape: Shape
    make: Callable[[], torch.Tensor]
    nbytes: int = 0

    def to_torch(self) -> torch.Tensor:
        """Make it."""
        return self.make()


@dataclass(frozen=True)
class Found:
    """What a dialect makes of a file: canonical statements, and what they describe."""

    description: NetworkDescription
    tensors: Mapping[str, Any]
    """Values with `shape`, `nbytes` and `to_torch`."""
    format: str
    header: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """Names that match `pattern` as a whole are called `name(match)`; None leaves them out in silence."""

    pattern: re.Pattern[str]
    name: Callable[[re.Match[str]], str | None]
    change: Change = SAME


def rule(
    pattern: str, name: str | Callable[[re.Match[str]], str | None] | None, change: Change = SAME
) -> Rule:
    """Make a rule whose new name is a template for `Match.expand`, a function, or nothing."""
    if isinstance(name, str):
        template = name
        return Rule(re.compile(pattern), lambda match: match.expand(template), change)
    return Rule(re.compile(pattern), name or (lambda match: None), change)


def translate(
    stated: Mapping[str, TensorView | NumpyArray], rules: Sequence[Rule], path: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Rename and turn all statements; tell which had no rule.

    Raises
    ------
    CorruptCheckpointError
        If a tensor has not the axes its name promises, or two become one.
    """
    found: dict[str, Any] = {}
    unknown = []
    for name, statement in stated.items():
        for candidate in rules:
            match = candidate.pattern.fullmatch(name)
            if match is None:
                continue
            ours = candidate.name(match)
            if ours is not None:
                if ours in found:
                    raise CorruptCheckpointError(f"{path}: two of its tensors stand for {ours}")
                found[ours] = turned(name, statement, candidate.change, path)
            break
        else:
            unknown.append(name)
    return found, left_out(unknown)


def turned(name: str, statement: TensorView | NumpyArray, change: Change, path: str) -> Mapped:
    """One statement with a change, after checking its axes."""
    shape = statement.shape
    fits = change.rank in (None, len(shape)) and all(
        axis < len(shape) and shape[axis] == 1 for axis in change.ones
    )
    if not fits:
        raise CorruptCheckpointError(
            f"{path}: the tensor {name[:80]!a} has the shape {list(shape)}, which cannot be"
        )
    return Mapped(statement, change.shape(shape), change)


def left_out(names: Sequence[str]) -> tuple[str, ...]:
    """A note on tensors that are no part of the generator, if there are any."""
    if not names:
        return ()
    return (f"{len(names)} tensors are no part of this family and left out, such as {min(names)[:80]!a}.",)
