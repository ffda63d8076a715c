"""The resumable state on disk: a JSON file and parts of at most 16 MiB, each with its hash.

A state is a folder::

    state.json      settings, counters, a table of tensors, sha256 of every part
    part-00.bin …   the tensors' raw little-endian bytes, one after another

The folder appears whole or not at all. Exact states hold float32 weights and
the optimisers' memory, and resume bit for bit; compact ones hold float16
weights alone, and the learning rate warms up again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from explorer.errors import TrainingError
from explorer.training.settings import Counters

FORM = 1
PART_BYTES = 16 << 20
NAME = "state.json"
_DTYPES = {"float32": torch.float32, "float16": torch.float16, "uint8": torch.uint8, "int64": torch.int64}


@dataclass(frozen=True)
class State:
    """What a run needs to go on."""

    settings: dict[str, Any]
    counters: dict[str, Any]
    tensors: dict[str, Tensor]
    is_exact: bool

    def read_counters(self) -> Counters:
        """Where the run stood; counts that a newer version added are left out."""
        known = Counters.__dataclass_fields__
        return Counters(**{name: value for name, value in self.counters.items() if name in known})


def save_state(folder: Path, state: State) -> None:
    """Write a state folder, replacing one of the same name; atomic.

    Parameters
    ----------
    folder : the folder to make
    state : `tensors` on any device; float32 ones are stored as float16 unless `is_exact`
    """
    table, blob = _pack(state.tensors, state.is_exact)
    temporary = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    parts = []
    for number, start in enumerate(range(0, len(blob), PART_BYTES)):
        chunk = blob[start : start + PART_BYTES]
        name = f"part-{number:02d}.bin"
        (temporary / name).write_bytes(chunk)
        parts.append({"file": name, "bytes": len(chunk), "sha256": hashlib.sha256(chunk).hexdigest()})
    plain = {
        "form": FORM,
        "exact": state.is_exact,
        "settings": state.settings,
        "counters": state.counters,
        "parts": parts,
        "tensors": table,
    }
    with open(temporary / NAME, "w", encoding="utf-8") as file:
        json.dump(plain, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    if folder.exists():
        retired = folder.with_name(f".{folder.name}.old")
        shutil.rmtree(retired, ignore_errors=True)
        folder.rename(retired)
        temporary.rename(folder)
        shutil.rmtree(retired)
    else:
        temporary.rename(folder)


def _pack(tensors: Mapping[str, Tensor], is_exact: bool) -> tuple[dict[str, Any], bytes]:
    table: dict[str, Any] = {}
    pieces: list[bytes] = []
    offset = 0
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        if tensor.dtype == torch.float32 and not is_exact:
            tensor = tensor.to(torch.float16)
        data = tensor.reshape(-1).view(torch.uint8).numpy().tobytes()
        kind = str(tensor.dtype).removeprefix("torch.")
        table[name] = {"dtype": kind, "shape": list(tensor.shape), "offset": offset, "bytes": len(data)}
        pieces.append(data)
        offset += len(data)
    return table, b"".join(pieces)


def find_state(path: Path) -> Path:
    """The state folder meant by a path: itself, its state.json, or a run's folder with states in it."""
    if path.is_file():
        return path.parent
    if (path / NAME).is_file():
        return path
    found = sorted((path / "states").glob(f"images-*/{NAME}"))
    if not found:
        raise TrainingError(f"{path}: no training state here. Name a {NAME}, its folder, or a run's folder.")
    return found[-1].parent


def load_state(path: Path) -> State:
    """Read a state and check every hash.

    Raises
    ------
    TrainingError
        If it is missing, damaged or of a newer form.
    """
    folder = find_state(path)
    try:
        plain = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if plain["form"] > FORM:
            raise TrainingError(f"{folder}: written by a newer Latent Explorer; update to resume from it.")
        blob = b"".join(_read_part(folder, part) for part in plain["parts"])
        tensors = {name: _unpack(blob, entry) for name, entry in plain["tensors"].items()}
        return State(plain["settings"], plain["counters"], tensors, plain["exact"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, TrainingError):
            raise
        raise TrainingError(f"{folder}: this training state cannot be read ({error}).") from None


def _read_part(folder: Path, part: Mapping[str, Any]) -> bytes:
    name = Path(str(part["file"])).name
    data = (folder / name).read_bytes()
    if hashlib.sha256(data).hexdigest() != part["sha256"]:
        raise TrainingError(
            f"{folder / name}: damaged (its content does not match its hash). Resume an older state."
        )
    return data


def _unpack(blob: bytes, entry: Mapping[str, Any]) -> Tensor:
    data = bytearray(blob[entry["offset"] : entry["offset"] + entry["bytes"]])
    tensor = torch.frombuffer(data, dtype=_DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensor.float() if tensor.dtype == torch.float16 else tensor
