"""From seeds to points of W, each mapped once."""

import math
from collections import OrderedDict
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from explorer.models import Generator
from explorer.recipe import ClassMix

Key = tuple[int, int | None, ClassMix]


def class_of_seed(seed: int, z_dim: int, c_dim: int) -> int:
    """Class a conditional network draws for `seed` where none was chosen.

    Drawn from the same generator right after `z`, so that it belongs to the seed
    as the face does; the official viewer has the same rule.
    """
    generator = np.random.RandomState(seed)
    generator.randn(1, z_dim)
    return int(generator.randint(c_dim))


class SeedCache:
    """Points of W of the seeds in use, so that only a new seed runs the mapping network.

    Not thread-safe; owned by the thread that owns the generators. A generator
    that goes away takes its entries with it.

    Parameters
    ----------
    capacity : seeds kept per generator. One is `w_dim` floats: 2 kB at 512.
    """

    def __init__(self, capacity: int = 1024) -> None:
        self._capacity = capacity
        self._known: WeakKeyDictionary[Generator, OrderedDict[Key, Tensor]] = WeakKeyDictionary()

    def w(self, generator: Generator, seed: int, class_index: int | None, class_mix: ClassMix = ()) -> Tensor:
        """Point of W for a seed, untruncated: [1, w_dim] float32 on the CPU, see `compose`."""
        known = self._known.setdefault(generator, OrderedDict())
        key = (seed, class_index, class_mix)
        if key in known:
            known.move_to_end(key)
            return known[key]
        w = map_seed(generator, seed, class_index, class_mix)
        known[key] = w
        if len(known) > self._capacity:
            known.popitem(last=False)
        return w


def map_seed(generator: Generator, seed: int, class_index: int | None, class_mix: ClassMix = ()) -> Tensor:
    """Run the mapping network for one seed: [1, w_dim] float32, brought to the CPU.

    Classes are below `c_dim`; `resolve` has taken other wishes out before.
    """
    c = None if generator.c_dim == 0 else label_of(generator, seed, class_index, class_mix)
    with torch.inference_mode():
        return generator.mapping(generator.latent(seed), c)[:, 0].cpu()


def label_of(generator: Generator, seed: int, class_index: int | None, class_mix: ClassMix = ()) -> Tensor:
    """Label of a seed in a conditional network: [1, c_dim] float32, one-hot, or soft where classes are mixed.

    A network learns one-hot labels only, but its embedding of them is linear, so
    that a soft label lies on the straight way between the embeddings of two classes.
    """
    if class_index is None:
        class_index = class_of_seed(seed, generator.z_dim, generator.c_dim)
    label = torch.zeros(1, generator.c_dim)
    label[0, class_index] = max(1.0 - math.fsum(weight for _, weight in class_mix), 0.0)
    for index, weight in class_mix:
        label[0, index] += weight
    return label


def blend(points: list[tuple[float, Tensor]], w_avg: Tensor) -> Tensor:
    """Weighted mean of points of W or W+, taken around `w_avg`.

    Parameters
    ----------
    points : (weight, [1, 1, w_dim] or [1, num_ws, w_dim]) with weights that sum to 1.
    w_avg : [1, 1, w_dim]

    Returns
    -------
    [1, 1, w_dim], or [1, num_ws, w_dim] where a point of W+ is among them; the very
    point where one weight is 1 and the others 0.
    """
    present = [(weight, w) for weight, w in points if weight != 0]
    if len(present) == 1 and present[0][0] == 1:
        return present[0][1]
    if len(present) == 2:
        (_, first), (t, second) = present
        return torch.lerp(first, second, t)
    total = w_avg
    for weight, w in present:
        total = total + weight * (w - w_avg)
    return total
