"""What follows a convolution in one pass over memory, on a GPU: bias, noise, leaky ReLU and clamp.

A GPU does such sums as fast as its memory brings the numbers, so each operation by itself costs
a pass. torch can make one kernel of them from a few lines (its "jiterator", with the compiler that
comes with torch for CUDA and makes some of its own functions): 0.3 s when the first picture is
drawn, nothing to install. Where it cannot, the same sums are done one after the other; half
precision then rounds in between.

Measured on an H200 (torch 2.11), one recorded picture in float16: StyleGAN3-T 1024 8.5 against 9.3 ms;
StyleGAN2 1024 2.22 against 2.40 ms with noise, leaky ReLU and clamp in one, 2.05 with the bias among them.
"""

import logging
import math
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.models.ops import SLOPE, clamp_

log = logging.getLogger(__name__)

_NAMES = ("bias", "noise")
_unavailable: set[str] = set()
"""Why kernels could not be made, once that happened: it would happen again."""


def finish(
    x: Tensor,
    bias: Tensor | None = None,
    noise: Tensor | None = None,
    strength: float = 1.0,
    slope: float = SLOPE,
    clamp: float | None = None,
) -> Tensor:
    """Compute clamp(leaky_relu(x + bias + strength * noise)).

    Parameters
    ----------
    x : any shape; may be written to unless gradients are followed
    bias, noise : of shapes that broadcast to that of `x`, in its type; None for none
    strength : factor on `noise`
    slope : of the leaky ReLU below zero; 1 for none
    clamp : largest magnitude, None for no limit

    Returns
    -------
    Tensor of the shape and order in memory of `x`: its own memory, or new.
    """
    if x.is_cuda and not x.requires_grad and not _unavailable:
        parts = {name: part for name, part in zip(_NAMES, (bias, noise), strict=True) if part is not None}
        limit = math.inf if clamp is None else clamp
        try:
            return _kernel(tuple(parts))(x, *parts.values(), strength=strength, slope=slope, limit=limit)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:
            log.warning("pictures are drawn in more passes over memory than need be: %s", error)
            _unavailable.add(str(error))
    if bias is not None:
        x = x + bias if x.requires_grad else x.add_(bias)
    if noise is not None:
        x.add_(noise, alpha=strength)
    if slope != 1:
        F.leaky_relu_(x, slope)
    return x if clamp is None else clamp_(x, clamp)


@cache
def _kernel(parts: tuple[str, ...]) -> Callable[..., Tensor]:
    """Make the kernel that adds these parts. It works in float32 and rounds once."""
    sums = {
        "bias": "value += static_cast<float>(bias);",
        "noise": "value += strength * static_cast<float>(noise);",
    }
    code = f"""template <typename T> T finish({", ".join(f"T {name}" for name in ("x", *parts))},
            float strength, float slope, float limit) {{
        float value = static_cast<float>(x);
        {" ".join(sums[name] for name in parts)}
        value = value > 0.0f ? value : value * slope;
        value = value > limit ? limit : value;
        return static_cast<T>(value < -limit ? -limit : value);
    }}"""
    jiterator: Any = torch.cuda.jiterator
    made: Callable[..., Tensor] = jiterator._create_jit_fn(code, strength=1.0, slope=1.0, limit=1.0)
    return made
