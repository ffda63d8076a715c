"""Teaching the mark's networks: a few steps run, are repeatable, and what is written can be read."""

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from explorer.mark.networks import load
from explorer.training.mark import SIDE, Lesson, main, samples, teach
from explorer.training.mark_changes import changed, jpeg, moved, rounded

SMALL = Lesson(steps=2, pictures=8, batch=4)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_a_short_lesson_is_written_and_repeatable(tmp_path):
    one, other = tmp_path / "one.safetensors", tmp_path / "other.safetensors"
    main(["--out", str(other), "--steps", "2", "--pictures", "8"])
    assert len(load(other)) == 2
    teach(SMALL, one)
    teach(SMALL, other)
    first, second = load_file(one), load_file(other)
    # Sums may be taken in another order, by where tensors happen to lie.
    assert all(torch.allclose(first[name], second[name], atol=1e-3) for name in first)


def test_samples_of_a_network_can_be_half_of_the_pictures(tmp_path):
    faces = samples("faces", 2)
    assert faces.shape == (2, 1, SIDE, SIDE)
    assert float(faces.std()) > 20
    teach(Lesson(steps=1, pictures=4, batch=4, network="faces"), tmp_path / "one.safetensors")
    with safe_open(tmp_path / "one.safetensors", "pt") as file:
        assert "faces" in file.metadata()["licence"]


def test_jpeg_at_no_scale_loses_next_to_nothing_and_more_at_more():
    dice = torch.Generator().manual_seed(1)
    pictures = torch.rand(2, 1, 32, 32, generator=dice) * 255
    half = torch.full((2,), 0.5)
    losses = [(jpeg(pictures, torch.full((2,), s), half) - pictures).abs().mean() for s in (0, 0.5, 1.4)]
    assert losses[0] < 0.5 < losses[1] < losses[2]


def test_gradients_pass_all_that_pictures_go_through():
    dice = torch.Generator().manual_seed(2)
    pictures = (torch.rand(8, 1, 128, 128, generator=dice) * 255).requires_grad_()
    seen, patterns = moved(changed(rounded(pictures), dice), torch.ones(8, 1, 64, 64), 1.0, dice)
    assert seen.shape == patterns.shape == (8, 1, 64, 64)
    seen.square().mean().backward()
    assert pictures.grad is not None
    assert (pictures.grad.abs().sum((1, 2, 3)) > 0).all()


def test_a_pattern_is_moved_with_its_picture():
    dice = torch.Generator().manual_seed(3)
    y, x = np.mgrid[:64, :64]
    pictures = torch.tensor(np.sin(x / 5) * np.cos(y / 7), dtype=torch.float32).expand(4, 1, -1, -1)
    seen, patterns = moved(pictures, pictures, 1.0, dice)
    assert not torch.equal(seen, pictures)
    assert torch.equal(seen[..., 20:44, 20:44], patterns[..., 20:44, 20:44])
    still = moved(pictures, pictures, 0.0, dice)[0]
    assert float((still - pictures).abs().max()) == pytest.approx(0, abs=1e-3)
