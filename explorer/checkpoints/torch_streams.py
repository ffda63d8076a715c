"""PyTorch's own containers: the old stream, alone or nested in a pickle, and the zip archive.

The old stream is five pickles (a magic number, a protocol number, facts about
the writing machine, the object, a list of storage keys) and then, per key, an
element count and raw data. The archive keeps the object in `data.pkl` and each
storage in a member of its own. In both, a tensor names its storage by a
persistent id; what it claims there is compared with the bytes that exist.
"""

from __future__ import annotations

import struct
from typing import Any

from explorer.checkpoints.allow_list import STORAGES, TORCH_ARCHIVE, foreign_kind
from explorer.checkpoints.pickle_machine import Budget, Names, PickleMachine
from explorer.checkpoints.values import ITEM_BYTES, MAX_SIZE, Blob, Impossible, Meaning, Storage
from explorer.checkpoints.zip_archive import Archive
from explorer.errors import CorruptCheckpointError, UnsupportedCheckpointError

LEGACY_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
LEGACY_MAGIC = b"\x80\x02\x8a\x0a" + LEGACY_MAGIC_NUMBER.to_bytes(10, "little") + b"."
_PROTOCOL = 1001
_MAX_KEY_LENGTH = 64

_COUNT = struct.Struct("<q")


class _Storages:
    """Makes storages of persistent ids, one per key, and remembers them until their bytes are found."""

    def __init__(self, parts: tuple[int, ...]) -> None:
        self.parts = parts
        self.by_key: dict[str, Storage] = {}

    def __call__(self, persistent_id: object) -> Storage:
        """Take ("storage", type, key, location, element count[, view])."""
        if not isinstance(persistent_id, tuple) or len(persistent_id) not in self.parts:
            raise Impossible("a storage named in an unknown way")
        kind, element, key, _, count = persistent_id[:5]
        if kind != "storage" or not isinstance(element, Meaning) or element.element is None:
            raise Impossible("a storage of an unknown type")
        if type(key) is not str or not 0 < len(key) <= _MAX_KEY_LENGTH:
            raise Impossible("a storage without a key")
        if type(count) is not int or not 0 <= count <= MAX_SIZE:
            raise Impossible("a storage without a size")
        if persistent_id[5:] not in ((), (None,)):
            raise Impossible("a storage that is a view of another")
        storage = self.by_key.setdefault(key, Storage(element.element, count, key))
        if (storage.dtype, storage.count) != (element.element, count):
            raise Impossible(f"storage {key!a} stated in two ways")
        return storage


class _Stream:
    """An old stream, pickle by pickle."""

    def __init__(self, path: str, blob: Blob, names: Names, budget: Budget) -> None:
        self.path = path
        self.buffer = blob.buffer
        self.position = blob.start
        self.stop = blob.stop
        self.names = names
        self.budget = budget
        self.storages = _Storages((5, 6))

    def machine(self, *, is_object: bool) -> PickleMachine:
        """For the next pickle; only the object may name anything."""
        return PickleMachine(
            self.path,
            self.buffer,
            self.position,
            self.stop,
            self.names if is_object else {},
            self.budget,
            self.storages if is_object else None,
            foreign_kind,
        )

    def next_pickle(self, *, is_object: bool = False) -> Any:
        machine = self.machine(is_object=is_object)
        value = machine.run()
        self.position = machine.position
        return value

    def corrupt(self, what: str) -> CorruptCheckpointError:
        """The error for a stream that cannot be right, with the place where it went wrong."""
        return self.machine(is_object=False).corrupt(what)

    def read(self) -> Any:
        """Read the object, then find the bytes of every storage it named."""
        self._read_preamble()
        value = self.next_pickle(is_object=True)
        keys = self.next_pickle()
        if not isinstance(keys, list) or not all(type(key) is str for key in keys):
            raise self.corrupt("lists its storages by something else than keys")
        if len(set(keys)) != len(keys) or set(keys) != self.storages.by_key.keys():
            raise self.corrupt("lists other storages than its tensors name")
        for key in keys:
            self._find(self.storages.by_key[key])
        if self.position != self.stop:
            raise self.corrupt("goes on behind its last storage")
        return value

    def _read_preamble(self) -> None:
        """Magic number, protocol number, facts about the machine: the same bytes mean the same again.

        A snapshot holds hundreds of streams that begin alike; only the first is followed.
        """
        begin, known = self.position, self.budget.preamble
        if known and self.stop - begin >= len(known) and self.buffer[begin : begin + len(known)] == known:
            self.position = begin + len(known)
            return
        if self.next_pickle() != LEGACY_MAGIC_NUMBER:
            raise self.corrupt("holds a tensor stream without its magic number")
        if self.next_pickle() != _PROTOCOL:
            raise self.corrupt("holds a tensor stream of an unknown protocol")
        facts = self.next_pickle()
        if not isinstance(facts, dict) or facts.get("little_endian") is not True:
            raise self.machine(is_object=False).unsupported("was written on a machine of other byte order")
        self.budget.preamble = bytes(self.buffer[begin : self.position])

    def _find(self, storage: Storage) -> None:
        if self.stop - self.position < _COUNT.size:
            raise self.corrupt("ends before its last storage")
        (count,) = _COUNT.unpack_from(self.buffer, self.position)
        begin = self.position + _COUNT.size
        end = begin + storage.count * ITEM_BYTES[storage.dtype]
        if count != storage.count or end > self.stop:
            raise self.corrupt(
                f"promises {storage.count} elements in a storage; {count} are stated, "
                f"{self.stop - begin} bytes are left"
            )
        storage.data = Blob(self.buffer, begin, end)
        self.position = end


def read_nested_storage(blob: Blob, machine: PickleMachine) -> Storage:
    """Read the stream of one storage that stands inside a pickle as bytes.

    Nothing may be named in it but the types of storages.
    """
    value = _Stream(machine.path, blob, STORAGES, machine.budget).read()
    if not isinstance(value, Storage):
        raise machine.corrupt("holds a tensor stream that is no storage")
    return value


def read_legacy(path: str, buffer: memoryview, budget: Budget) -> Any:
    """Read a whole file that is an old stream: the object it holds."""
    return _Stream(path, Blob(buffer, 0, len(buffer)), TORCH_ARCHIVE, budget).read()


def read_archive(archive: Archive, budget: Budget) -> Any:
    """Read a zip archive of `torch.save`: the object it holds.

    Only members with exact names are touched: `data.pkl`, `byteorder`, and
    `data/KEY` for the keys that tensors name.
    """
    path = archive.path
    prefix = archive.prefix
    order = archive.members.get(f"{prefix}/byteorder")
    if order is not None and bytes(archive.read(order).view()) != b"little":
        raise UnsupportedCheckpointError(f"{path}: written on a machine of other byte order")
    data = archive.read(archive.members[f"{prefix}/data.pkl"])
    storages = _Storages((5,))
    machine = PickleMachine(
        path, data.buffer, data.start, data.stop, TORCH_ARCHIVE, budget, storages, foreign_kind
    )
    value = machine.run()
    if machine.position != data.stop:
        raise machine.corrupt("goes on behind the end of its pickle")
    for storage in storages.by_key.values():
        member = archive.members.get(f"{prefix}/data/{storage.key}")
        if member is None:
            raise machine.corrupt(f"lacks the storage {storage.key!a} that a tensor names")
        storage.data = archive.read(member)
        if len(storage.data) != storage.count * ITEM_BYTES[storage.dtype]:
            raise machine.corrupt(
                f"promises {storage.count} elements in the storage {storage.key!a}, "
                f"which has {len(storage.data)} bytes"
            )
    return value
