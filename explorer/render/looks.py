"""A measure made of marks: how much a picture looks like those marked "more".

For what no formula measures. It looks at the face alone, not at background and most of the
hair. Once learned from some dozens of marked pictures it measures thousands, which tell much
more of W than the marks themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from explorer.attributes.portrait import Numbers, Pixels, Portrait
from explorer.latents.separation import Separation, cross_validated, separate

_FACE = (0.31, 0.69, 0.25, 0.875)
_CELL = 4
"""Pixels a side of what is averaged, of the 128 of a portrait."""


@dataclass(frozen=True, eq=False)
class Look:
    """A linear score of the face's colours; about 1 for pictures marked more, -1 for less."""

    name: str
    separation: Separation
    accuracy: float
    """Share of unseen marked pictures it tells right."""

    def __call__(self, pictures: Pixels) -> Mapping[str, Numbers]:
        """Scores of pictures [N, H, W, 3], under the name."""
        return {self.name: _cells(pictures) @ self.separation.gradient - self.separation.threshold}


def learn_look(name: str, more: Pixels, less: Pixels) -> Look:
    """Learn from marked pictures, [N, H, W, 3] each, from two of each kind."""
    x = np.concatenate([_cells(more), _cells(less)])
    y = np.repeat([1.0, -1.0], [len(more), len(less)])
    separation = separate(x, y)
    scores = x @ separation.gradient
    half = max(float(scores[y > 0].mean() - scores[y < 0].mean()) / 2, 1e-12)
    scaled = Separation(separation.gradient / half, separation.threshold / half)
    return Look(name, scaled, cross_validated(x, y)[0])


def _cells(pictures: Pixels) -> Numbers:
    """Mean colours of the cells of each face: [N, K]."""
    rows = []
    for picture in pictures:
        face = Portrait(picture).box(*_FACE)
        height, width = (side // _CELL for side in face.shape[:2])
        cells = face[: height * _CELL, : width * _CELL].reshape(height, _CELL, width, _CELL, 3)
        rows.append(cells.mean(axis=(1, 3)).reshape(-1))
    return np.stack(rows)
