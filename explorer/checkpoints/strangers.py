"""Files that are no checkpoint at all: saying what they are instead of only "no"."""

from __future__ import annotations

import re

from explorer.errors import (
    CheckpointError,
    CorruptCheckpointError,
    UnsafeCheckpointError,
    UnsupportedCheckpointError,
)

# First bytes, what they announce, and bytes that an honest file of the kind has later on.
_KINDS: tuple[tuple[bytes, str, int, bytes], ...] = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture", 12, b"IHDR"),
    (b"\xff\xd8\xff", "a JPEG picture", 0, b""),
    (b"RIFF", "a RIFF file (WebP, WAV or AVI)", 0, b""),
    (b"GIF8", "a GIF picture", 0, b""),
    (b"\x93NUMPY", "a numpy array (.npy): a direction or latent, not a network", 0, b""),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes them", 0, b""),
    (b"PK\x05\x06", "an empty zip file", 0, b""),
    (b"\x1f\x8b", "a gzip file; unpack it first", 0, b""),
    (b"\xfd7zXZ\x00", "an xz file; unpack it first", 0, b""),
    (b"7z\xbc\xaf", "a 7z file; unpack it first", 0, b""),
    (b"Rar!", "a RAR file; unpack it first", 0, b""),
    (b"\x08\x00\x00\x00\x12", "a TensorFlow record", 0, b""),
    (b"GGUF", "a GGUF language model", 0, b""),
    (b"%PDF", "a PDF document", 0, b""),
    (b"\x7fELF", "a program", 0, b""),
    (b"MZ", "a program", 0, b""),
)

# How pickle protocol 0 names what it wants called: GLOBAL or INST with two lines of text.
_TEXT_GLOBAL = re.compile(rb"[ci]([A-Za-z_][\w.]{0,80})\r?\n([A-Za-z_]\w{0,80})\r?\n")
_LOOK_BYTES = 1 << 16


def name_stranger(path: str, buffer: memoryview) -> CheckpointError:
    """The error for a file that starts like none of the formats."""
    head = bytes(buffer[:_LOOK_BYTES])
    for signature, kind, place, mark in _KINDS:
        if head.startswith(signature):
            if head[place : place + len(mark)] != mark:
                return CorruptCheckpointError(f"{path}: it starts like {kind} but does not go on like one")
            return UnsupportedCheckpointError(f"{path}: {kind}, not a checkpoint")
    if head[257:262] == b"ustar":
        return UnsupportedCheckpointError(
            f"{path}: a tar file, perhaps a checkpoint of PyTorch before 0.1.10. Save it with a newer PyTorch"
        )
    text = _text_pickle(buffer, head)
    if text:
        return UnsafeCheckpointError(
            f"{path}: refused, and nothing in it was run. It is a pickle in text form that calls {text}; "
            "generators never come in that form"
        )
    if head[:1].isspace() or head[:1] in (b"<", b"{"):
        return UnsupportedCheckpointError(
            f"{path}: a text (perhaps a web page saved instead of the file), no checkpoint"
        )
    return UnsupportedCheckpointError(
        f"{path}: it starts with {ascii(head[:8])[1:]}, like no checkpoint this program knows. "
        "It reads .pkl, .pt, .pth and .safetensors files of StyleGAN"
    )


def _text_pickle(buffer: memoryview, head: bytes) -> str:
    """What a pickle of protocol 0 or 1 would call, or nothing where the file is none."""
    if head[:1] not in b"(c]}lidSVILFNKMJX" or bytes(buffer[-8:]).rstrip()[-1:] != b".":
        return ""
    match = _TEXT_GLOBAL.search(head)
    return f"{match[1].decode()}.{match[2].decode()} (at byte {match.start()})" if match else ""
