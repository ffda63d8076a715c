"""Finding directions, with statistics of W that are worked out once for each network.

They lie in the user's cache under the network's sha256, so a second search begins at once.
"""

import logging
import os
import secrets
import zipfile
from collections.abc import Generator as Pieces
from pathlib import Path

import numpy as np

from explorer.latents import Direction, discovery
from explorer.latents.discovery import Method, Statistics
from explorer.locations import user_cache_dir
from explorer.models import Generator
from explorer.recipe import Layers, ModelRef

log = logging.getLogger(__name__)


def find(
    generator: Generator,
    model: ModelRef,
    method: Method = "pca",
    layers: Layers = "all",
    components: int = 20,
    samples: int = discovery.SAMPLES,
    seed: int = 0,
) -> Pieces[tuple[int, int], None, list[Direction]]:
    """Find directions as `discovery.find` does, and yield as it does."""
    discovery.check_rows(generator, layers)
    stats = yield from statistics_of(generator, model, samples, seed)
    return discovery.directions_of(generator, stats, method, layers, components, seed)


def statistics_of(
    generator: Generator, model: ModelRef, samples: int = discovery.SAMPLES, seed: int = 0
) -> Pieces[tuple[int, int], None, Statistics]:
    """Statistics of W, from the cache where they are there; yields (samples drawn, samples in all)."""
    path = _file_of(generator, model, samples, seed) if model.sha256 else None
    known = None if path is None else _read(path, generator.w_dim, samples)
    if known is not None:
        yield samples, samples
        return known
    stats = yield from discovery.gather(generator, samples, seed)
    if path is not None:
        _write(path, stats)
    return stats


def _file_of(generator: Generator, model: ModelRef, samples: int, seed: int) -> Path:
    """Devices round differently, and the same command has to give the same directions."""
    name = f"{model.sha256}-{samples}-{seed}-{generator.device.type}.npz"
    return user_cache_dir() / "statistics" / name


def _read(path: Path, w_dim: int, samples: int) -> Statistics | None:
    """None where there is no such file, or none that can be used."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as arrays:
            mean, covariance = arrays["mean"], arrays["covariance"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        log.warning("the statistics in %s are not used: %s", path, error)
        return None
    fits = mean.shape == (w_dim,) and covariance.shape == (w_dim, w_dim)
    kind = np.dtype(np.float64)
    if not fits or mean.dtype != kind or covariance.dtype != kind or not np.isfinite(covariance).all():
        return None
    return Statistics(mean, covariance, samples)


def _write(path: Path, stats: Statistics) -> None:
    """Whole or not at all; without room for a cache there is none."""
    part = path.with_name(f".{secrets.token_hex(6)}.npz")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(part, "xb") as file:
            np.savez(file, mean=stats.mean, covariance=stats.covariance)
        os.replace(part, path)
    except OSError as error:
        log.warning("the statistics of W could not be kept: %s", error)
        part.unlink(missing_ok=True)
