"""Files that different readers would read differently: what scanners missed because they looked elsewhere."""

import struct
from pathlib import Path
from typing import Any

import pytest
import torch

from explorer.checkpoints import read_checkpoint
from explorer.errors import CheckpointError, CorruptCheckpointError, UnsafeCheckpointError
from tests.checkpoints.assembler import Call, Raw, code, generator_module, pickle, snapshot
from tests.checkpoints.hostile import refuse
from tests.checkpoints.test_hostile_archives import HONEST, changed, pack

CALL = Call("os", "system", ("true",))
GOOD = code({"G_ema": generator_module()})


def frame(body: bytes, length: int | None = None) -> bytes:
    return b"\x95" + struct.pack("<Q", len(body) if length is None else length) + body


def relabelled(change: Any) -> bytes:
    """A hostile archive whose local headers or directory tell another story than the other."""
    data = bytearray(changed(data_pkl=pickle({"g_ema": CALL})))
    at = data.index(b"data.pkl")
    change(data, at - data[:at].rindex(b"PK\x03\x04"), data[:at].rindex(b"PK\x03\x04"))
    return bytes(data)


def other_local_name(data: bytearray, name: int, local: int) -> None:
    data[local + name : local + name + 8] = b"data.txt"


def encrypted_locally(data: bytearray, name: int, local: int) -> None:
    data[local + 6] |= 1


def checksum_of_nothing(data: bytearray, name: int, local: int) -> None:
    entry = data.index(b"PK\x01\x02")
    data[entry + 16 : entry + 20] = bytes(4)


def version_of_the_future(data: bytearray, name: int, local: int) -> None:
    data[local + 4 : local + 6] = b"\xff\xff"


UNSAFE: dict[str, bytes] = {
    # One stream, several protocols: a scanner that stops at the second PROTO misses what follows.
    "a second protocol in the middle": b"\x80\x04" + b"N0\x80\x02" + code(CALL) + b".",
    "a call before any protocol but the first": b"\x80\x00" + code(CALL) + b".",
    # Frames: only a hint to readers, so that what they leave out is read all the same.
    "a call between two frames": b"\x80\x04" + frame(b"N0") + code(CALL) + frame(b"0" + GOOD) + b".",
    "a call that begins in a frame and ends behind it": b"\x80\x04"
    + frame(code(CALL) + b"0" + GOOD, 9)
    + b".",
    "an empty frame before a call": b"\x80\x04" + frame(b"") + code(CALL) + b".",
    # The memo: overwritten between writing and use, or filled by what looks dead.
    "a listed name overwritten in the memo": b"\x80\x04"
    + code("collections")
    + b"q\x00q\x010"
    + code("os")
    + b"q\x000h\x00"
    + code("system")
    + b"\x93)R.",
    "a name made by a group that is dropped": b"\x80\x04("
    + code("os")
    + b"q\x051h\x05"
    + code("system")
    + b"\x93)R.",
    # A result is thrown away, so that the value of the file looks honest.
    "a call whose result becomes an unused key": b"\x80\x04" + GOOD + code("x") + code(CALL) + b"s.",
    "a call among a tensor's hooks": pickle(
        Call("torch._utils", "_rebuild_parameter", (torch.zeros(2), False, {"hook": CALL}))
    ),
    "a call as an ordered dictionary's attribute": pickle(
        Raw(code(Call("collections", "OrderedDict")) + code({"_metadata": CALL}) + b"b")
    ),
    "a call as a set's member": pickle(Raw(b"\x8f(" + code(CALL) + b"\x90")),
    "a call as a frozen set's member": pickle(Raw(b"(" + code(CALL) + b"\x91")),
    # Archives: scanners that trust names, flags, checksums or suffixes give up where torch goes on.
    "a wrong checksum of data.pkl": relabelled(checksum_of_nothing),
    "a member encrypted by its own header alone": relabelled(encrypted_locally),
    "a zip version of the future": relabelled(version_of_the_future),
    "a pickle in front of an archive": pickle({}) + HONEST,
    "an archive behind a whole snapshot": snapshot() + HONEST,
    "a snapshot behind padding": snapshot() + bytes(512) + pickle(CALL),
}

CORRUPT: dict[str, bytes] = {
    "a member of another name by its own header": relabelled(other_local_name),
    "an archive with something before it": b"PK\x03\x04" + bytes(60) + HONEST,
    "a frame that ends within the next": b"\x80\x04" + frame(b"N0" + frame(b"N0N0"), 20) + b"N.",
    "a protocol that is a letter": b"\x80A" + GOOD + b".",
    "a protocol at the very end": b"\x80\x04" + GOOD + b"\x80",
    "an archive whose data.pkl stops early": changed(data_pkl=pickle({}) + pickle({"g_ema": CALL})),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_what_one_reader_would_have_run_is_unsafe(name: str, tmp_path: Path) -> None:
    assert "nothing in it was run" in refuse(UNSAFE[name], UnsafeCheckpointError, tmp_path)


@pytest.mark.parametrize("name", CORRUPT)
def test_what_readers_differ_on_is_corrupt(name: str, tmp_path: Path) -> None:
    refuse(CORRUPT[name], CorruptCheckpointError, tmp_path)


@pytest.mark.parametrize("suffix", [".pt", ".bin", ".safetensors", ".zip", ".png", ".txt", ""])
def test_no_suffix_makes_a_call_harmless(suffix: str, tmp_path: Path) -> None:
    for data in (pickle(CALL), pack({"archive/data.pkl": pickle(CALL), "archive/version": b"3"})):
        path = tmp_path / f"network{suffix}"
        path.write_bytes(data)
        with pytest.raises(UnsafeCheckpointError, match=r"os\.system"):
            read_checkpoint(path)


def test_a_call_at_any_place_of_an_honest_file_is_refused(tmp_path: Path) -> None:
    """Before every opcode of a whole snapshot, called and dropped at once."""
    import pickletools

    honest, path = snapshot(), tmp_path / "spoiled.pkl"
    call = code(CALL) + b"0"
    for _, _, place in list(pickletools.genops(honest))[1::7]:
        path.write_bytes(honest[:place] + call + honest[place:])
        with pytest.raises(CheckpointError) as caught:
            read_checkpoint(path)
        assert type(caught.value) is UnsafeCheckpointError, (place, caught.value)
