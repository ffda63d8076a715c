"""Noise planes: those of the newest seeds kept, and sums of planes."""

from collections import OrderedDict
from collections.abc import Callable

from torch import Tensor

from explorer.models.generator import NoisePlan


class Planes:
    """Random planes of the newest seeds: drawing them takes longer than a small network does.

    Two seeds, since a film goes from the planes of one to those of the next.
    """

    def __init__(self, seeds: int = 2) -> None:
        self._seeds = seeds
        self._known: OrderedDict[int, dict[int, Tensor]] = OrderedDict()

    def of(self, seed: int) -> dict[int, Tensor]:
        """Planes of a seed by the index of their step; the caller adds those it misses."""
        planes = self._known.setdefault(seed, {})
        self._known.move_to_end(seed)
        while len(self._known) > self._seeds:
            self._known.popitem(last=False)
        return planes


def blended(plan: NoisePlan, plane_of: Callable[[NoisePlan], Tensor | None]) -> Tensor | None:
    """Sum of the planes of a blend, each times its weight; None where none of them has any."""
    total: Tensor | None = None
    for weight, part in plan.parts():
        plane = plane_of(part)
        if plane is not None and weight != 0:
            total = plane * weight if total is None else total.add_(plane, alpha=weight)
    return total
