"""Finishing frames (mark and label), on several threads where one would be slower than the drawing.

An H200 drew 81 frames a second of StyleGAN2 1024 in float32; marked on one thread, which also had two encode,
17 of them a second became a film. Marking takes such a frame 3 ms, a key frame 17; encoding takes 30.
"""

from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from explorer.export.film_frames import FrameFinisher, Pixels
from explorer.render import devices

Finished = Callable[[], list[Pixels]]
"""Waits for the frames of a run, or makes them."""

LARGE_BYTES = 768 * 2**10
"""Of a frame, from which several threads finish frames. Small ones come in long runs, which one thread
finishes with few calls that hold up the drawing (they share Python's lock)."""
AHEAD_BYTES = 192 * 2**20
"""Most bytes of frames that wait for their turn."""
_MOST_THREADS = 4


class Finishing:
    """Finishes the runs of a film: on several threads for a GPU, else on the thread that asks for them.

    Parameters
    ----------
    make : makes a finisher of the film; each thread has its own.
    device : the frames are drawn on; on a CPU all cores draw.
    frame_bytes : of a frame.
    """

    def __init__(self, make: Callable[[], FrameFinisher], device: str, frame_bytes: int) -> None:
        self.threads = threads_for(device, frame_bytes)
        self._finishers = [make() for _ in range(self.threads)]
        self._pools = [
            ThreadPoolExecutor(1, "film finisher", partial(devices.use_threads, 1))
            for _ in range(self.threads if self.threads > 1 else 0)
        ]
        self._group: Hashable = None
        self._place = 0
        most = min(self.threads * FrameFinisher.GROUP, AHEAD_BYTES // frame_bytes)
        self.ahead = most if self._pools else 0
        """Frames that may be under way; 0 where each is finished when it is asked for."""

    def begin(self, first: int, run: list[Pixels]) -> list[tuple[int, Finished]]:
        """Have frames `first`, `first` + 1, ... finished: for each part its first number and what gives it.

        Frames of one group (`FrameFinisher.group`) are finished in their order by one thread; groups
        do not depend on each other, so the frames are the same on any number of threads.
        """
        if not self._pools:
            return [(first, partial(self._finishers[0].finished_run, first, run))]
        begun: list[tuple[int, Finished]] = []
        for number, frame in enumerate(run, first):
            group = self._finishers[0].group(number)
            if group != self._group:
                self._group, self._place = group, (self._place + 1) % self.threads
            finisher = self._finishers[self._place]
            done = self._pools[self._place].submit(finisher.finished_run, number, [frame])
            begun.append((number, done.result))
        return begun

    def close(self) -> None:
        """Let the threads go; what was not begun is dropped."""
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)


def threads_for(device: str, frame_bytes: int) -> int:
    """Threads that finish frames: half of the cores that neither draw nor encode, where that is worth it."""
    is_worth_it = device != "cpu" and LARGE_BYTES <= frame_bytes <= AHEAD_BYTES // (2 * FrameFinisher.GROUP)
    return max(1, min((devices.usable_cores() - 2) // 2, _MOST_THREADS)) if is_worth_it else 1
