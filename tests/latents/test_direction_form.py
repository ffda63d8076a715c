import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import DirectionError
from explorer.latents import Direction, direction_form
from explorer.latents.direction_form import DirectionSet
from explorer.recipe import ModelRef

SET = DirectionSet(
    ModelRef("faces", "ab" * 32),
    num_ws=4,
    w_dim=3,
    directions=(
        Direction("smile", "learned", torch.tensor([1.0, 2.0, 3.0]), 0.5, "middle", "ja", {"smile": 1.5}),
        Direction("turn", "pca", torch.arange(12.0).reshape(4, 3), 2.0, (0, 1)),
    ),
    author="me",
    licence="CC0",
)


def test_there_and_back():
    data = direction_form.dumps(SET)
    read = direction_form.loads(data)
    assert (read.model, read.num_ws, read.w_dim, read.author, read.licence) == (SET.model, 4, 3, "me", "CC0")
    for a, b in zip(read.directions, SET.directions, strict=True):
        assert torch.equal(a.vector, b.vector)
        assert (a.name, a.kind, a.sigma, a.layers, a.note, dict(a.effects)) == (
            b.name, b.kind, b.sigma, b.layers, b.note, dict(b.effects)
        )  # fmt: skip
    assert direction_form.dumps(read) == data


def test_two_of_one_name_are_refused():
    twin = DirectionSet(SET.model, 4, 3, (SET.directions[0],) * 2)
    with pytest.raises(DirectionError, match="smile"):
        direction_form.dumps(twin)


@pytest.mark.parametrize("data", [b"", b"{}", b"\x02\0\0\0\0\0\0\0{}", b"\xff" * 20, bytes(64)])
def test_what_is_no_set_is_refused(data):
    with pytest.raises(DirectionError):
        direction_form.loads(data)


@given(st.data())
def test_no_damage_escapes_as_another_error(data):
    whole = bytearray(direction_form.dumps(SET))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    for damaged in (bytes(whole), bytes(whole[:cut])):
        try:
            read = direction_form.loads(damaged)
        except DirectionError:
            continue
        assert all(d.fits(read.num_ws, read.w_dim) for d in read.directions)
