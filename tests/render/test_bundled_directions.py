"""The directions that come with the bundled network: there, its own, and true."""

import numpy as np
import pytest

from explorer import locations
from explorer.attributes import MEASURES, measure
from explorer.checkpoints import Shelf
from explorer.latents.marks import loads
from explorer.recipe import Push, Recipe, SeedBlend
from explorer.render import Engine, RenderRequest
from explorer.render.face_directions import LEAST_EFFECT, PLANS
from explorer.render.known_directions import KnownDirections, read_directions

FILE = locations.weights_dir() / "faces.directions"


@pytest.fixture(scope="module")
def found():
    return read_directions(FILE)


def test_they_are_known_for_the_bundled_network(found, tmp_path):
    ref = Shelf().resolve_name("faces")
    assert found.model.sha256 == ref.sha256
    known = KnownDirections(folder=tmp_path).by_name(ref)
    assert list(known) == [direction.name for direction in found.directions]
    assert len(known) >= 8


def test_each_tells_what_it_does(found):
    measures = {plan.name: plan.measure for plan in PLANS}
    for direction in found.directions:
        own = measures.get(direction.name, direction.name)
        assert direction.effects[own] >= LEAST_EFFECT
        assert direction.kind in ("measured", "learned")
        assert direction.gradient is not None
        assert direction.note
        assert np.linalg.norm(direction.vector.numpy()) == pytest.approx(1, abs=1e-5)


def test_a_picture_changes_as_the_table_says(found, tmp_path):
    """Seen in the picture that anybody gets for `--direction NAME=2`."""
    engine = Engine(device="cpu")
    ref = engine.open("faces").ref
    measures = {plan.name: plan.measure for plan in PLANS}

    def seen(seed, push):
        recipe = Recipe(ref, SeedBlend.of(seed), psi=0.7, directions=push)
        return measure(engine.render(RenderRequest(recipe)).pixels[None])

    for direction in found.directions:
        own = measures.get(direction.name)
        if own not in MEASURES:
            continue
        values = [
            seen(1234, (Push(direction.name, amount, stored=direction.stored()),))[own][0]
            for amount in (-2, 0, 2)
        ]
        assert values == sorted(values), direction.name


def test_marks_and_table_lie_beside_them(found):
    if not (FILE.parent / "training").is_dir():
        pytest.skip("only a checkout has them")
    (marks,) = loads((FILE.parent / "faces-marks.csv").read_text("utf-8"))
    assert marks.name in [direction.name for direction in found.directions]
    table = (FILE.parent / "faces-directions.md").read_text("utf-8")
    for direction in found.directions:
        own = {plan.name: plan.measure for plan in PLANS}.get(direction.name, direction.name)
        assert f"| {direction.name} |" in table
        assert f"{direction.effects[own]:+.2f}" in table
