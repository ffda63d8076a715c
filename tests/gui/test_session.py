"""Sessions: there and back, and refusals that name what is wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import RecipeError
from explorer.gui import session
from explorer.gui.session import Session
from explorer.recipe import History, Recipe, document
from tests.gui.fakes import FACES
from tests.recipe.strategies import recipes


@given(st.lists(recipes, min_size=1, max_size=6), st.integers(0, 5))
def test_history_survives_the_way_to_paper(steps, undone):
    history = History(steps[0])
    for number, recipe in enumerate(steps[1:]):
        history = history.edit(recipe, f"step {number}")
    for _ in range(undone):
        history = history.undo()
    kept = session.loads(session.dumps(Session(history, {"scale": 2.0})))
    assert kept.history == history
    assert kept.view == {"scale": 2.0}


def test_only_the_nearest_steps_are_written():
    history = History(Recipe(FACES, psi=0.0))
    for number in range(session.STEPS + 20):
        history = history.edit(Recipe(FACES, psi=number / 1000 + 0.001), "step")
    kept = session.loads(session.dumps(Session(history))).history
    assert len(kept.past) == session.STEPS
    assert kept.present == history.present
    assert kept.undo().present == history.undo().present


def test_a_bare_recipe_is_a_session_without_past():
    recipe = Recipe(FACES, psi=0.3)
    assert session.loads(document.dumps(recipe)).history == History(recipe)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"kind": "something else"}',
        json.dumps({"kind": session.KIND, "version": 99}),
        json.dumps({"kind": session.KIND, "version": 1}),
        json.dumps({"kind": session.KIND, "version": 1, "present": 3, "past": [], "future": [], "view": {}}),
        "[" * 100_000,
    ],
)
def test_what_is_no_session_is_refused_in_words(text, tmp_path):
    with pytest.raises(RecipeError):
        session.loads(text)
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(RecipeError, match="bad"):
        session.read(tmp_path / "bad.json")


def test_a_newer_session_says_to_update():
    with pytest.raises(RecipeError, match="update the program"):
        session.loads(json.dumps({"kind": session.KIND, "version": 2}))


def test_writing_leaves_no_part_behind(tmp_path):
    path = tmp_path / "a.json"
    session.write(path, Session(History(Recipe(FACES))))
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["a.json"]
    assert session.read(path).history.present == Recipe(FACES)
