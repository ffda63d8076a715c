"""Directions: named vectors of W along which one property of the picture changes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explorer.recipe import Layers, StoredDirection


@dataclass(frozen=True, eq=False)
class Direction:
    """A vector of W, or one vector for each row of W+, with its natural step.

    The step of amount 1 is `sigma` times `vector`.
    """

    name: str
    kind: str
    """How it was found: "pca", "sefa", "learned", "random", "imported"."""
    vector: Tensor
    """[w_dim], or [num_ws, w_dim]; float32."""
    sigma: float = 1.0
    """Standard deviation of W along the vector; the unit of its slider."""
    layers: Layers = "all"
    """Rows it acts on unless a recipe says otherwise."""
    note: str = ""
    effects: Mapping[str, float] = field(default_factory=dict)
    """What one step of it changes, where that was measured: name of the measure to change."""
    gradient: Tensor | None = None
    """[w_dim]: how its measure changes with w, where that is known; only its direction counts. What keeps
    that measure still is orthogonal to this, which need not be the way along which W itself varies."""

    def fits(self, num_ws: int, w_dim: int) -> bool:
        """Whether it can act on `ws` of this size."""
        return self.vector.shape[-1] == w_dim and (self.vector.ndim == 1 or self.vector.shape[0] == num_ws)

    def stored(self) -> StoredDirection:
        """Spell it as a value that a recipe may carry."""
        values = _values(self.vector)
        return StoredDirection(
            rows=1 if values.ndim == 1 else values.shape[0],
            width=values.shape[-1],
            data=values.tobytes(),
            sigma=float(self.sigma),
            layers=self.layers,
            kind=self.kind[:32],
            gradient=b"" if self.gradient is None else _values(self.gradient).tobytes(),
        )

    @classmethod
    def carried(cls, name: str, stored: StoredDirection) -> "Direction":
        """Make the direction that a recipe carries."""
        gradient = _floats(stored.gradient) if stored.gradient else None
        return cls(name, stored.kind, _vector(stored), stored.sigma, stored.layers, gradient=gradient)


def _values(vector: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(vector.detach().cpu().float().numpy(), dtype="<f4")


def _floats(data: bytes) -> Tensor:
    return torch.from_numpy(np.frombuffer(data, dtype="<f4").astype(np.float32))


@lru_cache(maxsize=256)
def _vector(stored: StoredDirection) -> Tensor:
    """Values of a stored direction, made once for all frames of a drag; not to be written to."""
    values = _floats(stored.data)
    return values if stored.rows == 1 else values.reshape(stored.rows, stored.width)


def push(
    ws: Tensor,
    direction: Direction,
    amount: float,
    rows: Sequence[int],
    strengths: Sequence[float] | None = None,
    hold: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Move rows of `ws` along a direction.

    Parameters
    ----------
    ws : [N, num_ws, w_dim] float32
    amount : standard deviations.
    rows : row numbers below num_ws.
    strengths : a factor on the amount for each of `rows`; 1 where omitted.
    hold : takes out of the steps of `rows`, [R, w_dim], what must stay still.

    Returns
    -------
    [N, num_ws, w_dim], a new tensor.

    Raises
    ------
    ValueError
        If the direction belongs to a network of other sizes.

    References
    ----------
    Harkonen et al. GANSpace: Discovering Interpretable GAN Controls. 2020, equation 3.
    """
    vector = direction.vector.to(ws.device, torch.float32)
    if not direction.fits(ws.shape[1], ws.shape[2]):
        raise ValueError(
            f"direction {direction.name!r} of shape {list(vector.shape)} does not fit "
            f"a network whose ws are {list(ws.shape[1:])}"
        )
    rows = tuple(rows)
    step = (amount * direction.sigma) * vector
    pushed = ws.clone()
    if strengths is not None or hold is not None:
        steps = step.expand(len(rows), -1) if step.ndim == 1 else step[list(rows)]
        if strengths is not None:
            steps = steps * torch.tensor(strengths, dtype=torch.float32, device=ws.device)[:, None]
        pushed[:, list(rows)] += steps if hold is None else hold(steps)
        return pushed
    if rows == tuple(range(ws.shape[1])):
        pushed += step  # broadcast over the rows where there is one vector for all
        return pushed
    index = torch.as_tensor(rows, dtype=torch.long, device=ws.device)
    pushed[:, index] += step if step.ndim == 1 else step[index]
    return pushed
