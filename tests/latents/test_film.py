"""Moments of a film: stills on keyframes, smooth and seamless between them."""

import math
from itertools import pairwise

import pytest
import torch

from explorer.latents import Direction, FilmScenes, scene_of
from explorer.latents.paths import long_way, slerp
from explorer.models.ops import random_plane
from explorer.models.stylegan3 import StyleGAN3
from explorer.recipe import Film, Keyframe, Mix, ModelRef, Moment, Noise, Push, Recipe, SeedBlend, Transform
from explorer.recipe import film_edits as edits
from explorer.recipe.film import PATHS, SPACES
from tests.models.synthetic import random_network
from tests.models.synthetic_stylegan3 import random_network as stylegan3

NET = ModelRef("net", "0" * 64)


@pytest.fixture(scope="module")
def G():
    return random_network()


@pytest.fixture(scope="module")
def conditional():
    return random_network(c_dim=3)


def still(seed, **changes):
    return Recipe(NET, SeedBlend.of(seed), **changes)


RICH = (
    still(1, psi=0.5, cutoff=3),
    still(2, mixes=(Mix(7, (1, 2), 0.5),), noise=Noise("random", 4)),
    still(3, directions=(Push("d", 2.0),), noise=Noise("const", 0, 2.0)),
)


def directions(G):
    return {"d": Direction("d", "pca", torch.ones(G.w_dim), 1.0)}


def scenes(film, G, numbers, cell=0):
    made = FilmScenes()
    return [made.scene(Moment(film, n, cell), G, directions(G)) for n in numbers]


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("path", PATHS)
def test_every_keyframe_is_its_still_to_the_bit(G, path, space):
    film = edits.film_of(RICH, seconds=1.2, fps=10, loop=True, path=path, space=space)
    for number, recipe in zip((0, 4, 8, 12), (*RICH, RICH[0]), strict=True):
        drawn, wanted = scenes(film, G, [number])[0], scene_of(recipe, G, None, directions(G))
        assert torch.equal(drawn.ws, wanted.ws)
        assert drawn.noise == wanted.noise


@pytest.mark.parametrize("network", ["G", "conditional"])
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("path", PATHS)
def test_the_way_is_smooth_and_the_seam_is_no_different(request, network, path, space):
    G = request.getfixturevalue(network)
    mixed = (still(1, class_index=0, class_mix=((1, 0.4),)), still(2, class_index=2))
    keys = (RICH[0], RICH[1]) if network == "G" else mixed
    film = edits.film_of(keys, seconds=20, fps=10, loop=True, path=path, space=space)
    ws = torch.cat([scene.ws for scene in scenes(film, G, range(film.frames))])
    assert torch.isfinite(ws).all()
    steps = (ws - ws.roll(1, 0)).flatten(1).norm(dim=1)
    assert steps.min() > 0
    assert steps.max() < 0.15 * (ws[100] - ws[0]).norm()
    # The first of the steps is the one across the seam.
    assert steps[0] < 2 * steps[-1]


def test_a_line_in_w_is_a_line(G):
    film = edits.film_of(RICH[:1] + RICH[2:], seconds=1.1, fps=10)
    first, middle, last = (s.ws for s in scenes(film, G, (0, 5, 10)))
    assert torch.allclose(middle, (first + last) / 2, atol=1e-6)


def test_slerp_in_z_maps_points_of_the_great_circle(G):
    film = edits.film_of([still(1), still(2)], seconds=1.1, fps=10, path="slerp", space="z")
    a, b = G.latent(1), G.latent(2)
    angle = torch.nn.functional.cosine_similarity(a, b).acos()
    z = a / a.norm() + b / b.norm()
    z = z / (2 * (angle / 2).cos()) * (a.norm() + b.norm()) / 2
    (middle,) = scenes(film, G, [5])
    assert torch.allclose(middle.ws, G.mapping(z), atol=1e-4)


def test_slerp_and_the_long_way_are_one_closed_walk(G):
    a, b = G.latent(1).double(), G.latent(2).double()
    b = b / b.norm() * a.norm()
    tiny = 1e-5
    # Past `b` and past `a` the walk goes on in the direction it came in.
    for arriving, leaving in (
        (b - slerp(a, b, 1 - tiny), long_way(b, a, tiny) - b),
        (a - long_way(b, a, 1 - tiny), slerp(a, b, tiny) - a),
    ):
        assert torch.nn.functional.cosine_similarity(arriving, leaving) > 1 - 1e-6
    halfway = long_way(b, a, 0.5)
    assert torch.allclose(halfway, -slerp(a, b, 0.5))


def test_a_circular_walk_meets_both_seeds(G):
    film = edits.circular_walk(still(1), still(2), 8.0, fps=10)
    drawn = scenes(film, G, (0, 20, 80))
    for scene, seed in zip(drawn, (1, 2, 1), strict=True):
        assert torch.equal(scene.ws, scene_of(still(seed), G).ws)


def test_points_without_an_angle_are_joined_straight(G):
    film = edits.film_of([still(1, psi=0.0), still(2)], seconds=1.1, fps=10, path="slerp")
    assert torch.isfinite(torch.cat([s.ws for s in scenes(film, G, range(11))])).all()
    same = edits.film_of([still(1), still(1)], seconds=1.1, fps=10, path="circle", space="z")
    ws = torch.cat([s.ws for s in scenes(same, G, range(11))])
    assert torch.allclose(ws, ws[:1].expand_as(ws), atol=1e-5)


def test_z_needs_single_seeds_and_says_so(G):
    blend = Recipe(NET, SeedBlend.between(1, 2, 0.5))
    film = edits.film_of([blend, still(3)], seconds=1.1, fps=10, path="slerp", space="z")
    (scene,) = scenes(film, G, [5])
    assert "single seed" in scene.notices[0]


def test_noise_turns_from_plane_to_plane_and_keeps_its_variance(G):
    keys = (still(1, noise=Noise("random", 3)), still(1, noise=Noise("random", 8)))
    film = edits.film_of(keys, seconds=1.1, fps=10)
    for scene in scenes(film, G, range(1, 10)):
        assert sum(weight**2 for _, _, weight in scene.noise.blend) == pytest.approx(1)
    (middle,) = scenes(film, G, [5])
    index = next(i for i, step in enumerate(G.steps) if step.name == "b16.conv1")
    plane = G._noise(index, G._links[index].conv, middle.noise) / G._links[index].conv.noise_gain
    wanted = (random_plane(3, index, 16, 16) + random_plane(8, index, 16, 16)) / math.sqrt(2)
    assert torch.allclose(plane, wanted, atol=1e-5)


def test_a_noise_loop_needs_one_keyframe_and_has_no_seam(G):
    film = Film((((Keyframe(still(1), noise_loop=True)),),), fps=10, loop=True, length=2.0)
    plans = [scene.noise for scene in scenes(film, G, range(21))]
    assert plans[0] == plans[20]
    assert len(set(plans[:20])) == 20
    turns = [math.atan2(p.blend[1][2], p.blend[0][2]) % (2 * math.pi) for p in plans[1:20]]
    assert all(b - a == pytest.approx(math.pi / 10) for a, b in pairwise(turns))
    ws = [scene.ws for scene in scenes(film, G, (0, 7))]
    assert torch.equal(*ws)
    assert not Moment(film, 7).is_key


def test_noise_fades_in_from_none(G):
    keys = (still(1, noise=Noise("none")), still(1, noise=Noise("random", 5, 2.0)))
    film = edits.film_of(keys, seconds=1.1, fps=10)
    (middle,) = scenes(film, G, [5])
    assert (middle.noise.mode, middle.noise.seed, middle.noise.strength) == ("random", 5, 1.0)


def test_a_transform_moves_in_a_straight_line_and_may_turn_round():
    network = StyleGAN3(*stylegan3())
    keys = (still(1), still(1, transform=Transform(0.5, -0.25, 360.0)))
    film = edits.film_of(keys, seconds=1.1, fps=10)
    drawn = [scene.transform for scene in scenes(film, network, (0, 5, 10))]
    assert drawn == [(0, 0, 0), (0.25, -0.125, 180), (0.5, -0.25, 360)]
    assert scenes(film, network, (5,))[0].notices == ()


def test_a_spline_notices_that_a_direction_means_something_else_now(G):
    film = edits.film_of([RICH[2], still(1), still(2)], seconds=1.2, fps=10, path="spline")
    made = FilmScenes()
    ones = made.scene(Moment(film, 2), G, directions(G)).ws
    other = {"d": Direction("d", "pca", -torch.ones(G.w_dim), 1.0)}
    assert not torch.equal(made.scene(Moment(film, 2), G, other).ws, ones)


def test_a_scene_does_not_depend_on_what_was_drawn_before(G):
    film = edits.film_of(RICH, seconds=1.2, fps=10, loop=True, path="spline")
    forth, made = scenes(film, G, range(12)), FilmScenes()
    for n in reversed(range(12)):
        again = made.scene(Moment(film, n), G, directions(G))
        assert torch.equal(again.ws, forth[n].ws)
        assert again.noise == forth[n].noise
