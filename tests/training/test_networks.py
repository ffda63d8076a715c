"""The training networks give the published numbers, and keep real and fake apart."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from explorer.training.layers import fir, upsample_image
from explorer.training.networks import Discriminator, Generator, minibatch_deviation


def fill(module: nn.Module) -> None:
    """Set every tensor by the rule of the network specification, section 9."""
    for name, tensor in module.state_dict().items():
        k = sum(map(ord, name)) % 97
        v = np.sin(0.7 * np.arange(tensor.numel()) + k)
        if name.startswith("mapping.fc"):
            v = v * (100 if name.endswith("weight") else 10)
        elif name.endswith("affine.bias"):
            v = 1 + 0.1 * v
        elif name.endswith(".bias"):
            v = 0.1 * v
        elif name.endswith("noise_strength"):
            v = np.full_like(v, 0.1)
        elif name.endswith("w_avg"):
            v = 0.2 * v
        tensor.copy_(torch.from_numpy(v).reshape(tensor.shape))


def spec_generator() -> Generator:
    generator = Generator(
        16, {4: 16, 8: 16, 16: 8}, z_dim=8, w_dim=8, mapping_layers=3, conv_clamp=256.0
    ).requires_grad_(False)
    fill(generator)
    return generator


def spec_pictures(generator: Generator, noise: str | None) -> Tensor:
    """The two pictures of section 9: psi 0.7 on the first four rows."""
    z = torch.from_numpy(np.random.RandomState(0).randn(2, 8).astype(np.float32))
    w = generator.mapping(z)
    truncated = generator.mapping.w_avg.lerp(w, 0.7)
    rows = [truncated] * 4 + [w] * 2
    np.testing.assert_allclose(rows[0][0, :3], [0.846825, 1.130185, 0.903791], atol=2e-6)
    np.testing.assert_allclose(rows[5][0, :3], [1.138879, 1.591403, 1.326593], atol=2e-6)
    return generator.synthesis(rows, noise)


@pytest.mark.parametrize(
    ("noise", "mean", "std", "corner", "edge"),
    [
        ("const", -1.431206, 2.906368, [0.93863, 0.27741, -0.49788], [0.76764, -0.42481, -1.06703]),
        (None, -1.537113, 3.248209, [0.60680, 0.12047, -0.36345], [0.20462, -0.42558, -0.59733]),
    ],
)
def test_generator_gives_the_published_numbers(
    noise: str | None, mean: float, std: float, corner: list[float], edge: list[float]
) -> None:
    image = spec_pictures(spec_generator(), noise)
    assert image.mean().item() == pytest.approx(mean, abs=2e-5)
    assert image.std(unbiased=False).item() == pytest.approx(std, abs=2e-5)
    np.testing.assert_allclose(image[0, :, 0, 0], corner, atol=2e-5)
    np.testing.assert_allclose(image[1, :, 15, 14], edge, atol=2e-5)


def test_discriminator_gives_the_published_numbers() -> None:
    judge = Discriminator(16, {4: 16, 8: 16, 16: 8}, group=2).requires_grad_(False)
    fill(judge)
    index = torch.arange(4 * 3 * 16 * 16, dtype=torch.float64)
    images = torch.sin(0.01 * index**1.1).reshape(4, 3, 16, 16).float()
    np.testing.assert_allclose(judge(images), [0.10948, 0.10858, 0.11037, 0.11406], atol=1e-5)
