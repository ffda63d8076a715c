"""Sessions: there and back, and refusals that name what is wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import RecipeError
from explorer.gui import session
from explorer.gui.session import Session
from explorer.recipe import History, Recipe, Work, document, film_edits
from tests.gui.fakes import FACES
from tests.recipe.strategies import recipes


@given(st.lists(recipes, min_size=1, max_size=6), st.integers(0, 5))
def test_history_survives_the_way_to_paper(steps, undone):
    history = History(Work(steps[0]))
    for number, recipe in enumerate(steps[1:]):
        history = history.edit(Work(recipe), f"step {number}")
    for _ in range(undone):
        history = history.undo()
    kept = session.loads(session.dumps(Session(history, {"scale": 2.0})))
    assert kept.history == history
    assert kept.view == {"scale": 2.0}


def test_films_and_music_survive_the_way_to_paper():
    recipe = Recipe(FACES)
    film = film_edits.film_of([recipe, recipe.with_(psi=0.5)])
    history = History(Work(recipe))
    for number in range(4):
        film = film_edits.add_key(film, recipe.with_(psi=number / 10))
        history = history.edit(history.present.with_(film=film), "Add keyframe")
    history = history.edit(history.present.with_(music="/songs/one.mp3"), "Music").undo().undo()
    assert session.loads(session.dumps(Session(history))).history == history


def test_a_session_without_films_is_one_that_older_programs_read():
    assert json.loads(session.dumps(Session(History(Work(Recipe(FACES))))))["version"] == 1


def test_only_so_many_films_are_written():
    recipe = Recipe(FACES)
    history = History(Work(recipe))
    for number in range(session.FILMS + 9):
        film = film_edits.film_of([recipe, recipe.with_(psi=number / 100)])
        history = history.edit(Work(recipe, film), "Change keyframe")
    data = session.dumps(Session(history))
    assert len(json.loads(data)["films"]) == session.FILMS
    kept = session.loads(data).history
    assert kept.present == history.present
    assert kept.undo().present == history.undo().present


@pytest.mark.parametrize("now", [{"film": 1}, {"film": -1}, {"film": True}, {"film": "0"}, {"music": 3}, 7])
def test_a_damaged_film_in_a_session_is_refused(now):
    data = json.loads(
        session.dumps(Session(History(Work(Recipe(FACES), film_edits.film_of([Recipe(FACES)])))))
    )
    with pytest.raises(RecipeError):
        session.loads(json.dumps({**data, "now": now}))


def test_only_the_nearest_steps_are_written():
    history = History(Work(Recipe(FACES, psi=0.0)))
    for number in range(session.STEPS + 20):
        history = history.edit(Work(Recipe(FACES, psi=number / 1000 + 0.001)), "step")
    kept = session.loads(session.dumps(Session(history))).history
    assert len(kept.past) == session.STEPS
    assert kept.present == history.present
    assert kept.undo().present == history.undo().present


def test_a_bare_recipe_is_a_session_without_past():
    recipe = Recipe(FACES, psi=0.3)
    assert session.loads(document.dumps(recipe)).history == History(Work(recipe))


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
        session.loads(json.dumps({"kind": session.KIND, "version": 3}))


def test_writing_leaves_no_part_behind(tmp_path):
    path = tmp_path / "a.json"
    session.write(path, Session(History(Work(Recipe(FACES)))))
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["a.json"]
    assert session.read(path).history.present == Work(Recipe(FACES))
