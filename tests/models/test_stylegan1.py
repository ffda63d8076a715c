"""StyleGAN of 2019 against the published numbers, a literal form and the laws of its steps."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from explorer.models import Features, NetworkDescription, NoisePlan, build_generator, forms, stylegan1
from explorer.models.generator import NoiseMode
from explorer.models.ops import random_plane
from explorer.models.stylegan1 import StyleGAN1

CHANNELS = {4: 16, 8: 16, 16: 8}
Z = torch.from_numpy(np.random.RandomState(0).randn(2, 8).astype(np.float32))
NOISES = st.builds(
    NoisePlan,
    st.sampled_from(["const", "none", "random"]),
    st.integers(0, 2**32 - 1),
    st.floats(0, 4, allow_nan=False),
)


def description_of(
    resolution: int = 16, c_dim: int = 0, img_channels: int = 3, **options: Any
) -> NetworkDescription:
    rows = 2 * int(math.log2(resolution)) - 2
    return NetworkDescription("stylegan1", resolution, img_channels, 8, 8, c_dim, rows, options)


def tensorflow_shapes(channels: dict[int, int], mapping_layers: int = 2) -> dict[str, tuple[int, ...]]:
    """Variables as TensorFlow names and orders them."""
    table: dict[str, tuple[int, ...]] = {"dlatent_avg": (8,)}
    for i in range(mapping_layers):
        table |= {f"mapping/Dense{i}/weight": (8, 8), f"mapping/Dense{i}/bias": (8,)}
    before = channels[4]
    table["synthesis/4x4/Const/const"] = (1, before, 4, 4)
    index = 0
    for size, here in channels.items():
        for layer in ("Const", "Conv") if size == 4 else ("Conv0_up", "Conv1"):
            name = f"synthesis/{size}x{size}/{layer}"
            if layer != "Const":
                table[f"{name}/weight"] = (3, 3, before, here)
            table |= {
                f"{name}/bias": (here,),
                f"{name}/Noise/weight": (here,),
                f"{name}/StyleMod/weight": (8, 2 * here),
                f"{name}/StyleMod/bias": (2 * here,),
                f"synthesis/noise{index}": (1, 1, size, size),
            }
            before, index = here, index + 1
    return table | {"synthesis/ToRGB_lod0/weight": (1, 1, before, 3), "synthesis/ToRGB_lod0/bias": (3,)}


def fill(name: str, shape: tuple[int, ...]) -> Tensor:
    """Value of a variable by the fill rule of the specification, section 9: by its name within its part."""
    name = name.removeprefix("mapping/").removeprefix("synthesis/")
    v = np.sin(0.7 * np.arange(math.prod(shape)) + sum(map(ord, name)) % 97).reshape(shape)
    if name.startswith("Dense"):
        v = v * (100 if name.endswith("weight") else 10)
    elif name.endswith(("bias", "Noise/weight")):
        v = 0.1 * v
    elif name == "dlatent_avg":
        v = 0.2 * v
    return torch.from_numpy(v.astype(np.float32))


def canonical(variables: dict[str, Tensor]) -> dict[str, Tensor]:
    """Our names and axes."""
    layers = {"Const": "layer0", "Conv": "layer1", "Conv0_up": "layer0", "Conv1": "layer1"}
    parameters = {
        "weight": ("weight", lambda t: t.permute(3, 2, 0, 1)),
        "bias": ("bias", lambda t: t),
        "Noise/weight": ("noise_weight", lambda t: t),
        "StyleMod/weight": ("style.weight", lambda t: t.t()),
        "StyleMod/bias": ("style.bias", lambda t: t),
    }
    tensors = {}
    for name, value in variables.items():
        parts = name.split("/")
        if name == "dlatent_avg":
            tensors["mapping.w_avg"] = value
        elif parts[0] == "mapping":
            found = value.t() if parts[2] == "weight" else value
            tensors[f"mapping.{parts[1].replace('Dense', 'fc')}.{parts[2]}"] = found
        elif name.endswith("/const"):
            tensors["synthesis.b4.const"] = value[0]
        elif parts[1].startswith("noise"):
            index = int(parts[1].removeprefix("noise"))
            tensors[f"synthesis.b{4 << index // 2}.layer{index % 2}.noise_const"] = value[0, 0]
        elif parts[1].startswith("ToRGB"):
            found = value.permute(3, 2, 0, 1) if parts[2] == "weight" else value
            tensors[f"synthesis.torgb.{parts[2]}"] = found
        else:
            ours, change = parameters["/".join(parts[3:])]
            tensors[f"synthesis.b{parts[1].split('x')[0]}.{layers[parts[2]]}.{ours}"] = change(value)
    return tensors


def by_rule() -> dict[str, Tensor]:
    return canonical({name: fill(name, shape) for name, shape in tensorflow_shapes(CHANNELS).items()})


def random_tensors(channels: dict[int, int], seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return canonical(
        {
            name: torch.randn(shape, generator=generator) * (100 if "/Dense" in name else 1)
            for name, shape in tensorflow_shapes(channels).items()
        }
    )


NETWORK = StyleGAN1(description_of(), random_tensors({4: 7, 8: 12, 16: 5}))


def close(found: Tensor, wanted: list[float], tolerance: float = 1e-4) -> None:
    torch.testing.assert_close(found, torch.tensor(wanted), rtol=0, atol=tolerance)


def latents(network: StyleGAN1, count: int = 1, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, network.num_ws, network.w_dim, generator=generator)


def walk(network: StyleGAN1, ws: Tensor, noise: NoisePlan = NoisePlan()) -> list[Features]:
    features = [network.start(len(ws))]
    for index in range(len(network.steps)):
        features.append(network.run(index, features[-1], ws, noise))
    return features


# --- numbers of the public network (specification, section 9) --------------------------------


@pytest.mark.parametrize(
    ("fused", "mean", "std", "corner", "middle", "far"),
    [
        (
            "auto",
            0.039130,
            0.410465,
            [0.20275, 0.14308, 0.01612],
            [0.66505, 0.61173, 0.27070],
            [0.14167, 0.07184, -0.03178],
        ),
        (
            True,
            None,
            0.464485,
            [0.49707, 0.47841, 0.23475],
            [-0.02935, -0.01071, 0.01297],
            [-0.10631, -0.30208, -0.35578],
        ),
    ],
)
def test_pictures_of_the_public_network(
    fused: bool | str,
    mean: float | None,
    std: float,
    corner: list[float],
    middle: list[float],
    far: list[float],
) -> None:
    network = build_generator(description_of(fused_scale=fused), by_rule())
    close(
        network.mapping(Z)[0, 0],
        [1.685189, 1.242869, 0.216009, -0.182489, -0.322352, -0.310608, -0.152780, 0.384512],
        1e-5,
    )
    image = network.synthesis(network.mapping(Z, psi=0.7, cutoff=4))
    assert image.shape == (2, 3, 16, 16)
    assert image.dtype == torch.float32
    if mean is not None:
        close(image.mean()[None], [mean])
    close(image.std(correction=0)[None], [std])
    close(image[0, :, 0, 0], corner)
    close(image[0, :, 8, 7], middle)
    close(image[1, :, 15, 14], far)


# --- the up-sampling forms -------------------------------------------------------------------


@pytest.mark.parametrize("is_fused", [False, True])
def test_one_kernel_draws_both_ways_of_up_sampling(is_fused: bool) -> None:
    tensors = random_tensors({4: 6, 8: 10})
    network = StyleGAN1(description_of(8, fused_scale=is_fused), tensors)
    ws = latents(network)
    features = walk(network, ws, NoisePlan("none"))[2]
    kernel = tensors["synthesis.b8.layer0.weight"] * math.sqrt(2 / (9 * 6))
    if is_fused:
        # As it was trained: the kernel's four shifts, added, in a transposed convolution.
        spread = F.pad(kernel, (1, 1, 1, 1)).transpose(0, 1)
        wide = sum(spread[:, :, a : a + 4, b : b + 4] for a in (0, 1) for b in (0, 1))
        x = F.conv_transpose2d(features.x, wide, stride=2, padding=1)
    else:
        x = F.conv2d(features.x.repeat_interleave(2, 2).repeat_interleave(2, 3), kernel, padding=1)
    blur = torch.tensor([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]) / 16
    x = F.conv2d(x, blur.expand(10, 1, 3, 3), padding=1, groups=10)
    x = F.leaky_relu(x + tensors["synthesis.b8.layer0.bias"][:, None, None], 0.2)
    x = x - x.mean(dim=(2, 3), keepdim=True)
    x = x * (x.square().mean(dim=(2, 3), keepdim=True) + 1e-8).rsqrt()
    style = ws[:, 2] @ tensors["synthesis.b8.layer0.style.weight"].t() / math.sqrt(8)
    style = (style + tensors["synthesis.b8.layer0.style.bias"])[:, :, None, None]
    wanted = x * (style[:, :10] + 1) + style[:, 10:]
    torch.testing.assert_close(network.run(2, features, ws, NoisePlan("none")).x, wanted, rtol=0, atol=2e-5)


def test_auto_means_fused_from_128_pixels() -> None:
    channels = {4 << i: 3 for i in range(6)}
    tensors = random_tensors(channels)
    ws = torch.randn(1, 12, 8, generator=torch.Generator().manual_seed(0))
    pictures = {}
    for fused in ("auto", True, False):
        network = StyleGAN1(description_of(128, fused_scale=fused), tensors)
        pictures[fused] = walk(network, ws)
    last = network.steps.index(next(step for step in network.steps if step.resolution == 128))
    assert torch.equal(pictures["auto"][last].x, pictures[False][last].x)
    assert not torch.equal(pictures["auto"][last + 1].x, pictures[False][last + 1].x)
    again = StyleGAN1(description_of(128, fused_scale=True), tensors).run(last, pictures[False][last], ws)
    assert torch.equal(again.x, pictures["auto"][last + 1].x)


def test_wide_layers_draw_the_same_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = random_tensors({4: 16, 8: 16, 16: 128})
    fast = StyleGAN1(description_of(), tensors)
    assert [layer._winograd is not None for layer in fast._layers] == [False] * 5 + [True]
    assert "winograd 4x4" in str(fast.forms).splitlines()[-1]
    monkeypatch.setattr(forms, "tile_for", lambda *_: None)
    plain = StyleGAN1(description_of(), tensors)
    ws = latents(fast, 2)
    wanted = plain.synthesis(ws)
    assert float((fast.synthesis(ws) - wanted).abs().max() / wanted.abs().max()) < 2e-5


# --- laws of the steps -----------------------------------------------------------------------


@given(noise=NOISES, data=st.data())
def test_entering_in_the_middle_equals_the_full_walk(noise: NoisePlan, data: st.DataObject) -> None:
    before, after = latents(NETWORK, seed=1), latents(NETWORK, seed=2)
    enter = data.draw(st.integers(0, len(NETWORK.steps)))
    ws = torch.cat([before[:, :enter], after[:, enter:]], dim=1)
    cached = walk(NETWORK, before, noise)
    copies = [features.x.clone() for features in cached]
    features = cached[enter]
    for index in range(enter, len(NETWORK.steps)):
        features = NETWORK.run(index, features, ws, noise)
    full = NETWORK.synthesis(ws, noise.mode, noise_seed=noise.seed, noise_strength=noise.strength)
    assert torch.equal(NETWORK.picture(features), full)
    assert all(torch.equal(kept.x, copy) for kept, copy in zip(cached, copies, strict=True))


@pytest.mark.parametrize("mode", ["const", "none", "random"])
def test_a_batch_equals_singles(mode: NoiseMode) -> None:
    ws = latents(NETWORK, 3)
    together = NETWORK.synthesis(ws, mode, noise_seed=5)
    alone = torch.cat([NETWORK.synthesis(part, mode, noise_seed=5) for part in ws.split(1)])
    assert float((together - alone).abs().max() / together.abs().max()) <= 1e-5


def test_steps() -> None:
    assert [step.name for step in NETWORK.steps] == [
        "b4.layer0",
        "b4.layer1",
        "b8.layer0",
        "b8.layer1",
        "b16.layer0",
        "b16.layer1",
        "torgb",
    ]
    assert [step.rows for step in NETWORK.steps] == [(0,), (1,), (2,), (3,), (4,), (5,), ()]
    assert [step.resolution for step in NETWORK.steps] == [4, 4, 8, 8, 16, 16, 16]
    assert [step.reads_noise for step in NETWORK.steps] == [True] * 6 + [False]
    assert list(NETWORK.early_stops().items()) == [(16, 6)]
    with pytest.raises(ValueError, match="no picture yet"):
        NETWORK.picture(NETWORK.start(1))


def test_noise() -> None:
    ws = latents(NETWORK)
    silent = NETWORK.synthesis(ws, "none")
    assert torch.equal(NETWORK.synthesis(ws, "random", noise_strength=0), silent)
    first = NETWORK.synthesis(ws, "random", noise_seed=7)
    assert not torch.equal(first, silent)
    assert not torch.equal(NETWORK.synthesis(ws, "random", noise_seed=8), first)
    torch.manual_seed(0)
    assert torch.equal(NETWORK.synthesis(ws, "random", noise_seed=7), first)
    # Planes drawn at random and stored in the file mean the same.
    tensors = random_tensors({4: 7, 8: 12, 16: 5})
    for index, step in enumerate(NETWORK.steps[:-1]):
        size = step.resolution
        tensors[f"synthesis.{step.name}.noise_const"] = random_plane(7, index, size, size)[0, 0]
    stored = StyleGAN1(description_of(), tensors).synthesis(ws)
    torch.testing.assert_close(stored, first)


def test_a_network_without_noise() -> None:
    tensors = {name: t for name, t in random_tensors({4: 5, 8: 4}).items() if ".noise_" not in name}
    network = StyleGAN1(description_of(8), tensors)
    assert not network.has_noise
    ws = latents(network)
    assert torch.equal(network.synthesis(ws, "const"), network.synthesis(ws, "random", noise_seed=4))


# --- building --------------------------------------------------------------------------------


def test_the_label_is_normalised_with_z() -> None:
    tensors = random_tensors({4: 5, 8: 4})
    random = torch.Generator().manual_seed(3)
    table = torch.randn(2, 8, generator=random)
    tensors |= {
        "mapping.label.weight": table,
        "mapping.fc0.weight": 100 * torch.randn(8, 16, generator=random),
    }
    network = StyleGAN1(description_of(8, c_dim=2), tensors)
    z = network.latent(5)
    joined = torch.cat([z, table[1:]], dim=1)
    x = joined / (joined.square().mean() + 1e-8).sqrt()
    for i in (0, 1):
        weight, bias = tensors[f"mapping.fc{i}.weight"], tensors[f"mapping.fc{i}.bias"]
        # The gain sits in the weights, the bias escapes it.
        x = F.leaky_relu(x @ weight.t() * (0.01 * math.sqrt(2 / weight.shape[1])) + 0.01 * bias, 0.2)
    torch.testing.assert_close(network.mapping(z, torch.eye(2)[1:])[0, :1], x)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lod": 2.5}, "still growing"),
        ({"fused_scale": "sometimes"}, "fused_scale"),
        ({"use_styles": False}, "use_styles"),
        ({"const_input_layer": False}, "const_input_layer"),
    ],
)
def test_options_that_are_not_drawn_are_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        StyleGAN1(description_of(**change), by_rule())


def test_what_does_not_fit_is_refused() -> None:
    tensors = by_rule()
    with pytest.raises(ValueError, match="rows of ws"):
        StyleGAN1(replace(description_of(), num_ws=8), tensors)
    with pytest.raises(ValueError, match="power of two"):
        StyleGAN1(replace(description_of(), resolution=24), tensors)
    with pytest.raises(ValueError, match="stranger"):
        StyleGAN1(description_of(), tensors | {"stranger": torch.zeros(1)})
    with pytest.raises(ValueError, match=r"b8.layer1.bias' is missing"):
        StyleGAN1(description_of(), {n: t for n, t in tensors.items() if n != "synthesis.b8.layer1.bias"})
    with pytest.raises(ValueError, match="no input transform"):
        NETWORK.synthesis(latents(NETWORK), transform=(0.0, 0.0, 1.0))


def test_half_precision_stays_near(monkeypatch: pytest.MonkeyPatch) -> None:
    # Its arithmetic works on a CPU too, only slowly.
    monkeypatch.setattr(stylegan1, "half_dtype", lambda *_: torch.float16)
    tensors = random_tensors({4: 9, 8: 8, 16: 7, 32: 6, 64: 5, 128: 4})
    half = StyleGAN1(description_of(128), tensors, precision="float16")
    ws = latents(half, 2)
    kinds = {f.x.shape[2]: f.x.dtype for f in walk(half, ws)[1:-1]}
    assert [kinds[size] == torch.float16 for size in (4, 8, 16, 32, 64, 128)] == [False, False] + [True] * 4
    monkeypatch.undo()
    for mode in ("const", "random"):
        wanted = StyleGAN1(description_of(128), tensors).synthesis(ws, mode)  # type: ignore[arg-type]
        found = half.synthesis(ws, mode)  # type: ignore[arg-type]
        assert float((found - wanted).abs().max() / wanted.abs().max()) < 1e-2


def test_sizes() -> None:
    tensors = by_rule()
    network = StyleGAN1(description_of(), tensors)
    trained = [t for name, t in tensors.items() if not name.endswith(("noise_const", "w_avg"))]
    assert network.parameters == sum(t.numel() for t in trained)
    assert network.nbytes > 4 * network.parameters
    assert network.to("cpu") is network
    with pytest.raises(ValueError, match="float32"):
        network.to("cpu", "float16")
    assert [row for row, _ in network.style_weights()] == list(range(6))
