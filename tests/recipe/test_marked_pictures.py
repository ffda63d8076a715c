"""Marked pictures, and their paper form."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.errors import RecipeError
from explorer.recipe import ModelRef, Recipe, SeedBlend
from explorer.recipe.marked_pictures import MarkedPictures, dumps, loads
from tests.recipe import strategies as some

MODEL = ModelRef("faces", "a" * 64)


def face(seed):
    return Recipe(MODEL, base=SeedBlend.of(seed))


@settings(max_examples=20)
@given(st.dictionaries(some.recipes, st.booleans(), max_size=4), some.names, some.names)
def test_there_and_back(marked, name, note):
    marks = MarkedPictures(MODEL, name, note, tuple(marked.items()), (name,))
    assert loads(dumps(marks)) == marks


def test_a_picture_is_marked_once_and_may_be_taken_back():
    marks = MarkedPictures(MODEL).with_mark(face(1), True).with_mark(face(2), False).with_mark(face(1), False)
    assert marks.marked == ((face(2), False), (face(1), False))
    assert marks.of(True) == ()
    assert list(marks.without(face(2))) == [face(1)]
    with pytest.raises(RecipeError, match="twice"):
        MarkedPictures(MODEL, marked=((face(1), True), (face(1), False)))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"kind": "latent-explorer/recipe"}, "no marks"),
        ({"version": 2}, "newer"),
        ({"version": None}, "version"),
        ({"order": [True]}, "order"),
        ({"more": [{}]}, "not a recipe"),
        ({"more": 3}, "damaged"),
        ({"model": {}}, "damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_with_words(change, word):
    text = dumps(MarkedPictures(MODEL).with_mark(face(1), True).with_mark(face(2), False))
    with pytest.raises(RecipeError, match=word):
        loads(json.dumps(json.loads(text) | change))
    with pytest.raises(RecipeError, match="no marks"):
        loads(text[:-4])
