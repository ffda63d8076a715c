"""One picture of a network by itself, for those who only want to see what it draws."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from explorer.checkpoints import load_generator
from explorer.render.pixels import to_pixels

SEED = 7
PSI = 0.7


def draw_sample(path: Path) -> NDArray[np.uint8]:
    """Load a network beside all others, draw one picture, and let it go again. Blocks; knows no engine.

    Returns
    -------
    [H, W, 3] RGB, of class 0 where the network has classes.

    Raises
    ------
    CheckpointError, OSError
    """
    generator = load_generator(path)
    label = torch.eye(generator.c_dim)[:1] if generator.c_dim else None
    with torch.inference_mode():
        ws = generator.mapping(generator.latent(SEED), label, psi=PSI)
        return to_pixels(generator.synthesis(ws))
