"""Several pictures of one network drawn at once: films, grids and sheets on a GPU.

At batch 1 a fast GPU idles while the next launch is prepared, so eight pictures take far less
than eight times one. On a CPU nothing is gained (activations leave the cache) and pictures
are drawn one by one.

Sums of another batch may round otherwise: a picture of a batch may differ from the same
picture alone by a level of 255, in half precision by a few. So what is compared bit for bit
when it is drawn again (pictures, frames without loss) is drawn alone on every device.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from explorer.models import Features
from explorer.render.stages import Key

AT_ONCE = 8
SECONDS = 0.05
"""Pictures that take longer alone are not drawn together: whoever waits for one would wait for all."""


def shared_steps(keys: Sequence[Sequence[Key]]) -> int:
    """Steps, from the first on, that put out the same for all pictures: their keys are equal."""
    count = 0
    for here in zip(*keys, strict=True):
        if len(set(here)) > 1:
            break
        count += 1
    return count


def spread(features: Features, count: int) -> Features:
    """What one picture's step put out, for `count` pictures that go on from it; in memory it lies alike."""

    def each(tensor: Tensor | None) -> Tensor | None:
        if tensor is None:
            return None
        last = tensor.is_contiguous(memory_format=torch.channels_last)
        format = torch.channels_last if last else torch.contiguous_format
        return tensor.expand(count, -1, -1, -1).contiguous(memory_format=format)

    x = each(features.x)
    assert x is not None
    return Features(x, each(features.rgb), each(features.residual))
