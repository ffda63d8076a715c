"""Films as values: where frames lie, what edits keep, the way to paper and back."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.errors import RecipeError
from explorer.recipe import Film, History, Keyframe, Mix, ModelRef, Moment, Push, Recipe, SeedBlend
from explorer.recipe import film_document as document
from explorer.recipe import film_edits as edits
from explorer.recipe.easing import EASINGS, ease
from explorer.recipe.film import PATHS, SPACES
from explorer.recipe.film_tracks import tracks
from tests.recipe.strategies import recipes

NET = ModelRef("net", "0" * 64)


def still(seed, **changes):
    return Recipe(NET, SeedBlend.of(seed), **changes)


@st.composite
def films(draw):
    fps = draw(st.sampled_from([1, 12.5, 24, 29.97, 60]))
    count = draw(st.integers(1, 4))
    cells = []
    for _ in range(count):
        times = sorted(draw(st.lists(st.floats(0, 20), max_size=4)))
        cells.append(
            tuple(
                Keyframe(
                    draw(recipes).with_(model=NET),
                    time,
                    draw(st.floats(0, 5)),
                    draw(st.sampled_from(sorted(EASINGS))),
                    draw(st.sampled_from(PATHS)),
                    draw(st.sampled_from(SPACES)),
                    draw(st.booleans()),
                )
                for time in (0.0, *times)
            )
        )
    columns = draw(st.sampled_from([n for n in range(1, count + 1) if count % n == 0]))
    size = draw(st.one_of(st.none(), st.integers(1, 8192)))
    return Film(tuple(cells), fps, draw(st.booleans()), 30.0, columns, size)


@pytest.mark.parametrize("name", EASINGS)
def test_every_easing_meets_both_ends(name):
    assert ease(name, 0) == 0
    assert ease(name, 1) == 1
    assert all(-0.5 < ease(name, i / 50) < 1.5 for i in range(51))


@settings(max_examples=30)
@given(films())
def test_a_film_survives_paper(film):
    text = document.dumps(film)
    assert document.loads(text) == film
    assert document.dumps(document.loads(text)) == text


@settings(max_examples=30)
@given(films(), st.data())
def test_frames_lie_between_their_keyframes(film, data):
    cell = data.draw(st.integers(0, len(film.cells) - 1))
    number = data.draw(st.integers(0, 2 * film.frames))
    place = film.place(number, cell)
    keys = film.cells[cell]
    assert 0 <= place.t < 1
    assert place.after in (place.before, place.before + 1, 0)
    if film.loop:
        assert place == film.place(number % film.frames, cell)
    elif number >= film.frames:
        assert place.before == len(keys) - 1


@settings(max_examples=30)
@given(films())
def test_every_keyframe_is_met_exactly(film):
    for cell, keys in enumerate(film.cells):
        for index, key in enumerate(keys):
            here = film.frame_at(key.time)
            place = film.place(here, cell)
            assert place.t == 0
            # Of two keyframes on one frame the later is seen.
            assert film.frame_at(keys[place.before].time) == here
            assert place.before >= index


def test_frames_are_counted_as_people_count_them():
    film = edits.film_of([still(1), still(2), still(3)], seconds=4, fps=30)
    assert film.frames == 120
    assert film.seconds == 4
    assert Moment(film, 119).recipe == still(3)
    loop = edits.film_of([still(1), still(2)], seconds=4, fps=30, loop=True)
    assert loop.frames == 120
    assert loop.place(60).before == 1
    assert loop.place(120) == loop.place(0)
    assert (loop.place(119).before, loop.place(119).after) == (1, 0)
    assert edits.film_of([still(1)], seconds=2, fps=10).frames == 20
    assert edits.film_of([still(1)], seconds=0.01, fps=10).frames == 1


def test_a_hold_stands_and_a_cut_jumps():
    keys = (Keyframe(still(1), 0, hold=1.0), Keyframe(still(2), 2, easing="cut"), Keyframe(still(3), 3))
    film = Film((keys,), fps=10)
    assert [film.place(n).before for n in (0, 10, 20, 30)] == [0, 0, 1, 2]
    assert Moment(film, 10).is_key
    assert film.place(15).t == 0.5
    assert Moment(film, 29).is_key
    assert Moment(film, 29).recipe == still(2)


@pytest.mark.parametrize(
    "broken",
    [
        lambda: Film(()),
        lambda: Film(((),)),
        lambda: Film(((Keyframe(still(1), 1.0),),)),
        lambda: Film(((Keyframe(still(1)), Keyframe(still(2), 3.0), Keyframe(still(3), 2.0)),)),
        lambda: Film(((Keyframe(still(1)), Keyframe(still(2), 3.0)),), loop=True, length=3.0),
        lambda: Film(((Keyframe(still(1)),),), fps=0),
        lambda: Film(((Keyframe(still(1)),),), fps=float("nan")),
        lambda: Film(((Keyframe(still(1)),),) * 3, columns=2),
        lambda: Film(((Keyframe(still(1)), Keyframe(Recipe(ModelRef("other")), 1.0)),)),
        lambda: Keyframe(still(1), easing="wobble"),
        lambda: Keyframe(still(1), path="crooked"),
        lambda: Keyframe(still(1), -1.0),
        lambda: Moment(Film(((Keyframe(still(1)),),)), -1),
        lambda: Moment(Film(((Keyframe(still(1)),),)), 0, 1),
    ],
)
def test_an_impossible_film_cannot_exist(broken):
    with pytest.raises(RecipeError):
        broken()


@settings(max_examples=30)
@given(films(), st.data())
def test_every_edit_gives_a_whole_film(film, data):
    for _ in range(4):
        cell = data.draw(st.integers(0, len(film.cells) - 1))
        index = data.draw(st.integers(0, len(film.cells[cell]) - 1))
        time = data.draw(st.floats(-5, 40))
        edit = data.draw(
            st.sampled_from(
                [
                    lambda f, c=cell, t=time: edits.add_key(f, still(9), t, c),
                    lambda f, c=cell: edits.add_key(f, still(9), None, c),
                    lambda f, c=cell, i=index, t=time: edits.move_key(f, i, t, c),
                    lambda f, c=cell, i=index: edits.reorder_key(f, i, 0, c),
                    lambda f, c=cell, i=index: edits.duplicate_key(f, i, None, c),
                    lambda f, c=cell, i=index: edits.delete_key(f, i, c),
                    lambda f, c=cell, i=index: edits.change_key(f, i, c, hold=3.0, easing="smooth"),
                    lambda f: edits.with_loop(f, not f.loop),
                    lambda f: edits.stretched(f, 1.5),
                ]
            )
        )
        film = edit(film)  # a Film checks itself
        assert document.loads(document.dumps(film)) == film


def test_edits_do_what_a_hand_means():
    film = edits.film_of([still(1), still(2), still(3)], seconds=None)
    assert [key.time for key in film.keys] == [0, 2, 4]
    moved = edits.move_key(film, 1, 5.0)
    assert [key.recipe for key in moved.keys] == [still(1), still(3), still(2)]
    swapped = edits.reorder_key(film, 2, 0)
    assert [key.recipe for key in swapped.keys] == [still(3), still(1), still(2)]
    assert [key.time for key in swapped.keys] == [0, 2, 4]
    assert [key.time for key in edits.duplicate_key(film, 0).keys] == [0, 1, 2, 4]
    assert edits.delete_key(film, 0).keys[0] == film.keys[1].with_(time=0)
    assert edits.with_loop(film, True).length == 6
    assert edits.add_key(film, still(4)).keys[-1].time == 6
    assert edits.change_key(film, 0, easing="smooth").keys[0].easing == "smooth"


def test_a_film_is_undone_like_a_recipe():
    film = edits.film_of([still(1), still(2)])
    history = History(film)
    for t in (2.5, 3.0, 3.5):
        history = history.edit(edits.move_key(film, 1, t), "Move keyframe", merge="key 1")
    assert history.present.keys[1].time == 3.5
    assert history.seal().undo().present is film


def test_tracks_show_what_moves():
    a = still(1, mixes=(Mix(5, "coarse", 0.5),), psi=0.5)
    b = still(1, mixes=(Mix(5, "coarse", 1.0),), psi=0.5, directions=(Push("smile", 2.0),))
    film = edits.film_of([a, b, a])
    found = {track.name: track for track in tracks(film)}
    assert set(found) == {"mix 5@coarse", "direction smile"}
    assert found["direction smile"].values == (None, 2.0, None)
    assert found["mix 5@coarse"].changes == (True, True)
    psi = next(track for track in tracks(film, all_of_them=True) if track.name == "psi")
    assert psi.values == (0.5, 0.5, 0.5)
    assert not psi.moves
    assert len(tracks(edits.with_loop(film, True))[0].changes) == 3


@settings(max_examples=30)
@given(films())
def test_a_film_of_one_still_has_no_moving_track(film):
    for cell, keys in enumerate(film.cells):
        same = film.with_(
            cells=tuple(
                tuple(k.with_(recipe=keys[0].recipe) for k in ks) if i == cell else ks
                for i, ks in enumerate(film.cells)
            )
        )
        assert tracks(same, cell) == ()


GOOD = document.to_json(edits.film_of([still(1), still(2)]))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "latent-explorer/recipe"},
        {"version": 99},
        {"version": True},
        {"fps": "30"},
        {"fps": 1e400},
        {"loop": 1},
        {"length": None},
        {"cells": []},
        {"cells": [[]]},
        {"cells": {"a": 1}},
        {"cells": [[5]]},
        {"cells": [[{}]]},
        {"cells": [[{"easing": []}]]},
        {"columns": 0},
        {"columns": 10**30},
        {"size": -1},
        {"size": True},
        {"surprise": 1},
    ],
)
def test_hostile_documents_are_refused_in_words(change):
    with pytest.raises(RecipeError):
        document.from_json(GOOD | change)


@pytest.mark.parametrize("text", ["", "[]", "nonsense", '{"kind": NaN}', "[" * 100_000, "1" * 10_000])
def test_hostile_texts_are_refused_in_words(text):
    with pytest.raises(RecipeError):
        document.loads(text)


@given(st.data())
def test_a_damaged_document_is_a_film_or_an_error_in_words(data):
    copy = json.loads(json.dumps(GOOD))
    key = copy["cells"][0][0]
    target = data.draw(st.sampled_from([copy, key, key["recipe"]]))
    name = data.draw(st.sampled_from(sorted(target)))
    target[name] = data.draw(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
            ),
            max_leaves=4,
        )
    )
    with contextlib.suppress(RecipeError):
        document.from_json(copy)


def walk(times):
    """A film of different recipes at these times and 0."""
    model = ModelRef("faces", "f" * 64)
    times = [0.0, *sorted(times)]
    keys = (Keyframe(Recipe(model, SeedBlend.of(i)), time) for i, time in enumerate(times))
    return Film((tuple(keys),))


some_times = st.lists(st.integers(0, 12).map(float), max_size=4)


@given(some_times, st.integers(0, 4), st.integers(0, 14))
def test_a_moved_keyframe_is_found_again(times, index, time):
    film = walk(times)
    index = min(index, len(times))
    moved = edits.move_key(film, index, time)
    assert moved.keys[edits.place_after_move(film, index, time)].recipe == film.keys[index].recipe


@given(st.lists(some_times, min_size=1, max_size=7))
def test_films_beside_each_other_keep_their_keyframes_and_fill_the_grid(several):
    first, *others = map(walk, several)
    both = first
    for other in others:
        both = edits.beside(both, other)
    assert both.cells == (first.keys, *(other.keys for other in others))
    assert both.columns in edits.shapes(both)
    assert both.columns >= both.rows
    while len(both.cells) > 1:
        both = edits.without_cell(both, len(both.cells) - 1)
    assert both.cells == first.cells
    assert edits.without_cell(both, 0) is both


@given(some_times, some_times, st.integers(0, 10))
def test_the_keyframes_of_an_inserted_film_keep_their_distances(times, others, time):
    film, other = walk(times), walk(others)
    longer = edits.insert_film(film, other, time)
    wanted = sorted([*(key.time for key in film.keys), *(key.time + time for key in other.keys)])
    assert [key.time for key in longer.keys] == wanted
