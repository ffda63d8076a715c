"""A finish survives its spelling; anything else is refused in words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import ExportError, RecipeError
from explorer.recipe.finish import BITS, CORNERS, LABEL_SIZES, UPSCALES, Finish, Label, loads

FINISHES = st.builds(
    Finish,
    st.sampled_from(BITS),
    st.sampled_from(UPSCALES),
    st.none() | st.builds(Label, st.sampled_from(CORNERS), st.sampled_from(LABEL_SIZES)),
    st.none() | st.integers(1, 100),
    st.booleans(),
)


@given(FINISHES)
def test_what_is_written_is_read_back(finish):
    assert loads(finish.dumps()) == finish
    assert finish.is_plain == (finish == Finish(mark=False))
    assert bool(finish.in_words()) != finish.is_plain


@pytest.mark.parametrize(
    "change",
    [
        {"bits": 12},
        {"bits": True},
        {"upscale": 3},
        {"upscale": "2"},
        {"quality": 0},
        {"quality": 1.5},
        {"label": {"corner": "middle", "size": "small"}},
        {"label": {"corner": "top-left"}},
        {"label": "yes"},
        {"kind": "other"},
        {"version": 3},
        {"mark": "yes"},
    ],
)
def test_strange_values_are_refused(change):
    with pytest.raises(RecipeError):
        loads(json.dumps(Finish().to_json() | change))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", "[" * 5000, " " * 5000])
def test_strange_texts_are_refused(text):
    with pytest.raises(RecipeError):
        loads(text)


def test_a_finish_no_program_can_do_is_refused_at_once():
    for make in (lambda: Finish(bits=10), lambda: Finish(upscale=0), lambda: Finish(quality=101)):
        with pytest.raises(ExportError):
            make()
    for make in (lambda: Label("centre"), lambda: Label(size="huge")):
        with pytest.raises(ExportError):
            make()


def test_files_from_before_the_mark_say_that_there_is_none():
    old = {key: value for key, value in Finish(upscale=2).to_json().items() if key != "mark"}
    assert loads(json.dumps(old | {"version": 1})) == Finish(upscale=2, mark=False)
    with pytest.raises(RecipeError):
        loads(json.dumps(old))
