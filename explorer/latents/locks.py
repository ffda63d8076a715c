"""Locks: what others may not move. A step is made orthogonal to the directions that are kept still.

The measure of a direction c is the coordinate of a row of `ws` along it. A step that is
orthogonal to c leaves it alone; of several, the step leaves the space they span.

References
----------
Shen et al. Interpreting the Latent Space of GANs for Semantic Face Editing. 2020, section 2.3
(conditional manipulation).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explorer.latents.directions import Direction


@dataclass(frozen=True, eq=False)
class Lock:
    """A direction whose measure stays, in the rows it acts on."""

    direction: Direction
    rows: frozenset[int]


def held_back(steps: Tensor, rows: Sequence[int], locks: Sequence[Lock]) -> Tensor:
    """Take out of the steps of some rows what would move a locked measure.

    What is left is not made longer again: a step along what is locked vanishes, and a
    step that is orthogonal to it already is the same as before.

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
            basis = orthonormal(_at(locks[index].direction, rows[group[0]]) for index in acting)
            if len(basis):
                values[group] -= (values[group] @ basis.T) @ basis
    return torch.from_numpy(values).to(steps.device, torch.float32)


def orthonormal(vectors: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Rows that span what the vectors span, at right angles and of length 1: [rank, w_dim]."""
    unit = [vector / length for vector in vectors if (length := float(np.linalg.norm(vector))) > 0]
    if not unit:
        return np.zeros((0, 0))
    _, sizes, basis = np.linalg.svd(np.stack(unit), full_matrices=False)
    # Directions that are nearly the same are the same: their difference is rounding.
    return np.asarray(basis[sizes > 1e-5], np.float64)


def _at(direction: Direction, row: int) -> NDArray[np.float64]:
    vector = direction.vector if direction.vector.ndim == 1 else direction.vector[row]
    return vector.detach().cpu().double().numpy()
