"""StyleGAN3 against the published numbers, the plain form and the laws of its steps."""

import json
import math
from dataclasses import replace
from typing import Any, Literal
from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from explorer.bench.plain_stylegan3 import PlainStyleGAN3
from explorer.models import Features, NetworkDescription, build_generator, processor, stylegan3
from explorer.models import filtered_lrelu as filtered
from explorer.models.stylegan3 import StyleGAN3, inverse_transform
from explorer.models.stylegan3_geometry import design_description, low_pass, radial_low_pass
from tests.models.synthetic_stylegan3 import by_rule, narrowed, random_network, random_tensors

Config = Literal["T", "R"]
CONFIGS: tuple[Config, ...] = ("T", "R")
NETWORKS = {config: StyleGAN3(*random_network(config)) for config in CONFIGS}
Z = torch.from_numpy(np.random.RandomState(0).randn(2, 8).astype(np.float32))
GOLDEN_TRANSFORM = (0.1, -0.05, math.degrees(0.3))


def close(found: Tensor, wanted: list[float], tolerance: float = 2e-5) -> None:
    torch.testing.assert_close(found, torch.tensor(wanted), rtol=0, atol=tolerance)


def latents(network: StyleGAN3, count: int = 1, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, network.num_ws, network.w_dim, generator=generator)


def walk(
    network: StyleGAN3, ws: Tensor, transform: tuple[float, float, float] | None = None
) -> list[Features]:
    features = [network.start(len(ws))]
    for index in range(len(network.steps)):
        features.append(network.run(index, features[-1], ws, transform=transform))
    return features


# --- numbers of the public networks (specification, section 9) -------------------------------


@pytest.mark.parametrize(
    ("config", "mean", "std", "corner", "middle", "far"),
    [
        (
            "T",
            -0.052826,
            0.009338,
            [-0.03803, -0.05631, -0.04891],
            [-0.03807, -0.05636, -0.04894],
            [-0.04835, -0.06830, -0.05718],
        ),
        (
            "R",
            0.200832,
            0.188320,
            [0.02112, 0.05317, 0.06176],
            [0.06193, 0.13727, 0.15139],
            [0.11556, 0.57035, 0.76954],
        ),
    ],
)
def test_pictures_of_the_public_networks(
    config: Config, mean: float, std: float, corner: list[float], middle: list[float], far: list[float]
) -> None:
    network = build_generator(*by_rule(config))
    names = ["L0_36_16", "L1_36_16", "L2_52_16", "L3_52_13", "L4_52_8", "L5_32_8", "L6_32_3"]
    assert [step.name for step in network.steps] == ["input", *names]
    ws = network.mapping(Z, psi=0.7)
    image = network.synthesis(ws, transform=GOLDEN_TRANSFORM)
    assert image.shape == (2, 3, 32, 32)
    assert image.dtype == torch.float32
    close(image.mean()[None], [mean])
    close(image.std(correction=0)[None], [std])
    close(image[0, :, 0, 0], corner)
    close(image[0, :, 16, 15], middle)
    close(image[1, :, 31, 30], far)
    entrance = network.run(0, network.start(2), ws, transform=GOLDEN_TRANSFORM).x
    close(entrance[0, :4, 0, 0], [-0.06821, -0.88980, -0.29306, 0.77081])


def test_filters_of_the_public_networks() -> None:
    half = [0.0007919, 0.0100183, 0.0389495, 0.0924128, 0.1565256, 0.2013019]
    close(low_pass(12, 2, 12, 32), half + half[::-1], 1e-7)
    half = [0.0002053, 0.0022786, 0.0081980, 0.0185422, 0.0305334, 0.0387549]
    radial = radial_low_pass(12, 2, 12, 32)
    close(radial[5], half + half[::-1], 1e-7)
    close(radial.sum()[None], [1.0])
    half = [0.0233742, 0.0344493, -0.0508807, -0.0786152, 0.1396104, 0.4320620]
    close(low_pass(12, 128, 59.173012, 512), half + half[::-1], 1e-7)


@pytest.mark.parametrize(
    ("config", "resolution", "some_names"),
    [
        ("T", 256, {2: "L2_36_512", 3: "L3_52_512", 9: "L9_148_362", 11: "L11_276_181", 13: "L13_256_128"}),
        ("R", 512, {2: "L2_52_1024", 7: "L7_148_967", 10: "L10_532_287", 12: "L12_532_128"}),
        ("T", 1024, {5: "L5_148_512", 8: "L8_276_203", 10: "L10_1044_81", 14: "L14_1024_3"}),
    ],
)
def test_layers_of_the_public_configurations(
    config: Config, resolution: int, some_names: dict[int, str]
) -> None:
    layers = design_description(config, resolution).options["layers"]
    assert len(layers) == 15
    assert {index: layers[index]["name"] for index in some_names} == some_names


def test_padding_of_the_public_configurations() -> None:
    for config, same, double, crop in (
        ("T", [9, 8], [-6, -9], [-11, -12]),
        ("R", [11, 10], [-2, -5], [-9, -10]),
    ):
        layers = design_description(config, 1024).options["layers"]  # type: ignore[arg-type]
        assert layers[0]["padding"] == same * 2
        assert layers[2]["padding"] == double * 2
        assert layers[13]["padding"] == crop * 2
        assert layers[14]["padding"] == [0, 0] * 2


# --- the fast form against the plain one -----------------------------------------------------


@pytest.mark.parametrize("strip_bytes", [filtered.STRIP_BYTES, 6000])
@pytest.mark.parametrize("config", CONFIGS)
def test_the_fast_form_draws_the_same_picture(
    config: Config, strip_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filtered, "STRIP_BYTES", strip_bytes)
    monkeypatch.setattr(filtered, "BLOCK", 5)  # leaves a remainder
    description, tensors = random_network(config, 64)
    fast, plain = StyleGAN3(description, tensors), PlainStyleGAN3(description, tensors)
    ws = latents(fast, 2)
    wanted = plain.synthesis(ws)
    assert float((fast.synthesis(ws) - wanted).abs().max() / wanted.abs().max()) < 1e-5


def test_wide_layers_draw_the_same_picture() -> None:
    description, tensors = random_network(
        "T", 16, channel_base=1024, channel_max=136, num_layers=3, num_critical=1
    )
    fast, plain = StyleGAN3(description, tensors), PlainStyleGAN3(description, tensors)
    assert [layer._winograd is not None for layer in fast._layers] == [True, True, False, False]
    ws = latents(fast, 2)
    wanted = plain.synthesis(ws)
    assert float((fast.synthesis(ws) - wanted).abs().max() / wanted.abs().max()) < 2e-5


def biased(x: Tensor, bias: Tensor) -> Tensor:
    return x + bias[:, None, None]


def literal(
    x: Tensor, up_filter: Tensor, down_filter: Tensor, up: int, down: int, padding: list[int], clamp: float
) -> Tensor:
    """The operation in float64, sample by sample as the paper defines it."""
    n, channels, height, width = x.shape
    raised = x.new_zeros(n, channels, height * up, width * up)
    raised[:, :, ::up, ::up] = x
    raised = torch.nn.functional.pad(raised, padding)
    for taps, is_up in ((up_filter, True), (down_filter, False)):
        square = torch.outer(taps, taps) if taps.ndim == 1 else taps
        kernel = square.flip(0, 1).to(x) * (up**2 if is_up else 1)
        raised = torch.nn.functional.conv2d(raised.flatten(0, 1)[:, None], kernel[None, None])
        raised = raised.view(n, channels, *raised.shape[2:])
        if is_up:
            raised = (torch.nn.functional.leaky_relu(raised, 0.2) * math.sqrt(2)).clamp(-clamp, clamp)
    return raised[:, :, ::down, ::down]


@given(data=st.data())
def test_the_filtered_leaky_relu_is_the_paper_operation(data: st.DataObject) -> None:
    # Factors, tap counts and asymmetric filters that no network has, so that no index is right by luck.
    up, down = data.draw(st.sampled_from([(2, 2), (4, 2), (2, 4), (1, 2), (3, 2), (2, 1), (1, 1), (6, 4)]))
    up_taps, down_taps = data.draw(st.integers(up, 4 * up + 1)), data.draw(st.integers(1, 9))
    is_round = data.draw(st.booleans())
    out_height, out_width = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    height, width = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 8))
    padding = []
    for size, out in ((width, out_width), (height, out_height)):
        total = (out - 1) * down + down_taps - 1 + up_taps - size * up
        low = (
            data.draw(st.integers(min(0, total) - up, max(0, total) + up))
            if total > -up * size
            else total // 2
        )
        low = max(min(low, total + size * up - 1), 1 - size * up)
        padding += [low, total - low]
    random = torch.Generator().manual_seed(data.draw(st.integers(0, 99)))
    up_filter = torch.randn(up_taps, generator=random)
    down_filter = torch.randn((down_taps,) * (2 if is_round else 1), generator=random)
    x, bias = torch.randn(2, 3, height, width, generator=random), torch.randn(3, generator=random)
    kind = data.draw(st.sampled_from(["cpu", "cuda", "mps"]))  # of whose forms this CPU draws
    with patch.object(processor, "kind", lambda device: kind):
        operation = filtered.FilteredLReLU(
            3,
            up_filter,
            down_filter,
            up=up,
            down=down,
            padding=(padding[0], padding[1], padding[2], padding[3]),
            out_size=(out_height, out_width),
            clamp=2.0,
            is_linear=False,
            device=torch.device("cpu"),
            dtype=torch.float32,
        )
        with torch.no_grad():
            found = operation(x.clone(), bias) if data.draw(st.booleans()) else operation(biased(x, bias))
    wanted = literal(biased(x, bias).double(), up_filter, down_filter, up, down, padding, 2.0)
    assert found.shape == wanted.shape == (2, 3, out_height, out_width)
    torch.testing.assert_close(found.double(), wanted, rtol=1e-5, atol=1e-4)


# --- laws of the steps -----------------------------------------------------------------------


@given(config=st.sampled_from(CONFIGS), data=st.data())
def test_entering_in_the_middle_equals_the_full_walk(config: Config, data: st.DataObject) -> None:
    network = NETWORKS[config]
    before, after = latents(network, seed=1), latents(network, seed=2)
    enter = data.draw(st.integers(0, len(network.steps)))
    ws = torch.cat([before[:, :enter], after[:, enter:]], dim=1)
    transform = data.draw(st.sampled_from([None, (0.2, -0.1, 33.0)]))
    cached = walk(network, before, transform)
    copies = [features.x.clone() for features in cached]
    features = cached[enter]
    for index in range(enter, len(network.steps)):
        features = network.run(index, features, ws, transform=transform)
    assert torch.equal(network.picture(features), network.synthesis(ws, transform=transform))
    assert all(torch.equal(kept.x, copy) for kept, copy in zip(cached, copies, strict=True))


@pytest.mark.parametrize("config", CONFIGS)
def test_a_batch_equals_singles(config: Config) -> None:
    network = NETWORKS[config]
    ws = latents(network, 3)
    together = network.synthesis(ws, transform=(0.1, 0.2, 10.0))
    alone = torch.cat([network.synthesis(part, transform=(0.1, 0.2, 10.0)) for part in ws.split(1)])
    assert float((together - alone).abs().max() / together.abs().max()) <= 1e-5


def test_steps_read_one_row_each_and_only_the_last_is_a_picture() -> None:
    network = NETWORKS["T"]
    assert [step.rows for step in network.steps] == [(row,) for row in range(network.num_ws)]
    assert [step.makes_rgb for step in network.steps] == [False] * (len(network.steps) - 1) + [True]
    assert list(network.early_stops().items()) == [(32, len(network.steps) - 1)]
    assert [f.x.shape[2] for f in walk(network, latents(network))[1:]] == [
        s.resolution for s in network.steps
    ]
    assert not network.has_noise


def test_noise_changes_nothing() -> None:
    network = NETWORKS["T"]
    ws = latents(network)
    assert torch.equal(network.synthesis(ws, "random", noise_seed=3), network.synthesis(ws, "none"))


# --- the transform ---------------------------------------------------------------------------


@given(x=st.floats(-1, 1), y=st.floats(-1, 1), degrees=st.floats(-360, 360))
def test_the_matrix_is_the_inverse_of_the_movement(x: float, y: float, degrees: float) -> None:
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    movement = np.array([[cos, sin, x], [-sin, cos, y], [0, 0, 1]])
    np.testing.assert_allclose(inverse_transform((x, y, degrees)).numpy() @ movement, np.eye(3), atol=1e-6)


def test_no_transform_is_the_stored_one() -> None:
    description, tensors = random_network("R")
    ws = latents(StyleGAN3(description, tensors))
    network = StyleGAN3(description, tensors)
    assert torch.equal(network.synthesis(ws), network.synthesis(ws, transform=(0.0, 0.0, 0.0)))
    moved = StyleGAN3(
        description, tensors | {"synthesis.input.transform": inverse_transform((0.1, 0.2, 30.0))}
    )
    assert torch.equal(moved.synthesis(ws), network.synthesis(ws, transform=(0.1, 0.2, 30.0)))


def test_a_shift_by_whole_pixels_moves_the_features() -> None:
    network = NETWORKS["T"]
    ws = latents(network)
    still = network.run(0, network.start(1), ws).x
    rate = network.description.options["input"]["sampling_rate"]
    # w turns the canvas before the user moves it, so undo that turn: look along the features' own axes.
    plain = dict(random_network("T")[1])
    plain["synthesis.input.affine.weight"] = torch.zeros_like(plain["synthesis.input.affine.weight"])
    plain["synthesis.input.affine.bias"] = torch.tensor([1.0, 0.0, 0.0, 0.0])
    upright = StyleGAN3(network.description, plain)
    still = upright.run(0, upright.start(1), ws).x
    moved = upright.run(0, upright.start(1), ws, transform=(3 / rate, -2 / rate, 0.0)).x
    torch.testing.assert_close(moved[..., :-2, 3:], still[..., 2:, :-3], rtol=0, atol=1e-4)


# --- building --------------------------------------------------------------------------------


def test_classes_reach_the_picture() -> None:
    description, tensors = random_network("R", c_dim=3)
    network = StyleGAN3(description, tensors)
    z = network.latent(1)
    first, second = (network.mapping(z, torch.eye(3)[i : i + 1]) for i in (0, 1))
    assert not torch.equal(network.synthesis(first), network.synthesis(second))
    with pytest.raises(ValueError, match="3 classes"):
        network.mapping(z)


def test_classes_of_stylegan_xl_come_from_a_table() -> None:
    description, tensors = random_network("R", c_dim=3)
    random = torch.Generator().manual_seed(3)
    table, projection = torch.randn(3, 10, generator=random), torch.randn(8, 10, generator=random)
    bias, averages = torch.randn(8, generator=random), torch.randn(3, 6, generator=random)
    del tensors["mapping.embed.bias"]
    tensors |= {
        "mapping.embed.weight": table,
        "mapping.embed_proj.weight": projection,
        "mapping.embed_proj.bias": bias,
        "mapping.fc0.weight": 100 * torch.randn(6, 16, generator=random),
        "mapping.w_avg": averages,
    }
    options = dict(description.options) | {"label_mode": "table"}
    network = StyleGAN3(replace(description, options=options), tensors)
    z, c = network.latent(1), torch.eye(3)[2:]
    label = torch.nn.functional.leaky_relu(table[2:] @ projection.t() / math.sqrt(10) + bias, 0.2)
    x = torch.cat([v * (v.square().mean() + 1e-8).rsqrt() for v in (z, label * math.sqrt(2))], dim=1)
    for i in (0, 1):
        weight = tensors[f"mapping.fc{i}.weight"] * (0.01 / math.sqrt(x.shape[1]))
        x = torch.nn.functional.leaky_relu(x @ weight.t() + 0.01 * tensors[f"mapping.fc{i}.bias"], 0.2)
        x = x * math.sqrt(2)
    torch.testing.assert_close(network.mapping(z, c)[:, 0], x)
    assert torch.equal(network.mapping(z, c, psi=0.0)[0, 5], averages[2])


def test_a_picture_need_not_be_square() -> None:
    description, tensors = random_network("T")
    narrow = narrowed(description)
    network = StyleGAN3(narrow, tensors)
    ws = latents(network)
    image = network.synthesis(ws)
    assert image.shape == (1, 3, 32, 16)
    wanted = PlainStyleGAN3(narrow, tensors).synthesis(ws)
    assert float((image - wanted).abs().max() / wanted.abs().max()) < 1e-5


def test_the_description_survives_json() -> None:
    description, tensors = random_network("R")
    read = json.loads(json.dumps(description.as_json()))
    again = StyleGAN3(NetworkDescription(**read), tensors)
    ws = latents(again)
    assert torch.equal(again.synthesis(ws), StyleGAN3(description, tensors).synthesis(ws))


def break_layer(key: str, value: Any) -> Any:
    def change(options: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        options["layers"][2][key] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda o, t: o.pop("layers"), "layers"),
        (lambda o, t: o.pop("input"), "input"),
        (lambda o, t: o["layers"].pop(), "rows of ws"),
        (lambda o, t: t.pop("synthesis.L1_36_12.weight"), "L1_36_12.weight' is missing"),
        (lambda o, t: t.update(stranger=torch.zeros(1)), "stranger"),
        (lambda o, t: t["synthesis.L1_36_12.magnitude_ema"].fill_(-1), "magnitude_ema"),
        (lambda o, t: t.update({"synthesis.L1_36_12.up_filter": torch.ones(3, 4)}), "up_filter"),
        (break_layer("padding", [1, 2, 3]), "padding"),
        (break_layer("padding", [1, 2, 3, 4]), "needed"),
        (break_layer("padding", [1.5, 2, 3, 4]), "whole numbers"),
        (break_layer("in_size", [40, 40]), "the one before draws"),
        (break_layer("up_factor", 0), "up_factor"),
        (break_layer("down_factor", True), "down_factor"),
        (break_layer("out_size", [10**9, 10**9]), "out_size"),
        (break_layer("conv_clamp", -1), "conv_clamp"),
        (break_layer("is_torgb", True), "toRGB"),
        (lambda o, t: o["input"].update(bandwidth=100.0), "bandwidth"),
    ],
)
def test_what_does_not_fit_is_refused(change: Any, words: str) -> None:
    description, tensors = random_network("T")
    options = json.loads(json.dumps(dict(description.options)))
    change(options, tensors)
    with pytest.raises(ValueError, match=words):
        StyleGAN3(replace(description, options=options), tensors)


@pytest.mark.parametrize("config", CONFIGS)
def test_half_precision_stays_near(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    # Its arithmetic works on a CPU too, only slowly.
    monkeypatch.setattr(stylegan3, "half_dtype", lambda *_: torch.float16)
    description, tensors = random_network(config, 64)
    layers = [dict(layer, use_fp16=index > 2) for index, layer in enumerate(description.options["layers"])]
    description = replace(description, options=dict(description.options) | {"layers": layers})
    half = StyleGAN3(description, tensors, precision="float16")
    ws = latents(half, 2)
    kinds = [features.x.dtype for features in walk(half, ws)[1:]]
    assert kinds == [torch.float32] * 4 + [torch.float16] * 4
    found = half.synthesis(ws)
    wanted = PlainStyleGAN3(description, tensors).synthesis(ws)
    assert found.dtype == torch.float32
    assert float((found - wanted).abs().max() / wanted.abs().max()) < 1e-2


def test_half_precision_is_refused_on_a_cpu() -> None:
    with pytest.raises(ValueError, match="float32"):
        NETWORKS["T"].to("cpu", "float16")
    assert NETWORKS["T"].to("cpu") is NETWORKS["T"]


def test_sizes() -> None:
    # Totals of the specification, section 5.1, without building so large a network.
    for config, wanted in (("T", 22_313_167), ("R", 15_093_151)):
        layers = design_description(config, 1024).options["layers"]  # type: ignore[arg-type]
        w, first = 512, layers[0]["in_channels"]
        count = 2 * (w * w + w) + first**2 + 4 * (w + 1)
        for layer in layers:
            inputs, outputs = layer["in_channels"], layer["out_channels"]
            count += inputs * (w + 1) + outputs * (inputs * layer["conv_kernel"] ** 2 + 1)
        assert count == wanted
    network = NETWORKS["T"]
    trained = {
        name: t
        for name, t in random_tensors(network.description).items()
        if name.endswith(("weight", "bias"))
    }
    assert network.parameters == sum(t.numel() for t in trained.values())
    assert network.nbytes > 4 * network.parameters


def test_style_weights_are_those_of_the_layers() -> None:
    network = NETWORKS["T"]
    told = network.style_weights()
    assert [row for row, _ in told] == list(range(1, network.num_ws))
    assert all(weight.shape[1] == network.w_dim for _, weight in told)
