"""The store tells about changes, and about nothing else."""

import pytest

from explorer.gui.store import Store
from explorer.recipe import History, Recipe, Work, film_edits
from tests.gui.fakes import FACES

START = Recipe(FACES)


@pytest.fixture
def store():
    return Store(START)


@pytest.fixture
def told(store):
    told = []
    store.changed.connect(lambda old, new: told.append((old.psi, new.psi)))
    return told


def test_an_edit_is_told_with_old_and_new(store, told):
    store.edit(START.with_(psi=0.5), "Change psi")
    assert told == [(1.0, 0.5)]
    assert store.history.undo_name == "Change psi"


def test_an_edit_that_changes_nothing_is_nothing(store, told, qtbot):
    with qtbot.assertNotEmitted(store.history_changed):
        store.edit(Recipe(FACES), "Nothing")
    assert told == []
    assert not store.history.can_undo


def test_a_drag_is_one_step_and_rests_when_sealed(store, qtbot):
    with qtbot.assertNotEmitted(store.rested):
        for psi in (0.9, 0.8, 0.7):
            store.edit(START.with_(psi=psi), "Change psi", merge="psi")
    assert store.is_dragging
    with qtbot.waitSignal(store.rested):
        store.seal()
    store.undo()
    assert store.recipe is START
    store.redo()
    assert store.recipe.psi == 0.7


def test_a_drag_back_to_its_start_leaves_no_step(store):
    store.edit(START.with_(psi=0.2), "Change psi", merge="psi")
    store.edit(START, "Change psi", merge="psi")
    store.seal()
    assert not store.history.can_undo


def test_a_restored_history_is_told_once(store, told):
    history = History(Work(START))
    for name, psi in (("a", 0.1), ("b", 0.2)):
        history = history.edit(Work(START.with_(psi=psi)), name)
    store.restore(history)
    assert told == [(1.0, 0.2)]
    store.undo()
    store.undo()
    assert store.recipe == START


def test_film_and_music_are_undone_in_the_order_they_were_edited(store, told, qtbot):
    film = film_edits.film_of([START, START.with_(psi=0.5)])
    with qtbot.waitSignal(store.film_changed) as changed:
        store.edit_film(film, "Add keyframe")
    assert changed.args == [None, film]
    store.edit(START.with_(psi=0.2), "Change psi")
    store.edit_music("/song.ogg", "Put music under the film")
    store.undo()
    assert (store.music, store.film, store.recipe.psi) == ("", film, 0.2)
    store.undo()
    assert (store.film, store.recipe) == (film, START)
    store.undo()
    assert store.film is None
    assert told == [(1.0, 0.2), (0.2, 1.0)]
