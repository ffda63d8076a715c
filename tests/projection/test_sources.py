"""What was projected is a source like any other: for psi, mixes, directions, films, documents."""

import struct

import pytest
import torch

from explorer.latents import FilmScenes, compose
from explorer.recipe import (
    Mix,
    ModelRef,
    Moment,
    Push,
    Recipe,
    SeedBlend,
    StoredDirection,
    StoredLatent,
    document,
    film_document,
    film_edits,
)
from tests.models.synthetic import random_network

G = random_network("skip")
ROWS, WIDTH = G.num_ws, G.w_dim
OWN = torch.linspace(-1, 1, ROWS * WIDTH).reshape(1, ROWS, WIDTH)
LATENT = StoredLatent(ROWS, WIDTH, struct.pack(f"<{ROWS * WIDTH}f", *OWN.flatten().tolist()))
START = Recipe(ModelRef("net"), LATENT)


def test_truncation_and_directions():
    assert torch.equal(compose(START.with_(psi=0.0), G), G.w_avg.expand(1, ROWS, WIDTH))
    half = compose(START.with_(psi=0.5, cutoff=2), G)
    assert torch.allclose(half[:, :2], torch.lerp(G.w_avg.expand(1, 2, WIDTH), OWN[:, :2], 0.5))
    assert torch.equal(half[:, 2:], OWN[:, 2:])
    along = StoredDirection(1, WIDTH, struct.pack(f"<{WIDTH}f", *[1.0] * WIDTH))
    pushed = compose(START.with_(directions=(Push("up", 2.0, stored=along),)), G)
    assert torch.allclose(pushed, OWN + 2.0, atol=1e-5)


@pytest.mark.parametrize("space", ["w", "z"])
@pytest.mark.parametrize("path", ["linear", "slerp", "spline"])
def test_films(space, path):
    """Each keyframe is met exactly, whichever way leads there; in Z only seeds are joined, which is said."""
    others = (
        Recipe(ModelRef("net"), SeedBlend.between(7, LATENT, 0.5)),
        Recipe(ModelRef("net"), SeedBlend.of(9)),
    )
    recipes = (START, *others)
    film = film_edits.film_of(recipes, seconds=1.2, fps=10, loop=True, path=path, space=space)
    assert film_document.loads(film_document.dumps(film)) == film
    scenes = FilmScenes()
    for number, recipe in zip((0, 4, 8), recipes, strict=True):
        assert torch.equal(scenes.scene(Moment(film, number), G).ws, compose(recipe, G))
    between = scenes.scene(Moment(film, 1), G)
    assert bool(between.ws.isfinite().all())
    assert any("in W" in text for text in between.notices) == (space == "z")


def test_documents_keep_it_wherever_it_stands():
    recipe = START.with_(base=SeedBlend.between(3, LATENT, 0.25), mixes=(Mix(LATENT, "coarse", 0.5),))
    assert document.loads(document.dumps(recipe)) == recipe
    assert torch.equal(compose(document.loads(document.dumps(recipe)), G), compose(recipe, G))
