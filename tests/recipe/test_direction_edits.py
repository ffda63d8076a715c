from hypothesis import given
from hypothesis import strategies as st

from explorer.recipe import ModelRef, Push, Recipe, StoredDirection, direction_edits
from tests.recipe import strategies as some

BASE = Recipe(ModelRef("faces"))


@given(some.recipes, some.pushes, st.integers(0, 3))
def test_a_push_put_in_is_the_only_change(recipe, push, place):
    before = direction_edits.pushes_of(recipe, push.name)
    after = direction_edits.with_push(recipe, push, place, keep=True)
    own = direction_edits.pushes_of(after, push.name)
    place = min(place, len(before))
    assert own[place] == push
    assert own[:place] == before[:place]
    assert own[place + 1 :] == before[place + 1 :]
    others = [p for p in recipe.directions if p.name != push.name]
    assert [p for p in after.directions if p.name != push.name] == others


def test_a_push_that_says_nothing_goes():
    pushed = direction_edits.with_push(BASE, Push("smile", 2.0))
    assert direction_edits.with_push(pushed, Push("smile", 0.0)) == BASE
    assert direction_edits.with_push(BASE, Push("smile", 0.0)) == BASE
    assert direction_edits.with_push(pushed, Push("smile", 0.0, "fine")).directions
    assert direction_edits.with_push(pushed, Push("smile", 0.0, is_on=False)).directions
    assert direction_edits.with_push(pushed, Push("smile", 0.0, is_locked=True)).directions
    assert direction_edits.with_push(pushed, Push("smile", 0.0, row_strengths=((3, 0.5),))).directions


def test_only_what_a_recipe_carries_can_be_renamed():
    stored = StoredDirection(1, 1, bytes(4))
    recipe = BASE.with_(directions=(Push("a", 1.0, stored=stored), Push("a", 1.0)))
    assert [push.name for push in direction_edits.renamed(recipe, "a", "b").directions] == ["b", "a"]
    assert direction_edits.without(recipe, "a") == BASE


@given(some.pushes, some.layers, st.lists(st.sampled_from([0.0, 0.25, 1.0, 2.0]), min_size=1, max_size=18))
def test_strengths_of_rows_there_and_back(push, own, strengths):
    edited = direction_edits.with_row_strengths(push, strengths, own)
    assert direction_edits.row_strengths(edited, own, len(strengths)) == tuple(strengths)
    assert direction_edits.with_row_strengths(edited, strengths, own) == edited
    assert (edited.name, edited.amount, edited.is_locked) == (push.name, push.amount, push.is_locked)


def test_strengths_keep_a_zone_and_what_a_larger_network_has():
    push = Push("smile", 1.0, "coarse")
    half = direction_edits.with_row_strengths(push, [1, 0.5, 1, 1, 0, 0], "all")
    assert (half.layers, half.row_strengths) == ("coarse", ((1, 0.5),))
    assert direction_edits.with_row_strengths(half, [1, 1, 1, 1, 0, 0], "all") == push
    wider = direction_edits.with_row_strengths(half, [1, 0.5, 1, 1, 0, 2], "all")
    assert (wider.layers, wider.row_strengths) == ((0, 1, 2, 3, 5), ((1, 0.5), (5, 2.0)))
    large = Push("smile", 1.0, (2, 9, 10), row_strengths=((9, 0.5),))
    small = direction_edits.with_row_strengths(large, [1, 0, 0, 0], "all")
    assert (small.layers, small.row_strengths) == ((0, 2, 9, 10), ((2, 0.0), (9, 0.5)))
