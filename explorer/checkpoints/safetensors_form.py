"""Our own form: a safetensors file whose metadata describes the network.

Layout: eight bytes little-endian with the length of the header, the header as
JSON text, then the raw little-endian tensors without gaps. The one metadata
key `latent_explorer` holds JSON text of its own::

    {"version": 1, "network": NetworkDescription.as_json(), "header": {...}}

Nothing in it can run. The header is checked here, entry by entry, before one
byte of a tensor is touched, and tensors are views of a private mapping of the
file, so opening costs no copy. Importing this module does not import torch.

References
----------
https://github.com/huggingface/safetensors, section "Format".
"""

from __future__ import annotations

import json
import math
import mmap
import os
import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.checkpoints.network import count_parameters
from explorer.errors import CorruptCheckpointError, UnsupportedCheckpointError

# The rooms below this one bring torch along; the catalogue reads headers without it.
if TYPE_CHECKING:
    import torch

    from explorer.models.description import NetworkDescription

FORM_VERSION = 1
METADATA_KEY = "latent_explorer"

# The format allows 100 MB; a generator's header has some 30 kB. JSON grows
# about twentyfold in memory, so the bound is what keeps a lie cheap.
MAX_HEADER_BYTES = 4 << 20
MAX_RANK = 8

_ITEM_BYTES = {
    "F64": 8,
    "F32": 4,
    "F16": 2,
    "BF16": 2,
    "I64": 8,
    "I32": 4,
    "I16": 2,
    "I8": 1,
    "U8": 1,
    "BOOL": 1,
}
_TORCH_NAMES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}


@dataclass(frozen=True)
class TensorEntry:
    """Where one tensor lies; offsets count from the start of the file."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True)
class Form:
    """A checked header of our form; no tensor has been read."""

    network: dict[str, Any]
    """As `NetworkDescription.as_json` gives it, every field checked."""
    header: dict[str, Any]
    entries: dict[str, TensorEntry]

    @property
    def description(self) -> NetworkDescription:
        """The network's sizes and switches."""
        from explorer.models.description import NetworkDescription

        return NetworkDescription(**self.network)

    @property
    def parameters(self) -> int:
        """Number of trained values (buffers not counted)."""
        return count_parameters({name: math.prod(entry.shape) for name, entry in self.entries.items()})


def save_network(
    path: str | os.PathLike[str],
    description: NetworkDescription,
    tensors: Mapping[str, torch.Tensor],
    header: Mapping[str, Any],
) -> None:
    """Write a network in our form, whole or not at all.

    The same arguments give the same bytes, whatever the order of `tensors` and
    the keys of `header`. Tensors are written in their own type and shape, from
    any device, in row-major order.

    Parameters
    ----------
    path : file to write; an old file of that name is replaced in one step
    header : JSON-able facts: name, title, licence, attribution, source_sha256, training…

    Raises
    ------
    ValueError
        If `header` or the options of `description` are not JSON, or a tensor
        has a type the form does not know.
    OSError
        If the file cannot be written; no half file is left.
    """
    import torch

    path = Path(path)
    ours = {"version": FORM_VERSION, "network": description.as_json(), "header": dict(header)}
    codes = {getattr(torch, name): code for code, name in _TORCH_NAMES.items()}
    plain = {name: tensor.detach().to("cpu").contiguous() for name, tensor in tensors.items()}
    for name, tensor in plain.items():
        if tensor.dtype not in codes:
            raise ValueError(f"tensor {name!r} has type {tensor.dtype}, which safetensors files cannot hold")

    # Widest types first, so that every tensor starts at a multiple of its own item size.
    order = sorted(plain, key=lambda name: (-plain[name].element_size(), name))
    table: dict[str, Any] = {"__metadata__": {METADATA_KEY: _json_text(ours)}}
    offset = 0
    for name in order:
        tensor = plain[name]
        end = offset + tensor.numel() * tensor.element_size()
        table[name] = {
            "dtype": codes[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [offset, end],
        }
        offset = end
    head = json.dumps(table, separators=(",", ":"), ensure_ascii=False).encode()
    head += b" " * (-len(head) % 8)
    if len(head) > MAX_HEADER_BYTES:
        raise ValueError(f"the header would have {len(head)} bytes, above the limit of {MAX_HEADER_BYTES}")

    # Beside the target: a rename is atomic only within one file system.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        with open(temporary, "xb") as file:
            file.write(struct.pack("<Q", len(head)))
            file.write(head)
            for name in order:
                if plain[name].numel():
                    file.write(plain[name].reshape(-1).view(torch.uint8).numpy().data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_form(path: str | os.PathLike[str]) -> Form:
    """Read and check the header alone; cheap, and needs no torch.

    Raises
    ------
    CorruptCheckpointError, UnsupportedCheckpointError, OSError
    """
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(8)
        length = header_length(head, size, str(path))
        return parse_form(file.read(length), size, str(path))


def load_tensors(buffer: mmap.mmap, form: Form) -> dict[str, torch.Tensor]:
    """Views of the mapped file, in the order of their names.

    `buffer` must be a writable private mapping (`mmap.ACCESS_COPY`): torch has
    no read-only tensors, and a write must stay in this process.
    """
    import torch

    tensors = {}
    for name in sorted(form.entries):
        entry = form.entries[name]
        dtype = getattr(torch, _TORCH_NAMES[entry.dtype])
        count = math.prod(entry.shape)
        if count == 0:
            tensors[name] = torch.empty(entry.shape, dtype=dtype)
            continue
        flat = torch.frombuffer(buffer, dtype=dtype, count=count, offset=entry.begin)
        tensors[name] = flat.reshape(entry.shape)
    return tensors


def looks_like_safetensors(buffer: memoryview) -> bool:
    """Whether a file starts with a length and a JSON object; no other format of ours does."""
    return len(buffer) > 9 and buffer[8] == 0x7B and bytes(buffer[:2]) not in (b"PK", b"\x80\x02")


def header_length(head: bytes, file_size: int, path: str) -> int:
    """Length of the JSON header, checked against the file's own size."""
    if len(head) < 8:
        raise CorruptCheckpointError(f"{path}: the file ends within its first 8 bytes")
    length: int = struct.unpack("<Q", head[:8])[0]
    if length < 2 or length > file_size - 8:
        raise CorruptCheckpointError(
            f"{path}: the safetensors header claims {length} bytes, the file has {file_size}. "
            "It is damaged or cut off; fetch it again"
        )
    if length > MAX_HEADER_BYTES:
        raise UnsupportedCheckpointError(
            f"{path}: a safetensors header of {length} bytes is no generator's (limit {MAX_HEADER_BYTES})"
        )
    return length


def parse_form(head: bytes, file_size: int, path: str) -> Form:
    """Check a safetensors header (the JSON bytes) and take our description from it.

    Parameters
    ----------
    head : the header without the eight length bytes
    file_size : bytes in the whole file; every tensor must lie within
    path : for messages

    Raises
    ------
    CorruptCheckpointError
        If the header is no JSON or states places that cannot be.
    UnsupportedCheckpointError
        If it is a proper safetensors file of someone else.
    """
    table = _parse_json(head, path, "header")
    if not isinstance(table, dict) or head[:1] != b"{":
        raise CorruptCheckpointError(f"{path}: the safetensors header is not a JSON object")
    metadata = table.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise CorruptCheckpointError(f"{path}: the safetensors metadata is not a table of texts")
    entries = _check_entries(table, 8 + len(head), file_size, path)
    text = metadata.get(METADATA_KEY)
    if text is None:
        raise UnsupportedCheckpointError(
            f"{path}: a safetensors file of {len(entries)} tensors that was not written by Latent Explorer, "
            "so it does not say which network they belong to. Open the original checkpoint instead"
        )
    ours = _parse_json(text.encode("utf-8", "surrogatepass"), path, "description")
    if not isinstance(ours, dict):
        raise CorruptCheckpointError(f"{path}: the description of the network is not a JSON object")
    version = ours.get("version")
    if type(version) is not int or version < 1:
        raise CorruptCheckpointError(f"{path}: the description of the network has no version number")
    if version > FORM_VERSION:
        raise UnsupportedCheckpointError(
            f"{path}: written by a newer Latent Explorer (form {version}, this one reads {FORM_VERSION}). "
            "Update the program to open it"
        )
    header = ours.get("header", {})
    if not isinstance(header, dict):
        raise CorruptCheckpointError(f"{path}: the facts about the network are not a JSON object")
    return Form(_check_network(ours.get("network"), path), header, entries)


def _check_network(value: object, path: str) -> dict[str, Any]:
    """The fields of `NetworkDescription.as_json`, each of its type and within bounds; others are dropped."""
    if not isinstance(value, dict):
        raise CorruptCheckpointError(f"{path}: the file does not describe its network")
    architecture = value.get("architecture")
    if not isinstance(architecture, str):
        raise CorruptCheckpointError(f"{path}: the description does not name an architecture")
    if architecture not in ("stylegan1", "stylegan2", "stylegan3-t", "stylegan3-r"):
        raise UnsupportedCheckpointError(
            f"{path}: the architecture {architecture[:80]!r} is not one this version knows. "
            "Update the program to open it"
        )
    network: dict[str, Any] = {"architecture": architecture}
    bounds = {
        "resolution": (1, 1 << 14),
        "img_channels": (1, 1 << 10),
        "z_dim": (1, 1 << 16),
        "w_dim": (1, 1 << 16),
        "c_dim": (0, 1 << 20),
        "num_ws": (1, 1 << 10),
    }
    for name, (low, high) in bounds.items():
        number = value.get(name)
        if type(number) is not int or not low <= number <= high:
            raise CorruptCheckpointError(f"{path}: {name} should be a whole number from {low} to {high}")
        network[name] = number
    options = value.get("options", {})
    if not isinstance(options, dict):
        raise CorruptCheckpointError(f"{path}: the options of the network are not a JSON object")
    network["options"] = options
    return network


def _check_entries(table: dict[str, Any], start: int, file_size: int, path: str) -> dict[str, TensorEntry]:
    """Every tensor within the file, of a size its shape explains, side by side without gap or overlap."""
    entries = {}
    for name, value in table.items():
        entries[name] = _check_entry(name, value, start, file_size, path)
    reached = start
    for name, entry in sorted(entries.items(), key=lambda item: (item[1].begin, item[1].end)):
        if entry.begin != reached:
            raise CorruptCheckpointError(
                f"{path}: tensor {name[:80]!r} starts at byte {entry.begin}, {reached} was expected"
            )
        reached = entry.end
    if reached != file_size:
        raise CorruptCheckpointError(
            f"{path}: the tensors end at byte {reached}, the file at {file_size}. It is damaged or cut off"
        )
    return entries


def _check_entry(name: str, value: object, start: int, file_size: int, path: str) -> TensorEntry:
    where = f"{path}: tensor {name[:80]!r}"
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise CorruptCheckpointError(f"{where} is not described by dtype, shape and data_offsets")
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str):
        raise CorruptCheckpointError(f"{where} has no dtype")
    if dtype not in _ITEM_BYTES:
        raise UnsupportedCheckpointError(f"{where} has the type {dtype[:20]!r}, which generators do not use")
    if not _are_sizes(shape) or len(shape) > MAX_RANK:
        raise CorruptCheckpointError(f"{where} has no proper shape")
    if not _are_sizes(offsets) or len(offsets) != 2:
        raise CorruptCheckpointError(f"{where} has no proper offsets")
    begin, end = start + offsets[0], start + offsets[1]
    if end < begin or end > file_size:
        raise CorruptCheckpointError(f"{where} lies outside the file ({offsets[0]} to {offsets[1]})")
    if math.prod(shape) * _ITEM_BYTES[dtype] != end - begin:
        raise CorruptCheckpointError(f"{where} states shape {shape} but spans {end - begin} bytes")
    return TensorEntry(dtype, tuple(shape), begin, end)


def _are_sizes(value: object) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 1 << 48 for item in value)


def _parse_json(data: bytes, path: str, what: str) -> Any:
    """Strict JSON: no duplicate keys (readers disagree on which wins), no NaN."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(items)
        if len(result) != len(items):
            raise ValueError("a key stands twice")
        return result

    def constant(name: str) -> None:
        raise ValueError(f"{name} is no JSON")

    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=pairs, parse_constant=constant)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)[:120]
        raise CorruptCheckpointError(f"{path}: the safetensors {what} cannot be read ({reason})") from None


def _json_text(value: object) -> str:
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except TypeError as error:
        raise ValueError(f"the header must be plain JSON: {error}") from None
