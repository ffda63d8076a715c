"""Style mixing: some rows of `ws` from another latent."""

from collections.abc import Sequence

import torch
from torch import Tensor


def mix_rows(ws: Tensor, other: Tensor, rows: Sequence[int], strength: float = 1.0) -> Tensor:
    """Move rows of `ws` towards the same rows of `other`.

    Parameters
    ----------
    ws, other : [N, num_ws, w_dim] float32
    rows : row numbers below num_ws.
    strength : 0 leaves the rows, 1 replaces them; below 0 and above 1 goes past the ends.

    Returns
    -------
    [N, num_ws, w_dim], a new tensor. Exact at strength 0 and 1.

    References
    ----------
    Karras, Laine, Aila. A Style-Based Generator Architecture for GANs. 2019,
    section 3.1 "Style mixing".
    """
    mixed = ws.clone()
    index = torch.as_tensor(tuple(rows), dtype=torch.long, device=ws.device)
    mixed[:, index] = torch.lerp(ws[:, index], other[:, index], strength)
    return mixed
