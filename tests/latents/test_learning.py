import numpy as np
import pytest
import torch

from explorer.errors import DirectionError
from explorer.latents import direction_form
from explorer.latents.direction_form import DirectionSet
from explorer.latents.directions import Direction
from explorer.latents.discovery import sample_w, statistics
from explorer.latents.learning import candidates, learn, points_of, propose
from explorer.recipe import ModelRef
from tests.latents.fakes import Mapper

WIDTH = 24


class Spread(Mapper):
    """W of 24 dimensions that are not equally wide and not at right angles, as those of real networks."""

    def __init__(self):
        super().__init__(w_dim=WIDTH)
        numbers = np.random.RandomState(5)
        mix, _ = np.linalg.qr(numbers.randn(WIDTH, WIDTH))
        widths = 1.5 * np.exp(-0.08 * np.arange(WIDTH))
        self.mix = torch.from_numpy((mix * widths).astype(np.float32))

    def latent(self, seed):
        return torch.from_numpy(np.random.RandomState(seed).randn(1, WIDTH).astype(np.float32))

    def mapping(self, z, c=None, psi=1.0, cutoff=None):
        return (z @ self.mix.T + 0.3)[:, None].repeat(1, self.num_ws, 1)


Spread.z_dim = WIDTH


@pytest.fixture(scope="module")
def network():
    return Spread()


@pytest.fixture(scope="module")
def stats(network):
    return statistics(sample_w(network, 8000))


def planted(stats, seed):
    """A measure's gradient and the direction along which W changes with it."""
    numbers = np.random.RandomState(1000 + seed)
    gradient = np.linalg.cholesky(stats.covariance) @ numbers.randn(WIDTH)
    direction = stats.covariance @ gradient
    return gradient / np.sqrt(gradient @ direction), direction / np.linalg.norm(direction)


def cosine(direction, vector):
    return float(direction.vector.double().numpy() @ vector)


def clear_marks(network, stats, gradient, number, seed):
    """What a person marks among random faces: as many of each, none that are undecided."""
    _, w = candidates(network, 3 * number, seed)
    order = np.argsort((w - stats.mean) @ gradient)
    return w[order[-number // 2 :]], w[order[: number // 2]]


@pytest.mark.parametrize(("number", "least"), [(16, 0.7), (200, 0.95)])
def test_a_planted_attribute_is_found(network, stats, number, least):
    """With every one of the attributes, not on average."""
    for seed in range(12 if number < 100 else 4):
        gradient, direction = planted(stats, seed)
        learned = learn(*clear_marks(network, stats, gradient, number, seed), stats)
        assert cosine(learned.direction, direction) >= least, seed
        assert learned.direction.sigma == pytest.approx(stats.sigma(direction), rel=0.35)
        assert torch.linalg.norm(learned.direction.vector) == pytest.approx(1, abs=1e-5)


def test_asking_for_the_most_informative_faces_needs_fewer_marks(network, stats):
    def taught(choose, seed):
        gradient, direction = planted(stats, seed)
        more, less, seen = np.zeros((0, WIDTH)), np.zeros((0, WIDTH)), []
        for _ in range(6):
            seeds = choose(more, less, seen, seed)
            seen += seeds
            w = points_of(network, seeds)
            score = (w - stats.mean) @ gradient
            more, less = np.concatenate([more, w[score > 0]]), np.concatenate([less, w[score <= 0]])
        return cosine(learn(more, less, stats).direction, direction)

    def informed(more, less, seen, seed):
        return [p.seed for p in propose(network, stats, more, less, 8, seed, seen, pool=300)]

    def at_random(more, less, seen, seed):
        return list(range(1000 * seed + len(seen), 1000 * seed + len(seen) + 8))

    gains = [taught(informed, seed) - taught(at_random, seed) for seed in range(4)]
    assert np.mean(gains) > 0.01


def test_proposals_are_deterministic_new_and_diverse(network, stats):
    gradient, _ = planted(stats, 0)
    more, less = clear_marks(network, stats, gradient, 16, 0)

    def asked(**wishes):
        return [p.seed for p in propose(network, stats, more, less, count=10, pool=200, **wishes)]

    first = asked(seed=3)
    assert first == asked(seed=3)
    assert len(set(first)) == 10
    assert set(first) != set(asked(seed=4))
    assert not set(first[:5]) & set(asked(seed=3, seen=first[:5]))
    assert list(propose(network, stats, count=3, pool=0)) == []
    # Before any mark the faces differ more than random ones do.
    w = np.stack([p.w for p in propose(network, stats, count=10, pool=200)])
    pool = candidates(network, 200)[1]
    assert np.linalg.norm(w - w.mean(0)) > 1.1 * np.linalg.norm(pool[:10] - pool[:10].mean(0))


def test_accuracy_is_that_of_unseen_marks(network, stats):
    """Marks without any meaning cannot be told; and the words say so."""
    numbers = np.random.RandomState(0)
    accuracies = []
    for seed in range(6):
        w = points_of(network, range(100 * seed, 100 * seed + 60))
        order = numbers.permutation(60)
        learned = learn(w[order[:30]], w[order[30:]], stats)
        accuracies.append(learned.accuracy)
        assert learned.interval[0] < learned.accuracy < learned.interval[1]
        assert learned.likeness < 0.9
        assert learned.advisable > 60
    assert 0.35 < np.mean(accuracies) < 0.65
    gradient, _ = planted(stats, 1)
    clear = learn(*clear_marks(network, stats, gradient, 100, 0), stats)
    assert clear.accuracy > 0.9
    assert clear.interval[0] > 0.8
    assert "right" in clear.words


def test_advice_shrinks_as_marks_are_made_and_likeness_is_honest(network, stats):
    advised, errors = [], []
    for number in (8, 24, 80, 240):
        rows = []
        for seed in range(4):
            gradient, direction = planted(stats, seed)
            learned = learn(*clear_marks(network, stats, gradient, number, seed), stats)
            rows.append(learned.advisable)
            errors.append(learned.likeness - cosine(learned.direction, direction))
        advised.append(np.mean(rows))
    assert advised == sorted(advised, reverse=True)
    assert advised[0] >= 8  # never content with four of each
    assert advised[-1] == 0
    assert abs(np.mean(errors)) < 0.1


def test_kept_measures_stay_still(network, stats):
    gradient, _ = planted(stats, 2)
    other, way = planted(stats, 3)
    # Faces in which both go together, as smiles and age may in a set of pictures.
    _, w = candidates(network, 600, 0)
    both = (w - stats.mean) @ (gradient + other)
    order = np.argsort(both)
    more, less = w[order[-60:]], w[order[:60]]
    kept = Direction(
        "other", "measured", torch.from_numpy(way).float(), gradient=torch.from_numpy(other).float()
    )
    free = learn(more, less, stats).direction
    held = learn(more, less, stats, keep=[kept]).direction

    def moved(direction, measure):
        return direction.sigma * float(direction.vector.double().numpy() @ measure)

    assert abs(moved(free, other)) > 0.3
    assert abs(moved(held, other)) < 1e-4
    assert moved(held, gradient) > 0.6
    # Keeping what was marked leaves nothing to learn.
    same = Direction("same", "measured", torch.from_numpy(way).float(), gradient=free.gradient)
    again = learn(more, less, stats, keep=[same])
    assert again.accuracy < learn(more, less, stats).accuracy


@pytest.mark.parametrize(("more", "less"), [(1, 8), (8, 0), (8, "same"), (8, "narrow"), (8, "nan")], ids=str)
def test_marks_that_teach_nothing_are_refused_in_words(stats, network, more, less):
    w = points_of(network, range(16))
    odd = {"same": w[:1].repeat(8, 0), "narrow": w[:8, :3], "nan": np.full((8, WIDTH), np.nan)}
    a = w[:1].repeat(8, 0) if less == "same" else w[:more]
    with pytest.raises(DirectionError):
        learn(a, odd[less] if isinstance(less, str) else w[8 : 8 + less], stats)


def test_learning_is_deterministic_and_marks_have_no_order(network, stats):
    gradient, _ = planted(stats, 0)
    more, less = clear_marks(network, stats, gradient, 30, 0)
    first, again = learn(more, less, stats, "smile"), learn(more, less, stats, "smile")
    assert torch.equal(first.direction.vector, again.direction.vector)
    assert (first.accuracy, first.likeness, first.advisable) == (
        again.accuracy,
        again.likeness,
        again.advisable,
    )
    turned = learn(less, more, stats)
    assert torch.allclose(turned.direction.vector, -first.direction.vector, atol=1e-5)
    assert (first.direction.name, first.direction.kind) == ("smile", "learned")


def test_a_gradient_travels_in_the_paper_form(network, stats):
    gradient, _ = planted(stats, 0)
    direction = learn(*clear_marks(network, stats, gradient, 20, 0), stats).direction
    plain = Direction("plain", "random", torch.ones(WIDTH))
    found = DirectionSet(ModelRef("x", "0" * 64), network.num_ws, WIDTH, (plain, direction))
    read = direction_form.loads(direction_form.dumps(found))
    assert read.directions[0].gradient is None
    assert torch.equal(read.directions[1].gradient, direction.gradient)
    odd = DirectionSet(
        found.model, network.num_ws, WIDTH, (Direction("odd", "", torch.ones(WIDTH), gradient=torch.ones(3)),)
    )
    with pytest.raises(DirectionError):
        direction_form.loads(direction_form.dumps(odd))
