import numpy as np
import pytest
import torch

from explorer.errors import DirectionError
from explorer.latents.discovery import (
    closed_form_directions,
    find,
    fixed_sign,
    principal_directions,
    random_directions,
    sample_w,
    statistics,
    zone_directions,
)
from tests.models.synthetic import random_network


@pytest.fixture(scope="module")
def network():
    return random_network()


@pytest.fixture(scope="module")
def points(network):
    return torch.cat(list(sample_w(network, 3000))).double().numpy()


@pytest.fixture(scope="module")
def stats(network):
    return statistics(sample_w(network, 3000))


def cosine(direction, vector):
    return abs(float(direction.vector.double().numpy() @ vector / np.linalg.norm(vector)))


def test_statistics_are_those_of_all_points_at_once(points, stats):
    assert stats.samples == len(points)
    assert np.allclose(stats.mean, points.mean(0), atol=1e-6)
    assert np.allclose(stats.covariance, np.cov(points, rowvar=False), atol=1e-6)


def test_principal_directions_agree_with_a_singular_value_decomposition(points, stats):
    """An independent way to the same axes: of the points, not of their covariance."""
    _, singular, axes = np.linalg.svd(points - points.mean(0), full_matrices=False)
    found = principal_directions(stats, components=5)
    for direction, axis, value in zip(found, axes, singular, strict=False):
        assert cosine(direction, axis) == pytest.approx(1, abs=1e-4)
        assert direction.sigma == pytest.approx(value / np.sqrt(len(points) - 1), rel=1e-4)


def test_sefa_agrees_with_a_singular_value_decomposition(network, stats):
    rows = [weight.double().numpy() for row, weight in network.style_weights() if row in (1, 2)]
    matrix = np.concatenate(rows)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    _, _, axes = np.linalg.svd(matrix, full_matrices=False)
    found = closed_form_directions(network, stats, (1, 2), components=4)
    for direction, axis in zip(found, axes, strict=False):
        assert cosine(direction, axis) == pytest.approx(1, abs=1e-4)
        assert direction.layers == (1, 2)


def test_a_sigma_is_the_deviation_of_w_along_the_direction(network, points, stats):
    for found in (
        principal_directions(stats, 3),
        closed_form_directions(network, stats),
        random_directions(stats),
    ):
        for direction in found:
            spread = (points @ direction.vector.double().numpy()).std(ddof=1)
            assert direction.sigma == pytest.approx(spread, rel=1e-3)


def test_zone_directions_move_the_styles_they_were_found_in(network, points, stats):
    """One step changes the zone's styles by one standard deviation of their widest axis."""
    (first, *_) = zone_directions(network, stats, (0, 1), components=1)
    weights = np.concatenate([w.double().numpy() for row, w in network.style_weights() if row in (0, 1)])
    styles = points @ weights.T
    widest = np.linalg.svd(styles - styles.mean(0), full_matrices=False)
    change = weights @ (first.sigma * first.vector.double().numpy())
    assert abs(change @ widest[2][0]) == pytest.approx(widest[1][0] / np.sqrt(len(points) - 1), rel=1e-2)


def test_random_directions_are_orthogonal_and_repeatable(stats):
    vectors = torch.stack([d.vector for d in random_directions(stats, 6, seed=4)])
    assert torch.allclose(vectors @ vectors.T, torch.eye(6), atol=1e-5)
    again = torch.stack([d.vector for d in random_directions(stats, 6, seed=4)])
    assert torch.equal(vectors, again)


def test_samples_depend_on_their_seed_alone(network):
    first, second = (torch.cat(list(sample_w(network, 50, seed=s))) for s in (1, 2))
    assert torch.equal(first, torch.cat(list(sample_w(network, 50, seed=1))))
    assert not torch.equal(first, second)


def test_a_sign_is_fixed():
    assert fixed_sign(np.array([0.5, -2.0])).tolist() == [-0.5, 2.0]
    assert fixed_sign(np.zeros(2)).tolist() == [0.0, 0.0]


def test_one_point_has_no_statistics():
    with pytest.raises(ValueError, match="two points"):
        statistics(iter([torch.zeros(1, 4)]))


def test_rows_that_no_layer_reads(network, stats):
    with pytest.raises(ValueError, match="rows"):
        closed_form_directions(network, stats, (60,))


@pytest.mark.parametrize(
    ("method", "layers", "first"),
    [
        ("pca", "all", "pca 1"),
        ("pca", "coarse", "pca coarse 1"),
        ("zone", "coarse", "coarse 1"),
        ("sefa", (0, 1), "sefa rows 0,1 1"),
        ("random", "all", "random 1"),
    ],
)
def test_find_goes_by_pieces_to_the_same_directions(network, method, layers, first):
    def run():
        work = find(network, method, layers, 4, 4500, seed=3)
        told = []
        while True:
            try:
                told.append(next(work))
            except StopIteration as end:
                return told, end.value

    told, found = run()
    assert told == [(2000, 4500), (4000, 4500), (4500, 4500)]
    assert (found[0].name, found[0].layers, len(found)) == (first, layers, 4)
    again = run()[1]
    assert all(torch.equal(a.vector, b.vector) for a, b in zip(found, again, strict=True))


def test_find_refuses_rows_that_are_not_there(network):
    with pytest.raises(DirectionError, match="rows 0 to"):
        list(find(network, "pca", (60,)))
