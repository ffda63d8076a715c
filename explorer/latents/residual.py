"""What is left of W when some measures are known: the ground on which directions keep others still."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.errors import DirectionError
from explorer.latents.directions import Direction
from explorer.latents.discovery import Matrix, Statistics


@dataclass(frozen=True, eq=False)
class Residual:
    """W without what some measures tell of it."""

    left: Matrix
    """[w_dim, w_dim]: takes out of w - mean what the measures predict of it."""
    covariance: Matrix
    """Of what is left."""


def without(stats: Statistics, gradients: Matrix) -> Residual:
    """Regress the measures with these gradients, [K, w_dim], out of W.

    What is left of W is uncorrelated with them, and Cov(rest) g moves none of them.
    """
    width = len(stats.mean)
    if not len(gradients):
        return Residual(np.eye(width), stats.covariance)
    spread = stats.covariance @ gradients.T
    left = np.eye(width) - spread @ np.linalg.pinv(gradients @ spread, rcond=1e-9) @ gradients
    return Residual(left, left @ stats.covariance)


def gradients_of(keep: Sequence[Direction], stats: Statistics) -> Matrix:
    """Gradients of the measures of some directions: [K, w_dim], or more for those of W+.

    Where a direction has none, the vector itself stands for it.

    Raises
    ------
    DirectionError
        If one belongs to a network of another size.
    """
    width = len(stats.mean)
    rows = [np.zeros((0, width))]
    for direction in keep:
        given = direction.vector if direction.gradient is None else direction.gradient
        values = given.detach().cpu().double().numpy().reshape(-1, given.shape[-1])
        if values.shape[1] != width:
            raise DirectionError(
                f"direction {direction.name!r} has {values.shape[1]} values, "
                f"but latents of this network have {width}"
            )
        rows.append(values)
    return np.concatenate(rows)
