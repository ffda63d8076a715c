"""What goes to the render thread and what comes back: frozen values, each complete in itself."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from explorer.recipe import Moment, Recipe


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """Everything a frame depends on; the render thread reads nothing else."""

    recipe: "Recipe"
    serial: int = 0
    """Rises with every request of one client; a frame with a higher serial is newer."""
    live: bool = False
    """True while a hand moves: a draft may come first, and the full frame when nothing newer waits."""
    stop: int | None = None
    """Resolution to stop at; None asks for the full picture. Chosen by the worker for drafts."""
    moment: "Moment | None" = None
    """A frame of a film, drawn instead of `recipe`; that is then the keyframe it comes from."""
    deep: bool = False
    """True asks for the picture in 16 bits too, for files; it is then drawn anew, not remembered."""

    @classmethod
    def of_moment(
        cls, moment: "Moment", serial: int = 0, live: bool = False, stop: int | None = None
    ) -> "RenderRequest":
        """Request for a frame of a film. On a keyframe it draws the keyframe's still, bit for bit."""
        return cls(moment.recipe, serial, live, stop, moment)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A picture that knows the request, and so the recipe, that made it."""

    request: RenderRequest
    pixels: NDArray[np.uint8]
    """[H, W, 3] uint8 RGB, C-contiguous, fresh for each frame and never written again."""
    full_resolution: int
    """Height of the full picture; larger than `pixels` where this is a draft."""
    seconds: float
    """Wall time from request taken to pixels ready."""
    device: str
    precision: str
    notices: tuple[str, ...] = field(default=())
    """Wishes that this network or device could not fulfil, in words."""
    deep_pixels: NDArray[np.uint16] | None = None
    """[H, W, 3] uint16 RGB, the same picture in finer steps, where the request asked for it."""

    @property
    def is_draft(self) -> bool:
        """Whether a larger picture of the same recipe can be had."""
        return self.pixels.shape[0] < self.full_resolution


@dataclass(frozen=True, slots=True, eq=False)
class RenderFailure:
    """A request that could not be fulfilled. Failure is an answer: the last picture stays."""

    request: RenderRequest
    error: Exception
