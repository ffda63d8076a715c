"""Easings: how time passes between two keyframes. A dictionary of tiny named functions.

Each maps 0 to 0 and 1 to 1, exactly, so that a keyframe is always met. Names and
shapes are those of Penner's equations, which every animation program knows.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

Easing = Callable[[float], float]

_OVERSHOOT = 1.70158
"""Of the "back" curves: they swing a tenth of the way too far (Penner)."""


def _out(ease_in: Easing) -> Easing:
    """Curve that ends as `ease_in` begins."""
    return lambda t: 1 - ease_in(1 - t)


def _both(ease_in: Easing) -> Easing:
    """Curve that begins as `ease_in` and ends as it begins, mirrored."""
    return lambda t: ease_in(2 * t) / 2 if t < 0.5 else 1 - ease_in(2 - 2 * t) / 2


def _sine(t: float) -> float:
    return 1 - math.cos(t * math.pi / 2) if t < 1 else 1.0


def _back(t: float) -> float:
    return t * t * (t + _OVERSHOOT * (t - 1))


def _elastic_out(t: float) -> float:
    if t in (0, 1):
        return float(t)
    return 1 + 2 ** (-10 * t) * math.sin((10 * t - 0.75) * 2 * math.pi / 3)


EASINGS: Mapping[str, Easing] = MappingProxyType(
    {
        "linear": float,
        "smooth": lambda t: t * t * (3 - 2 * t),
        "in": _sine,
        "out": _out(_sine),
        "in-out": _both(_sine),
        "cubic-in": lambda t: t**3,
        "cubic-out": _out(lambda t: t**3),
        "cubic-in-out": _both(lambda t: t**3),
        "back-in": _back,
        "back-out": _out(_back),
        "back-in-out": _both(_back),
        "elastic-out": _elastic_out,
        "cut": math.floor,
    }
)
"""Curves by name. "cut" stays at the first keyframe and jumps to the second."""


def ease(name: str, t: float) -> float:
    """Value of the curve `name` at `t`, from 0 to 1; back and elastic curves swing beyond."""
    return float(EASINGS[name](t))
