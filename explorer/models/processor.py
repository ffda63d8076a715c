"""Which processor's forms a network is drawn in: the one place that asks.

Every form is plain torch and runs everywhere; they differ in speed alone. So tests let a CPU
draw in the forms of a GPU by replacing `kind`, and see all of that path but the card itself.
"""

import torch


def kind(device: torch.device) -> str:
    """Of a device: "cpu", "cuda" or "mps"."""
    return device.type
