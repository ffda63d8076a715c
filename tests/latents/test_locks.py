"""What a lock keeps still, and what it leaves alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.latents import Direction, compose, resolve
from explorer.latents.locks import orthonormal
from explorer.recipe import ModelRef, Push, Recipe, SeedBlend, document
from tests.latents.fakes import Mapper

G = Mapper()
NUMBERS = np.random.RandomState(5)
VECTORS = {
    name: torch.from_numpy(NUMBERS.randn(*shape).astype(np.float32))
    for name, shape in {"age": (6,), "smile": (6,), "turn": (8, 6), "light": (6,)}.items()
}
GRADIENT = VECTORS["light"] + torch.from_numpy(NUMBERS.randn(6).astype(np.float32)) / 4
KNOWN = {
    name: Direction(name, "learned", vector, 0.7, gradient=GRADIENT if name == "light" else None)
    for name, vector in VECTORS.items()
}
START = Recipe(ModelRef("faces"), base=SeedBlend.of(3))

amounts = st.floats(-5, 5).map(lambda x: round(x, 3))
layers = st.sampled_from([None, "coarse", "middle", (0, 2, 5), (7,)])


@st.composite
def some_pushes(draw: st.DrawFn):
    pushes = []
    for name in VECTORS:
        row = st.dictionaries(st.integers(0, 7), st.sampled_from([0.0, 0.5, 2.0]), max_size=2)
        where = draw(layers)
        strengths = {r: s for r, s in draw(row).items() if not isinstance(where, tuple) or r in where}
        pushes.append(
            Push(
                name,
                draw(amounts),
                where,
                KNOWN[name].stored(),
                row_strengths=tuple(sorted(strengths.items())),
                is_locked=draw(st.booleans()),
            )
        )
    return tuple(draw(st.permutations(pushes)))


def measures(ws, name):
    """Measure of each row by a direction: [num_ws]."""
    gradient = GRADIENT if name == "light" else VECTORS[name]
    return (ws[0] * gradient).sum(-1) / gradient.norm(dim=-1)


@given(some_pushes())
def test_a_locked_measure_moves_by_its_own_push_alone(pushes):
    ws = compose(START.with_(directions=pushes), G)
    for push in pushes:
        if not push.is_locked:
            continue
        alone = compose(START.with_(directions=pushes_without_others(pushes, push.name)), G)
        rows = list(resolve(START.with_(directions=(push,)), G).recipe.directions[0].layers)
        moved = measures(ws, push.name)[rows] - measures(alone, push.name)[rows]
        assert moved.abs().max() < 1e-4


def pushes_without_others(pushes, name):
    """The same, but for the amounts of all others."""
    return tuple(push if push.name == name else replace(push, amount=0.0) for push in pushes)


@given(some_pushes(), st.randoms())
def test_the_order_of_pushes_does_not_matter(pushes, random):
    other = list(pushes)
    random.shuffle(other)
    ws = compose(START.with_(directions=pushes), G)
    assert torch.allclose(ws, compose(START.with_(directions=tuple(other)), G), atol=1e-4)


@given(some_pushes())
def test_without_a_lock_a_picture_is_the_one_before(pushes):
    """Locked or not is nothing to a push that is off, or that stands alone."""
    open_ = tuple(replace(push, is_locked=False) for push in pushes)
    off = tuple(replace(push, name=f"{push.name} off", is_on=False, is_locked=True) for push in pushes)
    assert torch.equal(
        compose(START.with_(directions=open_), G), compose(START.with_(directions=(*open_, *off)), G)
    )
    for push in pushes:
        alone = START.with_(directions=(push,))
        free = START.with_(directions=(replace(push, is_locked=False),))
        assert torch.equal(compose(alone, G), compose(free, G))


@given(some_pushes())
def test_a_saved_lock_needs_nobody_who_knows_the_names(pushes):
    recipe = START.with_(directions=pushes)
    again = document.loads(document.dumps(recipe))
    assert again == recipe
    assert torch.equal(compose(again, G), compose(recipe, G, directions=KNOWN))


def test_a_push_at_right_angles_is_unhindered_and_one_along_the_lock_vanishes():
    across = Direction("across", "random", torch.tensor([0.0, 1, 0, 0, 0, 0]))
    along = Direction("along", "random", torch.tensor([2.0, 0, 0, 0, 0, 0]))
    still = Push("still", 0.0, stored=Direction("", "", torch.tensor([1.0, 0, 0, 0, 0, 0])).stored())
    locked = replace(still, is_locked=True)
    plain = compose(START, G)
    for direction, free in ((across, True), (along, False)):
        push = Push("it", 2.0, stored=direction.stored())
        ws = compose(START.with_(directions=(push, locked)), G)
        expected = compose(START.with_(directions=(push,)), G) if free else plain
        assert torch.equal(ws, expected)
        told = resolve(START.with_(directions=(push, locked)), G)
        assert bool(told.notices) != free
        assert resolve(told.recipe, G).notices == ()


def test_strengths_scale_rows_alone():
    push = Push("age", 2.0, (1, 2, 3), row_strengths=((2, 0.5), (3, 0.0)))
    moved = (compose(START.with_(directions=(push,)), G, directions=KNOWN) - compose(START, G))[0]
    step = 2 * 0.7 * VECTORS["age"]
    for row, factor in {0: 0.0, 1: 1.0, 2: 0.5, 3: 0.0, 4: 0.0}.items():
        assert torch.allclose(moved[row], factor * step, atol=1e-5)


def test_what_is_nearly_the_same_is_locked_once():
    vector = np.arange(1.0, 7.0) / np.linalg.norm(np.arange(1.0, 7.0))
    assert len(orthonormal(np.stack([vector, vector, np.zeros(6), vector * (1 + 1e-9)]))) == 1
    assert len(orthonormal(np.zeros((1, 6)))) == 0
    twins = tuple(Push(name, 0.0, stored=KNOWN["age"].stored(), is_locked=True) for name in ("a", "b"))
    pushed = Push("smile", 2.0, stored=KNOWN["smile"].stored())
    once, twice = (compose(START.with_(directions=(pushed, *twins[:n])), G) for n in (1, 2))
    assert torch.allclose(once, twice, atol=1e-5)


def test_what_is_taken_out_goes_along_the_locked_direction():
    lock = Push("light", 0.0, stored=KNOWN["light"].stored(), is_locked=True)
    pushed = START.with_(directions=(Push("smile", 2.0, stored=KNOWN["smile"].stored()),))
    change = compose(pushed.with_(directions=(*pushed.directions, lock)), G) - compose(pushed, G)
    along = VECTORS["light"] / VECTORS["light"].norm()
    assert torch.allclose(change[0], (change[0] @ along)[:, None] * along, atol=1e-4)
    assert change.abs().max() > 0.01


@pytest.mark.parametrize("ndim", [1, 2])
def test_locks_may_have_a_vector_for_each_row(ndim):
    name = "turn" if ndim == 2 else "age"
    pushes = (
        Push("smile", 3.0, stored=KNOWN["smile"].stored()),
        Push(name, 0.0, stored=KNOWN[name].stored(), is_locked=True),
    )
    before, after = compose(START, G), compose(START.with_(directions=pushes), G)
    assert torch.allclose(measures(before, name), measures(after, name), atol=1e-5)
    assert not torch.allclose(measures(before, "smile"), measures(after, "smile"), atol=0.1)
