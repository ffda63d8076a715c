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


def test_only_what_a_recipe_carries_can_be_renamed():
    stored = StoredDirection(1, 1, bytes(4))
    recipe = BASE.with_(directions=(Push("a", 1.0, stored=stored), Push("a", 1.0)))
    assert [push.name for push in direction_edits.renamed(recipe, "a", "b").directions] == ["b", "a"]
    assert direction_edits.without(recipe, "a") == BASE
