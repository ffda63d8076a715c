import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.latents import Direction, blend, class_of_seed, mix_rows, push, truncate

WS = torch.arange(24.0).reshape(1, 4, 6)


@given(st.floats(-2, 2), st.integers(0, 4))
def test_truncate_follows_the_formula(psi, cutoff):
    w_avg = torch.linspace(-1, 1, 6)
    out = truncate(WS, w_avg, psi, cutoff)
    assert torch.allclose(out[:, :cutoff], w_avg + psi * (WS[:, :cutoff] - w_avg), atol=1e-4)
    assert torch.equal(out[:, cutoff:], WS[:, cutoff:])


def test_truncate_leaves_its_input_alone():
    before = WS.clone()
    truncate(WS, torch.zeros(6), 0.3)
    assert torch.equal(WS, before)


@pytest.mark.parametrize("cutoff", [-1, 5])
def test_truncate_refuses_rows_that_do_not_exist(cutoff):
    with pytest.raises(ValueError, match="cutoff"):
        truncate(WS, torch.zeros(6), 0.5, cutoff)


def test_truncate_takes_an_average_for_each_sample():
    ws = WS.repeat(2, 1, 1)
    averages = torch.stack([torch.zeros(6), torch.ones(6)])
    assert torch.equal(truncate(ws, averages, 0.0)[:, 0], averages)


@given(st.floats(-1, 2))
def test_mix_rows_moves_by_its_strength(strength):
    other = -WS
    mixed = mix_rows(WS, other, (1, 3), strength)
    assert torch.equal(mixed[:, [0, 2]], WS[:, [0, 2]])
    assert torch.allclose(mixed[:, [1, 3]], (WS + strength * (other - WS))[:, [1, 3]], atol=1e-4)


def test_blend_of_one_is_the_point_itself():
    point = torch.rand(1, 6)
    assert blend([(0.0, WS[:, 0]), (1.0, point)], torch.zeros(1, 6)) is point


def test_push_per_row():
    vectors = torch.arange(4.0)[:, None].expand(4, 6)
    pushed = push(torch.zeros(1, 4, 6), Direction("d", "pca", vectors, sigma=2.0), 0.5, (1, 3))
    assert torch.equal(pushed[0, :, 0], torch.tensor([0.0, 1.0, 0.0, 3.0]))
    with pytest.raises(ValueError, match="does not fit"):
        push(torch.zeros(1, 5, 6), Direction("d", "pca", vectors), 1.0, (0,))


def test_the_class_of_a_seed_is_drawn_after_its_z():
    # numpy.random.RandomState(seed): randn(1, 8), then randint(10)
    import numpy as np

    for seed in range(5):
        numbers = np.random.RandomState(seed)
        numbers.randn(1, 8)
        assert class_of_seed(seed, 8, 10) == numbers.randint(10)
