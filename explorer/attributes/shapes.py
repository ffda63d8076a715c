"""Measures of shapes: where colours meet. Soft shares instead of edges, so that they change evenly."""

import numpy as np
from scipy.ndimage import gaussian_filter

from explorer.attributes.portrait import SIDE, Numbers, Portrait

_SIDES = ((0.06, 0.25, 0.45, 0.80), (0.75, 0.94, 0.45, 0.80))
_FACE_ROWS = (0.0, 1.0, 0.45, 0.72)
_BROWS = ((0.28, 0.44, 0.35, 0.455), (0.56, 0.72, 0.35, 0.455))
_MOUTH_LINE = (0.32, 0.68, 0.68, 0.77)
_TEETH = (0.41, 0.59, 0.70, 0.77)
_UPPER = (0.0, 1.0, 0.0, 0.6)


def turn(portrait: Portrait) -> float:
    """How far the head is turned to the right of the picture, in % of its width; about 0 from the front.

    The eyes of an aligned portrait stay; the cheek that turns towards the camera grows. So this is how far
    the middle of all skin at the height of nose and cheeks lies to the left.
    """
    rows = portrait.box(*_FACE_ROWS)
    skin = _distance(rows, portrait.skin)
    other = np.minimum(_distance(rows, portrait.background), _distance(rows, portrait.hair))
    share = (other / (other + skin + 1e-3)).mean(axis=0) ** 3
    return -100 * _centre(share) / SIDE


def smile(portrait: Portrait) -> float:
    """How much the mouth smiles: its width, and the teeth it shows; 0 is usual, 1 is clear to see.

    The width is that of the line between the lips, darker than the skin around it. Teeth are what is less red
    than skin, where all around is redder.
    """
    darkest = (portrait.box(*_MOUTH_LINE)[..., 0] / max(portrait.skin[0], 1)).min(axis=0)
    width = float(_step((0.75 - darkest) / 0.04).mean())
    redness = gaussian_filter(portrait.box(*_TEETH)[..., 1] - portrait.skin[1], (0.7, 1.0))
    teeth = float(-redness.min(axis=0).mean())
    return (width - 0.55) / 0.2 + (teeth - 4) / 8


def brows(portrait: Portrait) -> float:
    """How far up the eyebrows are, in % of the picture's height above the upper lids."""
    heights = []
    for box in _BROWS:
        lightness = portrait.box(*box)[..., 0]
        dark = np.maximum(portrait.skin[0] - lightness - 8, 0).sum(axis=1)
        heights.append(-_centre(dark))
    return 100 * float(np.mean(heights)) / SIDE


def hair_length(portrait: Portrait) -> float:
    """How much of the sides of face and neck is hair, in %: where its colour lies from background to hair.

    Above the collar, whose colour says nothing. A little below 0 and above 100 where colours go beyond both.
    """
    way = portrait.hair - portrait.background
    sides = np.concatenate([portrait.box(*box) for box in _SIDES])
    share = (sides - portrait.background) @ way / (way @ way + 50)
    return 100 * float(share.clip(-0.2, 1.3).mean())


def framing(portrait: Portrait) -> float:
    """How much of the upper three fifths of the picture is not background, in %."""
    distance = np.linalg.norm(portrait.box(*_UPPER) - portrait.background, axis=-1)
    return 100 * float(_step((distance - 15) / 4).mean())


def _distance(pixels: Numbers, colour: Numbers) -> Numbers:
    """Distance of colours in which shadows count half."""
    return np.linalg.norm((pixels - colour) * (0.5, 1.0, 1.0), axis=-1)


def _centre(weights: Numbers) -> float:
    """Centre of weights along a line, from its middle."""
    places = np.arange(len(weights)) - (len(weights) - 1) / 2
    return float((weights * places).sum() / (weights.sum() + 1e-3))


def _step(x: Numbers) -> Numbers:
    """From 0 to 1, softly."""
    return 1 / (1 + np.exp(-x.clip(-40, 40)))
