"""PNG with 16 bits for each colour, which Pillow can neither write nor read whole.

References
----------
W3C. Portable Network Graphics (PNG) Specification, Third Edition, 2025:
sections 5.3 (chunks), 9.2 (filters), 11.2.1 (IHDR).
"""

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from explorer.errors import ExportError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_STEP = 6
"""Bytes of a pixel: three colours of two bytes."""
_SUB = 1
_LEVEL = 4
MAX_SIDE = 65_535


def encode(pixels: NDArray[np.uint16], chunks: Iterable[tuple[bytes, bytes]] = ()) -> bytes:
    """Bytes of a PNG file.

    Parameters
    ----------
    pixels : [H, W, 3] uint16 RGB
    chunks : name and body of what else it says; set between header and pixels.
    """
    height, width = pixels.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    parts = [_SIGNATURE, _chunk(b"IHDR", header), *(_chunk(name, body) for name, body in chunks)]
    raw = pixels.astype(">u2").view(np.uint8).reshape(height, width * _STEP)
    rows = np.empty((height, 1 + raw.shape[1]), np.uint8)
    # "Sub": each byte less that of the pixel to the left. Neighbours are alike, so it packs well.
    rows[:, 0] = _SUB
    rows[:, 1 : 1 + _STEP] = raw[:, :_STEP]
    rows[:, 1 + _STEP :] = raw[:, _STEP:] - raw[:, :-_STEP]
    parts += [_chunk(b"IDAT", zlib.compress(rows.tobytes(), _LEVEL)), _chunk(b"IEND", b"")]
    return b"".join(parts)


def decode(path: str | Path) -> NDArray[np.uint16] | None:
    """Pixels of a file that `encode` wrote, signed or not; None for any other PNG.

    Raises
    ------
    ExportError
        If the file is damaged.
    OSError
        If it cannot be opened.
    """
    data = Path(path).read_bytes()
    packed, place, shape = b"", len(_SIGNATURE), (0, 0)
    while place + 12 <= len(data):
        length, name = struct.unpack(">I4s", data[place : place + 8])
        body = data[place + 8 : place + 8 + length]
        if name == b"IHDR" and len(body) == 13:
            width, height, *form = struct.unpack(">IIBBBBB", body)
            if form != [16, 2, 0, 0, 0] or not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
                return None
            shape = (height, width)
        elif name == b"IDAT":
            packed += body
        place += 12 + length
    height, width = shape
    if not height:
        return None
    size = height * (1 + width * _STEP)
    try:
        # No more than the header promises, whatever the stream would swell to.
        raw = zlib.decompressobj().decompress(packed, size)
    except zlib.error as error:
        raise ExportError(f"{path}: the pixels are damaged ({error})") from None
    if len(raw) != size:
        raise ExportError(f"{path}: the file ends too early")
    rows = np.frombuffer(raw, np.uint8).reshape(height, 1 + width * _STEP)
    if (rows[:, 0] != _SUB).any():
        return None
    steps = rows[:, 1:].reshape(height, width, _STEP)
    whole = np.cumsum(steps, axis=1, dtype=np.uint8)
    return whole.view(">u2").astype(np.uint16)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
