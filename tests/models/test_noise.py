"""Sums of noise planes: exact at their ends, of one variance between, and the same in every network."""

import math

import pytest
import torch

from explorer.models.generator import NoisePlan
from explorer.models.noise import Planes, blended
from explorer.models.ops import random_plane
from tests.models.synthetic import random_network


def plane_of(plan):
    return None if plan.mode == "none" else random_plane(plan.seed, 3, 64, 64)


def test_a_sum_is_the_sum_and_writes_to_nothing():
    one, two = random_plane(1, 3, 64, 64), random_plane(2, 3, 64, 64)
    planes = {1: one.clone(), 2: two.clone()}
    plan = NoisePlan(blend=(("random", 1, 0.6), ("random", 2, 0.8)))
    total = blended(plan, lambda part: planes[part.seed])
    assert torch.allclose(total, 0.6 * one + 0.8 * two, atol=1e-6)
    assert torch.equal(planes[1], one)
    assert total.var().item() == pytest.approx(1, abs=0.05)


def test_parts_without_a_plane_or_a_weight_are_left_out():
    plan = NoisePlan(blend=(("none", 0, 1.0), ("random", 2, 0.0)))
    assert blended(plan, plane_of) is None
    plan = NoisePlan(blend=(("random", 1, 1.0), ("random", 2, 0.0)))
    assert torch.equal(blended(plan, plane_of), random_plane(1, 3, 64, 64))


def test_planes_of_the_newest_seeds_are_kept():
    planes = Planes(seeds=2)
    planes.of(1)[0] = torch.zeros(1)
    planes.of(2)
    assert 0 in planes.of(1)
    planes.of(3)
    assert 0 in planes.of(1)
    assert planes.of(2) == {}


def test_a_turn_begins_and_ends_at_the_pictures_of_its_planes():
    G = random_network()
    ws = G.mapping(G.latent(1))

    def picture(plan):
        with torch.inference_mode():
            features = G.start(1)
            for index in range(len(G.steps)):
                features = G.run(index, features, ws, plan)
            return G.picture(features)

    def turned(turn):
        blend = (("const", 0, math.cos(turn)), ("random", 5, math.sin(turn)))
        return picture(NoisePlan(blend=blend))

    assert torch.allclose(turned(0.0), picture(NoisePlan()), atol=1e-5)
    assert torch.allclose(turned(math.pi / 2), picture(NoisePlan("random", 5)), atol=1e-4)
    assert not torch.allclose(turned(math.pi / 4), picture(NoisePlan()), atol=1e-2)
    assert torch.equal(
        picture(NoisePlan(strength=0, blend=(("random", 5, 1.0),))), picture(NoisePlan("none"))
    )
