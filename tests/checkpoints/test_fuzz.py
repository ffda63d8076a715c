"""Files spoiled at random, with fixed seeds: only the promised errors ever come out.

`LATENT_EXPLORER_FUZZ=20` multiplies the number of mutations.
"""

import io
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import torch

from explorer.checkpoints import LoadedNetwork, read_checkpoint, save_network
from explorer.checkpoints.loading import build
from explorer.errors import CheckpointError
from explorer.models.description import NetworkDescription
from tests.checkpoints.assembler import network_tensors, old_stream, snapshot
from tests.checkpoints.dialects import rosinality, small_rosinality, tensorflow
from tests.checkpoints.spoiling import INTERESTING, Patient
from tests.support import golden_file, golden_index

EFFORT = int(os.environ.get("LATENT_EXPLORER_FUZZ", "1"))
SECONDS = 5.0
"""What no file may exceed."""


def spoil(data: bytes, chance: random.Random) -> bytes:
    """One to four changes: bytes flipped, replaced, removed, repeated, swapped; lies about lengths; cuts."""
    spoiled = bytearray(data)
    # Structure lies between the weights; half of the changes go where there is much of it.
    structure = min(len(data), 4096)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        at = chance.randrange(structure if chance.random() < 0.5 else max(1, len(spoiled)))
        at = min(at, len(spoiled) - 1)
        match chance.randrange(9):
            case 0:
                spoiled[at] ^= 1 << chance.randrange(8)
            case 1:
                spoiled[at] = chance.choice(INTERESTING)
            case 2:
                spoiled[at] = chance.randrange(256)
            case 3:
                del spoiled[at : at + chance.randrange(1, 40)]
            case 4:
                spoiled[at:at] = spoiled[at : at + chance.randrange(1, 40)]
            case 5:
                spoiled[at : at + 4] = chance.choice(
                    (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\0\0\0\0")
                )
            case 6:
                spoiled[at : at + 8] = chance.choice((b"\xff" * 8, b"\xff" * 7 + b"\x7f", b"\0" * 8))
            case 7:
                del spoiled[max(1, at) :]
            case _:
                other = chance.randrange(len(spoiled))
                length = chance.randrange(1, 64)
                spoiled[at : at + length], spoiled[other : other + length] = (
                    spoiled[other : other + length],
                    spoiled[at : at + length],
                )
        if not spoiled:
            return b"\0"
    return bytes(spoiled)


def can_be_built(network: LoadedNetwork, path: Path) -> bool:
    """Whether a network that was read also makes a generator; spoiled weights are weights."""
    try:
        generator = build(network, str(path))
    except CheckpointError:
        return False
    return generator.resolution == network.description.resolution


def read(path: Path, is_small: bool = False) -> str:
    """Read a spoiled file; returns the outcome by name."""
    began = time.process_time()
    try:
        network = read_checkpoint(path, sha256="")
    except CheckpointError as refusal:
        outcome = type(refusal).__name__
        if refusal.__cause__ is not None or "more memory than there is" in str(refusal):
            pytest.fail(f"refused by the net, not by a rule: {refusal!r}")
    else:
        assert network.tensors
        assert all(isinstance(tensor, torch.Tensor) for tensor in network.tensors.values())
        outcome = "read" if not is_small or can_be_built(network, path) else "not built"
    assert time.process_time() - began < SECONDS
    return outcome


def check(data: bytes, path: Path, is_small: bool = False) -> str:
    """Read spoiled bytes."""
    path.write_bytes(data)
    return read(path, is_small)


@contextmanager
def one_more_gigabyte() -> Iterator[None]:
    """Within the block this process can get no more memory than that; only Linux keeps to it."""
    if not Path("/proc/self/statm").exists():
        yield
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (1 << 30), limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


def small_safetensors(folder: Path) -> bytes:
    description = NetworkDescription(
        "stylegan2", 8, 3, z_dim=5, w_dim=7, c_dim=0, num_ws=4, options={"arch": "skip"}
    )
    save_network(folder / "small.safetensors", description, network_tensors(), {"title": "small"})
    return (folder / "small.safetensors").read_bytes()


def zipped() -> bytes:
    buffer = io.BytesIO()
    torch.save(small_rosinality(), buffer)
    return buffer.getvalue()


SMALL = {
    "torch pickle": lambda folder: snapshot(z_dim=5),
    "tensorflow pickle": lambda folder: tensorflow(network_tensors()),
    "archive": lambda folder: zipped(),
    "old stream": lambda folder: old_stream(rosinality(network_tensors())),
    "safetensors": small_safetensors,
}


@pytest.mark.parametrize("kind", SMALL)
def test_small_files_of_every_kind(kind: str, tmp_path: Path) -> None:
    data = SMALL[kind](tmp_path)
    path = tmp_path / "spoiled"
    assert check(data, path) == "read"
    chance = random.Random(f"spoil {kind}")
    outcomes = [check(spoil(data, chance), path, is_small=True) for _ in range(500 * EFFORT)]
    assert len(set(outcomes)) > 1, "the mutations do not reach the structure"


@pytest.mark.parametrize("name", [entry["file"] for entry in golden_index()])
def test_golden_files(name: str, tmp_path: Path) -> None:
    """Thousands of ways each, by the door that a user's file takes, with a gigabyte to live in."""
    patient = Patient(tmp_path / "spoiled", golden_file(name, tmp_path).read_bytes())
    chance = random.Random(f"spoil {name}")
    outcomes: Counter[str] = Counter()
    with closing(patient), one_more_gigabyte():
        assert read(patient.path) == "read"
        for _ in range(2000 * EFFORT):
            patches, length = patient.wound(chance)
            with patient.spoiled(patches, length):
                outcomes[read(patient.path)] += 1
        assert patient.path.read_bytes() == patient.data
    assert 0 < outcomes["read"] < outcomes.total() // 2, "the mutations do not reach the structure"
    assert {"CorruptCheckpointError", "UnsafeCheckpointError"} <= outcomes.keys()
