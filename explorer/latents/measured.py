"""Directions of measures: numbers of pictures, regressed on the points of W they were drawn from.

References
----------
Shen et al. Interpreting the Latent Space of GANs for Semantic Face Editing. 2020, section 2.3
(conditional manipulation); here in the metric of W's covariance.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from explorer.errors import DirectionError
from explorer.latents.directions import Direction
from explorer.latents.discovery import Matrix, Statistics, Vector
from explorer.latents.residual import without
from explorer.recipe import Layers

_FOLDS = 5


@dataclass(frozen=True, eq=False)
class Gradient:
    """How a measure changes with w, as a linear regression sees it."""

    name: str
    vector: Vector
    """[w_dim]: change of the measure for each unit of w."""
    spread: float
    """Standard deviation of the measure among the pictures it was learned from."""
    correlation: float
    """Of the measure with what the regression says of pictures it had not seen."""


def gradients(w: Matrix, values: Mapping[str, NDArray[np.float64]]) -> dict[str, Gradient]:
    """Regress measures on points of W.

    Parameters
    ----------
    w : [N, w_dim], N several times w_dim.
    values : [N] under the name of each measure.

    Raises
    ------
    DirectionError
        If there are fewer points than a regression needs, or a measure is the same in all pictures.
    """
    count, width = w.shape
    if count < 2 * width:
        raise DirectionError(
            f"measures of {count} pictures are too few for latents of {width} values; take {4 * width}"
        )
    found = {}
    fold = np.arange(count) % _FOLDS
    for name, value in values.items():
        if not np.isfinite(value).all() or not np.ptp(value) > 0:
            raise DirectionError(f"the measure {name!r} is the same in all pictures, so it has no direction")
        foretold = np.empty(count)
        for index in range(_FOLDS):
            unseen = fold == index
            slope, centre, level = _regression(w[~unseen], value[~unseen])
            foretold[unseen] = (w[unseen] - centre) @ slope + level
        slope, _, _ = _regression(w, value)
        correlation = float(np.corrcoef(foretold, value)[0, 1])
        found[name] = Gradient(name, slope, float(value.std()), correlation)
    return found


def measured_direction(
    name: str,
    of: Gradient,
    held: Sequence[Gradient],
    stats: Statistics,
    layers: Layers = "all",
    note: str = "",
) -> Direction:
    """The most natural direction that raises one measure and holds others.

    Of all steps that change the measure by so much and the others by nothing, it is the one that leaves the
    distribution of W least: Cov(W | held) g, the regression of W on the measure where the others are known.

    Returns
    -------
    A direction of kind "measured": a unit vector, its sigma, and the measure's gradient.

    Raises
    ------
    DirectionError
        If the held measures tell all of this one.
    """
    width = len(stats.mean)
    rest = without(stats, np.array([gradient.vector for gradient in held]).reshape(-1, width))
    vector = rest.covariance @ of.vector
    # Share of the measure's variance that the held ones do not tell.
    own = float(of.vector @ vector) / max(float(of.vector @ stats.covariance @ of.vector), 1e-30)
    if not own > 1e-6:
        raise DirectionError(f"{name!r} changes only with what is held; hold fewer")
    unit = vector / np.linalg.norm(vector)
    gradient = of.vector / np.linalg.norm(of.vector)
    return Direction(
        name,
        "measured",
        torch.from_numpy(unit).float(),
        stats.sigma(unit),
        layers,
        note or f"regression of {of.name}, correlation {of.correlation:.2f}",
        gradient=torch.from_numpy(gradient).float(),
    )


def _regression(w: Matrix, value: NDArray[np.float64]) -> tuple[Vector, Vector, float]:
    """Slope, centre and level; a trace of a ridge, so that dead directions of W do no harm."""
    centre, level = w.mean(axis=0), float(value.mean())
    x = w - centre
    scatter = x.T @ x
    ridge = 1e-6 * max(float(np.trace(scatter)) / len(scatter), math.ulp(1.0))
    slope = np.linalg.solve(scatter + ridge * np.eye(len(scatter)), x.T @ (value - level))
    return slope, centre, level
