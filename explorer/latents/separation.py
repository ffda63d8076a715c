"""Telling two kinds of points apart by a plane, with honest accuracy.

References
----------
Hastie, Tibshirani, Friedman. The Elements of Statistical Learning. 2009, sections 3.4.1 and 4.3
(ridge regression on class labels is a discriminant analysis with shrinkage), 7.10.
"""

import math
from dataclasses import dataclass

import numpy as np

from explorer.latents.discovery import Matrix, Vector

_SHRINKAGE = np.array([0.1, 0.3, 1.0, 3.0, 10.0])
"""Ridge strengths tried, in mean eigenvalues of the marks' scatter; none so weak that few marks are taken
for the whole truth."""
_LEAVE_ONE_OUT = 40
"""Up to so many marks, each is predicted from all the others; beyond, tenfold cross-validation."""
_FOLDS = 10


@dataclass(frozen=True, eq=False)
class Separation:
    """A plane between two kinds of points."""

    gradient: Vector
    """Normal of the plane, towards the points labelled 1."""
    threshold: float
    """On x @ gradient: halfway between the kinds."""

    def right(self, x: Matrix, y: Vector) -> Vector:
        """Which points lie on their own side; one on the plane counts half."""
        return (1 + np.sign((x @ self.gradient - self.threshold) * y)) / 2


def separate(x: Matrix, y: Vector) -> Separation:
    """Ridge regression of labels -1, 1 on points [N, w_dim]; its strength is chosen by leaving one out.

    The penalty is on the length of the gradient in W: an expectation that ways in which faces differ more
    matter more, which is what the covariance of W tells before any mark is made.
    """
    weight = _balance(y)
    root = np.sqrt(weight)[:, None]
    centre, middle = weight @ x / weight.sum(), weight @ y / weight.sum()
    scaled, labels = root * (x - centre), root[:, 0] * (y - middle)
    values, vectors = np.linalg.eigh(scaled @ scaled.T)
    values = values.clip(0)
    seen = vectors.T @ labels
    best: tuple[float, float] | None = None
    for strength in _SHRINKAGE * max(values.mean(), 1e-30):
        shrunk = values / (values + strength)
        own = (vectors**2) @ shrunk + weight / weight.sum()
        error = float((((labels - vectors @ (shrunk * seen)) / np.clip(1 - own, 1e-6, None)) ** 2).sum())
        if best is None or error < best[0]:
            best = error, float(strength)
    assert best is not None
    gradient = scaled.T @ (vectors @ (seen / (values + best[1])))
    scores = x @ gradient
    return Separation(gradient, (scores[y > 0].mean() + scores[y < 0].mean()) / 2)


def _balance(y: Vector) -> Vector:
    """Weights by which both kinds count alike; their mean is 1."""
    more = y > 0
    return np.where(more, 0.5 / max(more.mean(), 1e-9), 0.5 / max((~more).mean(), 1e-9))


def cross_validated(x: Matrix, y: Vector) -> tuple[float, tuple[float, float], int]:
    """Accuracy on unseen marks, its 95 % interval, and the number of folds.

    All choices, the ridge strength too, are made anew without the marks that are told.
    """
    fold, folds = _folded(y)
    right = np.zeros(len(y))
    for index in range(folds):
        unseen = fold == index
        if len(set(y[~unseen])) == 2:
            right[unseen] = separate(x[~unseen], y[~unseen]).right(x[unseen], y[unseen])
    accuracy = float((right[y > 0].mean() + right[y < 0].mean()) / 2)
    return accuracy, _wilson(accuracy, len(y)), folds


def _folded(y: Vector) -> tuple[Vector, int]:
    """Fold of each mark, both kinds spread evenly, and their number."""
    if len(y) <= _LEAVE_ONE_OUT:
        return np.arange(len(y), dtype=np.float64), len(y)
    fold = np.zeros(len(y))
    numbers = np.random.RandomState(0)
    for kind in (-1, 1):
        (own,) = np.nonzero(y == kind)
        fold[numbers.permutation(own)] = np.arange(len(own)) % _FOLDS
    return fold, _FOLDS


def _wilson(share: float, count: int) -> tuple[float, float]:
    """95 % interval of a share seen in `count` trials."""
    z2 = 1.96**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = math.sqrt(z2) / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)
