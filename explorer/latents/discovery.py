"""Finding directions: PCA of W, PCA of what a zone draws with, SeFa, and random ones.

Every function is deterministic by its seed and gives `Direction`s whose `sigma`
is the standard deviation of W along them, so that a slider means the same on
each: amount 1 is one standard deviation.
"""

import math
from collections.abc import Generator as Pieces
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explorer.errors import DirectionError
from explorer.latents.directions import Direction
from explorer.models import Generator
from explorer.recipe import Layers
from explorer.recipe.edits import rows_of

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

SAMPLES = 20_000
"""Latents for the statistics of W; more change the first components by less than they differ."""
BATCH = 2_000

Method = Literal["pca", "zone", "sefa", "random"]
METHODS: tuple[Method, ...] = get_args(Method)


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


def find(
    generator: Generator,
    method: Method = "pca",
    layers: Layers = "all",
    components: int = 20,
    samples: int = SAMPLES,
    seed: int = 0,
) -> Pieces[tuple[int, int], None, list[Direction]]:
    """Find directions piece by piece, so that it can be watched and given up.

    Parameters
    ----------
    method : "pca" of W, "zone" for the PCA of the styles of `layers`, "sefa", or "random".
    layers : rows that the directions act on; "zone" and "sefa" also look at these alone.
    components : directions wanted; there are never more than `w_dim`.
    samples : latents for the statistics of W, from two.

    Yields
    ------
    (samples drawn, samples in all)

    Raises
    ------
    DirectionError
        If no layer of this network reads these rows, or W does not vary at all.
    """
    check_rows(generator, layers)
    stats = yield from gather(generator, samples, seed)
    return directions_of(generator, stats, method, layers, components, seed)


def check_rows(generator: Generator, layers: Layers) -> None:
    """Raise `DirectionError` unless the network has some of these rows."""
    if not rows_of(layers, generator.num_ws):
        raise DirectionError(f"this network has rows 0 to {generator.num_ws - 1}, and none of {layers!r}")


def gather(
    generator: Generator, samples: int = SAMPLES, seed: int = 0
) -> Pieces[tuple[int, int], None, Statistics]:
    """Gather the statistics of W piece by piece; yields as `find`."""
    gathered = _Gathered()
    for batch in sample_w(generator, samples, seed):
        gathered.add(batch)
        yield gathered.count, samples
    return gathered.statistics()


def directions_of(
    generator: Generator,
    stats: Statistics,
    method: Method = "pca",
    layers: Layers = "all",
    components: int = 20,
    seed: int = 0,
) -> list[Direction]:
    """Find directions with statistics that are known already; see `find`."""
    if not stats.covariance.any():
        raise DirectionError("all latents of this network are the same, so there is nothing to find")
    if method == "pca":
        return principal_directions(stats, components, layers, _prefix("pca", layers))
    try:
        if method == "zone":
            return zone_directions(generator, stats, layers, components)
        if method == "sefa":
            found = closed_form_directions(generator, stats, layers, components)
        else:
            found = random_directions(stats, components, seed, layers)
    except ValueError as error:
        raise DirectionError(str(error)) from None
    prefix = _prefix(method, layers)
    return [replace(direction, name=f"{prefix} {i + 1}") for i, direction in enumerate(found)]


def _prefix(method: Method, layers: Layers) -> str:
    return method if layers == "all" else f"{method} {_zone_name(layers)}"


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
    gathered = _Gathered()
    for batch in batches:
        gathered.add(batch)
    return gathered.statistics()


class _Gathered:
    """Sums from which the statistics follow."""

    def __init__(self) -> None:
        self.count, self.total, self.moment = 0, np.zeros(1), np.zeros((1, 1))

    def add(self, batch: Tensor) -> None:
        """Take points in: [N, w_dim]."""
        values = batch.cpu().double().numpy()
        self.count += len(values)
        self.total = self.total + values.sum(0)
        self.moment = self.moment + values.T @ values

    def statistics(self) -> Statistics:
        if self.count < 2:
            raise ValueError(f"statistics of W need at least two points, not {self.count}")
        mean = self.total / self.count
        covariance = (self.moment - self.count * np.outer(mean, mean)) / (self.count - 1)
        return Statistics(mean, covariance, self.count)


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
