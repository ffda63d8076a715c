"""Our own form: there and back, same bytes each time, and every abuse of the format refused."""

import json
import mmap
import struct
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from explorer.checkpoints.safetensors_form import Form, load_tensors, read_form, save_network
from explorer.errors import CheckpointError, CorruptCheckpointError, UnsupportedCheckpointError
from explorer.models.description import NetworkDescription

DESCRIPTION = NetworkDescription(
    architecture="stylegan2",
    resolution=16,
    img_channels=3,
    z_dim=8,
    w_dim=8,
    c_dim=0,
    num_ws=6,
    options={"arch": "skip", "conv_clamp": None},
)
HEADER = {"name": "tiny", "title": "Tiny", "licence": "CC0-1.0", "training": {"kimg": 3}}


def tensors() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "a.weight": torch.randn(3, 5, generator=generator),
        "b.scalar": torch.tensor(2.5),
        "c.half": torch.randn(7, generator=generator).half(),
        "d.channels_last": torch.randn(2, 3, 4, 4, generator=generator).to(memory_format=torch.channels_last),
        "e.flag": torch.tensor([True, False, True]),
        "f.count": torch.tensor([1 << 40]),
        "g.empty": torch.zeros(0, 4),
    }


def read_back(path: Path) -> tuple[Form, dict[str, torch.Tensor]]:
    form = read_form(path)
    with open(path, "rb") as file:
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    return form, load_tensors(mapping, form)


def test_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "tiny.safetensors"
    save_network(path, DESCRIPTION, tensors(), HEADER)
    form, loaded = read_back(path)
    assert form.description == DESCRIPTION
    assert form.header == HEADER
    assert loaded.keys() == tensors().keys()
    for name, tensor in tensors().items():
        assert loaded[name].dtype == tensor.dtype
        assert loaded[name].shape == tensor.shape
        assert torch.equal(loaded[name], tensor)
    assert form.parameters == sum(tensor.numel() for tensor in tensors().values())


def test_same_bytes_whatever_the_order(tmp_path: Path) -> None:
    save_network(tmp_path / "a", DESCRIPTION, tensors(), HEADER)
    save_network(
        tmp_path / "b",
        DESCRIPTION,
        dict(reversed(tensors().items())),
        dict(reversed(HEADER.items())),
    )
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_other_programs_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "tiny.safetensors"
    save_network(path, DESCRIPTION, tensors(), HEADER)
    for name, tensor in safetensors.torch.load_file(path).items():
        assert torch.equal(tensor, tensors()[name])


def test_a_write_to_a_loaded_tensor_does_not_reach_the_file(tmp_path: Path) -> None:
    path = tmp_path / "tiny.safetensors"
    save_network(path, DESCRIPTION, tensors(), HEADER)
    before = path.read_bytes()
    _, loaded = read_back(path)
    loaded["a.weight"].zero_()
    assert path.read_bytes() == before


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "networks"
    folder.mkdir()
    path = folder / "tiny.safetensors"
    save_network(path, DESCRIPTION, tensors(), HEADER)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="complex64"):
        save_network(path, DESCRIPTION, {"x": torch.zeros(2, dtype=torch.complex64)}, HEADER)
    with pytest.raises(ValueError, match="JSON"):
        save_network(path, DESCRIPTION, tensors(), {"training": object()})
    (folder / "taken").mkdir()
    with pytest.raises(OSError):
        save_network(folder / "taken", DESCRIPTION, tensors(), HEADER)
    assert path.read_bytes() == before
    assert sorted(entry.name for entry in folder.iterdir()) == ["taken", "tiny.safetensors"]


def ours(**changes: Any) -> str:
    return json.dumps({"version": 1, "network": DESCRIPTION.as_json(), "header": {}} | changes)


def network(**changes: Any) -> str:
    return ours(network=DESCRIPTION.as_json() | changes)


def entry(shape: list[int], begin: int, end: int, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def build(table: dict[str, Any] | str, data: bytes = b"", length: int | None = None, meta: str = "") -> bytes:
    if isinstance(table, dict):
        table = json.dumps({"__metadata__": {"latent_explorer": meta or ours()}} | table)
    head = table.encode()
    return struct.pack("<Q", len(head) if length is None else length) + head + data


CORRUPT = {
    "empty file": b"",
    "seven bytes": b"\x01" * 7,
    "length beyond the file": build({}, length=1 << 40),
    "length of all ones": build({}, length=(1 << 64) - 1),
    "length zero": build({}, length=0),
    "length into the tensors": build({"a": entry([2], 0, 8)}, bytes(8), length=600),
    "no JSON": build("{nonsense}"),
    "no object": build("[1, 2]"),
    "leading space": build(' {"a": {}}'),
    "not UTF-8": struct.pack("<Q", 4) + b'{"\xff}',
    "lone surrogate in the description": build('{"__metadata__": {"latent_explorer": "\\ud800"}}'),
    "deep nesting": build('{"a":' + "[" * 200_000 + "]" * 200_000 + "}"),
    "huge number": build('{"a":' + "9" * 100_000 + "}"),
    "not a number": build('{"a": {"dtype": "F32", "shape": [NaN], "data_offsets": [0, 0]}}'),
    "metadata of numbers": build('{"__metadata__": {"latent_explorer": 1}}'),
    "metadata a list": build('{"__metadata__": []}'),
    "duplicate tensor": build(
        '{"a": {"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
        ' "a": {"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
        b"x",
    ),
    "overlap": build({"a": entry([2], 0, 8), "b": entry([2], 4, 12)}, bytes(12)),
    "same place twice": build({"a": entry([2], 0, 8), "b": entry([2], 0, 8)}, bytes(8)),
    "hole": build({"a": entry([2], 0, 8), "b": entry([2], 12, 20)}, bytes(20)),
    "data behind the last tensor": build({"a": entry([2], 0, 8)}, bytes(12)),
    "data cut off": build({"a": entry([2], 0, 8)}, bytes(4)),
    "end before begin": build({"a": entry([0], 8, 0)}, bytes(8)),
    "negative offset": build({"a": entry([2], -8, 0)}),
    "negative size": build({"a": entry([-2], 0, 8)}, bytes(8)),
    "sizes whose product wraps 64 bits": build({"a": entry([1 << 32, 1 << 32], 0, 0)}),
    "shape larger than its bytes": build({"a": entry([160_000, 160_000], 0, 16)}, bytes(16)),
    "rank of thousands": build({"a": entry([1] * 5000, 0, 4)}, bytes(4)),
    "shape of booleans": build({"a": {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]}}, bytes(4)),
    "shape of fractions": build({"a": {"dtype": "F32", "shape": [1.0], "data_offsets": [0, 4]}}, bytes(4)),
    "three offsets": build({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4, 8]}}, bytes(4)),
    "no offsets": build({"a": {"dtype": "F32", "shape": [1]}}),
    "entry a text": build({"a": "F32"}),
    "tensor named like the metadata, twice": build(
        '{"__metadata__": {}, "__metadata__": {"latent_explorer": "{}"}}'
    ),
    "offsets that wrap 64 bits": build({"a": entry([2], (1 << 64) - 8, 1 << 64)}, bytes(8)),
    "offsets as fractions": build(
        {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0.0, 4.0]}}, bytes(4)
    ),
    "offsets as booleans": build({"a": {"dtype": "U8", "shape": [1], "data_offsets": [False, True]}}, b"x"),
    "first tensor away from the start": build({"a": entry([2], 8, 16)}, bytes(16)),
    "half a number of bits": build({"a": entry([3], 0, 5)}, bytes(5)),
    "text behind the table": build('{"__metadata__": {}} {"a": 1}'),
    "a pickle in place of the table": struct.pack("<Q", 12) + b"{\x80\x04N.      }",
    "an infinite size": build(
        '{"a": {"dtype": "F32", "shape": [Infinity], "data_offsets": [0, 4]}}', bytes(4)
    ),
    "a size of many digits": build({"a": entry([10**400], 0, 4)}, bytes(4)),
    "description no JSON": build({}, meta="{"),
    "description a list": build({}, meta="[]"),
    "description nested deep": build({}, meta="[" * 100_000),
    "description without version": build({}, meta="{}"),
    "version a text": build({}, meta=ours(version="1")),
    "version zero": build({}, meta=ours(version=0)),
    "facts a list": build({}, meta=ours(header=[])),
    "no network": build({}, meta=ours(network=None)),
    "resolution a text": build({}, meta=network(resolution="16")),
    "resolution of a million": build({}, meta=network(resolution=1_000_000)),
    "z negative": build({}, meta=network(z_dim=-1)),
    "rows a boolean": build({}, meta=network(num_ws=True)),
    "architecture a list": build({}, meta=network(architecture=[])),
    "options a list": build({}, meta=network(options=[])),
}
UNSUPPORTED = {
    "someone else's file": build(json.dumps({"a": entry([2], 0, 8)}), bytes(8)),
    "someone else's metadata": build(json.dumps({"__metadata__": {"format": "pt"}})),
    "newer form": build({}, meta=ours(version=2)),
    "newer architecture": build({}, meta=network(architecture="stylegan9")),
    "type of the future": build({"a": entry([1], 0, 1, dtype="F8_E4M3")}, bytes(1)),
    "header of 5 MB": build("{" + " " * (5 << 20) + "}"),
}


@pytest.mark.parametrize("data", CORRUPT.values(), ids=CORRUPT.keys())
def test_what_cannot_be_is_corrupt(data: bytes, tmp_path: Path) -> None:
    check(data, CorruptCheckpointError, tmp_path)


@pytest.mark.parametrize("data", UNSUPPORTED.values(), ids=UNSUPPORTED.keys())
def test_what_is_not_ours_is_unsupported(data: bytes, tmp_path: Path) -> None:
    check(data, UnsupportedCheckpointError, tmp_path)


def check(data: bytes, kind: type[CheckpointError], folder: Path) -> None:
    path = folder / "abuse.safetensors"
    path.write_bytes(data)
    with pytest.raises(kind) as caught:
        read_form(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 600
