"""Small pieces that several families share. Own code, from the papers' formulas.

References
----------
Karras et al. Analyzing and Improving the Image Quality of StyleGAN. 2020.
Karras et al. Training Generative Adversarial Networks with Limited Data. 2020.
"""

import math
from collections.abc import Mapping
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.models import processor
from explorer.models.description import NetworkDescription

SQRT2 = math.sqrt(2.0)
SLOPE = 0.2
"""Negative slope of the leaky ReLU in every family."""
_SMALL = 32
"""Largest side of an image that two matrix products double fastest."""
EPSILON = 1e-8
"""Added under every inverse root."""
FIR = (1.0, 3.0, 3.0, 1.0)
"""Taps of the resampling filter of StyleGAN2; divided by their sum in use."""


def normalize(x: Tensor) -> Tensor:
    """Scale each row to a mean square of one ("pixel norm" of a vector). [N, width]."""
    return x * (x.square().mean(dim=1, keepdim=True) + EPSILON).rsqrt()


def by_input(weight: Tensor, scale: float = 1.0) -> Tensor:
    """Weights times `scale`, laid out as `linear` reads them fastest. [O, I], in new memory as [I, O]."""
    turned = weight.t()
    return torch.mul(turned, scale, out=turned.new_empty(turned.shape)).t()


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Multiply by weights and add a bias: x @ weight.T + bias. [N, I], [O, I], [O] to [N, O].

    For a single row on a CPU by `weighted_sums`, if weights are laid out `by_input`: the mapping of a
    seed 1.2x faster.
    """
    is_single = x.shape[0] == 1 and x.dtype == torch.float32 and weight.t().is_contiguous()
    if not is_single or x.requires_grad or processor.kind(x.device) != "cpu" or not has_lookup():
        return F.linear(x, weight, bias)
    places, starts = _all_rows(weight.shape[1])
    return weighted_sums(weight.t(), places, starts, x.reshape(-1)).add_(bias)


def weighted_sums(table: Tensor, places: Tensor, starts: Tensor, factors: Tensor) -> Tensor:
    """Sums of rows of a table, each times its factor: a matrix product for few rows, on a CPU.

    Such a product takes as long as the weights take to come from memory, where they lie again after
    each picture. Torch's lookup in a table reads them in their order: 1.5x (512 to 256) to 1.8x
    (512 to 512, 256 to 256) faster than its products of matrices.

    Parameters
    ----------
    table : [rows, width] float32
    places : [P] rows to sum, int32
    starts : [S] where among the places each sum begins, int32
    factors : [P] float32

    Returns
    -------
    [S, width], new memory
    """
    found: Tensor = torch.embedding_bag(table, places, starts, False, 0, False, factors)[0]
    return found


@cache
def has_lookup() -> bool:
    """Whether torch has instructions of its own for `weighted_sums` on this processor."""
    return "fbgemm" in torch.backends.quantized.supported_engines


@cache
def _all_rows(count: int) -> tuple[Tensor, Tensor]:
    """Places and starts for a single sum of all rows."""
    with torch.inference_mode(False):
        return torch.arange(count, dtype=torch.int32), torch.zeros(1, dtype=torch.int32)


def truncate(ws: Tensor, w_avg: Tensor, psi: float, cutoff: int | None = None) -> Tensor:
    """Pull `ws` towards the average latent: the truncation trick in W.

    Parameters
    ----------
    ws : [N, num_ws, w_dim] float32
    w_avg : [w_dim], or [N, w_dim] where each sample has its own class average
    psi : 1 leaves `ws` as it is, 0 gives `w_avg`, both to the bit; negative values mirror it.
    cutoff : number of leading rows to pull; None pulls all.

    Returns
    -------
    [N, num_ws, w_dim], a new tensor; `ws` is not written to.

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
        raise ValueError(f"cutoff counts rows of ws, from 0 to {num_ws}; not {cutoff}")
    result = ws.clone()
    if psi != 1:
        rows = ws[:, :cutoff]
        center = w_avg if w_avg.ndim == 1 else w_avg[:, None]
        # lerp rather than a sum of products: exact at both ends.
        result[:, :cutoff] = torch.lerp(center.expand_as(rows), rows, psi)
    return result


def upsample2(image: Tensor) -> Tensor:
    """Double height and width with the [1,3,3,1] filter, zeros outside. [N, C, H, W] to [N, C, 2H, 2W].

    Per axis out[2i] = (x[i-1] + 3 x[i]) / 4 and out[2i+1] = (3 x[i] + x[i+1]) / 4: exactly
    bilinear interpolation of the image with a rim of zeros, the rim cut off afterwards.

    Returns
    -------
    New memory; row-major on a CPU, elsewhere the middle of a larger picture, which spares a launch.
    """
    padded = F.pad(image, (1, 1, 1, 1))
    if processor.kind(image.device) != "cpu" or image.requires_grad:
        wide = F.interpolate(padded, scale_factor=2, mode="bilinear", align_corners=False)
        return wide[:, :, 2:-2, 2:-2]
    # Measured 2.5-5 times faster than the interpolation on a CPU: four passes over whole rows.
    n, channels, height, width = image.shape
    tall = padded.new_empty(n, channels, height, 2, width + 2)
    middle = padded[:, :, 1:-1]
    torch.lerp(middle, padded[:, :, :-2], 0.25, out=tall[:, :, :, 0])
    torch.lerp(middle, padded[:, :, 2:], 0.25, out=tall[:, :, :, 1])
    tall = tall.view(n, channels, 2 * height, width + 2)
    wide = padded.new_empty(n, channels, 2 * height, width, 2)
    middle = tall[..., 1:-1]
    torch.lerp(middle, tall[..., :-2], 0.25, out=wide[..., 0])
    torch.lerp(middle, tall[..., 2:], 0.25, out=wide[..., 1])
    return wide.view(n, channels, 2 * height, 2 * width)


def add_doubled_(picture: Tensor, image: Tensor) -> None:
    """Add `upsample2(image)` to a picture, in place. [N, C, 2 H, 2 W] row-major, [N, C, H, W].

    A small image on a CPU is doubled by two products with band matrices, the second of which adds:
    in a quarter of the time of ten small operations (a network like `faces` 1.03x).
    """
    n, channels, height, width = image.shape
    follows = image.requires_grad or picture.requires_grad
    if processor.kind(image.device) != "cpu" or follows or max(height, width) > _SMALL:
        picture += upsample2(image)
        return
    wide = torch.mm(image.reshape(-1, width), _doubling(width).t()).view(n * channels, height, 2 * width)
    down = _doubling(height).expand(n * channels, -1, -1)
    picture.view(n * channels, 2 * height, 2 * width).baddbmm_(down, wide)


@cache
def _doubling(size: int) -> Tensor:
    """Matrix of `upsample2` along one axis, [2 size, size] float32."""
    near, far = 0.75 * torch.eye(size), 0.25 * torch.ones(size - 1)
    rows = torch.stack([near + torch.diag(far, -1), near + torch.diag(far, 1)], dim=1)
    return rows.reshape(2 * size, size)


def clamp_(x: Tensor, limit: float) -> Tensor:
    """Limit the magnitude of `x`, in place.

    Where gradients are followed (`Generator.differentiable_synthesis`), what an operation
    before has put out is read once more on the way back, and must not be written over.
    """
    return x.clamp(-limit, limit) if x.requires_grad else x.clamp_(-limit, limit)


def blur_kernel(gain: float) -> Tensor:
    """The 4x4 resampling filter, summing to `gain`. Symmetric: flipping it changes nothing. [4, 4]."""
    taps = torch.tensor(FIR) / sum(FIR)
    return torch.outer(taps, taps) * gain


def random_plane(seed: int, layer: int, height: int, width: int) -> Tensor:
    """Noise of one layer, N(0, 1): a function of its arguments alone. [1, 1, height, width] float32.

    Drawn by NumPy's legacy generator, whose stream is frozen: the same picture
    on every device, in every process and with every library version.
    """
    plane = np.random.RandomState([seed, layer]).standard_normal((1, 1, height, width))
    return torch.from_numpy(plane.astype(np.float32))


def half_dtype(precision: str, device: torch.device) -> torch.dtype | None:
    """The type of a reduced precision, None for float32.

    Raises
    ------
    ValueError
        If the precision is unknown, or the device cannot use it with profit.
    """
    known = {"float32": None, "float16": torch.float16, "bfloat16": torch.bfloat16}
    if precision not in known:
        raise ValueError(f"unknown precision {precision!r}; precisions are {', '.join(known)}")
    if known[precision] is not None and processor.kind(device) == "cpu":
        # Measured 6.8 times slower than float32 on a CPU without native support.
        raise ValueError(f"{precision} is for graphics processors; on the CPU use float32")
    return known[precision]


def check_doubling(description: NetworkDescription, name: str) -> None:
    """Raise `ValueError` unless a network's height is its base's, doubled once per two rows of `ws`."""
    base, resolution = description.base_size[0], description.resolution
    times = resolution // base
    if resolution % base or times & (times - 1):
        raise ValueError(f"the resolution of a {name} is a power of two times {base}, not {resolution}")
    rows = 2 * times.bit_length()
    if description.num_ws != rows:
        raise ValueError(f"a {name} of {resolution} pixels has {rows} rows of ws, not {description.num_ws}")


def number_option(options: Mapping[str, object], name: str, default: float | None) -> float | None:
    """Positive number called `name` in a network's options, or `default` where it is absent.

    Raises
    ------
    ValueError
        If it is no positive finite number, or None although `default` is a number.
    """
    value = options.get(name, default)
    if value is None and default is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(f"the option {name!r} should be a positive number, not {value!r}")
    return float(value)
