"""How good samples are, told without a pretrained network.

All functions compare two sets of pictures of equal size; the same two sets
give the same numbers. None is a perceptual quality: together with the sheets
they show collapse, copying and progress.

References
----------
Karras et al. Progressive Growing of GANs. 2018, section 5 (sliced Wasserstein
distance on Laplacian pyramids).
Heusel et al. GANs Trained by a Two Time-Scale Update Rule. 2017 (Fréchet
distance; here over features of a fixed random network).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

PATCHES = 128
"""7×7 patches per picture and pyramid level."""
PROJECTIONS = 512
SEED = 20180226


def _levels(images: Tensor) -> list[Tensor]:
    """Laplacian pyramid from the pictures' own size down to 16×16, which is left as it is."""
    taps = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], device=images.device) / 16
    kernel = (taps[:, None] * taps).expand(images.shape[1], 1, 5, 5)

    def blur(x: Tensor, gain: float = 1.0) -> Tensor:
        return F.conv2d(F.pad(x, (2, 2, 2, 2), mode="reflect"), kernel * gain, groups=x.shape[1])

    levels = []
    while images.shape[-1] > 16:
        small = blur(images)[:, :, ::2, ::2]
        spread = torch.zeros_like(images)
        spread[:, :, ::2, ::2] = small
        levels.append(images - blur(spread, 4))
        images = small
    return [*levels, images]


def _patches(level: Tensor, rng: torch.Generator) -> Tensor:
    """[N·PATCHES, 3·49] descriptors, every channel of the set normalised to mean 0, deviation 1."""
    count, channels, size, _ = level.shape
    top = torch.randint(0, size - 6, (count, PATCHES, 1, 1), generator=rng)
    left = torch.randint(0, size - 6, (count, PATCHES, 1, 1), generator=rng)
    rows = (top + torch.arange(7).view(1, 1, 7, 1)).to(level.device)
    columns = (left + torch.arange(7).view(1, 1, 1, 7)).to(level.device)
    which = torch.arange(count, device=level.device).view(count, 1, 1, 1)
    found = level.permute(0, 2, 3, 1)[which, rows, columns]  # [N, P, 7, 7, C]
    flat = found.reshape(count * PATCHES, 49, channels)
    flat = (flat - flat.mean(dim=(0, 1))) / flat.std(dim=(0, 1)).clamp_min(1e-8)
    return flat.reshape(len(flat), -1)


def sliced_wasserstein(real: Tensor, fake: Tensor) -> dict[str, float]:
    """Sliced Wasserstein distance ×1000 per pyramid level, and their mean.

    Parameters
    ----------
    real, fake : [N, 3, R, R] in −1..1, the same N and R; R at least 16

    Returns
    -------
    keys "swd_R" … "swd_16" and "swd"
    """
    if real.shape != fake.shape:
        raise ValueError(f"the sets differ in shape: {tuple(real.shape)} and {tuple(fake.shape)}")
    result = {}
    for index, (a, b) in enumerate(zip(_levels(real), _levels(fake), strict=True)):
        # The same places in both sets: a set compared with itself gives 0.
        left, right = (_patches(level, torch.Generator().manual_seed(SEED)) for level in (a, b))
        rng = torch.Generator().manual_seed(SEED + index)
        axes = torch.randn(left.shape[1], PROJECTIONS, generator=rng)
        axes = (axes / axes.norm(dim=0)).to(left.device)
        total = 0.0
        for part in axes.split(32, dim=1):
            distance = (left @ part).sort(dim=0).values - (right @ part).sort(dim=0).values
            total += float(distance.abs().mean(dim=0).sum())
        result[f"swd_{a.shape[-1]}"] = 1000 * total / PROJECTIONS
    return {**result, "swd": sum(result.values()) / len(result)}


def _random_features(images: Tensor) -> Tensor:
    """[N, 160] means and deviations of what a fixed, untrained convolution network sees."""
    rng = torch.Generator().manual_seed(SEED)
    x, channels, features = images, images.shape[1], []
    for width in (16, 32, 32):
        weight = torch.randn(width, channels, 3, 3, generator=rng) / (9 * channels) ** 0.5
        x = F.leaky_relu(F.conv2d(x, weight.to(x.device), stride=2, padding=1), 0.2) * 2**0.5
        features += [x.mean(dim=(2, 3)), x.std(dim=(2, 3), unbiased=False)]
        channels = width
    return torch.cat(features, dim=1)


def random_feature_distance(real: Tensor, fake: Tensor, batch: int = 64) -> float:
    """Fréchet distance between features of a random network: a relative curve, comparable at equal N only."""
    stats = []
    for images in (real, fake):
        features = torch.cat([_random_features(part) for part in images.split(batch)]).double().cpu()
        stats.append((features.mean(dim=0), features.T.cov()))
    (mean_a, cov_a), (mean_b, cov_b) = stats
    # The trace of the root of a product of two covariances, from the symmetric √A·B·√A.
    values, vectors = torch.linalg.eigh(cov_a)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ cov_b @ root).clamp_min(0).sqrt().sum()
    return float((mean_a - mean_b).square().sum() + cov_a.trace() + cov_b.trace() - 2 * cross)


def spectrum_difference(real: Tensor, fake: Tensor) -> dict[str, float]:
    """Log₂ ratio of mean power, fake over real, in four octave-wide bands, finest last."""
    power = []
    for images in (real, fake):
        grey = images.mean(dim=1)
        power.append(
            torch.fft.fft2(grey - grey.mean(dim=(1, 2), keepdim=True)).abs().square().mean(dim=0).cpu()
        )
    size = real.shape[-1]
    frequency = torch.fft.fftfreq(size)
    radius = (frequency[:, None].square() + frequency.square()).sqrt()
    edges = [0.0, 1 / 16, 1 / 8, 1 / 4, 1.0]
    result = {}
    for number, (low, high) in enumerate(pairwise(edges), start=1):
        band = (radius > low) & (radius <= high)
        result[f"spectrum_{number}"] = float((power[1][band].mean() / power[0][band].mean()).log2())
    return result


def colour_distance(real: Tensor, fake: Tensor) -> float:
    """Mean 1-D Wasserstein distance of the colour channels, in levels of 0..255."""
    a, b = (images.transpose(0, 1).reshape(3, -1).float() for images in (real, fake))
    steps = torch.linspace(0, 1, 257, device=a.device)
    quantiles = []
    for values in (a, b):
        order = values.sort(dim=1).values
        quantiles.append(order[:, (steps * (order.shape[1] - 1)).long()])
    return float((quantiles[0] - quantiles[1]).abs().mean()) * 127.5


def thumbnails(images: Tensor, size: int = 32) -> Tensor:
    """[N, 3·size²] area averages, the space in which pictures are compared."""
    return F.adaptive_avg_pool2d(images, size).flatten(1)


def diversity(images: Tensor) -> float:
    """Mean distance between two thumbnails of the set."""
    flat = thumbnails(images)
    count = len(flat)
    return float(torch.cdist(flat, flat).sum()) / (count * (count - 1))


def nearest(queries: Tensor, pictures: Tensor, *, skip_self: bool = False) -> tuple[Tensor, Tensor]:
    """Distance and index of the nearest picture of each query, by thumbnails, mirrored ones included.

    Parameters
    ----------
    queries : [Q, 3·32²] thumbnails
    pictures : [M, 3·32²] thumbnails
    skip_self : ignore pictures at distance 0, so that a set can be compared with itself

    Returns
    -------
    [Q] distances, [Q] indices into `pictures`
    """
    mirrored = pictures.reshape(-1, 3, 32, 32).flip(3).flatten(1)
    # Exact differences, not the product form of cdist, whose rounding hides a distance of 0.
    exact = "donot_use_mm_for_euclid_dist"
    plain = torch.cdist(queries, pictures, compute_mode=exact)
    turned = torch.cdist(queries, mirrored, compute_mode=exact)
    if skip_self:
        plain = torch.where(plain < 1e-4, torch.inf, plain)
    both = torch.minimum(plain, turned)
    distances, index = both.min(dim=1)
    return distances, index


def path_smoothness(draw_w: Callable[[Tensor], Tensor], w: Tensor, step: float = 1e-2) -> float:
    """Mean change of the thumbnail per unit of a small step in W, in a random direction.

    Parameters
    ----------
    draw_w : pictures [N, 3, R, R] of latents [N, w_dim]
    w : [N, w_dim] starting points
    step : length of the step
    """
    rng = torch.Generator().manual_seed(SEED)
    direction = torch.randn(w.shape, generator=rng).to(w.device)
    direction = direction / direction.norm(dim=1, keepdim=True)
    before, after = thumbnails(draw_w(w)), thumbnails(draw_w(w + step * direction))
    return float((after - before).norm(dim=1).mean()) / step


def compare(real: Tensor, fake: Tensor) -> dict[str, float]:
    """Every measure of two sets of one shape; see the single functions."""
    pictures = {
        **sliced_wasserstein(real, fake),
        "random_feature_distance": random_feature_distance(real, fake),
        **spectrum_difference(real, fake),
        "colour_distance": colour_distance(real, fake),
        "diversity_ratio": diversity(fake) / max(diversity(real), 1e-8),
    }
    return {name: round(float(value), 4) for name, value in pictures.items()}
