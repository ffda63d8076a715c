"""A network whose pictures are not square, from its file to frames, drafts, pictures and films."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.checkpoints import save_network
from explorer.export.film_frames import FrameMaker, frame_size
from explorer.export.image import save_picture
from explorer.recipe import Mix, Recipe, SeedBlend
from explorer.recipe import film_edits as edits
from explorer.render.engine import Engine
from explorer.render.frame import RenderRequest
from tests.checkpoints.assembler import network_tensors
from tests.checkpoints.test_not_square import stretched
from tests.models.synthetic import description_of


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """32 pixels high and half as wide, the shape of StyleGAN-Human."""
    tensors = stretched(network_tensors(32, channels={4: 6, 8: 6, 16: 4, 32: 4}), (4, 2))
    description = description_of("skip", 32, z_dim=5, w_dim=7, lr_multiplier=0.01, base_size=[4, 2])
    path = tmp_path / "narrow.safetensors"
    save_network(path, description, tensors, {})
    return path


def test_from_the_file_to_frames(network: Path, tmp_path: Path) -> None:
    engine = Engine(device="cpu", threads=1)
    info = engine.open(network)
    assert (info.resolution, info.width, info.size) == (32, 16, (16, 32))
    assert info.stops == (4, 8, 16, 32)
    recipe = Recipe(info.ref, SeedBlend.of(3))
    frame = engine.render(RenderRequest(recipe))
    assert frame.pixels.shape == (32, 16, 3)
    assert (frame.full_resolution, frame.is_draft) == (32, False)
    draft = engine.render(RenderRequest(recipe.with_(psi=0.3), stop=8))
    assert draft.pixels.shape == (8, 4, 3)
    assert draft.is_draft
    # What is kept of earlier pictures changes nothing.
    mixed = recipe.with_(mixes=(Mix(9, (7,)),))
    kept = engine.render(RenderRequest(mixed)).pixels
    np.testing.assert_array_equal(kept, Engine(device="cpu", threads=1).render(RenderRequest(mixed)).pixels)

    save_picture(frame, tmp_path / "narrow.png", model_info=info)
    with Image.open(tmp_path / "narrow.png") as image:
        assert image.size == (16, 32)


@pytest.mark.parametrize("size", [None, 64, 20])
def test_films_keep_the_shape(size: int | None, network: Path) -> None:
    engine = Engine(device="cpu", threads=1)
    info = engine.open(network)
    recipes = [Recipe(info.ref, SeedBlend.of(seed)) for seed in (1, 2)]
    film = edits.film_of(recipes, seconds=1, fps=5, size=size, loop=True)
    pixels = FrameMaker(engine, film).frame(0)
    height = size or 32
    assert frame_size(film, info.size) == (height // 2, height)
    assert pixels.shape == (height, height // 2, 3)
