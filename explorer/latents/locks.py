"""Locks: what others may not move. A step is made orthogonal to the measures that are kept still.

The measure of a direction is how far a row of `ws` lies along its gradient, which is the
vector itself where no other is known. A step that is orthogonal to the gradient leaves the
measure alone. What has to be taken out of a step is taken out along the locked direction:
the way on which W itself varies with that measure. With vector and gradient alike this is
the projection of the paper below.

References
----------
Shen et al. Interpreting the Latent Space of GANs for Semantic Face Editing. 2020, section 2.3
(conditional manipulation).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explorer.latents.directions import Direction

Matrix = NDArray[np.float64]

NEARLY = 1e-5
"""Directions that differ by less are the same: their difference is rounding."""
ALIKE = 0.1
"""Cosine from which a vector is a way along which its measure can be put right."""


@dataclass(frozen=True, eq=False)
class Lock:
    """A direction whose measure stays, in the rows it acts on."""

    direction: Direction
    rows: frozenset[int]


class Locks:
    """All that is kept still in a picture. What a lock forbids is worked out once, for all pushes."""

    def __init__(self, locks: Sequence[Lock]) -> None:
        self._locks = tuple(locks)
        self._still: dict[tuple[int, ...], _Still] = {}
        self._grouped: dict[tuple[tuple[int, ...], tuple[int, ...]], list[tuple[_Still, list[int]]]] = {}

    def others(self, name: str) -> tuple[str, ...]:
        """Names of what a direction must not move: all that is locked, but for itself."""
        names = (lock.direction.name for lock in self._locks)
        return tuple(dict.fromkeys(other for other in names if other != name))

    def held_back(self, steps: Tensor, rows: Sequence[int], name: str) -> Tensor:
        """Take out of the steps of some rows what would move a locked measure.

        What is left is not made longer again: a step along what is locked vanishes, and a
        step that moves no locked measure is the same as before.

        Parameters
        ----------
        steps : [R, w_dim] float32, one for each of `rows`.
        name : of the direction that the steps go along; its own measure may move.

        Returns
        -------
        [R, w_dim] float32 on the device of `steps`.
        """
        values = steps.detach().cpu().double().numpy().copy()
        for still, places in self._groups(rows, name):
            values[places] = still.of(values[places])
        return torch.from_numpy(values).to(steps.device, torch.float32)

    def share_left(self, direction: Direction, rows: Sequence[int]) -> float:
        """How much of a step along a direction is left: 0 is nothing, 1 all of it."""
        vector = direction.vector.detach().cpu().float()
        steps = vector.expand(len(rows), -1) if vector.ndim == 1 else vector[list(rows)]
        length = float(steps.norm())
        return float(self.held_back(steps, rows, direction.name).norm()) / length if length else 1.0

    def _groups(self, rows: Sequence[int], name: str) -> list[tuple["_Still", list[int]]]:
        """Places in `rows` that are held alike, with what holds them."""
        others = tuple(index for index, lock in enumerate(self._locks) if lock.direction.name != name)
        known = (tuple(rows), others)
        if known not in self._grouped:
            groups: dict[tuple[int, ...], list[int]] = {}
            for place, row in enumerate(rows):
                acting = [index for index in others if row in self._locks[index].rows]
                if acting:
                    several = any(self._locks[index].direction.vector.ndim == 2 for index in acting)
                    groups.setdefault((row if several else -1, *acting), []).append(place)
            self._grouped[known] = [(self._still_of(key), places) for key, places in groups.items()]
        return self._grouped[known]

    def _still_of(self, key: tuple[int, ...]) -> "_Still":
        if key not in self._still:
            row, *acting = key
            self._still[key] = _Still([_measured(self._locks[index].direction, row) for index in acting])
        return self._still[key]


class _Still:
    """Takes out of steps what moves measures, each given as unit vector and unit gradient."""

    def __init__(self, locked: Sequence[tuple[Matrix, Matrix]]) -> None:
        self._vectors, self._gradients = (np.stack(parts) for parts in zip(*locked, strict=True))
        self._back = np.linalg.pinv(self._vectors @ self._gradients.T, rcond=NEARLY)
        # What is left for rounding, or for two locks that share a vector, goes the shortest way.
        self._basis = orthonormal(self._gradients)

    def of(self, steps: Matrix) -> Matrix:
        """What is left of steps: [N, w_dim]."""
        steps = steps - (steps @ self._gradients.T) @ self._back @ self._vectors
        return steps - (steps @ self._basis.T) @ self._basis


def orthonormal(unit: Matrix) -> Matrix:
    """Rows at right angles that span what these rows of length 1 span: [rank, w_dim]."""
    _, sizes, basis = np.linalg.svd(unit, full_matrices=False)
    return np.asarray(basis[sizes > NEARLY], np.float64)


def _measured(direction: Direction, row: int) -> tuple[Matrix, Matrix]:
    """Unit vector and unit gradient in a row; a vector of zeros measures nothing and stays one."""
    vector = direction.vector if direction.vector.ndim == 1 else direction.vector[row]
    along = _unit(vector)
    gradient = along if direction.gradient is None else _unit(direction.gradient)
    # Along a vector that hardly moves its own measure, taking out a little would lead far away.
    return (along if abs(along @ gradient) > ALIKE else gradient), gradient


def _unit(vector: Tensor) -> Matrix:
    values = vector.detach().cpu().double().numpy()
    return np.asarray(values / max(float(np.linalg.norm(values)), 1e-30), np.float64)
