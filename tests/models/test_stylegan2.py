"""Laws of the StyleGAN2 generator, on small networks with random weights."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from explorer.models import Features, NoisePlan, build_generator
from explorer.models.generator import NoiseMode
from explorer.models.ops import random_plane, truncate
from explorer.models.stylegan2 import StyleGAN2
from tests.models.synthetic import channels_of, description_of, random_network, random_tensors

ARCHITECTURES = ("skip", "resnet", "orig")
# Unequal neighbours, odd sizes, and layers on both sides of the fold rule.
CHANNELS = {4: 7, 8: 12, 16: 9, 32: 5}
NETWORKS = {
    arch: random_network(arch, 32, channels=CHANNELS, z_dim=10, w_dim=6, conv_clamp=2.0)
    for arch in ARCHITECTURES
}
NOISES = st.builds(
    NoisePlan,
    st.sampled_from(["const", "none", "random"]),
    st.integers(0, 2**32 - 1),
    st.floats(0, 4, allow_nan=False),
)


def latents(network: StyleGAN2, count: int = 1, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, network.num_ws, network.w_dim, generator=generator)


def walk(network: StyleGAN2, ws: Tensor, noise: NoisePlan = NoisePlan()) -> list[Features]:
    features = [network.start(len(ws))]
    for index in range(len(network.steps)):
        features.append(network.run(index, features[-1], ws, noise))
    return features


@given(arch=st.sampled_from(ARCHITECTURES), noise=NOISES, data=st.data())
def test_entering_in_the_middle_equals_the_full_walk(
    arch: str, noise: NoisePlan, data: st.DataObject
) -> None:
    network = NETWORKS[arch]
    before, after = latents(network, seed=1), latents(network, seed=2)
    enter = data.draw(st.integers(0, len(network.steps)))
    # Rows that only later steps read may change; everything cached before stays valid.
    read = {row for step in network.steps[:enter] for row in step.rows}
    ws = after.clone()
    ws[:, sorted(read)] = before[:, sorted(read)]
    cached = walk(network, before, noise)
    copies = [features.x.clone() for features in cached]
    features = cached[enter]
    for index in range(enter, len(network.steps)):
        features = network.run(index, features, ws, noise)
    full = network.synthesis(ws, noise.mode, noise_seed=noise.seed, noise_strength=noise.strength)
    assert torch.equal(network.picture(features), full)
    assert all(torch.equal(kept.x, copy) for kept, copy in zip(cached, copies, strict=True))


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_no_step_writes_to_what_it_was_given(arch: str) -> None:
    network = NETWORKS[arch]
    ws = latents(network)
    features = network.start(1)
    for index in range(len(network.steps)):
        before = [t if t is None else t.clone() for t in (features.x, features.rgb, features.residual)]
        result = network.run(index, features, ws)
        for old, new in zip(before, (features.x, features.rgb, features.residual), strict=True):
            assert old is None or torch.equal(old, new)  # type: ignore[arg-type]
        features = result


@pytest.mark.parametrize("mode", ["const", "none", "random"])
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_a_batch_equals_singles(arch: str, mode: NoiseMode) -> None:
    network = NETWORKS[arch]
    ws = latents(network, 3)
    together = network.synthesis(ws, mode, noise_seed=5)
    alone = torch.cat([network.synthesis(part, mode, noise_seed=5) for part in ws.split(1)])
    assert float((together - alone).abs().max()) <= 1e-5


def test_random_noise_is_a_function_of_its_seed() -> None:
    network, other = random_network("skip"), random_network("skip")
    ws = latents(network)
    first = network.synthesis(ws, "random", noise_seed=7)
    network.synthesis(ws, "random", noise_seed=8)
    torch.manual_seed(0)
    assert torch.equal(network.synthesis(ws, "random", noise_seed=7), first)
    assert torch.equal(other.synthesis(ws, "random", noise_seed=7), first)
    assert not torch.equal(network.synthesis(ws, "random", noise_seed=9), first)
    assert not torch.equal(random_plane(1, 0, 8, 8), random_plane(1, 1, 8, 8))


def test_random_planes_have_unit_variance() -> None:
    plane = random_plane(3, 2, 128, 128)
    assert plane.shape == (1, 1, 128, 128)
    assert plane.dtype == torch.float32
    assert abs(float(plane.mean())) < 0.03
    assert abs(float(plane.std()) - 1) < 0.03


@pytest.mark.parametrize("mode", ["const", "random"])
def test_noise_strength(mode: NoiseMode) -> None:
    network = random_network("skip", conv_clamp=None)
    ws = latents(network)
    silent = network.synthesis(ws, "none")
    assert torch.equal(network.synthesis(ws, mode, noise_strength=0), silent)
    assert not torch.equal(network.synthesis(ws, mode, noise_strength=1), silent)
    assert torch.equal(network.synthesis(ws, mode, noise_strength=1.0), network.synthesis(ws, mode))


def test_a_network_without_noise() -> None:
    network = random_network("skip", has_noise=False)
    assert not network.has_noise
    ws = latents(network)
    assert torch.equal(network.synthesis(ws, "const"), network.synthesis(ws, "random", noise_seed=4))


def test_steps_read_the_rows_of_the_specification() -> None:
    rows = {step.name: step.rows for step in NETWORKS["skip"].steps}
    assert rows == {
        "b4.conv1": (0,),
        "b4.torgb": (1,),
        "b8.conv0": (1,),
        "b8.conv1": (2,),
        "b8.torgb": (3,),
        "b16.conv0": (3,),
        "b16.conv1": (4,),
        "b16.torgb": (5,),
        "b32.conv0": (5,),
        "b32.conv1": (6,),
        "b32.torgb": (7,),
    }
    for arch in ("resnet", "orig"):
        network = NETWORKS[arch]
        assert [s.name for s in network.steps if s.makes_rgb] == ["b32.torgb"]
        assert list(network.early_stops()) == [32]
    assert list(NETWORKS["skip"].early_stops()) == [4, 8, 16, 32]


def test_an_early_stop_is_a_picture_of_its_resolution() -> None:
    network = NETWORKS["skip"]
    features = walk(network, latents(network))
    for resolution, index in network.early_stops().items():
        assert network.picture(features[index + 1]).shape == (1, 3, resolution, resolution)


def test_there_is_no_picture_before_torgb() -> None:
    network = NETWORKS["skip"]
    with pytest.raises(ValueError):
        network.picture(network.start(1))


@pytest.mark.parametrize("img_channels", [1, 4])
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_any_number_of_image_channels(arch: str, img_channels: int) -> None:
    network = random_network(arch, img_channels=img_channels)
    assert network.synthesis(latents(network)).shape == (1, img_channels, 16, 16)


def test_the_clamp_acts() -> None:
    network = random_network("orig", conv_clamp=0.5)
    features = walk(network, latents(network))
    assert all(float(f.x.abs().max()) <= 0.5 for f in features[1:])
    assert float(network.picture(features[-1]).abs().max()) <= 0.5


def test_mapping_truncates_towards_the_average() -> None:
    network = random_network("skip")
    z = network.latent(11)
    plain, pulled = network.mapping(z), network.mapping(z, psi=0.0, cutoff=2)
    assert torch.equal(pulled[:, :2], network.w_avg.expand(1, 2, -1))
    assert torch.equal(pulled[:, 2:], plain[:, 2:])
    assert torch.equal(network.mapping(z, psi=1.0), plain)


def test_each_class_may_have_an_average_of_its_own() -> None:
    tensors = random_tensors("skip", 16, channels_of(16, 128, 16), c_dim=3)
    tensors["mapping.w_avg"] = torch.arange(24.0).reshape(3, 8)
    network = StyleGAN2(description_of("skip", 16, c_dim=3), tensors)
    labels = torch.eye(3)
    ws = network.mapping(torch.cat([network.latent(1)] * 3), labels, psi=0.0)
    assert torch.equal(ws[:, 0], tensors["mapping.w_avg"])
    soft = network.mapping(network.latent(1), torch.tensor([[0.5, 0.5, 0.0]]), psi=0.0)
    assert torch.equal(soft[0, 0], tensors["mapping.w_avg"][:2].mean(dim=0))


def test_the_label_of_tensorflow_stylegan2_is_normalised_with_z() -> None:
    tensors = random_tensors("skip", 16, channels_of(16, 128, 16), c_dim=2, mapping_layers=1)
    del tensors["mapping.embed.weight"], tensors["mapping.embed.bias"]
    table = torch.randn(2, 8, generator=torch.Generator().manual_seed(3))
    tensors["mapping.label.weight"] = table
    network = StyleGAN2(description_of("skip", 16, c_dim=2, label_mode="concat"), tensors)
    z = network.latent(5)
    joined = torch.cat([z, table[1:]], dim=1)
    joined = joined / (joined.square().mean() + 1e-8).sqrt()
    weight, bias = tensors["mapping.fc0.weight"] * 0.01 / 4, tensors["mapping.fc0.bias"] * 0.01
    wanted = torch.nn.functional.leaky_relu(joined @ weight.t() + bias, 0.2) * 2**0.5
    torch.testing.assert_close(network.mapping(z, torch.eye(2)[1:])[0, :1], wanted)


@given(psi=st.floats(-3, 3), cutoff=st.integers(0, 6))
def test_truncation_is_linear_and_leaves_its_input(psi: float, cutoff: int) -> None:
    generator = torch.Generator().manual_seed(1)
    ws, w_avg = torch.randn(2, 6, 5, generator=generator), torch.randn(5, generator=generator)
    copy = ws.clone()
    found = truncate(ws, w_avg, psi, cutoff)
    torch.testing.assert_close(found[:, :cutoff], w_avg + psi * (ws[:, :cutoff] - w_avg))
    assert torch.equal(found[:, cutoff:], ws[:, cutoff:])
    assert torch.equal(ws, copy)
    assert found.data_ptr() != ws.data_ptr()
    assert torch.equal(truncate(ws, w_avg, 0.0), w_avg.expand(2, 6, 5))
    assert torch.equal(truncate(ws, w_avg, 1.0), ws)


@pytest.mark.parametrize(
    "call",
    [
        lambda network: network.mapping(network.latent(0), psi=0.5, cutoff=7),
        lambda network: network.mapping(network.latent(0)[:, :4]),
        lambda network: network.mapping(network.latent(0), torch.ones(1, 1)),
        lambda network: random_network("skip", c_dim=2).mapping(network.latent(0)),
        lambda network: network.synthesis(latents(network)[:, 1:]),
        lambda network: network.synthesis(latents(network), "loud"),
        lambda network: network.synthesis(latents(network), transform=(0.0, 0.0, 90.0)),
    ],
    ids=["cutoff", "z", "label", "no label", "ws", "noise mode", "transform"],
)
def test_arguments_that_do_not_fit(call: Any) -> None:
    network = random_network("skip")
    with pytest.raises(ValueError):
        call(network)


def _without(name: str) -> Any:
    return lambda tensors: tensors.pop(name)


def _reshaped(name: str) -> Any:
    return lambda tensors: tensors.update({name: tensors[name][..., :-1]})


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (_without("synthesis.b8.conv1.bias"), "synthesis.b8.conv1.bias"),
        (_without("synthesis.b4.conv1.noise_const"), "synthesis.b4.conv1.noise_const"),
        (_without("mapping.fc1.weight"), "mapping.fc"),
        (_reshaped("synthesis.b16.torgb.affine.weight"), "synthesis.b16.torgb.affine.weight"),
        (_reshaped("mapping.fc2.weight"), "mapping.fc2.weight"),
        (lambda t: t.update({"synthesis.b4.const": t["synthesis.b4.const"].long()}), "synthesis.b4.const"),
        (lambda t: t.update({"synthesis.b8.skip.weight": torch.ones(16, 16, 1, 1)}), "skip"),
        (lambda t: t.update({"synthesis.b8.resample_filter": torch.ones(4, 4) / 16}), "resample_filter"),
    ],
)
def test_tensors_that_do_not_fit_are_named(damage: Any, named: str) -> None:
    tensors = random_tensors("skip", 16, channels_of(16, 128, 16))
    damage(tensors)
    with pytest.raises(ValueError, match=named):
        build_generator(description_of("skip", 16), tensors)


@pytest.mark.parametrize(
    "options",
    [
        {"arch": "loop"},
        {"conv_clamp": -1},
        {"lr_multiplier": "fast"},
        {"label_mode": "x"},
        {"num_fp16_res": 1.5},
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any]) -> None:
    tensors = random_tensors("skip", 16, channels_of(16, 128, 16))
    description = description_of("skip", 16)
    object.__setattr__(description, "options", {**description.options, **options})
    with pytest.raises(ValueError):
        build_generator(description, tensors)


@pytest.mark.parametrize("precision", ["float16", "bfloat16", "float8"])
def test_a_processor_refuses_half_precision(precision: Any) -> None:
    with pytest.raises(ValueError):
        random_network("skip").to("cpu", precision)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_half_precision_stays_near(arch: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    # A CPU computes in half precision too, only slowly; the check that forbids it is lifted here.
    monkeypatch.setattr("explorer.models.stylegan2.half_dtype", lambda precision, device: dtype)
    full = random_network(arch, 32, channels=CHANNELS)
    half = StyleGAN2(full.description, full._tensors)
    types = {step.name: f.x.dtype for step, f in zip(half.steps, walk(half, latents(half))[1:], strict=True)}
    assert types["b4.conv1"] == torch.float32
    assert types["b32.conv1"] == dtype
    for count in (1, 2):
        ws = latents(full, count)
        wanted, found = full.synthesis(ws), half.synthesis(ws)
        assert found.dtype == torch.float32
        tolerance = 0.01 if dtype == torch.float16 else 0.08
        assert float((found - wanted).abs().max() / wanted.abs().max()) <= tolerance


def test_to_the_same_place_is_the_same_network() -> None:
    network = random_network("skip")
    assert network.to("cpu") is network


def test_what_a_network_counts() -> None:
    tensors = random_tensors("skip", 16, channels_of(16, 128, 16))
    network = StyleGAN2(description_of("skip", 16), tensors)
    trained = sum(t.numel() for n, t in tensors.items() if not n.endswith(("w_avg", "noise_const")))
    assert network.parameters == trained
    assert network.nbytes >= 4 * trained
