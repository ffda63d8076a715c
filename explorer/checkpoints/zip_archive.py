"""The directory of a zip file, read strictly: plain members in their places, or nothing.

PyTorch stores members uncompressed, one behind the other, with plain names.
So this reader knows no compression, extracts nothing, and refuses whatever an
honest archive never has: names that climb out of a folder, two members of one
name, members that overlap, directories that disagree with the members.

References
----------
PKWARE, APPNOTE.TXT - .ZIP File Format Specification, sections 4.3 and 4.5.3.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from explorer.checkpoints.values import Blob
from explorer.errors import CorruptCheckpointError, UnsafeCheckpointError, UnsupportedCheckpointError

MAX_MEMBERS = 50_000
MAX_DIRECTORY_BYTES = 16 << 20

_END = struct.Struct("<4s4H2LH")
_END_64_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of the directory."""

    name: str
    method: int
    flags: int
    crc: int
    packed: int
    size: int
    local: int
    """Where its local header starts."""


class Archive:
    """A torch archive: its members by name, and the folder they all lie in."""

    def __init__(self, path: str, buffer: memoryview) -> None:
        self.path = path
        self.buffer = buffer
        self.notes: list[str] = []
        self.members = {member.name: member for member in self._directory()}
        pickles = [name for name in self.members if name.endswith("/data.pkl") and name.count("/") == 1]
        self._refuse_other_kinds(pickles)
        self.prefix = pickles[0].removesuffix("/data.pkl")

    def read(self, member: Member) -> Blob:
        """Bytes of a member, where they lie in the file."""
        if member.method != 0 or member.packed != member.size:
            raise UnsupportedCheckpointError(
                f"{self.path}: the member {_shown(member.name)} is compressed "
                f"({member.packed} bytes to {member.size}); PyTorch writes members plain. "
                "Save the checkpoint again with torch.save"
            )
        if member.flags & 1:
            raise UnsupportedCheckpointError(f"{self.path}: the member {_shown(member.name)} is encrypted")
        head = self._unpack(_LOCAL, member.local, b"PK\x03\x04")
        begin = member.local + _LOCAL.size + head[9] + head[10]
        name_at = member.local + _LOCAL.size
        name = bytes(self.buffer[name_at : name_at + head[9]])
        if name != member.name.encode() or begin + member.size > len(self.buffer):
            raise self._corrupt(f"the member {_shown(member.name)} is not where the directory says")
        blob = Blob(self.buffer, begin, begin + member.size)
        # torch can be told to skip checksums, so a wrong one is no proof of damage.
        if zlib.crc32(blob.view()) != member.crc:
            self.notes.append(f"the checksum of {_shown(member.name)} is wrong; the file may be damaged")
        return blob

    def _directory(self) -> list[Member]:
        count, size, start = self._find_directory()
        if count > MAX_MEMBERS or size > MAX_DIRECTORY_BYTES:
            raise UnsupportedCheckpointError(f"{self.path}: a zip file of {count} members is no generator")
        if start + size > len(self.buffer):
            raise self._corrupt("the directory lies outside the file")
        members: list[Member] = []
        seen: set[str] = set()
        at, end = start, start + size
        for _ in range(count):
            fields = self._unpack(_ENTRY, at, b"PK\x01\x02")
            name_length, extra_length, comment_length = fields[10:13]
            at += _ENTRY.size
            if at + name_length + extra_length + comment_length > end:
                raise self._corrupt("the directory is cut off")
            name = self._name(bytes(self.buffer[at : at + name_length]), at)
            extra = bytes(self.buffer[at + name_length : at + name_length + extra_length])
            at += name_length + extra_length + comment_length
            if name in seen:
                raise UnsafeCheckpointError(
                    f"{self.path}: refused. Two members are called {_shown(name)}, so that different "
                    f"readers would see different files (at byte {at})"
                )
            seen.add(name)
            size_64, packed_64, local_64 = self._wide_sizes(extra, fields[9], fields[8], fields[16])
            members.append(Member(name, fields[4], fields[3], fields[7], packed_64, size_64, local_64))
        if at != end:
            raise self._corrupt("the directory is longer than its members")
        self._check_overlap(members, start)
        return members

    def _find_directory(self) -> tuple[int, int, int]:
        """Count of members, bytes of the directory, and where it starts."""
        tail = max(0, len(self.buffer) - _END.size - _FULL_16)
        at = bytes(self.buffer[tail:]).rfind(b"PK\x05\x06")
        if at < 0:
            raise self._corrupt("the zip file has no end; it is probably cut off")
        at += tail
        fields = self._unpack(_END, at, b"PK\x05\x06")
        if at + _END.size + fields[7] != len(self.buffer):
            raise self._corrupt("something follows the end of the zip file")
        stated = fields[4], fields[5], fields[6]
        locator = at - _END_64_LOCATOR.size
        if locator < 0 or bytes(self.buffer[locator : locator + 4]) != b"PK\x06\x07":
            if stated[0] == _FULL_16 or _FULL_32 in stated[1:]:
                raise self._corrupt("the directory's wide form is missing")
            return stated
        wide = self._unpack(_END_64, self._unpack(_END_64_LOCATOR, locator, b"PK\x06\x07")[2], b"PK\x06\x06")
        # Some readers believe the one, some the other.
        for plain, full, value in zip(stated, (_FULL_16, _FULL_32, _FULL_32), wide[7:10], strict=True):
            if plain not in (full, value):
                raise self._corrupt("the two forms of its directory disagree")
        return wide[7], wide[8], wide[9]

    def _wide_sizes(self, extra: bytes, size: int, packed: int, local: int) -> tuple[int, int, int]:
        """Sizes and place of a member, taken from the zip64 field where the plain ones are full."""
        values = [size, packed, local]
        at = 0
        while at + 4 <= len(extra):
            tag, length = struct.unpack_from("<HH", extra, at)
            field = extra[at + 4 : at + 4 + length]
            if tag == 1:
                for index, value in enumerate(values):
                    if value == _FULL_32:
                        if len(field) < 8:
                            raise self._corrupt("a member has no proper size")
                        values[index] = struct.unpack_from("<Q", field)[0]
                        field = field[8:]
            at += 4 + length
        return values[0], values[1], values[2]

    def _name(self, raw: bytes, at: int) -> str:
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise self._corrupt("a member has a name that is no UTF-8") from None
        parts = name.replace("\\", "/").split("/")
        if ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0] or "\0" in name:
            raise UnsafeCheckpointError(
                f"{self.path}: refused, and nothing in it was run. "
                f"The member {_shown(name)} would be written outside its folder (at byte {at})"
            )
        return name

    def _check_overlap(self, members: list[Member], directory: int) -> None:
        reached = 0
        for member in sorted(members, key=lambda item: item.local):
            end = member.local + _LOCAL.size + len(member.name.encode()) + member.packed
            if member.local < reached or end > directory:
                raise self._corrupt(f"the member {_shown(member.name)} overlaps another")
            reached = end

    def _refuse_other_kinds(self, pickles: list[str]) -> None:
        names = self.members
        folders = {name.split("/")[1] for name in names if name.count("/") >= 1}
        if "code" in folders or "constants.pkl" in folders:
            raise UnsupportedCheckpointError(
                f"{self.path}: a TorchScript program, not a file of weights. "
                "Open the checkpoint it was made from"
            )
        if len(pickles) == 1:
            return
        pictures = sum(name.lower().endswith((".png", ".jpg", ".jpeg", ".webp")) for name in names)
        if pictures:
            raise UnsupportedCheckpointError(
                f"{self.path}: a zip file of {pictures} pictures, not a generator. "
                "To train on them, give it to `latent-explorer train --images`"
            )
        raise UnsupportedCheckpointError(f"{self.path}: a zip file, but not a checkpoint of PyTorch")

    def _unpack(self, form: struct.Struct, at: int, signature: bytes) -> tuple[int, ...]:
        if not 0 <= at <= len(self.buffer) - form.size:
            raise self._corrupt("a part of the zip file lies outside it")
        fields = form.unpack_from(self.buffer, at)
        if fields[0] != signature:
            raise self._corrupt("a part of the zip file is not where it should be")
        return fields

    def _corrupt(self, what: str) -> CorruptCheckpointError:
        return CorruptCheckpointError(f"{self.path}: damaged or cut off; fetch it again. In it, {what}")


def _shown(name: str) -> str:
    return ascii(name[:80])
