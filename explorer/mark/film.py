"""The mark in a film: made anew on key frames, and carried on to the frames between them."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from torch.nn import functional as F

from explorer.mark.embedding import Offsets, brightness, has_room, laid_over, offsets
from explorer.mark.pattern import TILE

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
        self._over: dict[int, Offsets] = {}
        self._seen: dict[int, NDArray[np.float32]] = {}

    def group(self, number: int) -> tuple[int, int]:
        """Of a frame: a group begins with a key frame, and depends on nothing before it."""
        return number // self._piece, number % self._piece // EVERY

    def marked(self, number: int, pixels: NDArray[np.uint8], cell: int = 0) -> NDArray[np.uint8]:
        """Frame `number` of the film, or one of its cells ([H, W, 3]), with the mark on it."""
        return self.marked_run(number, pixels[None], cell)[0]

    def marked_run(self, first: int, frames: NDArray[np.uint8], cell: int = 0) -> NDArray[np.uint8]:
        """Frames `first`, `first` + 1, ... at once: [N, H, W, 3]. The same pixels as one by one.

        An export marks beside a thread that draws. Each call into numpy or torch stops that thread
        for a moment (they share one lock), and few large calls do so less often than many small ones.
        """
        if not has_room(*frames.shape[1:3]):
            return frames
        seen = _small(frames)
        keys = self._keys(first, seen, self._seen.get(cell))
        made = dict(zip(keys, offsets(frames[keys]), strict=True)) if keys else {}
        over = self._over.get(cell)
        marked = np.empty_like(frames)
        for begin, end in pairwise(sorted({0, *keys, len(frames)})):
            over = made.get(begin, over)
            assert over is not None, "the first frame of all is a key frame"
            marked[begin:end] = laid_over(frames[begin:end], over)
        if keys:
            self._over[cell], self._seen[cell] = made[keys[-1]], seen[keys[-1]]
        return marked

    def _keys(self, first: int, seen: NDArray[np.float32], last: NDArray[np.float32] | None) -> list[int]:
        """Which of the frames become key frames, `last` being what was seen of the one before them."""
        keys = []
        for index, frame in enumerate(seen):
            is_due = (first + index) % self._piece % EVERY == 0
            if is_due or last is None or not _fits(last, frame):
                keys.append(index)
                last = frame
        return keys


def _fits(key: NDArray[np.float32], seen: NDArray[np.float32]) -> bool:
    """Whether what was laid over one frame may be laid over another."""
    return key.shape == seen.shape and bool(np.abs(key - seen).mean() <= CUT)


def _small(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Brightness of frames, means of squares, some 64 samples a side: [N, h, w]."""
    planes = brightness(frames)[:, None]
    small: NDArray[np.float32] = F.avg_pool2d(planes, max(1, min(frames.shape[1:3]) // TILE))[:, 0].numpy()
    return small
