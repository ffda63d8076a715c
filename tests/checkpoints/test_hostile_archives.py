"""Zip files and old streams that lie about themselves."""

import io
import os
import pickletools
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from explorer.checkpoints import read_checkpoint
from explorer.errors import (
    CorruptCheckpointError,
    UnsafeCheckpointError,
    UnsupportedCheckpointError,
)
from tests.checkpoints.assembler import Call, Name, PersistentId, code, legacy_bytes, pickle
from tests.checkpoints.dialects import small_rosinality
from tests.checkpoints.hostile import CALLABLES, refuse, split


def honest() -> bytes:
    buffer = io.BytesIO()
    torch.save(small_rosinality(), buffer)
    return buffer.getvalue()


HONEST = honest()


def members() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(HONEST)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def changed(**files: bytes | None) -> bytes:
    """The honest archive with members replaced, or left out where None."""
    prefix = next(iter(members())).split("/")[0]
    all_files = members()
    for key, data in files.items():
        name = f"{prefix}/{ {'data_pkl': 'data.pkl', 'data_0': 'data/0'}.get(key, key) }"
        del all_files[name]
        if data is not None:
            all_files[name] = data
    return pack(all_files)


def data_pickle() -> bytes:
    return next(data for name, data in members().items() if name.endswith("data.pkl"))


def state(value: Any) -> bytes:
    return changed(data_pkl=pickle({"g_ema": value}))


def storage_id(**changes: Any) -> PersistentId:
    parts = {"tag": "storage", "type": Name("torch", "FloatStorage"), "key": "0", "place": "cpu", "count": 49}
    return PersistentId(tuple((parts | changes).values()))


def one_tensor(held: Any, size: tuple[int, ...] = (7, 7), stride: tuple[int, ...] = (7, 1)) -> bytes:
    parts = (held, 0, size, stride, False, Call("collections", "OrderedDict"))
    whole = {"style.1.weight": Call("torch._utils", "_rebuild_tensor_v2", parts)}
    return state(whole | {"conv1.conv.weight": whole["style.1.weight"]})


def with_directory(change: Any) -> bytes:
    """The honest archive with its directory rewritten entry by entry."""
    data = bytearray(HONEST)
    at = HONEST.rindex(b"PK\x05\x06")
    count, _, start = struct.unpack_from("<HLL", data, at + 10)
    place = start
    for index in range(count):
        fields = list(struct.unpack_from("<4s6H3L5H2L", data, place))
        names, extra, comment = fields[10:13]
        change(index, fields)
        struct.pack_into("<4s6H3L5H2L", data, place, *fields)
        place += 46 + names + extra + comment
    return bytes(data)


def all_at_one_place(index: int, fields: list[Any]) -> None:
    fields[16] = 0


def far_away(index: int, fields: list[Any]) -> None:
    fields[16] = 1 << 31


def larger(index: int, fields: list[Any]) -> None:
    fields[8] = fields[9] = fields[9] + (1 << 20)


def packed(index: int, fields: list[Any]) -> None:
    fields[9] = fields[9] * 1000 + 1000


def encrypted(index: int, fields: list[Any]) -> None:
    fields[3] |= 1


def end_record(**changes: int) -> bytes:
    at = HONEST.rindex(b"PK\x05\x06")
    fields = list(struct.unpack_from("<4s4H2LH", HONEST, at))
    for name, value in changes.items():
        fields[{"count": 4, "size": 5, "start": 6, "comment": 7}[name]] = value
    return HONEST[:at] + struct.pack("<4s4H2LH", *fields)


def twice() -> bytes:
    files = members()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(next(name for name in files if name.endswith("data.pkl")), pickle({}))
    return buffer.getvalue()


LEGACY = legacy_bytes(small_rosinality())
LITTLE = b"little_endianq\x01\x88"


def pickles_of(stream: bytes, count: int) -> int:
    """Where the first `count` pickles of a stream end."""
    file = io.BytesIO(stream)
    for _ in range(count):
        for _ in pickletools.genops(file):
            pass
    return file.tell()


HEAD = LEGACY[: pickles_of(LEGACY, 3)]
TAIL = LEGACY[pickles_of(LEGACY, 4) :]

UNSAFE = {
    **{
        f"a member called {name!r}": pack(members() | {name: b"x"})
        for name in (
            "../x",
            "a/../../x",
            "/etc/x",
            "archive/..",
            "C:/x",
            "..\\x",
            "\\\\server\\x",
            "a\\..\\..\\x",
        )
    },
    "two members of one name": twice,
    "a call in data.pkl": changed(data_pkl=pickle({"g_ema": Call("os", "system", ("true",))})),
    "a call in an old stream": HEAD + pickle({"g_ema": Call("os", "system", ("true",))}) + TAIL,
    "a call before an old stream's object": HEAD[:15] + pickle(Call("os", "system", ("true",))),
    "a name in an old stream's facts": HEAD[: pickles_of(LEGACY, 2)] + pickle(Name("torch", "FloatStorage")),
    "a name in an old stream's keys": LEGACY[: pickles_of(LEGACY, 4)] + pickle([Name("torch", "Size")]),
    "a storage in a pickle within an archive": changed(
        data_pkl=pickle(Call("torch.storage", "_load_from_bytes", (LEGACY,)))
    ),
    "a persistent class within an archive": changed(
        data_pkl=pickle(Call("torch_utils.persistence", "_reconstruct_persistent_obj", ({},)))
    ),
}

CORRUPT = {
    "cut in the middle": HONEST[: len(HONEST) // 2],
    "without its last byte": HONEST[:-1],
    "with a byte behind": HONEST + b"\0",
    "without a directory": HONEST[: HONEST.index(b"PK\x01\x02")],
    "all members at one place": with_directory(all_at_one_place),
    "members far away": with_directory(far_away),
    "members larger than the file": with_directory(larger),
    "a directory elsewhere": end_record(start=10),
    "a directory beyond the end": end_record(start=1 << 31),
    "a directory of other size": end_record(size=10),
    "more members than there are": end_record(count=5000),
    "fewer members than there are": end_record(count=3),
    "a comment that is not there": end_record(comment=7),
    "a wide directory that is not there": end_record(count=0xFFFF).replace(b"PK\x06\x07", b"PK\x06\x00"),
    "a wide directory elsewhere": end_record(count=0xFFFF).replace(b"PK\x06\x06", b"PK\x06\x00"),
    "two directories that disagree": end_record(count=5),
    "no storage": changed(data_0=None),
    "a smaller storage": changed(data_0=b"1234"),
    "a larger storage": changed(data_0=bytes(1 << 16)),
    "no pickle in data.pkl": changed(data_pkl=b""),
    "half a pickle in data.pkl": changed(data_pkl=data_pickle()[:200]),
    "two pickles in data.pkl": changed(data_pkl=data_pickle() + pickle({})),
    "a storage of a text": one_tensor(storage_id(type="FloatStorage")),
    "a storage of a class": one_tensor(storage_id(type=Name("torch", "Size"))),
    "something else than a storage": one_tensor(storage_id(tag="module")),
    "a storage by number": one_tensor(storage_id(key=0)),
    "a storage by path": one_tensor(storage_id(key="../../../etc/passwd")),
    "a storage without a name": one_tensor(storage_id(key="")),
    "a storage of 2^62": one_tensor(storage_id(count=1 << 62)),
    "a storage of -1": one_tensor(storage_id(count=-1)),
    "a storage of other count": one_tensor(storage_id(count=50)),
    "a storage of other width": one_tensor(storage_id(type=Name("torch", "DoubleStorage"))),
    "a persistent id of one text": one_tensor(PersistentId("storage")),
    "a persistent id of seven": one_tensor(PersistentId(("storage",) * 7)),
    "stride 0": one_tensor(storage_id(), (1000, 1000), (0, 0)),
    "an old stream of other protocol": LEGACY[:15] + pickle(1002) + LEGACY[pickles_of(LEGACY, 2) :],
    "an old stream cut off": LEGACY[:-5],
    "an old stream with a byte behind": LEGACY + b"\0",
    "an old stream that lists no storages": LEGACY[: pickles_of(LEGACY, 4)] + pickle([]),
    "an old stream that lists one twice": LEGACY[: pickles_of(LEGACY, 4)] + pickle(["0", "0"]),
    "an old stream that lists numbers": LEGACY[: pickles_of(LEGACY, 4)] + pickle([1, 2]),
    "an old stream that ends at its object": LEGACY[: pickles_of(LEGACY, 4)],
    "an old stream that ends at its magic": LEGACY[:15],
}

UNSUPPORTED = {
    "compressed members": pack(members(), zipfile.ZIP_DEFLATED),
    "a compressed gigabyte": pack({"archive/data.pkl": bytes(64 << 20)}, zipfile.ZIP_DEFLATED),
    "sizes that claim compression": with_directory(packed),
    "encrypted members": with_directory(encrypted),
    "a TorchScript program": pack(members() | {"archive/code/__torch__.py": b"x"}),
    "a program's constants": pack(members() | {"archive/constants.pkl": b"x"}),
    "pictures": pack({"00000/img0.png": b"x", "dataset.json": b"{}"}),
    "some other zip": pack({"readme.txt": b"x"}),
    "two checkpoints in one": pack(members() | {"other/data.pkl": pickle({})}),
    "big-endian": changed(byteorder=b"big"),
    "an old stream, big-endian": LEGACY.replace(b"little_endian", b"little_endiaN"),
    "a state dictionary of something else": pack(
        {"a/data.pkl": pickle({"conv.weight": 1}), "a/version": b"3"}
    ),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_what_tries_something_is_unsafe(name: str, tmp_path: Path) -> None:
    data = UNSAFE[name]
    refuse(data() if callable(data) else data, UnsafeCheckpointError, tmp_path)


@pytest.mark.parametrize("name", CORRUPT)
def test_what_cannot_be_is_corrupt(name: str, tmp_path: Path) -> None:
    refuse(CORRUPT[name], CorruptCheckpointError, tmp_path)


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_is_honest_but_foreign_is_unsupported(name: str, tmp_path: Path) -> None:
    refuse(UNSUPPORTED[name], UnsupportedCheckpointError, tmp_path)


def test_no_callable_passes_in_an_archive(tmp_path: Path) -> None:
    for name in CALLABLES:
        data = b"\x80\x02" + code({"g_ema": Call(*split(name), ("x",))}) + b"."
        assert ascii(name)[1:-1] in refuse(changed(data_pkl=data), UnsafeCheckpointError, tmp_path)


def test_a_wrong_checksum_is_told(tmp_path: Path) -> None:
    """torch can leave checksums out, so it is a note and no refusal."""
    data = bytearray(HONEST)
    at = HONEST.index(small_rosinality()["latent_avg"].numpy().tobytes())
    data[at] ^= 1
    path = tmp_path / "network.pt"
    path.write_bytes(data)
    assert any("checksum" in note for note in read_checkpoint(path).notes)


def test_a_wide_archive_is_read(tmp_path: Path) -> None:
    """zip64, as torch writes it for large networks: sizes and places in the extra field."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", allowZip64=True) as archive:
        for name, data in members().items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(data)
    path = tmp_path / "network.pt"
    path.write_bytes(buffer.getvalue())
    expected = tmp_path / "honest.pt"
    expected.write_bytes(HONEST)
    found, honest_tensors = read_checkpoint(path).tensors, read_checkpoint(expected).tensors
    assert found.keys() == honest_tensors.keys()
    assert all(torch.equal(found[name], value) for name, value in honest_tensors.items())


STRANGERS = {
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(50), UnsupportedCheckpointError),
    "a picture's signature before a pickle": (b"\x89PNG\r\n\x1a\n" + pickle({}), CorruptCheckpointError),
    "a photograph": (b"\xff\xd8\xff\xe0" + bytes(50), UnsupportedCheckpointError),
    "an array": (b"\x93NUMPY\x01\0" + bytes(50), UnsupportedCheckpointError),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(50), UnsupportedCheckpointError),
    "a tar": (bytes(257) + b"ustar\0" + bytes(250), UnsupportedCheckpointError),
    "a web page": (b"<!doctype html><title>Quota exceeded</title>", UnsupportedCheckpointError),
    "JSON": (b'{"error": "not found"}', UnsupportedCheckpointError),
    "a text": (b"call me Ishmael", UnsupportedCheckpointError),
    "zeros": (bytes(5000), UnsupportedCheckpointError),
    "one byte": (b"x", UnsupportedCheckpointError),
    "nothing": (b"", CorruptCheckpointError),
    "a text pickle that calls": (b"cos\nsystem\n(S'true'\ntR.", UnsafeCheckpointError),
    "a text pickle that calls late": (b"(S'true'\nios\nsystem\n.", UnsafeCheckpointError),
    "a text pickle of numbers": (b"(lp0\nI1\naI2\na.", UnsupportedCheckpointError),
    "an empty zip": (b"PK\x05\x06" + bytes(18), UnsupportedCheckpointError),
    "a compressed file": (b"\x1f\x8b\x08" + bytes(50), UnsupportedCheckpointError),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_strangers_are_named(name: str, tmp_path: Path) -> None:
    data, kind = STRANGERS[name]
    refuse(data, kind, tmp_path)


def test_what_is_no_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.pkl", tmp_path / "a\0b.pkl"):
        with pytest.raises(OSError):
            read_checkpoint(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pkl")
    with pytest.raises(UnsupportedCheckpointError, match="ordinary file"):
        read_checkpoint(tmp_path / "pipe.pkl")
