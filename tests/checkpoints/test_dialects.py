"""One small network in every dialect comes back as itself; files of real libraries, no golden ones needed."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from explorer.checkpoints import load_generator, read_checkpoint, save_network
from explorer.errors import CorruptCheckpointError, UnsupportedCheckpointError
from tests.checkpoints.assembler import (
    Call,
    Module,
    generator_module,
    network_tensors,
    pickle,
    snapshot,
    storage,
    tensor,
)
from tests.checkpoints.dialects import (
    FILTER,
    genforce_first,
    genforce_second,
    rosinality,
    small_rosinality,
    tensorflow,
)
from tests.models import synthetic_stylegan3, test_stylegan1


def save(value: Any, folder: Path, legacy: bool = False) -> Path:
    path = folder / "network.pt"
    torch.save(value, path, _use_new_zipfile_serialization=not legacy)
    return path


def same(path: Path, expected: dict[str, torch.Tensor]) -> None:
    found = read_checkpoint(path).tensors
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].shape == value.shape, name
        assert torch.allclose(found[name], value, rtol=0, atol=1e-7), name


@pytest.mark.parametrize("legacy", [False, True])
def test_state_dictionaries_as_torch_saves_them(legacy: bool, tmp_path: Path) -> None:
    same(save(small_rosinality(), tmp_path, legacy), network_tensors())


def test_training_files_with_everything_in_them(tmp_path: Path) -> None:
    """Options, optimiser state and other networks lie beside the generator."""
    state = rosinality(network_tensors())
    parameters = [torch.nn.Parameter(torch.zeros(3))]
    optimiser = torch.optim.Adam(parameters)
    parameters[0].grad = torch.ones(3)
    optimiser.step()
    whole = small_rosinality(
        g={name: torch.zeros_like(value) for name, value in state.items()},
        d={"final": torch.zeros(2)},
        g_optim=optimiser.state_dict(),
        args=argparse.Namespace(size=8, lr=0.002, path="x"),
        ada_aug_p=0.0,
    )
    same(save(whole, tmp_path), network_tensors())


@pytest.mark.parametrize("prefix", ["decoder.", "module.", "generator."])
def test_generators_inside_other_networks(prefix: str, tmp_path: Path) -> None:
    tensors = network_tensors()
    state = {prefix + name: value for name, value in rosinality(tensors).items()}
    state["encoder.weight"] = torch.zeros(2)
    same(save({"state_dict": state, "latent_avg": tensors["mapping.w_avg"][None]}, tmp_path), tensors)


def test_a_missing_average_is_estimated(tmp_path: Path) -> None:
    whole = small_rosinality()
    del whole["latent_avg"]
    path = save(whole, tmp_path)
    network = read_checkpoint(path)
    assert any("estimated" in note for note in network.notes)
    generator = load_generator(path)
    z = torch.cat([generator.latent(seed) for seed in range(3000)])
    mean = generator.mapping(z)[:, 0].mean(dim=0)
    spread = generator.mapping(z)[:, 0].std(dim=0)
    assert torch.all((generator.w_avg - mean).abs() < 0.15 * spread + 1e-3)
    assert torch.equal(read_checkpoint(path).tensors["mapping.w_avg"], network.tensors["mapping.w_avg"])


def test_an_estimate_stays_cheap(tmp_path: Path) -> None:
    """A mapping network of absurd width must not be run to find its average."""
    whole = small_rosinality()
    del whole["latent_avg"]
    whole["g_ema"]["style.1.weight"] = torch.zeros(7, 300_000)
    with pytest.raises(CorruptCheckpointError, match="300000"):
        read_checkpoint(save(whole, tmp_path))
    whole["g_ema"]["style.1.weight"] = torch.zeros(16_000, 5)
    whole["g_ema"]["style.1.bias"] = torch.zeros(16_000)
    whole["g_ema"]["style.2.weight"] = torch.zeros(7, 16_000)
    for index in range(3, 150):
        whole["g_ema"][f"style.{index}.weight"] = whole["g_ema"]["style.1.weight"]
        whole["g_ema"][f"style.{index}.bias"] = whole["g_ema"]["style.1.bias"]
    with pytest.raises((CorruptCheckpointError, UnsupportedCheckpointError)):
        read_checkpoint(save(whole, tmp_path))


def test_missing_noise_is_drawn(tmp_path: Path) -> None:
    whole = small_rosinality()
    whole["g_ema"] = {name: value for name, value in whole["g_ema"].items() if "noises" not in name}
    network = read_checkpoint(save(whole, tmp_path))
    assert any("noise" in note for note in network.notes)
    assert network.tensors["synthesis.b8.conv1.noise_const"].shape == (8, 8)
    assert network.tensors["synthesis.b8.conv1.noise_const"].std() > 0.5


def test_views_and_half_precision_are_honoured(tmp_path: Path) -> None:
    """Weights may be stored channels last, as parts of larger storages, or in half precision."""
    tensors = network_tensors()
    state = rosinality(tensors)
    first = torch.zeros(50)
    first[20:27] = state["style.1.bias"]
    state["style.1.bias"] = first[20:27]
    state["style.2.weight"] = state["style.2.weight"].t().contiguous().t()
    state["conv1.conv.weight"] = state["conv1.conv.weight"].half()
    path = save({"g_ema": state, "latent_avg": tensors["mapping.w_avg"]}, tmp_path)
    found = read_checkpoint(path).tensors
    assert torch.equal(found["mapping.fc0.bias"], tensors["mapping.fc0.bias"])
    assert torch.equal(found["mapping.fc1.weight"], tensors["mapping.fc1.weight"])
    assert found["synthesis.b4.conv1.weight"].dtype == torch.float16
    assert all(tensor.is_contiguous() for tensor in found.values())


def test_tensorflow_networks(tmp_path: Path) -> None:
    path = tmp_path / "network.pkl"
    path.write_bytes(tensorflow(network_tensors(), truncation_psi=0.5))
    same(path, network_tensors())
    assert read_checkpoint(path).header == {"defaults": {"truncation_psi": 0.5}}


@pytest.mark.parametrize(
    "options",
    [{"resample_kernel": [1, 2, 1]}, {"nonlinearity": "relu"}, {"normalize_latents": False}],
)
def test_tensorflow_networks_that_draw_differently(options: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "network.pkl"
    path.write_bytes(tensorflow(network_tensors(), **options))
    with pytest.raises(UnsupportedCheckpointError, match=next(iter(options))):
        read_checkpoint(path)


def test_snapshots_of_the_training_copy_alone(tmp_path: Path) -> None:
    path = tmp_path / "network.pkl"
    path.write_bytes(pickle({"G": generator_module()}))
    same(path, network_tensors())
    assert any("G_ema" in note for note in read_checkpoint(path).notes)


@pytest.mark.parametrize("wrap", ["G_ema", "state_dict", ""])
def test_weights_without_settings(wrap: str, tmp_path: Path) -> None:
    tensors = network_tensors()
    state = tensors | {"discriminator.weight": torch.zeros(3)}
    path = save({wrap: state} if wrap else state, tmp_path)
    same(path, tensors)
    notes = read_checkpoint(path).notes
    assert "assumed" in notes[0]
    assert "discriminator.weight" in notes[1]


def test_weights_of_alias_free_networks_without_settings(tmp_path: Path) -> None:
    _, tensors = synthetic_stylegan3.by_rule("T")
    with pytest.raises(UnsupportedCheckpointError, match="StyleGAN3"):
        read_checkpoint(save({"G_ema": tensors}, tmp_path))


def test_a_bare_network_without_a_dictionary(tmp_path: Path) -> None:
    path = tmp_path / "network.pkl"
    path.write_bytes(pickle(generator_module()))
    same(path, network_tensors())


def test_settings_come_from_attributes(tmp_path: Path) -> None:
    root = generator_module()
    for block in ("b4", "b8"):
        module = root.modules["synthesis"].modules[block]
        module.attributes["use_fp16"] = block == "b8"
        module.modules["conv1"].attributes |= {"conv_clamp": np.float64(256), "activation": "lrelu"}
    root.modules["mapping"].modules["fc0"].attributes["bias_gain"] = 0.02
    path = tmp_path / "network.pkl"
    path.write_bytes(pickle({"G_ema": root}))
    options = read_checkpoint(path).description.options
    assert options["conv_clamp"] == 256
    assert options["num_fp16_res"] == 1
    assert options["lr_multiplier"] == 0.02


def test_another_activation_is_named(tmp_path: Path) -> None:
    root = generator_module()
    root.modules["synthesis"].modules["b4"].modules["conv1"].attributes["activation"] = "swish"
    path = tmp_path / "network.pkl"
    path.write_bytes(pickle({"G_ema": root}))
    with pytest.raises(UnsupportedCheckpointError, match="swish"):
        read_checkpoint(path)


def test_strange_tensors_are_left_out_and_told(tmp_path: Path) -> None:
    root = generator_module()
    root.modules["decoder"] = Module("Extra", parameters={"weight": torch.zeros(3)})
    path = tmp_path / "network.pkl"
    path.write_bytes(pickle({"G_ema": root}))
    network = read_checkpoint(path)
    assert network.tensors.keys() == network_tensors().keys()
    assert any("decoder.weight" in note for note in network.notes)


def test_weights_that_are_not_numbers_are_told(tmp_path: Path) -> None:
    tensors = network_tensors()
    tensors["synthesis.b8.conv1.bias"][0] = torch.nan
    path = tmp_path / "network.pkl"
    path.write_bytes(snapshot(tensors))
    assert any("synthesis.b8.conv1.bias" in note for note in read_checkpoint(path).notes)


def test_the_training_set_is_told_without_its_folder(tmp_path: Path) -> None:
    stated = {"path": "/home/someone/secret/cats.zip", "resolution": 8, "use_labels": False}
    path = tmp_path / "network.pkl"
    path.write_bytes(pickle({"G_ema": generator_module(), "training_set_kwargs": stated}))
    header = read_checkpoint(path).header
    assert header == {"training_set": {"name": "cats.zip", "resolution": 8, "use_labels": False}}


def test_bytes_written_as_text(tmp_path: Path) -> None:
    """Pickle protocol 2 has no bytes: Python 3 writes them as text to be encoded."""
    root = generator_module()
    parameters = root.modules["mapping"].modules["fc0"].parameters
    held = storage(parameters["bias"])
    held.args = (Call("_codecs", "encode", (held.args[0].decode("latin-1"), "latin1")),)
    parameters["bias"] = tensor(parameters["bias"], held=held)
    path = tmp_path / "network.pkl"
    path.write_bytes(pickle({"G_ema": root}))
    same(path, network_tensors())


def test_other_filters_are_named(tmp_path: Path) -> None:
    whole = small_rosinality()
    whole["g_ema"]["convs.0.conv.blur.kernel"] = torch.ones(4, 4) / 4
    with pytest.raises(UnsupportedCheckpointError, match="filter"):
        read_checkpoint(save(whole, tmp_path))
    for taps, is_known in ((FILTER, True), (FILTER * 4, False), (torch.ones(2, 2) / 4, False)):
        root = generator_module()
        root.modules["synthesis"].modules["b8"].buffers["resample_filter"] = taps
        path = tmp_path / "network.pkl"
        path.write_bytes(pickle({"G_ema": root}))
        if is_known:
            assert torch.equal(read_checkpoint(path).tensors["synthesis.b8.resample_filter"], taps)
        else:
            with pytest.raises(UnsupportedCheckpointError, match="filter"):
                read_checkpoint(path)


def test_classes_of_tensorflow_stylegan2(tmp_path: Path) -> None:
    """Before 2-ADA a bare matrix was joined behind z."""
    tensors = network_tensors()
    tensors["mapping.label.weight"] = torch.arange(20.0).reshape(4, 5)
    tensors["mapping.fc0.weight"] = torch.arange(70.0).reshape(7, 10)
    path = tmp_path / "network.pkl"
    path.write_bytes(tensorflow(tensors))
    same(path, tensors)
    description = read_checkpoint(path).description
    assert (description.c_dim, description.z_dim) == (4, 5)
    assert description.options["label_mode"] == "concat"
    assert load_generator(path).c_dim == 4


@pytest.mark.parametrize("wrap", ["generator_smooth", "models"])
def test_genforce_stylegan2(wrap: str, tmp_path: Path) -> None:
    state = genforce_second(network_tensors())
    whole = {"generator_smooth": state, "generator": {}, "discriminator": {}}
    path = save({"models": whole} if wrap == "models" else whole, tmp_path)
    same(path, network_tensors())
    assert load_generator(path).architecture == "stylegan2"


def test_genforce_stylegan1(tmp_path: Path) -> None:
    tensors = test_stylegan1.by_rule()
    path = save({"generator_smooth": genforce_first(tensors)}, tmp_path)
    same(path, tensors)
    assert load_generator(path).architecture == "stylegan1"


@pytest.mark.parametrize("config", ["T", "R"])
def test_alias_free_networks(config: Any, tmp_path: Path) -> None:
    description, tensors = synthetic_stylegan3.by_rule(config)
    root = Module("Generator")
    for name, value in tensors.items():
        *place, last = name.split(".")
        module = root
        for part in place:
            module = module.modules.setdefault(part, Module(part))
        module.buffers[last] = value
    synthesis = root.modules["synthesis"]
    options = description.options
    synthesis.attributes["layer_names"] = [layer["name"] for layer in options["layers"]]
    synthesis.modules["input"].attributes |= {**options["input"], "size": np.array(options["input"]["size"])}
    for layer in options["layers"]:
        arrays = {key: np.array(layer[key]) for key in ("in_size", "out_size")}
        synthesis.modules[layer["name"]].attributes |= layer | arrays
    path = tmp_path / "network.pkl"
    path.write_bytes(pickle({"G_ema": root}))
    same(path, tensors)
    found = read_checkpoint(path).description
    assert found.architecture == description.architecture
    assert found.options["layers"] == options["layers"]
    assert load_generator(path).resolution == description.resolution


def spoiled_alias_free(folder: Path, **changes: Any) -> Path:
    description, tensors = synthetic_stylegan3.by_rule("T")
    options = dict(description.options)
    options["layers"] = [dict(layer) for layer in options["layers"]]
    options["layers"][2] |= changes
    path = folder / "network.safetensors"
    save_network(path, replace(description, options=options), tensors, {})
    return path


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "../x"},
        {"name": "L0_36_16"},
        {"in_size": [10**9, 10**9]},
        {"out_size": [36]},
        {"out_size": "36"},
        {"up_factor": 10**6},
        {"padding": [10**6] * 4},
        {"padding": None},
        {"conv_clamp": "much"},
    ],
)
def test_geometry_that_cannot_be(changes: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(CorruptCheckpointError):
        load_generator(spoiled_alias_free(tmp_path, **changes))
