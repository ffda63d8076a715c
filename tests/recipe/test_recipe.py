import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import RecipeError
from explorer.recipe import Mix, ModelRef, Noise, Push, Recipe, SeedBlend, StoredLatent, edits
from tests.recipe import strategies as some

FACES = ModelRef("faces")


@pytest.mark.parametrize(
    "make",
    [
        lambda: SeedBlend(()),
        lambda: SeedBlend(((1, 0.5),)),
        lambda: SeedBlend(((-1, 1.0),)),
        lambda: SeedBlend(((2**32, 1.0),)),
        lambda: SeedBlend(((True, 1.0),)),
        lambda: SeedBlend(((1, math.nan), (2, 1.0))),
        lambda: Mix(1, ()),
        lambda: Mix(1, (3, 1)),
        lambda: Mix(1, (1, 1)),
        lambda: Mix(1, "middling"),
        lambda: Mix(1, (64,)),
        lambda: Mix(1, (0,), math.inf),
        lambda: Push("", 1.0),
        lambda: Noise("loud"),
        lambda: Noise("const", 0, -1),
        lambda: StoredLatent(2, 4, b"short"),
        lambda: ModelRef(""),
        lambda: ModelRef("faces", "ABC"),
        lambda: Recipe(FACES, psi=math.nan),
        lambda: Recipe(FACES, psi=11),
        lambda: Recipe(FACES, cutoff=-1),
        lambda: Recipe(FACES, class_index=True),
        lambda: Recipe(FACES, class_mix=((True, 0.5),)),
        lambda: Recipe(FACES, class_mix=((-1, 0.5),)),
        lambda: Recipe(FACES, class_mix=((1, 1.5),)),
        lambda: Recipe(FACES, class_mix=((1, -0.1),)),
        lambda: Recipe(FACES, class_mix=((1, math.nan),)),
        lambda: Recipe(FACES, class_mix=((1, 0.6), (2, 0.6))),
        lambda: Recipe(FACES, class_mix=((1, 0.2), (1, 0.2))),
    ],
)
def test_an_impossible_recipe_cannot_be_made(make):
    with pytest.raises(RecipeError):
        make()


@given(some.recipes)
def test_recipes_are_values(recipe):
    twin = recipe.with_()
    assert twin is not recipe
    assert twin == recipe
    assert hash(twin) == hash(recipe)


@given(some.sources, some.sources, st.floats(0, 1))
def test_blend_of_a_and_b(a, b, t):
    recipe = edits.with_blend(Recipe(FACES, base=edits.alone(a)), t, b)
    assert (edits.source_a(recipe), edits.source_b(recipe), edits.blend(recipe)) == (a, b, t)


@given(some.sources, some.sources)
def test_changing_a_keeps_every_other_wish(a, new):
    recipe = edits.with_row_strengths(edits.with_blend(Recipe(FACES, psi=0.5), 0.25, 9), (0, 1, 0.5), 9)
    recipe = edits.with_seed_a(recipe, a)
    changed = edits.with_seed_a(recipe, new)
    assert edits.source_a(changed) == new
    assert edits.with_seed_a(changed, a) == recipe


@given(st.lists(st.floats(-1, 2), min_size=1, max_size=18), some.sources)
def test_row_strengths_come_back_as_given(strengths, b):
    recipe = edits.with_row_strengths(Recipe(FACES), strengths, b)
    assert edits.row_strengths(recipe, len(strengths)) == tuple(strengths)
    assert edits.source_b(recipe) == b


def test_rows_beyond_a_small_network_keep_their_wish():
    wish = edits.with_row_strengths(Recipe(FACES), [0.0] * 17 + [1.0], 5)
    edited = edits.with_row_strengths(wish, [0.5] * 8, 5)
    assert edits.row_strengths(edited, 18) == (0.5,) * 8 + (0.0,) * 9 + (1.0,)


def test_mixes_towards_other_seeds_are_left_alone():
    other = Mix(77, "fine", 0.3)
    recipe = Recipe(FACES, base=SeedBlend.between(1, 2, 0.0), mixes=(Mix(2, (0,), 1.0), other))
    edited = edits.with_row_strengths(recipe, (0.0, 1.0), 2)
    assert other in edited.mixes
    assert edits.row_strengths(edited, 2) == (0.0, 1.0)


@given(some.sources, some.sources, st.floats(0, 1))
def test_swap_exchanges_the_seeds_and_keeps_the_sliders(a, b, t):
    recipe = edits.with_row_strengths(
        edits.with_blend(Recipe(FACES, base=edits.alone(a)), t, b), (0.0, 0.5), b
    )
    swapped = edits.swapped(recipe)
    assert (edits.source_a(swapped), edits.source_b(swapped)) == (b, a)
    assert edits.blend(swapped) == edits.blend(recipe)
    assert edits.row_strengths(swapped, 2) == (0.0, 0.5)


def test_changing_b_takes_its_rows_along():
    recipe = edits.with_row_strengths(Recipe(FACES), (1.0, 0.0), 5)
    changed = edits.with_seed_b(recipe, 6)
    assert edits.seed_b(changed) == 6
    assert edits.row_strengths(changed, 2) == (1.0, 0.0)


@pytest.mark.parametrize(("num_ws", "fine"), [(8, 0), (10, 2), (12, 4), (18, 10)])
def test_zones_cover_every_row_once(num_ws, fine):
    zones = edits.zone_rows(num_ws)
    assert zones["coarse"] + zones["middle"] + zones["fine"] == zones["all"] == tuple(range(num_ws))
    assert len(zones["fine"]) == fine


def test_latents_are_told_wherever_they_stand():
    one, two = StoredLatent(1, 1, b"1234"), StoredLatent(1, 1, b"5678")
    mixed = Recipe(FACES, base=SeedBlend.between(7, one, 0.0), mixes=(Mix(two, "fine"), Mix(one, "coarse")))
    assert mixed.latents == (one, two)
    assert Recipe(FACES, base=one).latents == (one,)
    assert Recipe(FACES).latents == ()


def test_a_stored_latent_is_as_good_an_a_as_a_seed():
    latent = StoredLatent(1, 1, b"1234")
    recipe = Recipe(FACES, base=latent)
    assert (edits.source_a(recipe), edits.seed_a(recipe)) == (latent, None)
    blended = edits.with_blend(recipe, 0.25, 9)
    assert edits.blend(blended) == 0.25
    assert edits.source_a(edits.with_seed_b(recipe, 5)) == latent
    assert edits.with_seed_a(recipe, 3).base == SeedBlend.of(3)
    assert edits.source_b(edits.swapped(blended)) == latent
