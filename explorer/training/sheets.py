"""Contact sheets of samples, for the eye of whoever watches a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from explorer.render.pixels import to_pixels
from explorer.training.networks import Generator


def seed_latents(seeds: range, z_dim: int, device: torch.device) -> Tensor:
    """[len(seeds), z_dim] float32 by the field's convention, `RandomState(seed).randn`."""
    rows = [np.random.RandomState(seed).randn(z_dim) for seed in seeds]
    return torch.from_numpy(np.stack(rows)).to(device, torch.float32)


@torch.no_grad()
def draw(generator: Generator, z: Tensor, psi: float = 1.0, batch: int = 16) -> Tensor:
    """Pictures of latents with the stored noise, [N, 3, H, W] float32 on the CPU."""
    return torch.cat([generator(part, psi=psi).cpu() for part in z.split(batch)])


def sheet_pixels(images: Tensor) -> np.ndarray:
    """[N, 3, H, W] in −1..1 to [N, H, W, 3] uint8."""
    return np.stack([to_pixels(image[None]) for image in images])


def save_sheet(path: Path, pixels: np.ndarray, columns: int = 8) -> None:
    """Write [N, H, W, 3] uint8 as one PNG, row by row; whole or not at all."""
    count, height, width, channels = pixels.shape
    rows = -(-count // columns)
    sheet = np.full((rows * height, columns * width, channels), 255, dtype=np.uint8)
    for index, picture in enumerate(pixels):
        top, left = index // columns * height, index % columns * width
        sheet[top : top + height, left : left + width] = picture
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    Image.fromarray(sheet).save(temporary, format="PNG")
    temporary.replace(path)
