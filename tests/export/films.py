"""A small network, an engine and short films for the tests of this room."""

from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from explorer.checkpoints import save_network
from explorer.recipe import Film, Recipe, SeedBlend
from explorer.recipe import film_edits as edits
from explorer.render import Engine
from tests.models.synthetic import channels_of, description_of, random_tensors


def small_network(folder: Path) -> Path:
    path = folder / "tiny.safetensors"
    tensors = random_tensors("skip", 16, channels_of(16, 128, 16))
    save_network(path, description_of("skip", 16), tensors, {"title": "Tiny", "licence": "MIT"})
    return path


def film_of(engine: Engine, network: Path, **settings) -> Film:
    ref = engine.open(network).ref
    recipes = [Recipe(ref, SeedBlend.of(seed), psi=0.5) for seed in (1, 2)]
    return edits.film_of(recipes, **({"seconds": 2, "fps": 10, "size": 32, "loop": True} | settings))


def decoded(path: Path) -> np.ndarray:
    """Frames of a video file, [N, H, W, 3] uint8, with the colours a good player shows."""
    with av.open(str(path)) as container:
        return np.stack(
            [
                frame.reformat(
                    format="rgb24",
                    src_colorspace=Colorspace.ITU709,
                    src_color_range=ColorRange.MPEG,
                    dst_color_range=ColorRange.JPEG,
                ).to_ndarray()
                for frame in container.decode(video=0)
            ]
        )
