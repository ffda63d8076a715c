"""Learning a direction from pictures that a person marked as "more" or "less".

A mark is a point of W. `learn` separates both kinds linearly, says honestly how well (on
marks it had not seen) and how many more are advisable; `propose` tells which faces to ask
about next. Everything is deterministic; nothing here knows pictures, windows or files.

The gradient and the direction are two things. The gradient g is how a measure of the
picture changes with w: the normal of the separating plane. The direction is Cov(W) g:
how W itself changes, on average, where that measure is higher. Of all steps that change
the measure by as much, it is the one that leaves W's distribution least, and from few
marks it is known much better, as the covariance of W is known from thousands of latents.

References
----------
Shen et al. Interpreting the Latent Space of GANs for Semantic Face Editing. 2020 (linear
separation in the latent space, conditional manipulation).
Houlsby et al. Bayesian Active Learning for Classification and Preference Learning. 2011,
section 3 (how informative a question is).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import ndtr

from explorer.errors import DirectionError
from explorer.latents.directions import Direction
from explorer.latents.discovery import Matrix, Statistics, Vector
from explorer.latents.residual import Residual, gradients_of, without
from explorer.latents.seeds import map_seed
from explorer.latents.separation import cross_validated, separate
from explorer.models import Generator
from explorer.recipe import SEED_LIMIT, Layers

FEWEST = 8
"""Marks of each kind from which a direction is worth looking at."""
ENOUGH = 0.95
"""Likeness (see `Learned`) from which no more marks are advised."""
MOST_ADVISED = 400
"""More marks than this nobody makes; where more are needed, the marks are of no one thing."""
POOL = 1500
"""Faces among which `propose` chooses."""

_HALVINGS = 20


@dataclass(frozen=True, eq=False)
class Learned:
    """A direction learned from marks, and how far to trust it."""

    direction: Direction
    """Kind "learned"; a unit vector that points towards "more", its sigma, its gradient."""
    accuracy: float
    """Share of marks told right by a separation that had not seen them, both kinds counting alike; 0.5 is
    guessing."""
    interval: tuple[float, float]
    """Where the true accuracy lies with 95 % confidence, as far as so few marks tell (Wilson)."""
    likeness: float
    """Expected cosine between this direction and what endlessly many marks of this kind would give,
    estimated from how alike directions of two halves of the marks are; 0 to 1."""
    more: int
    less: int
    """Marks of each kind it was learned from."""
    advisable: int
    """How many more marks are advisable, both kinds together; 0 where it will hardly change."""
    folds: int
    """Folds of the cross-validation; as many as marks where each was left out once."""

    @property
    def words(self) -> str:
        """What a person should know, in one sentence."""
        share = f"tells {100 * self.accuracy:.0f} % of unseen marks right"
        low, high = (f"{100 * end:.0f}" for end in self.interval)
        more = (
            f"about {self.advisable} more marks are advisable"
            if self.advisable
            else "more marks change little"
        )
        if self.interval[0] <= 0.5:
            share += ", which may be chance"
        return f"{share} ({low} to {high} % with 95 % confidence); {more}"


def learn(
    more: Matrix,
    less: Matrix,
    stats: Statistics,
    name: str = "learned",
    keep: Sequence[Direction] = (),
    layers: Layers = "all",
) -> Learned:
    """Learn the direction from "less" to "more".

    Parameters
    ----------
    more, less : [N, w_dim] points of W, untruncated; from two of each, better `FEWEST` and more.
    stats : mean and covariance of W, from thousands of latents (`discovery.statistics`).
    name, layers : of the direction.
    keep : directions whose measure the new one leaves still. What these measures tell is taken out of the
        marks first, so that the accuracy is that of what is left.

    Raises
    ------
    DirectionError
        If there are too few marks, they do not fit, or nothing sets them apart.
    """
    w, y = _marks(more, less, stats)
    residual = without(stats, gradients_of(keep, stats))
    x = (w - stats.mean) @ residual.left.T
    gradient = separate(x, y).gradient
    vector = residual.covariance @ gradient
    length = float(np.linalg.norm(vector))
    if not length > 1e-9 * math.sqrt(max(float(np.trace(stats.covariance)), 1e-30)) * np.linalg.norm(
        gradient
    ):
        raise DirectionError(
            "what sets these marks apart is what the kept directions change; "
            "keep fewer of them, or mark other pictures"
        )
    accuracy, interval, folds = cross_validated(x, y)
    likeness = _likeness(x, y, residual.covariance)
    unit = vector / length
    sigma = stats.sigma(unit)
    direction = Direction(
        name,
        "learned",
        torch.from_numpy(unit).float(),
        sigma,
        layers,
        f"from {len(more)} marked more and {len(less)} less; {100 * accuracy:.0f} % of unseen marks right",
        gradient=torch.from_numpy(residual.left.T @ gradient / np.linalg.norm(gradient)).float(),
    )
    return Learned(
        direction, accuracy, interval, likeness, len(more), len(less), _advisable(likeness, y), folds
    )


@dataclass(frozen=True, eq=False)
class Proposal:
    """A face to ask about."""

    seed: int
    w: Vector
    """[w_dim], untruncated."""
    expected: float
    """What the marks so far say: towards -1 less, towards 1 more, around 0 unknown."""


def propose(
    generator: Generator,
    stats: Statistics,
    more: Matrix | None = None,
    less: Matrix | None = None,
    count: int = 24,
    seed: int = 0,
    seen: Sequence[int] = (),
    keep: Sequence[Direction] = (),
    pool: int = POOL,
) -> Iterator[Proposal]:
    """Choose faces to ask about, the most informative first.

    Each face is the one whose mark would tell most about the direction, given all marks so
    far and the faces proposed before it; so faces do not repeat each other. Where nothing
    is marked yet, these are faces that differ as much as faces do.

    Parameters
    ----------
    more, less : [N, w_dim] points marked so far; None and empty are the same.
    count : faces wanted; fewer come where the pool has no more.
    seed : chooses the pool; the same arguments give the same faces.
    seen : seeds not to ask about again.
    keep : as in `learn`.
    pool : random faces to choose from.

    Yields
    ------
    Proposals, each as soon as it is known.
    """
    seeds, points = candidates(generator, pool, seed, seen)
    if not seeds:
        return
    residual = without(stats, gradients_of(keep, stats))
    x = (points - stats.mean) @ residual.left.T
    belief = _Belief(*_both(more, less, stats, residual), residual.covariance)
    free = np.ones(len(seeds), bool)
    for _ in range(min(count, len(seeds))):
        expected, variance = belief.predict(x)
        worth = np.where(free, _information(expected, variance), -np.inf)
        best = int(worth.argmax())
        free[best] = False
        belief.ask(x[best])
        yield Proposal(seeds[best], points[best], float(np.clip(expected[best], -1, 1)))


def candidates(
    generator: Generator, count: int, seed: int = 0, seen: Sequence[int] = ()
) -> tuple[list[int], Matrix]:
    """Random seeds and their points of W: [<= count, w_dim], untruncated; those `seen` are left out."""
    numbers = np.random.RandomState(seed)
    taken, seeds = set(seen), []
    for number in numbers.randint(0, min(SEED_LIMIT, 2**31), size=count):
        if int(number) not in taken:
            taken.add(int(number))
            seeds.append(int(number))
    return seeds, points_of(generator, seeds)


def points_of(generator: Generator, seeds: Sequence[int]) -> Matrix:
    """Points of W of seeds, untruncated, each in the class that belongs to it: [N, w_dim] float64."""
    if not seeds:
        return np.zeros((0, generator.w_dim))
    if generator.c_dim:
        return torch.cat([map_seed(generator, seed, None) for seed in seeds]).cpu().double().numpy()
    with torch.inference_mode():
        return (
            generator.mapping(torch.cat([generator.latent(seed) for seed in seeds]))[:, 0]
            .cpu()
            .double()
            .numpy()
        )


# How far to trust it.


def _likeness(x: Matrix, y: Vector, covariance: Matrix) -> float:
    """Expected cosine with the direction of endlessly many marks.

    Two halves of the marks give two directions. If each is the truth and noise of its own, their cosine is
    r = 1 / (1 + k / n) for halves of n marks, with k the number of marks at which both are equal; the truth
    then has the cosine sqrt(1 / (1 + k / 2n)) with the direction of all marks (Spearman and Brown, 1910).
    """
    numbers = np.random.RandomState(0)
    cosines = []
    for _ in range(_HALVINGS):
        half = np.zeros(len(y), bool)
        for kind in (-1, 1):
            (own,) = np.nonzero(y == kind)
            half[numbers.permutation(own)[: len(own) // 2]] = True
        a, b = (covariance @ separate(x[part], y[part]).gradient for part in (half, ~half))
        lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
        cosines.append(float(a @ b) / lengths if lengths else 0.0)
    alike = min(max(float(np.mean(cosines)), 0.0), 1.0)
    return math.sqrt(2 * alike / (1 + alike))


def _advisable(likeness: float, y: Vector) -> int:
    """Marks until the likeness reaches `ENOUGH`, and at least `FEWEST` of each kind."""
    missing = sum(max(FEWEST - int((y == kind).sum()), 0) for kind in (-1, 1))
    if likeness >= ENOUGH:
        return missing
    seen = max(likeness**2, 1e-3)
    needed = len(y) * (1 - seen) / seen * ENOUGH**2 / (1 - ENOUGH**2)
    return max(missing, min(math.ceil(needed) - len(y), MOST_ADVISED))


def _marks(more: Matrix, less: Matrix, stats: Statistics) -> tuple[Matrix, Vector]:
    for name, points in (("more", more), ("less", less)):
        if len(points) < 2:
            raise DirectionError(
                f"mark at least two pictures as {name}; {FEWEST} of each kind are a good start"
            )
        if points.shape[1:] != stats.mean.shape or not np.isfinite(points).all():
            raise DirectionError(f"marks have to be points of W: {len(stats.mean)} finite values each")
    w = np.concatenate([more, less]).astype(np.float64)
    if np.ptp(w, axis=0).max() == 0:
        raise DirectionError("all marked pictures are the same one")
    return w, np.repeat([1.0, -1.0], [len(more), len(less)])


# What to ask next.

_CERTAIN = 3.0
"""By how much a score one label away from the plane settles a person's answer, in deviations of it."""


class _Belief:
    """What is known of the gradient: a normal distribution, narrowed by each mark and each question."""

    def __init__(self, x: Matrix, y: Vector, covariance: Matrix) -> None:
        width = covariance.shape[0]
        variance = max(float(np.trace(covariance)), 1e-30)
        self._mean, self._threshold = np.zeros(width), 0.0
        if len(set(y)) == 2:
            separation = separate(x, y)
            self._mean, self._threshold = separation.gradient, separation.threshold
        # Before any mark a typical face's score has a variance of 1, that of the labels.
        precision = variance * np.eye(width) + x.T @ x
        self._spread = np.linalg.inv(precision)

    def predict(self, x: Matrix) -> tuple[Vector, Vector]:
        """Expected score of points, and the variance of that belief."""
        return x @ self._mean - self._threshold, np.einsum("ij,jk,ik->i", x, self._spread, x)

    def ask(self, x: Vector) -> None:
        """A mark of this point will be known: what it tells need not be asked again."""
        toward = self._spread @ x
        self._spread = self._spread - np.outer(toward, toward) / (1 + x @ toward)


def _information(expected: Vector, variance: Vector) -> Vector:
    """Bits that an answer is expected to tell about the direction (Houlsby et al. 2011, section 3)."""
    mean, spread = expected * _CERTAIN, variance * _CERTAIN**2
    constant = math.pi * math.log(2) / 2
    chance = ndtr(mean / np.sqrt(1 + spread)).clip(1e-12, 1 - 1e-12)
    unknown = -(chance * np.log2(chance) + (1 - chance) * np.log2(1 - chance))
    noise = np.sqrt(constant / (spread + constant)) * np.exp(-(mean**2) / (2 * (spread + constant)))
    return unknown - noise


def _both(
    more: Matrix | None, less: Matrix | None, stats: Statistics, residual: Residual
) -> tuple[Matrix, Vector]:
    """Marks so far without what is kept, and their labels; both may be empty."""
    empty = np.zeros((0, len(stats.mean)))
    more, less = (
        empty if points is None else np.asarray(points).reshape(-1, empty.shape[1]) for points in (more, less)
    )
    x = (np.concatenate([more, less]) - stats.mean) @ residual.left.T
    return x, np.repeat([1.0, -1.0], [len(more), len(less)])
