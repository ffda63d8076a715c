"""Classes chosen and mixed by hand: every edit of a recipe is a recipe again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.recipe import ModelRef, Recipe, class_edits, film_edits, film_tracks
from tests.recipe import strategies as some

BASE = Recipe(ModelRef("zoo"), class_index=0)
mixed = some.class_mixes.filter(bool).map(lambda mix: BASE.with_(class_index=None, class_mix=mix))


@given(mixed, st.integers(0, 63), st.floats(0, 1))
def test_weights_never_come_to_more_than_1(recipe, place, weight):
    place %= len(recipe.class_mix)
    edited = class_edits.with_class_weight(recipe, place, weight)
    assert edited.class_mix[place] == (recipe.class_mix[place][0], weight)
    assert 0 <= class_edits.own_share(edited) <= 1
    if sum(w for i, (_, w) in enumerate(recipe.class_mix) if i != place) + weight <= 1:
        # The first class gives way alone, as long as it can.
        assert all(
            new == pytest.approx(old, abs=1e-6)
            for i, ((_, new), (_, old)) in enumerate(zip(edited.class_mix, recipe.class_mix, strict=True))
            if i != place
        )


@given(mixed, st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_what_gave_way_comes_back_when_the_hand_does(recipe, weights):
    held, dragged = recipe.class_mix, recipe
    for weight in (*weights, held[0][1]):
        dragged = class_edits.with_class_weight(dragged, 0, weight, held)
    assert dragged.class_mix == tuple((i, w if n == 0 else round(w, 6)) for n, (i, w) in enumerate(held))


@given(mixed, st.integers(0, 999))
def test_no_class_is_named_twice(recipe, index):
    for edited in (
        class_edits.with_class(recipe, index),
        class_edits.with_mixed_class(recipe, index),
        class_edits.replace_mixed_class(recipe, 0, index),
    ):
        named = [edited.class_index, *(i for i, _ in edited.class_mix)]
        assert len(set(named)) == len(named)


def test_a_film_between_two_mixes_moves_their_weights():
    ends = (BASE.with_(class_mix=((2, 0.0),)), BASE.with_(class_mix=((2, 0.5),)))
    (track,) = film_tracks.tracks(film_edits.film_of(ends))
    assert (track.name, track.values) == ("class 2", (0.0, 0.5))


def test_a_free_class_is_offered_until_all_are_in_use():
    recipe, offered = BASE, []
    while (index := class_edits.next_free_class(recipe, 4)) is not None:
        offered.append(index)
        recipe = class_edits.with_mixed_class(recipe, index)
    assert offered == [1, 2, 3]
    assert class_edits.without_mixed_class(recipe, 1).class_mix == ((1, 0.0), (3, 0.0))
