"""Spoils a file in place, one small wound after the other, and heals it: thousands of ways cost little.

A wound is a list of patches, bytes at places. Most of them go where a reader
decides something (opcodes, lengths, names, headers, directories) and few into
the weights, which are most of a file and stop nobody.
"""

import io
import os
import pickletools
import random
import struct
import zipfile
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

from explorer.checkpoints.torch_streams import LEGACY_MAGIC

OPCODES = bytes(ord(opcode.code) for opcode in pickletools.opcodes)
INTERESTING = b"\0\x01\x2e\x28\x52\x62\x63\x68\x71\x7f\x80\x81\x93\x94\x95\xff"
"""Bytes that mean something to a pickle, and the ends of ranges."""
LIES = (
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\0\0\0\x80",
    b"\0\0\0\0",
    b"\xff" * 8,
    b"\xff" * 7 + b"\x7f",
)
"""Lengths, counts and places that cannot be."""

Patch = tuple[int, bytes]
_BLOB = 512
"""Of a long run of bytes or text only the start is structure: there stands a stream of its own."""
_TAIL = 1 << 20
"""A cut removes at most this much, so that healing it is cheap."""


class Structure:
    """The places of a file that say something to its reader, in the order of the file."""

    def __init__(self, data: bytes) -> None:
        self.is_one_pickle = False
        if data[:2] == b"PK":
            self._spans = list(_of_zip(data))
        elif data.startswith(LEGACY_MAGIC):
            self._spans = list(_of_stream(data))
        else:
            self._spans = list(_of_pickle(data, 0))
            self.is_one_pickle = True
        self._ends = list(accumulate(end - begin for begin, end in self._spans))

    def place(self, fraction: float) -> int:
        """Where in the file a fraction of the structure lies behind."""
        at = int(self._ends[-1] * fraction)
        index = bisect_right(self._ends, at)
        end = self._spans[index][1]
        return end - (self._ends[index] - at)

    def opcode(self, fraction: float) -> int:
        """The start of the span there: in a pickle, an opcode."""
        return self._spans[bisect_right(self._ends, int(self._ends[-1] * fraction))][0]


def _of_pickle(data: bytes, begin: int) -> Iterator[tuple[int, int]]:
    with memoryview(data) as view:
        places = [place for _, _, place in pickletools.genops(io.BytesIO(view[begin:]))]
    for place, following in zip(places, [*places[1:], places[-1] + 1], strict=True):
        yield begin + place, begin + min(following, place + _BLOB)


def _of_stream(data: bytes) -> Iterator[tuple[int, int]]:
    """torch's old form: five pickles, then weights."""
    begin = 0
    for _ in range(5):
        for span in _of_pickle(data, begin):
            yield span
            begin = span[1]
    yield begin, begin + 8


def _of_zip(data: bytes) -> Iterator[tuple[int, int]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in sorted(archive.infolist(), key=lambda member: member.header_offset):
            at = member.header_offset
            name, extra = struct.unpack_from("<2H", data, at + 26)
            head = at + 30 + name + extra
            yield at, head
            if member.filename.endswith("data.pkl"):
                yield from _of_pickle(data, head)
        yield archive.start_dir, len(data)


class Patient:
    """A file on disk that is spoiled and healed, again and again."""

    def __init__(self, path: Path, data: bytes) -> None:
        path.write_bytes(data)
        self.path, self.data, self.structure = path, data, Structure(data)
        self._file = open(path, "r+b", buffering=0)  # noqa: SIM115 (closed by `close`)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def wound(self, chance: random.Random) -> tuple[list[Patch], int]:
        """One to five patches that leave the length as it is, and the length itself, shortened at times."""
        kind, length = chance.random(), len(self.data)
        if kind < 0.02:
            return [], chance.randrange(max(0, length - _TAIL), length)
        if kind < 0.02 + 0.005 * (length < 2 << 20):  # what is read to its end costs by its length
            return [self._patch(chance.randrange(length), chance)], length
        # What is read in order is refused where it is wrong: near the start that is quick,
        # and all that a snapshot is made of stands there too. Few go anywhere.
        near = 0.02 if self.structure.is_one_pickle and kind < 0.97 else 1.0
        patches = []
        for _ in range(chance.choice((1, 2, 3, 3, 4, 4, 5))):
            fraction = chance.random() * near
            if chance.random() < 0.3:
                patches.append((self.structure.opcode(fraction), bytes([chance.choice(OPCODES)])))
            else:
                patches.append(self._patch(self.structure.place(fraction), chance))
        return patches, length

    def _patch(self, at: int, chance: random.Random) -> Patch:
        data = self.data
        match chance.randrange(6):
            case 0:
                return at, bytes([data[at] ^ 1 << chance.randrange(8)])
            case 1:
                return at, bytes([chance.choice(INTERESTING)])
            case 2:
                return at, bytes([chance.randrange(256)])
            case 3:
                return at, chance.choice(LIES)
            case 4:  # some bytes removed here, as many put in a little later
                gone, window = chance.randrange(1, 40), chance.randrange(40, 200)
                return at, data[at + gone : at + window] + data[at : at + gone]
            case _:  # what stands elsewhere, here
                other = self.structure.place(chance.random())
                return at, data[other : other + chance.randrange(1, 64)]

    @contextmanager
    def spoiled(self, patches: list[Patch], length: int) -> Iterator[None]:
        """Within the block the file is spoiled; afterwards it is whole again."""
        handle, data = self._file.fileno(), self.data
        for at, patch in patches:
            os.pwrite(handle, patch[: len(data) - at], at)
        if length < len(data):
            os.ftruncate(handle, length)
        try:
            yield
        finally:
            for at, patch in patches:
                os.pwrite(handle, data[at : at + len(patch)], at)
            if length < len(data):
                os.pwrite(handle, data[length:], length)
