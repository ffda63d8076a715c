"""Finding directions: PCA of W, PCA of what a zone draws with, SeFa, and random ones.

Every function is deterministic by its seed and gives `Direction`s whose `sigma`
is the standard deviation of W along them, so that a slider means the same on
each: amount 1 is one standard deviation.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explorer.latents.directions import Direction
from explorer.models import Generator
from explorer.recipe import Layers
from explorer.recipe.edits import rows_of

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

SAMPLES = 20_000
"""Latents for the statistics of W; more change the first components by less than they differ."""
BATCH = 2_000


@dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and covariance of W, gathered sample by sample in float64."""

    mean: Vector
    """[w_dim]"""
    covariance: Matrix
    """[w_dim, w_dim]"""
    samples: int

    def sigma(self, vector: Vector) -> float:
        """Standard deviation of W along a unit vector."""
        return math.sqrt(max(float(vector @ self.covariance @ vector), 0.0))


def sample_w(generator: Generator, count: int, seed: int = 0) -> Iterator[Tensor]:
    """Draw untruncated points of W in batches: [<= BATCH, w_dim] float32.

    Classes of a conditional network are drawn from the same seed.
    """
    numbers = np.random.RandomState(seed)
    for first in range(0, count, BATCH):
        size = min(BATCH, count - first)
        z = torch.from_numpy(numbers.randn(size, generator.z_dim).astype(np.float32)).to(generator.device)
        c = None
        if generator.c_dim:
            classes = torch.from_numpy(numbers.randint(generator.c_dim, size=size)).to(generator.device)
            c = torch.eye(generator.c_dim, device=generator.device)[classes]
        with torch.inference_mode():
            yield generator.mapping(z, c)[:, 0]


def statistics(batches: Iterator[Tensor]) -> Statistics:
    """Mean and covariance of batches of points: [N, w_dim] each, at least two points in all.

    Raises
    ------
    ValueError
        If there are fewer than two points.
    """
    count, total, moment = 0, np.zeros(1), np.zeros((1, 1))
    for batch in batches:
        values = batch.cpu().double().numpy()
        count += len(values)
        total = total + values.sum(0)
        moment = moment + values.T @ values
    if count < 2:
        raise ValueError(f"statistics of W need at least two points, not {count}")
    mean = total / count
    return Statistics(mean, (moment - count * np.outer(mean, mean)) / (count - 1), count)


def principal_directions(
    stats: Statistics, components: int = 20, layers: Layers = "all", prefix: str = "pca"
) -> list[Direction]:
    """Principal components of W, the widest first.

    Exact: the covariance is small, so it is decomposed whole, without an
    incremental method. The sign is fixed (largest entry positive), so that a
    slider saved today means the same tomorrow.

    References
    ----------
    Harkonen et al. GANSpace: Discovering Interpretable GAN Controls. 2020, section 2.
    """
    values, vectors = np.linalg.eigh(stats.covariance)
    order = np.argsort(values)[::-1][:components]
    total = max(float(values.sum()), 1e-30)
    return [
        _direction(
            f"{prefix} {rank + 1}",
            "pca",
            vectors[:, index],
            math.sqrt(max(float(values[index]), 0.0)),
            layers,
            f"{100 * max(values[index], 0.0) / total:.1f} % of the variance of W",
        )
        for rank, index in enumerate(order)
    ]


def zone_directions(
    generator: Generator, stats: Statistics, layers: Layers, components: int = 20
) -> list[Direction]:
    """Principal components of the styles that some rows draw with, carried back to W.

    The styles of the rows are an affine image of W. Their principal axis is a
    change of styles; the direction is how W changes with it on average, the
    regression of W on that axis, as GANSpace carries components to its latent.
    """
    weights = _style_matrix(generator, layers, normalise=False)  # [n, w_dim]
    styles = weights @ stats.covariance @ weights.T
    values, axes = np.linalg.eigh(styles)
    order = np.argsort(values)[::-1][:components]
    found = []
    for rank, index in enumerate(order):
        if values[index] <= 1e-12 * values[order[0]]:
            break
        # E[w | one standard deviation along the axis] - E[w]
        step = stats.covariance @ weights.T @ axes[:, index] / np.sqrt(values[index])
        length = float(np.linalg.norm(step))
        name = f"{_zone_name(layers)} {rank + 1}"
        share = f"{100 * values[index] / values.clip(0).sum():.1f} % of the variance of these styles"
        found.append(_direction(name, "pca", step / length, length, layers, share))
    return found


def closed_form_directions(
    generator: Generator, stats: Statistics, layers: Layers = "all", components: int = 20
) -> list[Direction]:
    """SeFa: the directions of W that the styles of some rows react to most.

    Eigenvectors of the normalised style weights' inner product, strongest first.

    References
    ----------
    Shen, Zhou. Closed-Form Factorization of Latent Semantics in GANs. 2021, section 3.2.
    """
    weights = _style_matrix(generator, layers, normalise=True)
    values, vectors = np.linalg.eigh(weights.T @ weights)
    order = np.argsort(values)[::-1][:components]
    return [
        _direction(
            f"sefa {rank + 1}",
            "sefa",
            vectors[:, index],
            stats.sigma(vectors[:, index]),
            layers,
            f"eigenvalue {values[index]:.3g}",
        )
        for rank, index in enumerate(order)
    ]


def random_directions(
    stats: Statistics, components: int = 20, seed: int = 0, layers: Layers = "all"
) -> list[Direction]:
    """Random orthogonal directions: what every other method has to be better than."""
    width = len(stats.mean)
    normal = np.random.RandomState(seed).randn(width, min(components, width))
    vectors, _ = np.linalg.qr(normal)
    return [
        _direction(
            f"random {i + 1}",
            "random",
            vectors[:, i],
            stats.sigma(vectors[:, i]),
            layers,
            f"from seed {seed}",
        )
        for i in range(vectors.shape[1])
    ]


def _style_matrix(generator: Generator, layers: Layers, *, normalise: bool) -> Matrix:
    """Weights from W to the styles of some rows: [styles, w_dim] float64."""
    rows = set(rows_of(layers, generator.num_ws))
    chosen = [weight for row, weight in generator.style_weights() if row in rows]
    if not chosen:
        raise ValueError(f"no layer of this network reads the rows {layers!r}")
    weights: Matrix = torch.cat(chosen).cpu().double().numpy()
    if normalise:
        weights = weights / np.linalg.norm(weights, axis=1, keepdims=True).clip(1e-12)
    return weights


def _zone_name(layers: Layers) -> str:
    return layers if isinstance(layers, str) else "rows " + ",".join(map(str, layers))


def _direction(name: str, kind: str, vector: Vector, sigma: float, layers: Layers, note: str) -> Direction:
    return Direction(name, kind, torch.from_numpy(fixed_sign(vector)).float(), sigma, layers, note)


def fixed_sign(vector: Vector) -> Vector:
    """Turn a vector so that its entry of largest magnitude is positive."""
    return vector * np.sign(vector[np.argmax(np.abs(vector))] or 1.0)
