import numpy as np
import pytest

from explorer.errors import DirectionError
from explorer.latents.discovery import Statistics
from explorer.latents.measured import gradients, measured_direction

WIDTH = 12


@pytest.fixture(scope="module")
def world():
    """Points of a W whose axes are neither equally wide nor at right angles, and three measures of them."""
    numbers = np.random.RandomState(0)
    mix = numbers.randn(WIDTH, WIDTH) * np.linspace(2, 0.3, WIDTH)
    w = numbers.randn(4000, WIDTH) @ mix.T + 1
    slopes = numbers.randn(3, WIDTH)
    values = w @ slopes.T + 0.5 * numbers.randn(4000, 3) * (w @ slopes.T).std(axis=0)
    stats = Statistics(w.mean(0), np.cov(w, rowvar=False), len(w))
    return w, dict(zip("abc", values.T, strict=True)), stats


def test_gradients_are_those_of_least_squares(world):
    w, values, _ = world
    found = gradients(w, values)
    for name in "abc":
        design = np.c_[w, np.ones(len(w))]
        expected = np.linalg.lstsq(design, values[name], rcond=None)[0][:-1]
        assert np.allclose(found[name].vector, expected, rtol=1e-3, atol=1e-3)
        # Signal twice the noise: no regression on w can know more.
        assert found[name].correlation == pytest.approx(1 / np.sqrt(1.25), abs=0.02)
        assert found[name].spread == pytest.approx(values[name].std())


def test_a_direction_moves_its_measure_and_holds_the_others(world):
    w, values, stats = world
    found = gradients(w, values)
    direction = measured_direction("a", found["a"], [found["b"], found["c"]], stats)
    vector = direction.vector.double().numpy()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    assert found["a"].vector @ vector > 0
    for name in "bc":
        assert abs(found[name].vector @ vector) < 1e-5 * np.linalg.norm(found[name].vector)
    assert direction.sigma == pytest.approx((w @ vector).std(ddof=1), rel=1e-6)
    assert direction.kind == "measured"


def test_it_is_the_least_unlikely_of_all_steps_that_do_so(world):
    """Of all steps that move a by as much and b not at all, it is the shortest in W's own metric."""
    w, values, stats = world
    found = gradients(w, values)
    a, b = found["a"].vector, found["b"].vector
    vector = measured_direction("a", found["a"], [found["b"]], stats).vector.double().numpy()
    precision = np.linalg.inv(stats.covariance)
    step = vector / (a @ vector)
    numbers = np.random.RandomState(1)
    for _ in range(20):
        other = numbers.randn(2)
        # A change that moves neither a nor b.
        free = numbers.randn(WIDTH)
        plane = np.stack([a, b])
        free -= plane.T @ np.linalg.solve(plane @ plane.T, plane @ free)
        worse = step + other[0] * free
        assert step @ precision @ step < worse @ precision @ worse


def test_refusals_are_in_words(world):
    w, values, stats = world
    with pytest.raises(DirectionError, match="too few"):
        gradients(w[:20], {"a": values["a"][:20]})
    with pytest.raises(DirectionError, match="same in all"):
        gradients(w, {"flat": np.ones(len(w))})
    found = gradients(w, values)
    with pytest.raises(DirectionError, match="hold fewer"):
        measured_direction("a", found["a"], [found["a"]], stats)
