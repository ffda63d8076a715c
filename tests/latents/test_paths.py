import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.latents.paths import PeriodicSpline, circle, lerp, slerp

A, B, C = torch.randn(3, 1, 16, generator=torch.Generator().manual_seed(4))
TIMES = st.floats(0, 1, allow_nan=False)


@given(TIMES)
def test_lerp_is_exact_at_its_ends(t: float) -> None:
    assert torch.equal(lerp(A, B, 0.0), A)
    assert torch.equal(lerp(A, B, 1.0), B)
    torch.testing.assert_close(lerp(A, B, t), (1 - t) * A + t * B)


@given(TIMES)
def test_slerp_turns_at_constant_speed_and_keeps_lengths_between(t: float) -> None:
    point = slerp(A, B, t)
    whole = torch.acos(torch.cosine_similarity(A, B))
    turned = torch.acos(torch.cosine_similarity(A, point).clamp(-1, 1))
    assert float((turned - t * whole).abs()) < 2e-3
    torch.testing.assert_close(point.norm(), torch.lerp(A.norm(), B.norm(), t))


def test_slerp_ends_where_it_should() -> None:
    torch.testing.assert_close(slerp(A, B, 0.0), A)
    torch.testing.assert_close(slerp(A, B, 1.0), B)


@pytest.mark.parametrize("other", [A, 2 * A, -A])
def test_slerp_falls_back_where_there_is_no_plane(other: torch.Tensor) -> None:
    point = slerp(A, other, 0.25)
    assert torch.isfinite(point).all()
    torch.testing.assert_close(point, 0.75 * A + 0.25 * other)


@given(TIMES, st.integers(-3, 3))
def test_a_circle_closes_and_stays_on_its_sphere(t: float, rounds: int) -> None:
    point = circle(A, B, t)
    torch.testing.assert_close(point.norm(), torch.tensor(math.sqrt(16)))
    torch.testing.assert_close(circle(A, B, t + rounds), point, rtol=0, atol=1e-4)


def test_a_circle_starts_above_a_and_passes_over_b() -> None:
    torch.testing.assert_close(torch.cosine_similarity(circle(A, B, 0.0), A), torch.ones(1))
    angle = float(torch.acos(torch.cosine_similarity(A, B)))
    above_b = circle(A, B, angle / (2 * math.pi))
    torch.testing.assert_close(torch.cosine_similarity(above_b, B), torch.ones(1))


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_a_spline_passes_its_keyframes_and_closes(count: int) -> None:
    knots = torch.randn(count, 4, 5, generator=torch.Generator().manual_seed(count))
    path = PeriodicSpline(knots)
    for k in range(count):
        assert torch.equal(path(k), knots[k])
        assert torch.equal(path(k + count), knots[k])
    torch.testing.assert_close(path(0.3), path(0.3 - 2 * count), rtol=0, atol=1e-5)


def test_a_spline_is_smooth_at_its_seam() -> None:
    knots = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    path, h = PeriodicSpline(knots), 1e-4

    def slope(t: float) -> torch.Tensor:
        return (path(t + h) - path(t)) / h

    def bend(t: float) -> torch.Tensor:
        return (path(t + h) - 2 * path(t) + path(t - h)) / h**2

    for knot in (0, 2):
        torch.testing.assert_close(slope(knot), slope(knot - h), rtol=0, atol=1e-2)
        torch.testing.assert_close(bend(knot + 2 * h), bend(knot - 2 * h), rtol=0, atol=2e-2)


def test_a_spline_through_a_sine_is_nearly_the_sine() -> None:
    knots = torch.sin(2 * torch.pi * torch.arange(16, dtype=torch.float64) / 16)
    path = PeriodicSpline(knots)
    for t in torch.linspace(0, 16, 50).tolist():
        assert abs(float(path(t)) - math.sin(2 * math.pi * t / 16)) < 2e-4


def test_a_path_needs_a_keyframe() -> None:
    with pytest.raises(ValueError):
        PeriodicSpline(torch.zeros(0, 4))
