"""The measures notice what they are there for."""

import pytest
import torch
from torch import Tensor

from explorer.training import measures
from explorer.training.evaluate import copying


def noise(count: int = 32, size: int = 32, seed: int = 0) -> Tensor:
    return torch.randn((count, 3, size, size), generator=torch.Generator().manual_seed(seed)) * 0.3


def blurred(images: Tensor) -> Tensor:
    return torch.nn.functional.avg_pool2d(images, 3, stride=1, padding=1)


def test_sliced_wasserstein_sees_texture_at_its_own_level() -> None:
    real, other = noise(seed=1), noise(seed=2)
    floor, far = measures.sliced_wasserstein(real, other), measures.sliced_wasserstein(real, blurred(other))
    assert set(floor) == {"swd_32", "swd_16", "swd"}
    assert far["swd_32"] > 1.7 * floor["swd_32"]
    assert far["swd_16"] < 1.3 * floor["swd_16"]
    with pytest.raises(ValueError, match="differ in shape"):
        measures.sliced_wasserstein(real, other[:8])


def test_random_features_tell_sets_apart() -> None:
    real, other = noise(seed=1), noise(seed=2)
    assert measures.random_feature_distance(real, real) == pytest.approx(0, abs=1e-6)
    near = measures.random_feature_distance(real, other)
    assert measures.random_feature_distance(real, blurred(other)) > 3 * near


def test_spectrum_names_the_missing_band() -> None:
    bands = measures.spectrum_difference(noise(seed=1), blurred(noise(seed=2)))
    assert bands["spectrum_4"] < -1
    assert abs(bands["spectrum_1"]) < 1


def test_colour_distance_is_in_levels() -> None:
    images = noise()
    assert measures.colour_distance(images, images + 0.2) == pytest.approx(0.2 * 127.5, rel=1e-3)


def test_collapse_and_copying_show() -> None:
    images = noise(64)
    one = images[:1] + noise(64, seed=3) * 0.1
    assert measures.diversity(one) < 0.3 * measures.diversity(images)
    thumbs = measures.thumbnails(images)
    copies = images[:16].flip(3) + noise(16, seed=4) * 0.05
    assert copying(copies, thumbs) < 0.2
    assert copying(noise(16, seed=5), thumbs) == pytest.approx(1, abs=0.1)
    distances, index = measures.nearest(measures.thumbnails(copies), thumbs)
    assert index.tolist() == list(range(16))
    assert distances.max() < measures.diversity(images)


def test_path_smoothness_is_the_slope() -> None:
    w = noise(4, 2).flatten(1)

    def draw(latents: Tensor) -> Tensor:
        return 3 * latents[:, :1, None, None].expand(-1, 1, 32, 32)

    found = measures.path_smoothness(draw, w, step=1e-3)
    generator = torch.Generator().manual_seed(measures.SEED)
    direction = torch.randn(w.shape, generator=generator)
    direction = direction / direction.norm(dim=1, keepdim=True)
    assert found == pytest.approx(float((direction[:, 0].abs() * 3 * 32).mean()), rel=1e-2)
