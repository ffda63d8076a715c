"""The measures of a run as it stands, from its own networks and pictures."""

from __future__ import annotations

import torch
from torch import Tensor

from explorer.training import measures
from explorer.training.images import ImageSet
from explorer.training.sheets import draw, seed_latents
from explorer.training.trainer import Trainer

SEED = 20200611


@torch.no_grad()
def evaluate(trainer: Trainer, count: int = 512) -> dict[str, float]:
    """Compare samples of the averaged generator with training pictures.

    Parameters
    ----------
    count : pictures on each side, fewer where there are not as many; figures of different
        counts do not compare

    Returns
    -------
    The measures at psi 1 as `measures.compare` names them; "…_floor" for reals against other
    reals where there are enough; diversity and copying at psi 0.7 too; path smoothness; and the
    discriminator's mean logits, without augmentation
    """
    resolution = trainer.stage.resolution
    count = min(count, len(trainer.images))
    real = pick(trainer.images, resolution, 0, count)
    z = seed_latents(range(count), trainer.settings.z_dim, trainer.device)
    fake = draw(trainer.ema, z)
    result = measures.compare(real, fake)
    if len(trainer.images) >= 2 * count:
        other = pick(trainer.images, resolution, count, count)
        result |= {f"{name}_floor": value for name, value in measures.sliced_wasserstein(other, real).items()}
        result["random_feature_distance_floor"] = measures.random_feature_distance(other, real)
    calm = draw(trainer.ema, z, psi=0.7)
    result["diversity_ratio_psi0.7"] = measures.diversity(calm) / max(measures.diversity(real), 1e-8)
    everything = trainer.images.level(resolution).cpu()
    thumbs = torch.cat([measures.thumbnails(to_unit(part)) for part in everything.split(256)])
    for name, samples in (("copying_ratio", fake[:64]), ("copying_ratio_psi0.7", calm[:64])):
        result[name] = copying(samples, thumbs)
    result["path_smoothness"] = _path(trainer, z[:32])
    result |= _health(trainer, real[:64], fake[:64])
    return {name: round(value, 4) for name, value in result.items()}


def to_unit(pixels: Tensor) -> Tensor:
    """Bytes to float32 in −1..1."""
    return pixels.float().mul_(1 / 127.5).sub_(1)


def pick(images: ImageSet, resolution: int, start: int, count: int) -> Tensor:
    """`count` pictures on the CPU from `start` in one fixed random order, in −1..1."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(SEED))
    pixels = images.level(resolution)
    return to_unit(pixels[order[start : start + count].to(pixels.device)].cpu())


def copying(samples: Tensor, thumbs: Tensor) -> float:
    """Median distance of samples to their nearest training picture, over that of reals to theirs.

    Parameters
    ----------
    samples : [N, 3, R, R]
    thumbs : [M, 3·32²] of all training pictures
    """
    order = torch.randperm(len(thumbs), generator=torch.Generator().manual_seed(SEED))[: len(samples)]
    own, _ = measures.nearest(thumbs[order], thumbs, skip_self=True)
    found, _ = measures.nearest(measures.thumbnails(samples), thumbs)
    return float(found.median() / own.median().clamp_min(1e-8))


@torch.no_grad()
def nearest_pairs(trainer: Trainer, count: int = 64, psi: float = 0.7) -> Tensor:
    """Samples of seeds 0, 1, …, each followed by the training picture nearest to it, perhaps mirrored.

    Returns
    -------
    [2·count, 3, R, R] in −1..1 on the CPU
    """
    z = seed_latents(range(count), trainer.settings.z_dim, trainer.device)
    samples = draw(trainer.ema, z, psi)
    pixels = trainer.images.level(trainer.stage.resolution).cpu()
    thumbs = torch.cat([measures.thumbnails(to_unit(part)) for part in pixels.split(256)])
    _, index = measures.nearest(measures.thumbnails(samples), thumbs)
    return torch.stack([samples, to_unit(pixels[index])], dim=1).flatten(0, 1)


def _path(trainer: Trainer, z: Tensor) -> float:
    ema = trainer.ema

    def pictures(w: Tensor) -> Tensor:
        image: Tensor = ema.synthesis([w] * ema.num_ws, "const" if trainer.settings.use_noise else None)
        return image

    return measures.path_smoothness(pictures, ema.mapping(z))


def _health(trainer: Trainer, real: Tensor, fake: Tensor) -> dict[str, float]:
    """Mean logits; with pictures kept out also r_v, from 0 (nothing learnt by heart) to 1."""
    group = trainer.settings.group
    result = {}
    held = trainer.held_out
    sets = {"logit_real": real, "logit_fake": fake}
    if held is not None:
        sets["logit_held_out"] = to_unit(held.level(trainer.stage.resolution)[:64].cpu())
    for name, pictures in sets.items():
        whole = pictures[: len(pictures) // group * group]
        result[name] = float(trainer.D(whole.to(trainer.device)).mean()) if len(whole) else 0.0
    if held is not None:
        span = result["logit_real"] - result["logit_fake"]
        result["r_v"] = (result["logit_real"] - result["logit_held_out"]) / span if span else 0.0
    return result
