"""The truncation trick: pull latents towards their average."""

import torch
from torch import Tensor


def truncate(ws: Tensor, w_avg: Tensor, psi: float, cutoff: int | None = None) -> Tensor:
    """Pull `ws` towards the average latent.

    Parameters
    ----------
    ws : [N, num_ws, w_dim] float32
    w_avg : [w_dim], or [N, w_dim] where each sample has its own class average.
    psi : 1 leaves `ws` as it is, 0 gives `w_avg`, negative values mirror it.
    cutoff : number of leading rows to pull; None pulls all.

    Returns
    -------
    [N, num_ws, w_dim], a new tensor; `ws` is not written to. Exact at psi 0 and 1.

    Raises
    ------
    ValueError
        If `cutoff` is outside 0..num_ws.

    References
    ----------
    Karras, Laine, Aila. A Style-Based Generator Architecture for GANs. 2019,
    appendix "Truncation trick in W".
    """
    num_ws = ws.shape[1]
    if cutoff is not None and not 0 <= cutoff <= num_ws:
        raise ValueError(f"cutoff must be between 0 and {num_ws}, the rows of ws; not {cutoff}")
    rows = slice(0, num_ws if cutoff is None else cutoff)
    centre = w_avg.reshape(-1, 1, w_avg.shape[-1])  # [1 or N, 1, w_dim]
    truncated = ws.clone()
    # lerp, and not centre + psi * (ws - centre): it returns its end points exactly.
    truncated[:, rows] = torch.lerp(centre.expand_as(ws[:, rows]), ws[:, rows], psi)
    return truncated
