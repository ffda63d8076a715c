"""How much of a face stays the same: a measure of identity that needs no network.

It compares features where they are: the lightness of the inner face without its large
shadows, so that light, skin and hair count little, and eyes, brows, nose and mouth much.
It is no face recognition. A head that turns moves its features, and that counts as change.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from explorer.attributes.portrait import SIDE, Numbers, Pixels, Portrait

_INNER = (0.25, 0.75, 0.33, 0.85)
_SHADOWS = 0.05
"""Of the width: what is larger is light, not a feature."""


def features(picture: Pixels) -> Numbers:
    """Pattern of the inner face: a vector of mean 0 and length 1.

    Parameters
    ----------
    picture : [H, W, 3] uint8, an aligned portrait.
    """
    lightness = gaussian_filter(Portrait(picture).box(*_INNER)[..., 0], 1.0)
    pattern = (lightness - gaussian_filter(lightness, _SHADOWS * SIDE)).reshape(-1)
    pattern = pattern - pattern.mean()
    return pattern / max(float(np.linalg.norm(pattern)), 1e-12)


def likeness(pictures: Numbers, others: Numbers) -> Numbers:
    """Correlation of patterns, pair by pair: [N], 1 for the same face.

    Parameters
    ----------
    pictures, others : [N, K] rows of `features`.
    """
    return np.einsum("nk,nk->n", pictures, others)


def strangers(patterns: Numbers) -> float:
    """Mean correlation between different faces: what `likeness` is where nothing of a face is kept."""
    total = patterns.sum(axis=0)
    count = len(patterns)
    return float((total @ total - (patterns**2).sum()) / (count * (count - 1)))
