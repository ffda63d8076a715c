"""GIF, animated WebP, animated PNG and folders of PNG, by Pillow.

Pillow encodes each frame; the containers are put together here, block by block, so
that no more than one frame is in memory and a segment is simply a run of blocks.

References
----------
CompuServe. Graphics Interchange Format, version 89a, 1990. Google. WebP Container
Specification: VP8X, ANIM and ANMF chunks.
"""

import io
import os
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from PIL import GifImagePlugin, Image

from explorer.errors import ExportError
from explorer.export.film_formats import FilmSettings
from explorer.export.film_frames import Pixels
from explorer.provenance import Claims, containers, credentials, picture_options, xmp
from explorer.provenance.identity import signing_identity

SEGMENT_FRAMES = 24
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PALETTES = {256: 50, 128: 25, 64: 0}
"""Colours of a GIF, and the quality from which on it has so many."""
_PALETTE_FROM = 128
"""Pixels across; of a larger picture a copy of this size decides the colours of a GIF."""


class BlockSegment:
    """A file of blocks, one for each frame."""

    def __init__(self, path: Path, block_of: Callable[[int, Pixels], bytes]) -> None:
        self._file = open(path, "wb")  # noqa: SIM115 - closed in `close`
        self._block_of = block_of

    def add(self, number: int, pixels: Pixels) -> None:
        """Encode a frame and write its block."""
        self._file.write(self._block_of(number, pixels))

    def close(self) -> None:
        """Close the file, forced to the disk."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        finally:
            self._file.close()


def _duration(number: int, fps: float, unit: float) -> int:
    """Units of time a frame is shown, so that errors of rounding do not add up."""
    return round((number + 1) / fps / unit) - round(number / fps / unit)


class GifEncoder:
    """One film as GIF, every frame with the 256 colours that suit it best."""

    segment_frames = SEGMENT_FRAMES
    suffix = ".blocks"

    def __init__(self, settings: FilmSettings, fps: float, size: tuple[int, int], loop: bool) -> None:
        self._fps, self._size, self._loop = fps, size, loop
        self._colours = next(n for n, least in PALETTES.items() if settings.quality >= least)

    def open(self, path: Path, frames: int) -> BlockSegment:
        """Begin a segment."""
        return BlockSegment(path, self._block)

    def join(self, segments: Sequence[Path], out: Path, claims: Claims) -> None:
        """Put header, notes, blocks and trailer in a row."""
        width, height = self._size
        with open(out, "wb") as file:
            file.write(
                b"GIF89a" + width.to_bytes(2, "little") + height.to_bytes(2, "little") + b"\x70\x00\x00"
            )
            if self._loop:
                file.write(b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")
            file.write(containers.gif_extension(xmp.build(claims)))
            file.write(b"!\xfe" + _sub_blocks(claims.description.encode("ascii", "replace")))
            _append(file, segments)
            file.write(b";")

    def _block(self, number: int, pixels: Pixels) -> bytes:
        picture = with_palette(pixels, self._colours)
        # Pillow takes milliseconds, GIF hundredths.
        duration = 10 * _duration(number, self._fps, 0.01)
        return b"".join(GifImagePlugin.getdata(picture, duration=duration, include_color_table=True))


def with_palette(pixels: Pixels, colours: int) -> Image.Image:
    """A frame with the few colours that suit it best, as a GIF holds it."""
    whole = Image.fromarray(pixels)
    # The palette of a small copy takes a tenth of the time, and dithering hides what it lacks.
    small = whole.copy()
    small.thumbnail((_PALETTE_FROM, _PALETTE_FROM), Image.Resampling.BOX)
    palette = small.quantize(colours, Image.Quantize.MEDIANCUT)
    return whole.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)


class WebPEncoder:
    """One film as animated WebP."""

    segment_frames = SEGMENT_FRAMES
    suffix = ".blocks"

    def __init__(self, settings: FilmSettings, fps: float, size: tuple[int, int], loop: bool) -> None:
        self._quality, self._fps, self._size, self._loop = settings.quality, fps, size, loop

    def open(self, path: Path, frames: int) -> BlockSegment:
        """Begin a segment."""
        return BlockSegment(path, self._block)

    def join(self, segments: Sequence[Path], out: Path, claims: Claims) -> None:
        """Put header, blocks and XMP in a row, inside the one chunk that a WebP is."""
        width, height = self._size
        animated, has_xmp = 0x02, 0x04
        flags = bytes((animated | has_xmp, 0, 0, 0))
        canvas = _chunk(b"VP8X", flags + _three(width - 1) + _three(height - 1))
        endless, once = 0, 1
        loops = (endless if self._loop else once).to_bytes(2, "little")
        front = b"WEBP" + canvas + _chunk(b"ANIM", b"\xff\xff\xff\xff" + loops)
        notes = _chunk(b"XMP ", xmp.build(claims))
        size = len(front) + sum(path.stat().st_size for path in segments) + len(notes)
        if size > 0xFFFF_FFFF - 8:
            raise ExportError("this film is longer than 4 GB, which WebP cannot hold; choose MP4 or WebM")
        with open(out, "wb") as file:
            file.write(b"RIFF" + size.to_bytes(4, "little") + front)
            _append(file, segments)
            file.write(notes)

    def _block(self, number: int, pixels: Pixels) -> bytes:
        buffer = io.BytesIO()
        is_lossless = self._quality == 100
        Image.fromarray(pixels).save(
            buffer, "WEBP", quality=50 if is_lossless else self._quality, lossless=is_lossless, method=3
        )
        width, height = self._size
        duration = _duration(number, self._fps, 0.001)
        no_blending = 0x02
        place = _three(0) + _three(0) + _three(width - 1) + _three(height - 1)
        return _chunk(
            b"ANMF", place + _three(duration) + bytes((no_blending,)) + _picture_chunk(buffer.getvalue())
        )


class ApngEncoder:
    """One film as animated PNG, without loss.

    References
    ----------
    W3C. Portable Network Graphics, third edition, 2025: acTL, fcTL and fdAT chunks.
    """

    segment_frames = SEGMENT_FRAMES
    suffix = ".blocks"

    def __init__(self, fps: float, size: tuple[int, int], loop: bool) -> None:
        self._fps, self._size, self._loop = fps, size, loop

    def open(self, path: Path, frames: int) -> BlockSegment:
        """Begin a segment."""
        return BlockSegment(path, self._block)

    def join(self, segments: Sequence[Path], out: Path, claims: Claims) -> None:
        """Put header, notes, blocks and end in a row."""
        assert claims.film is not None, "the number of frames is the film's"
        width, height = self._size
        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits, RGB
        endless, once = 0, 1
        control = struct.pack(">II", claims.film.frames, endless if self._loop else once)
        with open(out, "wb") as file:
            file.write(PNG_SIGNATURE + _png_chunk(b"IHDR", header) + _png_chunk(b"acTL", control))
            file.write(_png_notes(claims))
            _append(file, segments)
            file.write(_png_chunk(b"IEND", b""))

    def _block(self, number: int, pixels: Pixels) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG", compress_level=4)
        data = b"".join(data for name, data in _png_chunks(buffer.getvalue()) if name == b"IDAT")
        # Every later frame has two numbered chunks, the first only one: its pixels are a plain IDAT.
        first = 2 * number - 1 if number else 0
        width, height = self._size
        milliseconds = _duration(number, self._fps, 0.001)
        frame = struct.pack(">IIIIIHHBB", first, width, height, 0, 0, milliseconds, 1000, 0, 0)
        body = (
            _png_chunk(b"fdAT", struct.pack(">I", first + 1) + data) if number else _png_chunk(b"IDAT", data)
        )
        return _png_chunk(b"fcTL", frame) + body


class FramesEncoder:
    """One film as a folder of PNG files, every one with the film and its number inside."""

    segment_frames = 1
    suffix = ".png"

    def __init__(self, claims: Claims, settings: FilmSettings) -> None:
        self._claims = claims
        self._sign = settings.sign and credentials.can_sign()

    def open(self, path: Path, frames: int) -> BlockSegment:
        """Begin a file."""
        return BlockSegment(path, self._picture)

    def join(self, segments: Sequence[Path], out: Path, claims: Claims) -> None:
        """Gather the files in the folder `out`."""
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        for path in segments:
            try:
                os.link(path, out / path.name)
            except OSError:  # a disk without links
                shutil.copyfile(path, out / path.name)

    def _picture(self, number: int, pixels: Pixels) -> bytes:
        claims = replace(self._claims, frame=number)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG", compress_level=4, **picture_options("PNG", claims))
        data = buffer.getvalue()
        return credentials.sign(data, "PNG", claims, signing_identity()) if self._sign else data


def _png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _png_chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and data of each chunk of a PNG that Pillow wrote."""
    place = len(PNG_SIGNATURE)
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        yield png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        place += length + 12


def _png_notes(claims: Claims) -> bytes:
    """Chunks that say what the file is: those of a single picture with the same claims."""
    buffer = io.BytesIO()
    Image.new("RGB", (1, 1)).save(buffer, "PNG", **picture_options("PNG", claims))
    pixels = (b"IHDR", b"IDAT", b"IEND")
    return b"".join(
        _png_chunk(name, data) for name, data in _png_chunks(buffer.getvalue()) if name not in pixels
    )


def _append(file: BinaryIO, segments: Sequence[Path]) -> None:
    for path in segments:
        with open(path, "rb") as segment:
            shutil.copyfileobj(segment, file, 1 << 20)


def _sub_blocks(data: bytes) -> bytes:
    pieces = (data[i : i + 255] for i in range(0, len(data), 255))
    return b"".join(bytes((len(piece),)) + piece for piece in pieces) + b"\x00"


def _three(value: int) -> bytes:
    return value.to_bytes(3, "little")


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + len(data).to_bytes(4, "little") + data + b"\x00" * (len(data) % 2)


def _picture_chunk(webp: bytes) -> bytes:
    """The chunk of a still WebP that holds its pixels."""
    place = 12
    while place + 8 <= len(webp):
        name, length = webp[place : place + 4], int.from_bytes(webp[place + 4 : place + 8], "little")
        end = place + 8 + length + length % 2
        if name in (b"VP8 ", b"VP8L"):
            return webp[place:end]
        place = end
    raise ExportError("Pillow wrote a WebP without pixels")
