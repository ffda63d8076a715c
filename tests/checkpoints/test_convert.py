"""Conversion loses nothing, and gives the same bytes each time."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from explorer.checkpoints import load_generator, read_checkpoint
from explorer.checkpoints.convert import convert
from explorer.errors import UnsafeCheckpointError
from explorer.recipe import Recipe, SeedBlend
from explorer.render import Engine, RenderRequest
from tests.checkpoints.assembler import Call, pickle, snapshot
from tests.support import golden_file, golden_index


def convert_and_compare(source: Path, folder: Path) -> None:
    target = folder / "converted.safetensors"
    network = convert(source, target)
    again = read_checkpoint(target)
    assert again.description == network.description
    assert again.header["source_sha256"] == network.sha256
    assert again.header["source_format"] == network.format
    assert again.tensors.keys() == network.tensors.keys()
    for name, value in network.tensors.items():
        assert again.tensors[name].dtype == value.dtype
        assert torch.equal(again.tensors[name], value)

    renamed = folder / "other name.bin"
    shutil.copy(source, renamed)
    convert(renamed, folder / "second.safetensors")
    assert (folder / "second.safetensors").read_bytes() == target.read_bytes()

    convert(target, folder / "third.safetensors")
    assert (folder / "third.safetensors").read_bytes() == target.read_bytes()


def test_small_network(tmp_path: Path) -> None:
    source = tmp_path / "network.pkl"
    source.write_bytes(snapshot())
    convert_and_compare(source, tmp_path)


@pytest.mark.parametrize("name", [entry["file"] for entry in golden_index()])
def test_golden_networks_draw_the_same_pictures(name: str, tmp_path: Path) -> None:
    source = golden_file(name, tmp_path)
    convert_and_compare(source, tmp_path)
    original, converted = load_generator(source), load_generator(tmp_path / "converted.safetensors")
    c = torch.eye(original.c_dim)[:1] if original.c_dim else None
    ws = original.mapping(original.latent(7), c)
    assert torch.equal(ws, converted.mapping(converted.latent(7), c))
    assert torch.equal(original.synthesis(ws), converted.synthesis(ws))
    assert np.array_equal(rendered(source), rendered(tmp_path / "converted.safetensors"))


def rendered(path: Path) -> NDArray[np.uint8]:
    """What `render --model PATH --seeds 7 --psi 0.7` draws, before it becomes a file."""
    engine = Engine(device="cpu", threads=torch.get_num_threads())
    ref = engine.open(path).ref
    return engine.render(RenderRequest(Recipe(ref, SeedBlend.of(7), psi=0.7))).pixels


def test_a_file_does_not_replace_itself(tmp_path: Path) -> None:
    source = tmp_path / "network.pkl"
    source.write_bytes(snapshot())
    with pytest.raises(ValueError, match="replace its source"):
        convert(source, source)
    assert source.read_bytes() == snapshot()


def test_a_refused_file_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "network.pkl"
    source.write_bytes(pickle(Call("os", "system", ("true",))))
    with pytest.raises(UnsafeCheckpointError):
        convert(source, tmp_path / "converted.safetensors")
    assert not list(tmp_path.glob("*converted*"))
