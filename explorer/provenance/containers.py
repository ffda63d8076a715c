"""The same notes in moving pictures: where MP4, MOV, GIF and WebM keep them.

MP4 and MOV: the XMP packet in a `uuid` box at the end. GIF: the packet in an
application extension before the first frame. WebM has no place for XMP: plain tags.
Reading looks at a few headers and skips the rest, so a file of any size or
damage costs little; what does not fit is an empty answer, never an exception.

References
----------
Adobe. XMP Specification Part 3, 2016, on ISO base media and GIF. ISO/IEC 14496-12,
section 4.2. RFC 8794 (EBML); Matroska specification, "Tags".
"""

import os
from collections.abc import Iterator
from typing import BinaryIO

from explorer.provenance.xmp import MAX_BYTES

XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
WEBM_FILM, WEBM_FINISH = "LATENT_EXPLORER_FILM", "LATENT_EXPLORER_FINISH"
WEBM_SOURCE = "DIGITAL_SOURCE_TYPE"

_GIF_XMP = b"!\xff\x0bXMP DataXMP"
# 258 bytes that lead a reader, wherever it stands in the packet, to the end of the block.
_GIF_TRAILER = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
_MOST_ITEMS = 100_000
"""Boxes, blocks or elements looked at before a file is taken for damaged."""


def kind_of(head: bytes) -> str:
    """Name the container by its first bytes: "MP4", "MOV", "GIF", "WEBM"; empty for none of them."""
    if head[4:8] == b"ftyp":
        return "MOV" if head[8:12] == b"qt  " else "MP4"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    return "WEBM" if head[:4] == b"\x1a\x45\xdf\xa3" else ""


def mp4_box(packet: bytes) -> bytes:
    """Box to be appended to an MP4 or MOV file."""
    return (24 + len(packet)).to_bytes(4, "big") + b"uuid" + XMP_BOX + packet


def gif_extension(packet: bytes) -> bytes:
    """Block to be put before the first frame of a GIF."""
    return _GIF_XMP + packet + _GIF_TRAILER


def read_mp4(file: BinaryIO) -> bytes:
    """XMP packet of an MP4 or MOV file; empty where it has none."""
    end = file.seek(0, os.SEEK_END)
    place = 0
    for _ in range(_MOST_ITEMS):
        file.seek(place)
        head = file.read(16)
        if len(head) < 8:
            return b""
        size, kind, header = int.from_bytes(head[:4], "big"), head[4:8], 8
        if size == 1 and len(head) == 16:
            size, header = int.from_bytes(head[8:16], "big"), 16
        elif size == 0:
            size = end - place
        if size < header:
            return b""
        if kind == b"uuid" and size - header - 16 <= MAX_BYTES:
            file.seek(place + header)
            if file.read(16) == XMP_BOX:
                return file.read(max(0, size - header - 16))
        place += size
    return b""


def read_gif(file: BinaryIO) -> bytes:
    """XMP packet of a GIF; empty where it has none before its first frame."""
    file.seek(0)
    head = file.read(13)
    if len(head) < 13:
        return b""
    if head[10] & 0x80:
        file.seek(3 * 2 ** ((head[10] & 7) + 1), os.SEEK_CUR)
    for _ in range(_MOST_ITEMS):
        opening = file.read(2)
        if len(opening) < 2 or opening[:1] != b"!":
            return b""
        name = file.read((file.read(1) or b"\x00")[0])
        if opening == b"!\xff" and name == b"XMP DataXMP":
            data = file.read(MAX_BYTES + len(_GIF_TRAILER))
            cut = data.find(_GIF_TRAILER)
            return data[:cut] if cut >= 0 else b""
        while length := (file.read(1) or b"\x00")[0]:
            file.seek(length, os.SEEK_CUR)
    return b""


_SEGMENT, _TAGS, _TAG, _SIMPLE = 0x18538067, 0x1254C367, 0x7373, 0x67C8
_NAME, _STRING = 0x45A3, 0x4487


def read_webm(file: BinaryIO) -> dict[str, str]:
    """Tags of a WebM file by their names; the first of equal names."""
    end = file.seek(0, os.SEEK_END)
    tags: dict[str, str] = {}
    for segment in _elements(file, 0, end, _SEGMENT):
        for block in _elements(file, *segment, _TAGS):
            for tag in _elements(file, *block, _TAG):
                for simple in _elements(file, *tag, _SIMPLE):
                    name, text = (_text(file, simple, part) for part in (_NAME, _STRING))
                    tags.setdefault(name, text)
    return tags


def _text(file: BinaryIO, parent: tuple[int, int], wanted: int) -> str:
    for begin, end in _elements(file, *parent, wanted):
        if end - begin <= MAX_BYTES:
            file.seek(begin)
            return file.read(end - begin).decode("utf-8", "replace")
    return ""


def _elements(file: BinaryIO, begin: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Bodies of the elements `wanted` between two places of an EBML file."""
    place = begin
    for _ in range(_MOST_ITEMS):
        if place >= end:
            return
        file.seek(place)
        head = file.read(12)
        name, used = _vint(head, keep_marker=True)
        size, more = _vint(head[used:], keep_marker=False)
        if not used or not more:
            return
        body = place + used + more
        # All ones: a size that was not known when it was written; it goes to the end.
        last = end if size == 2 ** (7 * more) - 1 else min(body + size, end)
        if name == wanted:
            yield body, last
        place = last


def _vint(data: bytes, *, keep_marker: bool) -> tuple[int, int]:
    """Number of variable length at the start of `data`, and the bytes it takes; (0, 0) for none."""
    if not data or data[0] == 0:
        return 0, 0
    length = 9 - data[0].bit_length()
    if len(data) < length:
        return 0, 0
    value = int.from_bytes(data[:length], "big")
    return (value if keep_marker else value & (2 ** (7 * length) - 1)), length
