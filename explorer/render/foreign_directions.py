"""Directions from files, made fit for one network: ours, and those of other tools."""

from pathlib import Path

import numpy as np
import torch

from explorer.errors import DirectionError
from explorer.latents import direction_form
from explorer.latents.directions import Direction
from explorer.latents.discovery import BATCH, Statistics, sample_w, statistics
from explorer.models import Generator
from explorer.recipe import ModelRef
from explorer.render.known_directions import check_name, free_name, read_directions

UNIT = (0.99, 1.01)
"""Lengths of vectors that name a way rather than a step."""


def open_directions(
    path: Path, model: ModelRef, generator: Generator
) -> tuple[tuple[Direction, ...], tuple[str, ...]]:
    """Read directions of any kind for a network.

    Returns
    -------
    The directions, and what to mind about them, in words.

    Raises
    ------
    DirectionError, CheckpointError
        If the file holds none, or none that fit a network of this size.
    OSError
        If it cannot be read.
    """
    if path.suffix.lower() == direction_form.SUFFIX:
        return _own_form(path, model, generator)
    from explorer.checkpoints.vectors import FoundVector, read_vectors

    directions: list[Direction] = []
    warnings: dict[str, None] = {
        f"{path.name} does not say which network it was made for; "
        "in another than that, its directions lead anywhere": None
    }
    stats: Statistics | None = None
    names: set[str] = set()

    def sigma_of(found: FoundVector) -> float:
        """Standard deviation of W along a way, where the file has none; a step keeps its own length."""
        nonlocal stats
        length = float(np.linalg.norm(found.values))
        if found.sigma is not None:
            return found.sigma
        if found.values.ndim == 2 or not UNIT[0] <= length <= UNIT[1]:
            return 1.0
        stats = stats or statistics(sample_w(generator, 2 * BATCH))
        return stats.sigma(found.values.astype(np.float64))

    for found in read_vectors(path):
        for number, values in enumerate(_shaped(found.values, generator)):
            several = values.shape != found.values.shape
            wanted = f"{found.name} {number + 1}" if several else found.name
            name = free_name(check_name(_readable(wanted)), names)
            names.add(name)
            one = FoundVector(name, values, found.sigma, found.method)
            direction = Direction(
                name, found.method, torch.from_numpy(values), sigma_of(one), note=f"from {path.name}"
            )
            _check_fit(direction, path, generator)
            directions.append(direction)
        if found.warning:
            warnings[f"{found.name}: {found.warning}"] = None
    return tuple(directions), tuple(warnings)


def _own_form(
    path: Path, model: ModelRef, generator: Generator
) -> tuple[tuple[Direction, ...], tuple[str, ...]]:
    found = read_directions(path)
    for direction in found.directions:
        _check_fit(direction, path, generator)
    if found.model.sha256 and found.model.sha256 != model.sha256:
        family = f" of the family {found.family}" if found.family else ""
        if found.family and found.family != generator.architecture:
            family += f", while this one is {generator.architecture}"
        return found.directions, (
            f"the directions in {path.name} were found in another network, {found.model.name!r}{family}; "
            "here they may change other things, or nothing that can be named",
        )
    return found.directions, ()


def _shaped(values: np.ndarray, generator: Generator) -> list[np.ndarray]:
    """A vector or one per row of this network as it is; other matrices are lists of vectors."""
    if values.ndim == 1 or len(values) == generator.num_ws:
        return [np.ascontiguousarray(values)]
    return [np.ascontiguousarray(row) for row in values]


def _readable(name: str) -> str:
    return name.replace("=", " ").replace("@", " ").replace("_", " ").strip()[:100] or "imported"


def _check_fit(direction: Direction, path: Path, generator: Generator) -> None:
    if not direction.fits(generator.num_ws, generator.w_dim):
        raise DirectionError(
            f"{path}: {direction.name!r} has the shape {list(direction.vector.shape)}, but this network "
            f"takes vectors of {generator.w_dim} values, or {generator.num_ws} rows of them; "
            "it was made for another network"
        )
