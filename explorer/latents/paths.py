"""Ways from latent to latent: pure functions of the time on the way."""

import math

import torch
from torch import Tensor

_NEARLY = 1e-3
"""Angle in radians below which, and near pi, a great circle is not to be told."""


def lerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """Straight line, the usual one in W: `a` at 0 and `b` at 1, both to the bit."""
    return torch.lerp(a, b, t)


def slerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """Great circle through two points of Z: constant angular speed, lengths interpolated apart.

    For Z only: W has no sphere. Falls back to `lerp` where the two point the same
    or exactly opposite ways.

    Parameters
    ----------
    a, b : [..., z_dim], not zero
    t : 0 gives `a`, 1 gives `b`, to rounding.

    References
    ----------
    Shoemake. Animating Rotation with Quaternion Curves. 1985.
    """
    length_a, length_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    unit_a, unit_b = a / length_a, b / length_b
    angle = (unit_a * unit_b).sum(dim=-1, keepdim=True).clamp(-1, 1).acos()
    turned = (((1 - t) * angle).sin() * unit_a + (t * angle).sin() * unit_b) / angle.sin()
    curve = turned * torch.lerp(length_a, length_b, t)
    is_plain = (angle < _NEARLY) | (angle > math.pi - _NEARLY)
    return torch.where(is_plain, torch.lerp(a, b, t), curve)


def long_way(a: Tensor, b: Tensor, t: float) -> Tensor:
    """Great circle through two points the other way round, by more than half of it.

    After `slerp(b, a, .)` it goes on in the same sense: the two together are one closed walk
    through both points. Arguments and fall-back as in `slerp`.
    """
    length_a, length_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    unit_a, unit_b = a / length_a, b / length_b
    angle = (unit_a * unit_b).sum(dim=-1, keepdim=True).clamp(-1, 1).acos()
    turn = -t * (2 * math.pi - angle)
    turned = ((angle - turn).sin() * unit_a + turn.sin() * unit_b) / angle.sin()
    curve = turned * torch.lerp(length_a, length_b, t)
    is_plain = (angle < _NEARLY) | (angle > math.pi - _NEARLY)
    return torch.where(is_plain, torch.lerp(a, b, t), curve)


def circle(a: Tensor, b: Tensor, t: float) -> Tensor:
    """Closed walk through Z in the plane of two points, on the sphere of radius sqrt(z_dim).

    Parameters
    ----------
    a, b : [..., z_dim], neither zero nor parallel; the walk starts above `a` and turns towards `b`.
    t : rounds; whole numbers give the same point.
    """
    radius = math.sqrt(a.shape[-1])
    first = a / a.norm(dim=-1, keepdim=True)
    second = b - (b * first).sum(dim=-1, keepdim=True) * first
    second = second / second.norm(dim=-1, keepdim=True)
    turn = 2 * math.pi * (t % 1.0)
    return radius * (math.cos(turn) * first + math.sin(turn) * second)


class PeriodicSpline:
    """Smooth closed curve through keyframes at whole times, twice differentiable at every one.

    The periodic cubic spline: with knots y_k its second derivatives solve the cyclic
    system M[k-1] + 4 M[k] + M[k+1] = 6 (y[k-1] - 2 y[k] + y[k+1]).

    Parameters
    ----------
    knots : [K, ...], K from 1; keyframe k is passed at time k, and again at k + K.
    """

    def __init__(self, knots: Tensor):
        if knots.ndim < 1 or len(knots) < 1:
            raise ValueError("a path needs at least one keyframe")
        count = len(knots)
        self._knots = knots.detach().to("cpu", torch.float64)
        self._like = knots
        y = self._knots.reshape(count, -1)
        identity = torch.eye(count, dtype=torch.float64)
        # Sums of rolled identities, so that one and two keyframes need no case of their own.
        system = 4 * identity + identity.roll(1, 0) + identity.roll(-1, 0)
        bends = torch.linalg.solve(system, 6 * (y.roll(1, 0) - 2 * y + y.roll(-1, 0)))
        self._bends = bends.reshape(self._knots.shape)

    def __call__(self, t: float) -> Tensor:
        """Point at time `t` (any real number; period K), in the knots' type and place."""
        count = len(self._knots)
        t = t % count
        k = min(int(t), count - 1)
        u, v, following = t - k, 1 - (t - k), (k + 1) % count
        point = (
            v * self._knots[k]
            + u * self._knots[following]
            + ((v**3 - v) * self._bends[k] + (u**3 - u) * self._bends[following]) / 6
        )
        return point.to(self._like.device, self._like.dtype)
