"""Statistics of W are worked out once for each network."""

import numpy as np
import pytest

from explorer.errors import DirectionError
from explorer.latents import discovery
from explorer.recipe import ModelRef
from explorer.render import finding
from tests.latents.fakes import Mapper

MODEL = ModelRef("faces", "a" * 64)


class Drawer(Mapper):
    """With weights that SeFa may look at."""

    z_dim = 5

    def style_weights(self):
        return [(0, self.a)]


def run(work):
    """All it yields, and its result."""
    pieces = []
    while True:
        try:
            pieces.append(next(work))
        except StopIteration as end:
            return pieces, end.value


@pytest.fixture
def files(own_user_folders):
    return lambda: sorted((own_user_folders / "cache").rglob("*.npz"))


def test_a_second_search_draws_no_latents_and_finds_the_same(files):
    generator = Drawer()
    before, first = run(finding.find(generator, MODEL, samples=4000))
    assert before == [(2000, 4000), (4000, 4000)]
    mapped = generator.mapped
    for method in ("pca", "random"):
        after, again = run(finding.find(generator, MODEL, method, samples=4000))
        assert after == [(4000, 4000)]
        _, plain = run(discovery.find(Drawer(), method, samples=4000))
        assert [d.name for d in again] == [d.name for d in plain]
        assert all(np.array_equal(a.vector, b.vector) for a, b in zip(again, plain, strict=True))
        assert [d.sigma for d in again] == [d.sigma for d in plain]
    assert generator.mapped == mapped
    assert first[0].note
    (file,) = files()
    assert MODEL.sha256 in file.name


def test_other_samples_seeds_and_networks_are_other_statistics(files):
    generator = Drawer()
    for change in ({"samples": 300}, {"samples": 300, "seed": 1}):
        run(finding.statistics_of(generator, MODEL, **change))
    run(finding.statistics_of(generator, ModelRef("cats", "b" * 64), 300))
    assert len(files()) == 3
    run(finding.statistics_of(generator, ModelRef("unknown"), 300))
    assert len(files()) == 3


def test_a_damaged_cache_is_worked_out_again(files):
    generator = Drawer()
    _, good = run(finding.statistics_of(generator, MODEL, 300))
    (file,) = files()
    for damage in (b"", file.read_bytes()[:-40], b"PK" + bytes(100)):
        file.write_bytes(damage)
        _, again = run(finding.statistics_of(generator, MODEL, 300))
        assert np.array_equal(again.covariance, good.covariance)
    np.savez(file, mean=np.zeros(3), covariance=np.zeros((3, 3)))
    assert run(finding.statistics_of(generator, MODEL, 300))[1].mean.shape == (6,)


def test_rows_that_are_not_there_are_refused_before_anything_is_drawn():
    generator = Drawer()
    with pytest.raises(DirectionError, match="rows 0 to 7"):
        run(finding.find(generator, MODEL, layers=(40,)))
    assert generator.mapped == 0
