from hypothesis import given
from hypothesis import strategies as st

from explorer.recipe import History

# Values that are equal without being the same object, as recipes are.
values = st.tuples(st.integers(0, 3))


@given(st.lists(values, max_size=30))
def test_undo_of_all_edits_stands_on_the_same_object(edits):
    start = ("start",)
    history = History(start)
    for value in edits:
        history = history.edit(value, "change")
    end = history.present
    steps = 0
    while history.can_undo:
        history = history.undo()
        steps += 1
    assert history.present is start
    for _ in range(steps):
        history = history.redo()
    assert history.present is end
    assert not history.can_redo


def test_a_drag_is_one_step():
    history = History(0)
    for value in range(1, 50):
        history = history.edit(value, "Change psi", merge="psi")
    history = history.seal()
    assert history.present == 49
    assert history.undo_name == "Change psi"
    assert history.undo().present == 0
    assert not history.undo().can_undo


def test_a_sealed_drag_and_the_next_are_two_steps():
    history = History(0).edit(1, "psi", merge="psi").seal().edit(2, "psi", merge="psi").seal()
    assert history.undo().present == 1


def test_another_key_begins_another_step():
    history = History(0).edit(1, "psi", merge="psi").edit(2, "blend", merge="blend")
    assert history.undo().present == 1
    assert history.undo().redo_name == "blend"


def test_an_edit_that_changes_nothing_is_nothing():
    history = History((1,))
    assert history.edit((1,), "same") is history
    assert history.edit((1,), "same", merge="psi") is history


def test_a_drag_that_ends_where_it_began_leaves_nothing_to_undo():
    start = (0,)
    history = History(start).edit((1,), "psi", merge="psi").edit((0,), "psi", merge="psi").seal()
    assert history.present is start
    assert not history.can_undo


def test_an_edit_after_undo_forgets_the_future():
    history = History(0).edit(1, "a").edit(2, "b").undo().edit(3, "c")
    assert not history.can_redo
    assert history.undo().present == 1


def test_undo_ends_a_drag():
    history = History(0).edit(1, "psi", merge="psi").undo().edit(2, "psi", merge="psi")
    assert history.undo().present == 0


def test_the_oldest_steps_go_first():
    history = History(0, limit=3)
    for value in range(1, 10):
        history = history.edit(value, "change")
    assert len(history.past) == 3
    assert history.undo().undo().undo().present == 6
