"""What the engine works out of a request before anything is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from explorer.latents import Direction
from explorer.models import Generator, NoisePlan
from explorer.render.frame import RenderRequest
from explorer.render.stages import Key


@dataclass(frozen=True, slots=True)
class Plan:
    """A request, worked out for one network on one device."""

    generator: Generator
    source: str
    """Names network, device and precision; the root of all keys."""
    ws: Tensor
    """[1, num_ws, w_dim] float32 on the device."""
    noise: NoisePlan
    move: Tensor | None
    """The transform, on the device too."""
    keys: tuple[Key, ...]
    stops: dict[int, int]
    last: int
    """Index of the last step to run."""
    is_deep: bool
    """Whether the picture is wanted in 16 bits too."""
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """What a plan was made of, and the plan: the rest of a draft asks for the same once more."""

    request: RenderRequest
    directions: Mapping[str, Direction]
    plan: Plan

    def fits(self, request: RenderRequest, generator: Generator, directions: Mapping[str, Direction]) -> bool:
        """Whether another request comes to the same `ws`, noise, transform and keys."""
        return (
            self.plan.generator is generator
            and self.request.recipe == request.recipe
            and self.request.moment == request.moment
            and list(self.directions) == list(directions)
            and all(a is b for a, b in zip(self.directions.values(), directions.values(), strict=True))
        )


def nearest_stop(stops: dict[int, int], wanted: int | None) -> int:
    """Largest stop not above the wish; the smallest there is where the wish is smaller still."""
    if wanted is None:
        return max(stops)
    return max((s for s in stops if s <= wanted), default=min(stops))
