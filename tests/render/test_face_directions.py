"""Named directions of a network whose attributes are known: the planted is found, what is told is true."""

import numpy as np
import pytest
import torch

from explorer.attributes import MEASURES
from explorer.errors import DirectionError
from explorer.export.direction_table import as_markdown
from explorer.latents.directions import Direction
from explorer.latents.marks import Marks
from explorer.render import face_directions
from explorer.render.face_directions import PLANS, Plan, find_face_directions
from explorer.render.looks import learn_look
from explorer.render.measuring import AMOUNTS, draw_seeds, probe, sample
from tests.render.portraits import KNOBS, WIDTH, Painter


def through(work):
    """Result of a generator, and what it told on the way."""
    told = []
    while True:
        try:
            told.append(next(work))
        except StopIteration as end:
            return end.value, told


@pytest.fixture(scope="module")
def painter():
    return Painter()


@pytest.fixture(scope="module")
def marks(painter):
    """Marks of who calls smiling faces with red lips merry."""
    w = np.array([painter.mapping(painter.latent(seed))[0, 0].numpy() for seed in range(9000, 9120)])
    merry = w[:, KNOBS.index("smile")] + w[:, KNOBS.index("lip colour")]
    more, less = np.nonzero(merry > 0.8)[0], np.nonzero(merry < -0.8)[0]
    return Marks(
        "merry", tuple(int(9000 + i) for i in more), tuple(int(9000 + i) for i in less), ("turn", "light")
    )


@pytest.fixture(scope="module")
def found(painter):
    return through(find_face_directions(painter, count=160, faces=2))


def test_each_direction_is_the_knob_it_is_named_for(found):
    report, _ = found
    named = {one.direction.name: one for one in report.named}
    assert len(named) >= 10, report.dropped
    for name in ("turn", "smile", "background", "light"):
        step = named[name].direction.vector.abs().numpy()
        assert KNOBS[int(step[: len(KNOBS)].argmax())] == name
        effects = dict(named[name].direction.effects)
        assert effects.pop(name) > max(map(abs, effects.values()))


def test_evidence_is_of_pictures(found, painter):
    report, told = found
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    for one in report.named:
        assert set(one.direction.effects) == set(MEASURES)
        assert one.direction.effects[one.measure] >= face_directions.LEAST_EFFECT
        assert one.probed.rises(one.measure)
        assert one.probed.identity[AMOUNTS.index(0)] == pytest.approx(1)
        assert one.probed.identity.max() <= 1 + 1e-9
        # One standard deviation along it changes the measure by effect spreads: seen, not assumed.
        slope = one.probed.effect(one.measure) / report.spreads[one.measure]
        assert one.direction.effects[one.measure] == pytest.approx(slope, abs=1e-3)
    light = next(one for one in report.named if one.direction.name == "light")
    assert abs(light.direction.effects["turn"]) < 0.3


def test_marks_become_a_measure_and_a_direction(painter, marks, monkeypatch):
    monkeypatch.setattr(face_directions, "PLANS", (Plan("turn", "turn"), Plan("light", "light")))
    report, _ = through(find_face_directions(painter, [marks], count=120, faces=2))
    merry = next(one for one in report.named if one.direction.name == "merry")
    assert merry.direction.kind == "learned"
    step = merry.direction.vector.numpy()
    assert {KNOBS[i] for i in np.argsort(-step)[:2]} == {"smile", "lip colour"}
    assert merry.direction.effects["smile"] > 0.3
    assert merry.direction.effects["lip colour"] > 0.3
    # What the marks keep stays as still as a regression of so few pictures can tell.
    assert abs(merry.direction.effects["turn"]) < 0.25
    assert "right unseen" in merry.told


def test_what_does_nothing_is_dropped_and_said(painter, monkeypatch):
    monkeypatch.setattr(face_directions, "LEAST_EFFECT", 99.0)
    report, _ = through(find_face_directions(painter, count=64, faces=1))
    assert report.named == ()
    assert len(report.dropped) == len(PLANS)
    assert "left out" in as_markdown(report, "x").lower()


def test_tables_tell_every_direction_once_more(found):
    report, _ = found
    text = as_markdown(report, "latent-explorer directions measure", "strip.png")
    for one in report.named:
        assert text.count(f"\n| {one.direction.name} |") >= 3
    assert "![" in text
    tables = [part.splitlines() for part in text.split("\n\n") if part.startswith("|")]
    assert len(tables) == 4
    for table in tables:
        assert len({line.count("|") for line in table}) == 1


def test_marks_that_cannot_be_used_are_refused(painter):
    enough = tuple(range(8))
    others = tuple(range(8, 16))
    for odd in (
        Marks("x", enough, others, ("hats",)),
        Marks("smile", enough, others),
        Marks("x", enough[:3], others),
    ):
        with pytest.raises(DirectionError):
            next(find_face_directions(painter, [odd], count=64, faces=1))


def test_a_probe_of_a_direction_that_does_nothing_says_so(painter):
    still = Direction("still", "random", torch.zeros(WIDTH), 1.0)
    samples, _ = through(sample(painter, 16))
    (probed,), told = through(probe(painter, [still], (500, 501), samples.strangers))
    assert told[-1] == (14, 14)
    assert all(probed.effect(name) == pytest.approx(0, abs=1e-9) for name in MEASURES)
    assert not probed.rises("turn")
    assert probed.identity == pytest.approx(np.ones(7))


def test_a_look_tells_unseen_pictures_apart(painter, marks):
    look = learn_look("merry", *(draw_seeds(painter, seeds[:15], 1.0) for seeds in (marks.more, marks.less)))
    rest = [look(draw_seeds(painter, seeds[15:], 1.0))["merry"] for seeds in (marks.more, marks.less)]
    assert (rest[0] > 0).mean() > 0.7
    assert (rest[1] < 0).mean() > 0.7
    assert 0.5 < look.accuracy <= 1
