import dataclasses
import struct

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import RecipeError
from explorer.latents import Direction, SeedCache, compose, resolve
from explorer.recipe import Mix, ModelRef, Push, Recipe, SeedBlend, StoredLatent, Transform
from tests.latents.fakes import Mapper
from tests.recipe import strategies as some

G = Mapper()
BASE = Recipe(ModelRef("faces"), base=SeedBlend.of(3))
SMILE = {"smile": Direction("smile", "learned", torch.arange(6.0), sigma=0.5)}


def w(seed, generator=G):
    return generator.mapping(generator.latent(seed))


def test_a_plain_seed_is_the_mapping_itself():
    assert torch.equal(compose(BASE, G), w(3))


@given(some.recipes_of_seeds)
def test_psi_0_gives_w_avg(recipe):
    recipe = recipe.with_(psi=0.0, cutoff=None, directions=(), base=SeedBlend.of(4))
    assert torch.equal(compose(recipe, G), G.w_avg.expand(1, 8, 6))


def test_the_ends_of_the_blend_are_the_seeds():
    a_b = BASE.with_(base=SeedBlend.between(3, 9, 0.0))
    assert torch.equal(compose(a_b, G), w(3))
    assert torch.equal(compose(a_b.with_(base=SeedBlend.between(3, 9, 1.0)), G), w(9))


@given(st.floats(-2, 2), st.floats(-2, 2))
def test_a_blend_is_the_weighted_mean(t, u):
    recipe = BASE.with_(base=SeedBlend(((1, 1 - t - u), (2, t), (3, u))))
    expected = (1 - t - u) * w(1) + t * w(2) + u * w(3)
    assert torch.allclose(compose(recipe, G), expected, atol=2e-5)


def test_a_mix_replaces_its_rows_and_no_other():
    ws = compose(BASE.with_(mixes=(Mix(9, (1, 4)),)), G)
    expected = w(3)
    expected[:, [1, 4]] = w(9)[:, [1, 4]]
    assert torch.equal(ws, expected)


def test_mixes_apply_one_after_the_other():
    ws = compose(BASE.with_(mixes=(Mix(9, "coarse"), Mix(5, (0,), 0.5))), G)
    assert torch.allclose(ws[:, 0], (w(9) + w(5))[:, 0] / 2, atol=1e-6)
    assert torch.equal(ws[:, 1], w(9)[:, 1])


def test_truncation_reaches_its_rows_alone():
    ws = compose(BASE.with_(psi=0.5, cutoff=3), G)
    assert torch.allclose(ws[:, :3], (w(3)[:, :3] + G.w_avg) / 2, atol=1e-6)
    assert torch.equal(ws[:, 3:], w(3)[:, 3:])


def test_a_push_is_as_long_at_any_psi():
    pushed = BASE.with_(directions=(Push("smile", 2.0, (0, 1)),))
    for psi in (0.0, 0.5, 1.0):
        step = compose(pushed.with_(psi=psi), G, directions=SMILE) - compose(BASE.with_(psi=psi), G)
        assert torch.allclose(step[:, :2], torch.arange(6.0).expand(1, 2, 6), atol=1e-6)
        assert not step[:, 2:].any()


def test_only_a_new_seed_runs_the_mapping_network():
    generator, cache = Mapper(), SeedCache()
    recipe = BASE.with_(base=SeedBlend.between(3, 9, 0.5), mixes=(Mix(9, "all", 0.1),))
    compose(recipe, generator, cache)
    assert generator.mapped == 2
    for i in range(10):
        edited = recipe.with_(
            psi=i / 10,
            base=SeedBlend.between(3, 9, i / 10),
            mixes=(Mix(9, (i % 8,), i / 10),),
            directions=(Push("smile", i),),
        )
        compose(edited, generator, cache, SMILE)
    assert generator.mapped == 2
    compose(recipe.with_(base=SeedBlend.of(10)), generator, cache)
    assert generator.mapped == 3


def test_the_seed_cache_is_bounded_and_forgets_generators():
    generator, cache = Mapper(), SeedCache(capacity=2)
    for seed in (1, 2, 3, 1):
        cache.w(generator, seed, None)
    assert generator.mapped == 4
    cache.w(generator, 1, None)
    assert generator.mapped == 4
    del generator
    assert not cache._known


@given(some.recipes)
def test_any_wish_is_drawn_or_refused_with_words(recipe):
    before = dataclasses.replace(recipe)
    try:
        ws = compose(recipe, G, directions=SMILE)
    except RecipeError as error:
        assert recipe.latents, error  # noqa: PT017
    else:
        assert ws.shape == (1, 8, 6)
    assert recipe == before


@given(some.recipes_of_seeds)
def test_what_is_resolved_needs_no_more_resolving(recipe):
    resolved = resolve(recipe, G, SMILE)
    assert resolve(resolved.recipe, G, SMILE).notices == ()
    assert torch.equal(compose(resolved.recipe, G, directions=SMILE), compose(recipe, G, directions=SMILE))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"mixes": (Mix(1, (2, 8, 9)),)}, "rows 8,9"),
        ({"mixes": (Mix(1, "fine"),)}, "fine"),
        ({"class_index": 2}, "class"),
        ({"class_mix": ((1, 0.5), (2, 0.25))}, "class 1, 2"),
        ({"transform": Transform(0.1)}, "transform"),
        ({"directions": (Push("hat", 1.0),)}, "hat"),
        ({"directions": (Push("smile", 1.0, (9,)),)}, "rows"),
    ],
)
def test_what_is_left_out_is_said(change, word):
    (notice,) = resolve(BASE.with_(**change), G, SMILE).notices
    assert word in notice


def test_a_direction_of_another_size_is_left_out():
    odd = {"smile": Direction("smile", "pca", torch.zeros(7))}
    resolved = resolve(BASE.with_(directions=(Push("smile", 1.0),)), G, odd)
    assert resolved.recipe.directions == ()
    assert "left out" in resolved.notices[0]


def test_stored_latents():
    row = BASE.with_(base=StoredLatent(1, 6, struct.pack("<6f", *range(6))))
    assert torch.equal(compose(row, G), torch.arange(6.0).expand(1, 8, 6))
    plus = BASE.with_(base=StoredLatent(8, 6, struct.pack("<48f", *range(48))))
    assert torch.equal(compose(plus, G), torch.arange(48.0).reshape(1, 8, 6))
    with pytest.raises(RecipeError, match="faces"):
        compose(BASE.with_(base=StoredLatent(2, 6, bytes(48))), G)


def test_stored_latents_are_blended_and_mixed_as_seeds_are():
    latent = StoredLatent(8, 6, struct.pack("<48f", *range(48)))
    own = torch.arange(48.0).reshape(1, 8, 6)
    seed = compose(BASE, G)
    first = BASE.base.terms[0][0]
    blended = compose(BASE.with_(base=SeedBlend.between(first, latent, 0.25)), G)
    assert torch.equal(blended, torch.lerp(seed, own, 0.25))
    assert torch.equal(compose(BASE.with_(base=SeedBlend.of(latent)), G), own)
    three = SeedBlend(((first, 0.5), (latent, 0.25), (latent, 0.25)))
    assert torch.allclose(compose(BASE.with_(base=three), G), torch.lerp(seed, own, 0.5), atol=1e-5)
    mixed = compose(BASE.with_(mixes=(Mix(latent, (2, 5), 1.0),)), G)
    assert torch.equal(mixed[:, [2, 5]], own[:, [2, 5]])
    assert torch.equal(mixed[:, [0, 1, 3, 4, 6, 7]], seed[:, [0, 1, 3, 4, 6, 7]])
    with pytest.raises(RecipeError, match="faces"):
        compose(BASE.with_(mixes=(Mix(StoredLatent(2, 6, bytes(48)), "all"),)), G)


def test_classes():
    conditional = Mapper(c_dim=4)
    chosen = compose(BASE.with_(class_index=2), conditional)
    assert not torch.equal(chosen, compose(BASE.with_(class_index=1), conditional))
    drawn = compose(BASE, conditional)
    assert any(torch.equal(drawn, compose(BASE.with_(class_index=i), conditional)) for i in range(4))


def test_truncation_goes_to_the_average_of_the_class():
    generator = Mapper(c_dim=3, w_avg_per_class=True)
    for index in range(3):
        ws = compose(BASE.with_(class_index=index, psi=0.0), generator)
        assert torch.equal(ws[0, 0], generator.w_avg[index])


@given(some.class_mixes.map(lambda mix: tuple((i, s) for i, (_, s) in enumerate(mix))))
def test_truncation_of_a_mix_of_classes_goes_to_the_average_of_their_averages(mix):
    generator = Mapper(c_dim=5, w_avg_per_class=True)
    ws = compose(BASE.with_(class_index=4, class_mix=mix, psi=0.0), generator)
    shares = torch.tensor([*(s for _, s in mix), *[0.0] * (4 - len(mix)), 1 - sum(s for _, s in mix)])
    assert torch.allclose(ws[0, 0], shares @ generator.w_avg, atol=1e-6)


def test_a_mix_of_classes_walks_from_class_to_class():
    generator = Mapper(c_dim=4)
    start, end = (compose(BASE.with_(class_index=index), generator) for index in (2, 3))

    def leaning(t):
        return compose(BASE.with_(class_index=2, class_mix=((3, t),)), generator)

    assert torch.equal(leaning(0.0), start)
    assert torch.equal(leaning(1.0), end)
    walk = torch.stack([leaning(i / 64) for i in range(65)])
    steps = (walk[1:] - walk[:-1]).norm(dim=-1).max()
    assert 0 < steps < (end - start).norm(dim=-1).max() / 8  # in many small steps, without a jump


def test_a_mix_of_classes_leans_from_the_class_that_the_seed_draws():
    generator = Mapper(c_dim=4)
    drawn = next(
        i
        for i in range(4)
        if torch.equal(compose(BASE.with_(class_index=i), generator), compose(BASE, generator))
    )
    leaning = BASE.with_(class_mix=(((drawn + 1) % 4, 0.4),))
    assert torch.equal(compose(leaning, generator), compose(leaning.with_(class_index=drawn), generator))


def test_the_seed_cache_tells_mixes_of_classes_apart():
    generator, cache = Mapper(c_dim=4), SeedCache()
    recipe = BASE.with_(class_index=0)
    for share in (0.2, 0.4, 0.2):
        mixed = recipe.with_(class_mix=((1, share),))
        assert torch.equal(compose(mixed, generator, cache), compose(mixed, generator))


def test_a_class_beyond_leaves_the_rest_of_a_mix():
    generator = Mapper(c_dim=3)
    resolved = resolve(BASE.with_(class_index=1, class_mix=((2, 0.5), (7, 0.25))), generator)
    assert resolved.recipe.class_mix == ((2, 0.5),)
    assert "class 7" in resolved.notices[0]


def test_a_carried_direction_needs_nobody_to_know_its_name():
    known = BASE.with_(directions=(Push("smile", 2.0, (0, 1)),))
    carried = BASE.with_(directions=(Push("smile", 2.0, (0, 1), SMILE["smile"].stored()),))
    assert torch.equal(compose(carried, G), compose(known, G, directions=SMILE))
    # Even where the name means something else.
    frown = {"smile": Direction("smile", "learned", -SMILE["smile"].vector)}
    assert torch.equal(compose(carried, G, directions=frown), compose(known, G, directions=SMILE))
    assert resolve(carried, G).notices == ()


def test_a_direction_per_row_is_carried_whole():
    wide = Direction("wide", "imported", torch.randn(8, 6), 2.0, (1, 2), "note")
    again = Direction.carried("wide", wide.stored())
    assert torch.equal(again.vector, wide.vector)
    assert (again.sigma, again.layers, again.kind) == (2.0, (1, 2), "imported")


def test_a_direction_switched_off_does_nothing_and_is_not_complained_about():
    off = BASE.with_(directions=(Push("unknown", 2.0, is_on=False),))
    assert torch.equal(compose(off, G), compose(BASE, G))
    assert resolve(off, G).notices == ()
