import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import RecipeError
from explorer.recipe import Mix, Push
from explorer.recipe import notation as n
from tests.recipe import strategies as some


@given(st.lists(some.seeds, min_size=1, max_size=20).map(tuple))
def test_seeds_there_and_back(seeds):
    assert n.parse_seeds(n.format_seeds(seeds)) == seeds


@given(some.layers)
def test_layers_there_and_back(layers):
    assert n.parse_layers(n.format_layers(layers)) == layers


@given(some.mixes)
def test_mix_there_and_back(mix):
    assert n.parse_mix(n.format_mix(mix)) == mix


@given(some.plain_pushes)
def test_push_there_and_back(push):
    assert n.parse_push(n.format_push(push)) == push


def test_examples_of_the_manual():
    assert n.parse_seeds("0-3,7") == (0, 1, 2, 3, 7)
    assert n.parse_layers("4-7") == (4, 5, 6, 7)
    assert n.parse_layers("0,2, 5") == (0, 2, 5)
    assert n.parse_layers("Coarse") == "coarse"
    assert n.parse_mix("42@coarse*0.5") == Mix(42, "coarse", 0.5)
    assert n.parse_mix("42@0-3") == Mix(42, (0, 1, 2, 3))
    assert n.parse_mix("7@8*-.5").strength == -0.5
    assert n.parse_amounts("0.3,0.7,1") == (0.3, 0.7, 1)
    assert n.parse_amounts("-3:3:3") == (-3, 0, 3)
    assert len(n.parse_amounts("0:1")) == n.STEPS
    assert n.parse_push("smile=2@4-8") == Push("smile", 2.0, (4, 5, 6, 7, 8))
    assert n.parse_push("smile=-1.5") == Push("smile", -1.5)
    assert n.parse_push("smile=2@4-6,7*.5") == Push("smile", 2, (4, 5, 6, 7), row_strengths=((7, 0.5),))
    assert n.parse_push("smile=2@coarse, 1*0") == Push("smile", 2, "coarse", row_strengths=((1, 0),))
    assert n.parse_push("smile=2@own,1-2*.5").row_strengths == ((1, 0.5), (2, 0.5))
    assert n.parse_push("age=0:lock") == Push("age", 0, is_locked=True)
    assert n.parse_push("age=1@0-2 : lock:off") == Push("age", 1, (0, 1, 2), is_on=False, is_locked=True)


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (n.parse_seeds, ""),
        (n.parse_seeds, "a"),
        (n.parse_seeds, "3-1"),
        (n.parse_seeds, "-5"),
        (n.parse_seeds, "4294967296"),
        (n.parse_seeds, "0-4294967295"),
        (n.parse_amounts, ""),
        (n.parse_amounts, "1:2:1"),
        (n.parse_amounts, "0:1:2:3"),
        (n.parse_amounts, "nan"),
        (n.parse_layers, ""),
        (n.parse_layers, "7-4"),
        (n.parse_layers, "99"),
        (n.parse_mix, "42"),
        (n.parse_mix, "42@"),
        (n.parse_mix, "42@coarse*much"),
        (n.parse_mix, "4294967296@coarse"),
        (n.parse_push, "smile"),
        (n.parse_push, "=2"),
        (n.parse_push, "smile=nan"),
        (n.parse_push, "smile=2@elsewhere"),
        (n.parse_push, "smile=2@coarse*0.5"),
        (n.parse_push, "smile=2@coarse,4"),
        (n.parse_push, "smile=2@4*"),
        (n.parse_push, "smile=2:hold"),
    ],
)
def test_what_cannot_be_read_is_refused_with_words(parse, text):
    with pytest.raises(RecipeError) as caught:
        parse(text)
    assert len(str(caught.value)) > 20
