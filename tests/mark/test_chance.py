"""Scores of pictures without the mark are draws from a normal distribution, whatever the pictures show."""

import numpy as np
import pytest
import torch

from explorer.mark import detection
from explorer.mark.embedding import brightness
from explorer.mark.pattern import TILE, from_noise
from explorer.mark.pictures import _KINDS


@pytest.mark.parametrize("kind", dict.fromkeys(_KINDS), ids=lambda kind: kind.__name__)
def test_chance_is_not_underestimated(kind, monkeypatch):
    picture = np.rint(kind(np.random.default_rng(3), 192)).clip(0, 255).astype(np.uint8)
    planes, dice = brightness(picture)[None, None], torch.Generator().manual_seed(4)
    parts, whole = [], []
    with torch.inference_mode():
        many, one = detection.guess(planes, 96 / TILE), detection.guess(planes, 192 / TILE)
        for _ in range(12):
            pattern = from_noise(torch.randn(TILE, TILE, dtype=torch.float64, generator=dice))
            monkeypatch.setattr(detection, "key", lambda pattern=pattern: pattern)
            parts.append(detection._anywhere(many))
            whole.append(detection._around(one, (1.0, 0.9), 1.0, (0, 4)))
    assert float(torch.stack(whole).std()) == pytest.approx(1, abs=0.02)
    assert 0.5 < float(torch.stack(parts).std()) < 1.15
    assert float(torch.stack(parts).abs().max()) < 6.5
