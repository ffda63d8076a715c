"""Pictures in 16 bits: the same picture in finer steps, whatever was drawn before."""

import numpy as np
import pytest

from explorer.checkpoints import save_network
from explorer.recipe import Recipe, SeedBlend
from explorer.render import Engine, RenderRequest
from tests.models.synthetic import channels_of, description_of, random_tensors


@pytest.fixture
def drawn(tmp_path):
    path = tmp_path / "tiny.safetensors"
    save_network(path, description_of("skip", 16), random_tensors("skip", 16, channels_of(16, 128, 16)), {})
    engine = Engine(device="cpu")
    recipe = Recipe(engine.open(path).ref, SeedBlend.of(3))

    def draw(deep):
        return engine.render(RenderRequest(recipe, deep=deep))

    return draw


@pytest.mark.parametrize("order", [(False, True), (True, False), (True, True)])
def test_depth_is_drawn_when_asked_for_and_changes_nothing_else(drawn, order):
    frames = [drawn(deep) for deep in order]
    assert np.array_equal(frames[0].pixels, frames[1].pixels)
    for deep, frame in zip(order, frames, strict=True):
        assert (frame.deep_pixels is not None) == deep
        if deep:
            assert np.array_equal(np.rint(frame.deep_pixels / 257), frame.pixels)
            assert len(np.unique(frame.deep_pixels)) > 256
