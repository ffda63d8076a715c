"""Reference networks: every tensor equals what another reader finds, and sizes are what they are."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from explorer.checkpoints import inspect_checkpoint, read_checkpoint
from tests.checkpoints import oracle
from tests.support import golden_dir, golden_file, golden_index, needs_golden

ENTRIES = {entry["file"]: entry for entry in golden_index()}
TORCH_PICKLES = [name for name, entry in ENTRIES.items() if entry["container"].startswith("torch module")]

pytestmark = needs_golden


@pytest.mark.parametrize("name", TORCH_PICKLES)
def test_every_tensor_of_a_torch_pickle(name: str) -> None:
    path = golden_file(name, Path())
    network = read_checkpoint(path)
    expected = oracle.flatten(oracle.load(path)["G_ema"])
    assert network.tensors.keys() == expected.keys()
    for key, tensor in expected.items():
        assert network.tensors[key].shape == tensor.shape, key
        assert network.tensors[key].dtype == tensor.dtype, key
        assert torch.equal(network.tensors[key], tensor), key
        assert network.tensors[key].is_contiguous(), key


TENSORFLOW = [name for name in ENTRIES if name.startswith("tf_")]


@pytest.mark.parametrize("name", TENSORFLOW)
def test_every_variable_of_a_tensorflow_pickle(name: str) -> None:
    """No value is lost or made up on the way: the same numbers, in other places and order."""
    path = golden_file(name, Path())
    tensors = read_checkpoint(path).tensors
    expected = oracle.variables(oracle.load(path)[2])
    # The level of detail of a grown network is 0, and only the finest to-RGB layer draws then.
    idle = re.compile(r".*lod|.*ToRGB_lod[1-9].*")
    expected = {key: value for key, value in expected.items() if not idle.fullmatch(key)}
    for key in expected:
        if key.endswith("mod_bias"):
            expected[key] = expected[key] + np.float32(1)
    assert sum(tensor.numel() for tensor in tensors.values()) == sum(v.size for v in expected.values())
    ours = sorted(sorted(tensor.flatten().tolist()) for tensor in tensors.values())
    assert ours == sorted(sorted(np.ravel(value).tolist()) for value in expected.values())


def test_places_of_tensorflow_stylegan1() -> None:
    """StyleGAN1's names and axes; pictures prove those of the other families."""
    path = golden_file("tf_sg1.pkl", Path())
    tensors = read_checkpoint(path).tensors
    stored = oracle.variables(oracle.load(path)[2])
    places = {
        "mapping.fc3.weight": stored["mapping/Dense3/weight"].T,
        "synthesis.b4.const": stored["synthesis/4x4/Const/const"][0],
        "synthesis.b4.layer0.bias": stored["synthesis/4x4/Const/bias"],
        "synthesis.b4.layer0.noise_const": stored["synthesis/noise0"][0, 0],
        "synthesis.b4.layer1.noise_const": stored["synthesis/noise1"][0, 0],
        "synthesis.b4.layer1.weight": stored["synthesis/4x4/Conv/weight"].transpose(3, 2, 0, 1),
        "synthesis.b16.layer0.weight": stored["synthesis/16x16/Conv0_up/weight"].transpose(3, 2, 0, 1),
        "synthesis.b16.layer1.noise_const": stored["synthesis/noise5"][0, 0],
        "synthesis.b16.layer1.noise_weight": stored["synthesis/16x16/Conv1/Noise/weight"],
        "synthesis.b64.layer0.style.weight": stored["synthesis/64x64/Conv0_up/StyleMod/weight"].T,
        "synthesis.b64.layer0.style.bias": stored["synthesis/64x64/Conv0_up/StyleMod/bias"],
        "synthesis.torgb.weight": stored["synthesis/ToRGB_lod0/weight"].transpose(3, 2, 0, 1),
        "synthesis.torgb.bias": stored["synthesis/ToRGB_lod0/bias"],
    }
    for name, value in places.items():
        assert np.array_equal(tensors[name].numpy(), value), name


@pytest.mark.parametrize("name", ENTRIES)
def test_sizes_and_average(name: str, tmp_path: Path) -> None:
    folder = golden_dir()
    assert folder is not None
    entry: dict[str, Any] = ENTRIES[name]
    network = read_checkpoint(golden_file(name, tmp_path))
    description = network.description
    assert (description.architecture, description.resolution) == (entry["family"], entry["resolution"])
    assert description.img_channels == entry["channels"]
    for size in ("z_dim", "w_dim", "c_dim", "num_ws"):
        assert getattr(description, size) == entry[size], size
    with np.load(folder / entry["expected"]) as arrays:
        assert np.array_equal(network.tensors["mapping.w_avg"].numpy(), arrays["w_avg"])
    if "xz" not in name:
        assert network.sha256 == entry["sha256"]


@pytest.mark.parametrize("name", ENTRIES)
def test_inspect_tells_the_same(name: str, tmp_path: Path) -> None:
    entry = ENTRIES[name]
    info = inspect_checkpoint(golden_file(name, tmp_path)).as_json()
    assert list(info)[:9] == [
        "format",
        "architecture",
        "resolution",
        "z_dim",
        "w_dim",
        "c_dim",
        "num_ws",
        "parameters",
        "sha256",
    ]
    assert info["resolution"] == entry["resolution"]
    assert info["parameters"] > 10_000
    assert info["globals"] == sorted(info["globals"])
    assert info["globals"] != []


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ada_skip.pkl", {"arch": "skip", "conv_clamp": None, "num_fp16_res": 0}),
        ("ada_resnet_fp16.pkl", {"arch": "resnet", "conv_clamp": 1.25, "num_fp16_res": 3}),
        ("ada_cond_orig.pkl", {"arch": "orig", "label_mode": "embed"}),
        ("ada_skip_fp16_cond.pkl", {"arch": "skip", "conv_clamp": 256.0}),
        ("sg3repo_sg2.pkl", {"arch": "skip", "conv_clamp": 256.0, "lr_multiplier": 0.01}),
        ("tf_sg2.pkl", {"arch": "skip", "conv_clamp": None, "num_fp16_res": 0}),
        ("tf_sg2ada_cond.pkl", {"arch": "skip", "label_mode": "embed"}),
        ("rosinality_small.pt", {"arch": "skip", "conv_clamp": None, "lr_multiplier": 0.01}),
        ("tf_sg1.pkl", {"fused_scale": "auto", "label_mode": "concat", "lr_multiplier": 0.01}),
        ("tf_sg1_fused.pkl", {"fused_scale": True}),
        ("sg3_t.pkl", {"output_scale": 0.25, "lr_multiplier": 0.01}),
    ],
)
def test_switches(name: str, options: dict[str, Any]) -> None:
    found = read_checkpoint(golden_file(name, Path())).description.options
    assert {key: found[key] for key in options} == options


def test_geometry_of_alias_free_layers() -> None:
    """StyleGAN3's layers state their own sizes; they arrive as plain numbers."""
    path = golden_file("sg3_r.pkl", Path())
    options = read_checkpoint(path).description.options
    state = oracle.load(path)["G_ema"]["state"]["_modules"]["synthesis"]["state"]
    assert json.loads(json.dumps(options)) == options
    assert [layer["name"] for layer in options["layers"]] == state["layer_names"]
    assert options["input"]["size"] == state["_modules"]["input"]["state"]["size"].tolist()
    for layer in options["layers"]:
        stated = state["_modules"][layer["name"]]["state"]
        for key, value in layer.items():
            if key != "name":
                assert np.array_equal(value, stated[key]), key
