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


def held_back(steps: Tensor, rows: Sequence[int], locks: Sequence[Lock]) -> Tensor:
    """Take out of the steps of some rows what would move a locked measure.

    What is left is not made longer again: a step along what is locked vanishes, and a
    step that moves no locked measure is the same as before.

    Parameters
    ----------
    steps : [R, w_dim] float32, one for each of `rows`.

    Returns
    -------
    [R, w_dim] float32 on the device of `steps`.
    """
    values = steps.detach().cpu().double().numpy().copy()
    places: dict[tuple[int, ...], list[int]] = {}
    for place, row in enumerate(rows):
        acting = tuple(index for index, lock in enumerate(locks) if row in lock.rows)
        places.setdefault(acting, []).append(place)
    for acting, own in places.items():
        if not acting:
            continue
        several = any(locks[index].direction.vector.ndim == 2 for index in acting)
        for group in [[place] for place in own] if several else [own]:
            acts = [locks[index].direction for index in acting]
            values[group] = _stilled(values[group], [_measured(d, rows[group[0]]) for d in acts])
    return torch.from_numpy(values).to(steps.device, torch.float32)


def _stilled(steps: Matrix, locked: Sequence[tuple[Matrix, Matrix]]) -> Matrix:
    """Take out of steps what moves measures, each given as unit vector and unit gradient."""
    if not locked:
        return steps
    vectors, gradients = (np.stack(parts) for parts in zip(*locked, strict=True))
    back = np.linalg.pinv(vectors @ gradients.T, rcond=NEARLY)
    steps = steps - (steps @ gradients.T) @ back @ vectors
    # What is left for rounding, or for two locks that share a vector, goes the shortest way.
    basis = orthonormal(gradients)
    return steps - (steps @ basis.T) @ basis


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
