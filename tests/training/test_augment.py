"""Augmentation: nothing at p = 0, what it says at p = 1, differentiable twice."""

import math

import pytest
import torch
from torch import Tensor

from explorer.training.augment import Draw, augment, colour, geometry, moved_p, recolour
from explorer.training.warp import warp

KINDS = ("light", "upright", "ada")


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some_images(count: int = 4, size: int = 16) -> Tensor:
    return torch.rand((count, 3, size, size), generator=rng(1)) * 2 - 1


@pytest.mark.parametrize("kind", [*KINDS, "none"])
def test_nothing_happens_at_p_0(kind: str) -> None:
    images = some_images()
    assert torch.equal(augment(images, 0.0, rng(), kind), images)


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_change_at_p_1_each_in_its_own_way(kind: str) -> None:
    images = some_images(1).expand(6, -1, -1, -1)
    changed = augment(images, 1.0, rng(), kind)
    assert changed.shape == images.shape
    flat = changed.flatten(1)
    assert torch.pdist(flat).min() > 0.1


@pytest.mark.parametrize("is_full", [False, True])
def test_moving_leaves_a_plain_picture_as_it_is(is_full: bool) -> None:
    plain = torch.full((16, 3, 16, 16), 0.25)
    inverse = geometry(Draw(16, 1.0, rng(), plain.device), 16, 16, is_full)
    torch.testing.assert_close(warp(plain, inverse), plain, atol=2e-3, rtol=0)


def matrix(*rows: list[float]) -> Tensor:
    return torch.tensor([[*rows, [0.0, 0.0, 1.0]]])


def test_warp_by_the_identity_is_nearly_nothing() -> None:
    """Away from the border, on a picture without the finest detail."""
    wave = torch.sin(torch.arange(32) * 0.4)
    image = (wave[:, None] * wave).expand(1, 3, 32, 32)
    same = warp(image, torch.eye(3)[None])
    torch.testing.assert_close(same, image, atol=0.02, rtol=0)


def test_warp_mirrors_columns() -> None:
    wave = torch.sin(torch.arange(32) * 0.4) + torch.arange(32) / 32
    image = wave.expand(1, 3, 32, 32).contiguous()
    mirrored = warp(image, matrix([-1, 0, 0], [0, 1, 0]))
    there = warp(image, torch.eye(3)[None]).flip(3)
    inside = slice(4, -4)  # the border is a kink, which the low-pass smooths on either side
    torch.testing.assert_close(mirrored[..., inside], there[..., inside], atol=1e-2, rtol=0)


def test_warp_moves_by_whole_pixels() -> None:
    image = torch.nn.functional.avg_pool2d(some_images(1, 34), 3, stride=1)
    moved = warp(image, matrix([1, 0, -3], [0, 1, 2]))  # three to the right, two up
    inside = warp(image, torch.eye(3)[None])[:, :, 8:26, 8:26]
    torch.testing.assert_close(moved[:, :, 6:24, 11:29], inside, atol=1e-4, rtol=0)


def test_warp_can_be_differentiated_twice() -> None:
    images = torch.rand((2, 1, 6, 6), generator=rng(), dtype=torch.float64, requires_grad=True)
    turn = torch.tensor([[[0.9, 0.2, 0.5], [-0.2, 0.9, 0.3], [0, 0, 1]]], dtype=torch.float64).repeat(2, 1, 1)

    def moved(x: Tensor) -> Tensor:
        return warp(x, turn).square()

    assert torch.autograd.gradcheck(moved, (images,))
    assert torch.autograd.gradgradcheck(moved, (images,))


@pytest.mark.parametrize("kind", KINDS)
def test_penalty_gradients_pass_through(kind: str) -> None:
    images = some_images().requires_grad_(True)
    out = augment(images, 1.0, rng(), kind)
    (first,) = torch.autograd.grad(out.pow(3).sum(), images, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), images)
    assert second.abs().sum() > 0


def test_hue_and_saturation_leave_grey_alone_and_brightness_adds() -> None:
    grey = torch.full((8, 3, 4, 4), 0.5)
    draw = Draw(8, 1.0, rng(3), grey.device)
    out = recolour(grey, colour(draw, is_full=True))
    spread = out.amax(dim=1) - out.amin(dim=1)
    assert spread.max() < 1e-5
    assert (out - grey).abs().amax(dim=(1, 2, 3)).min() > 1e-3


def test_two_rotations_together_act_with_probability_p() -> None:
    p, count = 0.3, 20000
    draw = Draw(count, p, rng(), torch.device("cpu"))
    free = 1 - math.sqrt(1 - p)
    turned = (draw.uniform(1, 2, p=free) > 0) | (draw.uniform(1, 2, p=free) > 0)
    assert turned.float().mean().item() == pytest.approx(p, abs=0.015)


def test_controller_moves_by_one_in_its_kimg() -> None:
    p, batch = 0.0, 64
    for _ in range(500_000 // (4 * batch)):
        p = moved_p(p, r_t=1.0, target=0.6, images=4 * batch, kimg=500, cap=10)
    assert p == pytest.approx(1.0, abs=1e-3)
    assert moved_p(0.5, r_t=0.6, target=0.6, images=64, kimg=1, cap=1) == 0.5
    assert moved_p(0.01, r_t=0.0, target=0.6, images=64, kimg=1, cap=1) == 0.0
    assert moved_p(0.99, r_t=1.0, target=0.6, images=64, kimg=1, cap=0.8) == 0.8
