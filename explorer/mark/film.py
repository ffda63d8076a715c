"""The mark in a film: made anew on key frames, and carried on to the frames between them."""

import numpy as np
from numpy.typing import NDArray

from explorer.mark.embedding import SMALLEST, brightness, laid_over, residual, resized, working_size

EVERY = 12
"""Frames from one key frame to the next, at most."""
CUT = 14.0
"""Levels of 255 by which a frame differs from the last key frame on average, before it becomes one itself."""


class FilmMark:
    """Marks the frames of one film, handed over in order.

    What is laid over a key frame fits the frames after it well enough: the pattern is always the
    same one, and only how it hides among details changes. It stands still, so it costs an encoder little.

    Parameters
    ----------
    piece : frames of a piece that may be made alone (when an export goes on after a crash, say);
        each begins with a key frame, so that its frames do not depend on how the work was divided.
    """

    def __init__(self, piece: int) -> None:
        self._piece = piece
        self._over: dict[int, tuple[NDArray[np.float64], NDArray[np.float32]]] = {}

    def marked(self, number: int, pixels: NDArray[np.uint8], cell: int = 0) -> NDArray[np.uint8]:
        """Frame `number` of the film, or one of its cells ([H, W, 3]), with the mark on it."""
        if min(pixels.shape[:2]) < SMALLEST:
            return pixels
        seen = _small(pixels)
        known = self._over.get(cell)
        if (
            known is None
            or number % self._piece % EVERY == 0
            or known[1].shape != seen.shape
            or np.abs(known[1] - seen).mean() > CUT
        ):
            known = self._over[cell] = (residual(pixels), seen)
        return laid_over(pixels, known[0])


def _small(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    planes = brightness(pixels)[None, None]
    small: NDArray[np.float32] = resized(planes, working_size(*pixels.shape[:2]))[0, 0].numpy()
    return small
