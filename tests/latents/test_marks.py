import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import DirectionError
from explorer.latents import marks as form
from explorer.latents.marks import Marks
from explorer.recipe import SEED_LIMIT

seeds = st.lists(st.integers(0, SEED_LIMIT - 1), unique=True, max_size=8)
names = st.text(st.sampled_from('ab ,"é-'), min_size=1, max_size=8).map(str.strip).filter(bool)


@st.composite
def all_marks(draw):
    found = []
    for name in draw(st.lists(names, unique=True, min_size=1, max_size=3)):
        some = draw(seeds)
        cut = draw(st.integers(0, len(some)))
        keep = tuple(draw(st.lists(names, unique=True, max_size=2)))
        if some or keep:
            found.append(Marks(name, tuple(some[:cut]), tuple(some[cut:]), keep))
    return tuple(found)


@given(all_marks())
def test_there_and_back(marks):
    assert form.loads(form.dumps(marks, "who marked them\nand why")) == marks


def test_of_two_marks_the_newer_counts():
    marks = Marks("smile", (1, 2), (3,)).with_((3, 4), (1,), ("turn",))
    assert marks == Marks("smile", (2, 3, 4), (1,), ("turn",))
    assert marks.with_((), (), ("turn",)) == marks


def test_a_file_as_a_person_writes_it():
    text = "# mine\n\ndirection, mark, of\nsmile,more,17\n smile , less , 4 \nsmile,keep,hair length\n# end\n"
    assert form.loads(text) == (Marks("smile", (17,), (4,), ("hair length",)),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no file of marks"),
        ("name,seed\nsmile,1\n", "no file of marks"),
        ("direction,mark,of\nsmile,maybe,1\n", "line 2"),
        ("direction,mark,of\nsmile,more,-1\n", "seed"),
        ("direction,mark,of\nsmile,more,99999999999999999999999\n", "seed"),
        ("direction,mark,of\nsmile,more,1\nsmile,less,1\n", "twice"),
        ('direction,mark,of\n"smile,more,1\n', "line 2"),
        ("direction,mark,of\n,more,1\n", "line 2"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_line(text, words):
    with pytest.raises(DirectionError, match=words):
        form.loads(text, "x.csv")
