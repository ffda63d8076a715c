"""The engine draws moments of films as it draws stills: same pixels, same cache, same drafts."""

import numpy as np
import pytest

from explorer.checkpoints import save_network
from explorer.recipe import Moment, Noise, Recipe, SeedBlend
from explorer.recipe import film_edits as edits
from explorer.render import Engine, RenderRequest
from tests.models.synthetic import channels_of, description_of, random_tensors


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "tiny.safetensors"
    save_network(path, description_of("skip", 16), random_tensors("skip", 16, channels_of(16, 128, 16)), {})
    return path


@pytest.fixture
def engine():
    return Engine(device="cpu", threads=1)


def film_for(engine, path, **settings):
    ref = engine.open(path).ref
    recipes = [
        Recipe(ref, SeedBlend.of(1), psi=0.5, noise=Noise("random", 1)),
        Recipe(ref, SeedBlend.of(2), noise=Noise("random", 2)),
    ]
    return edits.film_of(recipes, seconds=1, fps=6, loop=True, **settings)


def test_a_keyframe_is_its_still(engine, path):
    film = film_for(engine, path)
    for number, key in ((0, 0), (3, 1), (6, 0)):
        request = RenderRequest.of_moment(Moment(film, number))
        frame = engine.render(request)
        assert frame.request.moment == Moment(film, number)
        assert np.array_equal(frame.pixels, engine.render(RenderRequest(film.keys[key].recipe)).pixels)


def test_cached_equals_fresh_for_every_frame(engine, path):
    film = film_for(engine, path, easing="cubic-in")
    first = [engine.render(RenderRequest.of_moment(Moment(film, n))).pixels for n in range(6)]
    fresh = Engine(device="cpu", threads=1, cache_bytes=0)
    fresh.open(path)
    again = [fresh.render(RenderRequest.of_moment(Moment(film, n))).pixels for n in reversed(range(6))]
    assert all(np.array_equal(a, b) for a, b in zip(first, reversed(again), strict=True))
    assert len({pixels.tobytes() for pixels in first}) == 6
    replayed = engine.cache_stats.hits
    engine.render(RenderRequest.of_moment(Moment(film, 2)))
    assert engine.cache_stats.hits == replayed + 1


def test_a_moment_can_stop_early(engine, path):
    film = film_for(engine, path)
    frame = engine.render(RenderRequest.of_moment(Moment(film, 1), stop=8))
    assert frame.pixels.shape == (8, 8, 3)
