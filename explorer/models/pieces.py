"""A layer's work in pieces, each on one thread, as many at a time as torch may use threads.

Torch splits each operation by itself: good for large ones. Work cut into pieces that stay in
the cache is a long row of small ones, after each of which all threads wait for the slowest:
StyleGAN3 drew no faster on two threads than on one. Here a thread takes a piece from its
first operation to its last, and then the next one that is free: StyleGAN3-T of 256 pixels draws
1.6 times as fast on two threads as on one, and a core with other work simply takes fewer pieces.
A piece is computed alike on whichever thread, so its bits are the same on any number of them.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import count
from threading import Barrier

import torch

Work = Callable[[int], object]


def spread(worker: Callable[[], Work], pieces: int, *, together: bool = False) -> None:
    """Do the pieces 0 to `pieces` - 1, in any order.

    Parameters
    ----------
    worker : makes the function that does a piece, given its number; called once on every
        thread that takes part, so that scratch memory may belong to it. Not for work whose
        gradients are followed.
    together : do them here one after the other, each on all threads: for little work
    """
    threads = 1 if together else min(torch.get_num_threads(), pieces)
    if threads < 2:
        work = worker()
        for piece in range(pieces):
            work(piece)
        return
    inference = torch.is_inference_mode_enabled()
    numbers = count()

    def take() -> None:
        with torch.inference_mode(inference), torch.no_grad():
            work = worker()
            while (piece := next(numbers)) < pieces:
                work(piece)

    started = [_helpers(torch.get_num_threads()).submit(take) for _ in range(threads)]
    for one in started:
        one.result()


@cache
def _helpers(threads: int) -> ThreadPoolExecutor:
    """Threads on which torch uses no others. They sleep while there is nothing to do."""
    all_there = Barrier(threads + 1)

    def begin() -> None:
        torch.get_num_threads()  # has it take over the number of all, which it would do later otherwise
        torch.set_num_threads(1)
        all_there.wait()

    helpers = ThreadPoolExecutor(threads, "layer", initializer=begin)
    for _ in range(threads):
        helpers.submit(int)
    all_there.wait()
    torch.set_num_threads(threads)  # a number of this thread's own, but also that of threads yet to come
    return helpers
