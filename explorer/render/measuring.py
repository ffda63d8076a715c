"""Measuring what directions do: faces are drawn, pushed, and their attributes measured.

`sample` draws random faces for a regression; `probe` pushes other faces along directions and
says what changed. Both go piece by piece, so that they can be watched and given up.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Generator as Pieces
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.attributes import likeness, measure
from explorer.attributes.portrait import Numbers, Pixels
from explorer.latents.directions import Direction, push
from explorer.latents.learning import points_of
from explorer.models import Generator
from explorer.models.ops import truncate
from explorer.recipe.edits import rows_of
from explorer.render.pixels import to_host, to_levels

Measurement = Callable[[Pixels], Mapping[str, Numbers]]
"""Pictures [N, H, W, 3] to [N] values under the name of each measure."""
AMOUNTS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
BATCH = 8
STILL = 0.05
"""Of a measure's spread among the faces: changes below this are taken for none."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Random faces and their measures."""

    w: Numbers
    """[N, w_dim]: the points that were drawn, truncated."""
    values: dict[str, Numbers]
    """[N] under the name of each measure."""
    strangers: float
    """Likeness of different faces, see `attributes.likeness`."""


@dataclass(frozen=True, eq=False)
class Probed:
    """What a direction did to faces that its making had not seen."""

    direction: Direction
    means: dict[str, Numbers]
    """[amounts]: mean over the faces of each measure at each of `AMOUNTS`."""
    monotonic: dict[str, float]
    """Of all steps of all faces, the share in which each measure did not go back: by no more than `STILL`."""
    identity: Numbers
    """[amounts]: how much of the face's pattern is kept; 1 all, 0 as little as between different faces."""

    def effect(self, name: str) -> float:
        """Change of a measure for each standard deviation along the direction: slope over all amounts."""
        amounts = np.array(AMOUNTS)
        return float(amounts @ (self.means[name] - self.means[name].mean()) / (amounts @ amounts))

    def rises(self, name: str) -> bool:
        """Whether the mean of a measure goes one way all the way."""
        steps = np.diff(self.means[name])
        return bool((steps > 0).all() or (steps < 0).all())


def sample(
    generator: Generator,
    count: int,
    seed: int = 0,
    psi: float = 0.7,
    measures: Measurement = measure,
) -> Pieces[tuple[int, int], None, Samples]:
    """Draw and measure random faces.

    Parameters
    ----------
    count : faces, of seeds `seed`, `seed + 1`, ...
    psi : truncation: towards the average, where faces are whole.

    Yields
    ------
    (faces drawn, faces in all)
    """
    points = _truncated(generator, range(seed, seed + count), psi)
    found: list[Mapping[str, Numbers]] = []
    patterns: list[Numbers] = []
    for first in range(0, count, BATCH):
        pictures = draw(generator, points[first : first + BATCH, None].expand(-1, generator.num_ws, -1))
        found.append(measures(pictures))
        patterns.extend(map(likeness.features, pictures[:2]))
        yield min(first + BATCH, count), count
    values = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
    return Samples(points.cpu().double().numpy(), values, likeness.strangers(np.stack(patterns)))


def probe(
    generator: Generator,
    directions: Sequence[Direction],
    seeds: Sequence[int],
    strangers: float,
    psi: float = 0.7,
    measures: Measurement = measure,
) -> Pieces[tuple[int, int], None, list[Probed]]:
    """Push faces along directions, from -3 to 3 standard deviations, and measure.

    Parameters
    ----------
    seeds : of faces that the directions were not learned from.
    strangers : likeness of different faces, from `sample`.

    Yields
    ------
    (pictures drawn, pictures in all)
    """
    points = _truncated(generator, seeds, psi)
    total, done = len(directions) * len(seeds), 0
    found = []
    for direction in directions:
        tables: list[Mapping[str, Numbers]] = []
        kept: list[Numbers] = []
        for w in points:
            pictures = draw(generator, _pushed(generator, w, direction))
            tables.append(measures(pictures))
            patterns = np.stack([likeness.features(picture) for picture in pictures])
            start = patterns[AMOUNTS.index(0.0)]
            kept.append(likeness.likeness(patterns, np.broadcast_to(start, patterns.shape)))
            done += 1
            yield done * len(AMOUNTS), total * len(AMOUNTS)
        values = {name: np.stack([table[name] for table in tables]) for name in tables[0]}
        alike = np.mean(kept, axis=0)
        found.append(
            Probed(
                direction,
                {name: value.mean(axis=0) for name, value in values.items()},
                {name: _share_of_steps(value) for name, value in values.items()},
                (alike - strangers) / (1 - strangers),
            )
        )
    return found


def draw(generator: Generator, ws: Tensor) -> Pixels:
    """Pictures of latents: [N, num_ws, w_dim] to [N, H, W, 3] uint8."""
    with torch.inference_mode():
        return to_host(to_levels(generator.synthesis(ws)))


def draw_seeds(generator: Generator, seeds: Sequence[int], psi: float) -> Pixels:
    """Pictures of seeds: [N, H, W, 3] uint8."""
    points = _truncated(generator, seeds, psi)
    parts = [draw(generator, part[:, None].expand(-1, generator.num_ws, -1)) for part in points.split(BATCH)]
    return np.concatenate(parts)


def _truncated(generator: Generator, seeds: Sequence[int], psi: float) -> Tensor:
    """Points of seeds as they are drawn: [N, w_dim] float32. Classes share one average here."""
    w = torch.from_numpy(points_of(generator, seeds)).float().to(generator.device)
    centre = generator.w_avg if generator.w_avg.ndim == 1 else generator.w_avg.mean(dim=0)
    return truncate(w[:, None], centre, psi)[:, 0]


def _pushed(generator: Generator, w: Tensor, direction: Direction) -> Tensor:
    """One face at all amounts: [amounts, num_ws, w_dim]."""
    ws = w[None, None].expand(1, generator.num_ws, -1)
    rows = rows_of(direction.layers, generator.num_ws)
    return torch.cat([push(ws, direction, amount, rows) for amount in AMOUNTS])


def _share_of_steps(values: Numbers) -> float:
    """[faces, amounts] to the share of steps that do not go against the way of the whole."""
    steps = np.diff(values, axis=1)
    way = np.sign(values[:, -1].mean() - values[:, 0].mean()) or 1.0
    return float((steps * way > -STILL * values[:, AMOUNTS.index(0.0)].std()).mean())
