"""The training networks give the published numbers, and keep real and fake apart."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from explorer.training import layers
from explorer.training.layers import ModulatedConv, fir, upsample_image
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


def test_modulated_convolution_has_the_right_gradient() -> None:
    torch.manual_seed(0)
    layer = ModulatedConv(2, 3, 4, 8, up=True, conv_clamp=None, use_noise=True).double()
    with torch.no_grad():
        layer.noise_strength.fill_(0.3)
    x = torch.randn(2, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    w = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    noise = torch.randn(2, 1, 8, 8, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x, w: layer(x, w, noise), (x, w))


def test_penalty_has_the_right_gradient() -> None:
    """R1 differentiates a gradient; its own gradient is checked against finite differences."""
    torch.manual_seed(0)
    judge = Discriminator(8, {4: 2, 8: 2}, group=2).double()
    images = torch.randn(2, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    weight = judge.get_parameter("b8.conv0.weight")

    def penalty() -> Tensor:
        logits = epilogue_in_double(judge, images)
        (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
        return gradient.square().sum()

    (slope,) = torch.autograd.grad(penalty(), weight)
    step, index = 1e-5, (1, 0, 2, 1)
    values = []
    for sign in (1, -1):
        with torch.no_grad():
            weight[index] += sign * step
        values.append(penalty().item())
        with torch.no_grad():
            weight[index] -= sign * step
    assert slope[index].item() == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-5)


def epilogue_in_double(judge: Discriminator, images: Tensor) -> Tensor:
    """The discriminator's pass with everything in float64, also the end it runs in float32."""
    block = judge.get_submodule("b8")
    return judge.b4(block(block.fromrgb(images)), 1)


def test_real_and_fake_do_not_see_each_other() -> None:
    torch.manual_seed(0)
    judge = Discriminator(16, {4: 8, 8: 8, 16: 4}, group=2).requires_grad_(False)
    real, fake = torch.randn(4, 3, 16, 16), torch.randn(4, 3, 16, 16)
    together = judge(torch.cat([real, fake]), parts=2)
    torch.testing.assert_close(together, torch.cat([judge(real), judge(fake)]))
    assert not torch.allclose(together, judge(torch.cat([real, fake])), atol=1e-4)


def test_groups_of_the_minibatch_deviation_may_change_places() -> None:
    x = torch.randn(8, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    # With groups of 4 there are two: the even samples and the odd ones.
    order = [1, 0, 3, 2, 5, 4, 7, 6]
    torch.testing.assert_close(minibatch_deviation(x[order], 4), minibatch_deviation(x, 4)[order])
    with pytest.raises(ValueError, match="no multiple"):
        minibatch_deviation(x[:6], 4)


def test_up_sampling_agrees_with_its_filter() -> None:
    image = torch.randn(1, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    spread = torch.zeros(1, 3, 10, 10)
    spread[:, :, ::2, ::2] = image
    padded = torch.nn.functional.pad(spread, (2, 1, 2, 1))
    torch.testing.assert_close(upsample_image(image), fir(padded, padding=0, gain=4.0))


def test_half_precision_stays_near_float32() -> None:
    torch.manual_seed(0)
    generator = Generator(
        32, {4: 8, 8: 8, 16: 8, 32: 4}, z_dim=6, w_dim=6, mapping_layers=2, conv_clamp=256.0
    ).requires_grad_(False)
    z = torch.randn(2, 6)
    exact, half = generator(z), generator(z, dtype=torch.bfloat16)
    assert half.dtype == torch.float32
    assert 0 < (half - exact).abs().max() < 0.05 * exact.abs().max()


def test_a_gpus_form_of_resampling_gives_the_same(monkeypatch):
    x = torch.randn(2, 6, 16, 12)
    wide, narrow, bias = torch.randn(8, 6, 3, 3), torch.randn(8, 6, 1, 1), torch.randn(8)

    def found():
        return layers.doubled(x, wide), layers.halved(x, wide, bias), layers.halved(x, narrow, None)

    wanted = found()
    monkeypatch.setattr(layers, "is_dense", lambda x: True)
    for one, other in zip(found(), wanted, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("is_dense", [False, True])
def test_a_penalty_is_the_same_by_the_quick_way(is_dense, monkeypatch) -> None:
    monkeypatch.setattr(layers, "is_dense", lambda x: is_dense)
    judge = Discriminator(16, {4: 8, 8: 8, 16: 4})

    def gradients(way) -> list[Tensor]:
        judge.zero_grad()
        images = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(1), requires_grad=True)
        with way:
            (gradient,) = torch.autograd.grad(judge(images).sum(), images, create_graph=True)
        gradient.square().sum().backward()
        return [weight.grad for weight in judge.parameters() if weight.grad is not None]

    for quick, plain in zip(gradients(layers.only_inputs()), gradients(nullcontext()), strict=True):
        torch.testing.assert_close(quick, plain, atol=1e-5, rtol=1e-4)
