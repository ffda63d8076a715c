"""Measures of colours and light: medians over fixed places of an aligned portrait."""

import numpy as np

from explorer.attributes.portrait import CHEEKS, Portrait

_FACE = (0.30, 0.70, 0.27, 0.82)
_LIPS = (0.42, 0.58, 0.70, 0.82)
_BROW_SIDES = ((0.33, 0.45, 0.25, 0.36), (0.55, 0.67, 0.25, 0.36))


def background_lightness(portrait: Portrait) -> float:
    """L* behind the head."""
    return float(portrait.background[0])


def hair_darkness(portrait: Portrait) -> float:
    """100 - L* above the forehead."""
    return float(100 - portrait.hair[0])


def skin_lightness(portrait: Portrait) -> float:
    """L* of cheeks and forehead."""
    return float(portrait.skin[0])


def warmth(portrait: Portrait) -> float:
    """Mean b* of skin and background, which light colours alike."""
    return float(portrait.skin[2] + portrait.background[2]) / 2


def light_side(portrait: Portrait) -> float:
    """L* of the right side of the face minus that of the left, at the cheeks and above the brows."""
    left, right = (
        np.mean([portrait.colour(box)[0] for box in sides]) for sides in zip(CHEEKS, _BROW_SIDES, strict=True)
    )
    return float(right - left)


def lip_colour(portrait: Portrait) -> float:
    """a* of the reddest tenth of the mouth minus that of the skin."""
    return float(np.percentile(portrait.box(*_LIPS)[..., 1], 90) - portrait.skin[1])


def contrast(portrait: Portrait) -> float:
    """L* between the lightest and the darkest tenth of the face."""
    dark, light = np.percentile(portrait.box(*_FACE)[..., 0], (10, 90))
    return float(light - dark)
