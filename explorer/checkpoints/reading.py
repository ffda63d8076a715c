"""The door of the room: any file in, a network or one of three errors out.

The kind of a file is told by its first bytes and then by what its reader
found, never by its name.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import mmap
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.checkpoints import (
    discriminators,
    genforce,
    nvidia_tensorflow,
    nvidia_torch,
    plain_state,
    rosinality,
    safetensors_form,
    stylegan1_layout,
    stylegan2_layout,
    stylegan3_layout,
)
from explorer.checkpoints.allow_list import PLAIN_PICKLE, foreign_kind
from explorer.checkpoints.network import CheckpointInfo, LoadedNetwork
from explorer.checkpoints.pickle_machine import Budget, PickleMachine
from explorer.checkpoints.statements import Found
from explorer.checkpoints.strangers import name_stranger
from explorer.checkpoints.torch_streams import LEGACY_MAGIC, read_archive, read_legacy
from explorer.checkpoints.values import Impossible
from explorer.checkpoints.zip_archive import Archive
from explorer.errors import (
    CheckpointError,
    CorruptCheckpointError,
    UnsafeCheckpointError,
    UnsupportedCheckpointError,
)

if TYPE_CHECKING:
    import torch

    from explorer.checkpoints.stylegan2_layout import Shapes
    from explorer.models.description import NetworkDescription

log = logging.getLogger(__name__)

MAX_FILE_BYTES = 8 << 30

_PICKLE_NAMES = {**discriminators.NAMES, **PLAIN_PICKLE}


def _foreign(module: str, name: str) -> str | None:
    return foreign_kind(module, name) or discriminators.unlisted_part(module, name)


def read_checkpoint(path: str | os.PathLike[str], sha256: str | None = None) -> LoadedNetwork:
    """Read a generator from a file, running nothing in it.

    Parameters
    ----------
    sha256 : digest of the file where the caller knows it, or "" where nobody will
        ask; by default the file is hashed, which for large ones takes longer than reading.

    Raises
    ------
    UnsafeCheckpointError
        The file tries to do something; the message says what, and where.
    UnsupportedCheckpointError
        An honest file, but not a generator this program knows.
    CorruptCheckpointError
        Truncated, damaged, or stating sizes that cannot be.
    OSError
        The file cannot be opened or read.
    """
    shown = str(Path(path))
    mapping = _open(path, shown)
    try:
        return _read(mapping, shown, sha256)
    except CheckpointError:
        raise
    except MemoryError:
        raise CorruptCheckpointError(f"{shown}: reading it takes more memory than there is") from None
    except OSError:
        raise
    except Exception as error:
        # A hole in the checks above. The promise of the room still holds; the log keeps the trace.
        log.exception("unforeseen contents in %s", shown)
        raise CorruptCheckpointError(
            f"{shown}: its contents contradict each other ({type(error).__name__})"
        ) from error


def read_value(path: str | os.PathLike[str]) -> Any:
    """Read the inert value in a pickle or torch container that need not be a generator.

    Tensors stay statements (`TensorView`, `NumpyArray`). Raises as `read_checkpoint` does.
    """
    shown = str(Path(path))
    buffer = memoryview(_open(path, shown))
    return _read_value(buffer, shown, Budget())[0]


def inspect_checkpoint(path: str | os.PathLike[str]) -> CheckpointInfo:
    """Tell what a checkpoint is. Raises as `read_checkpoint` does; no weight reaches a device."""
    network = read_checkpoint(path)
    description = network.description
    return CheckpointInfo(
        format=network.format,
        architecture=description.architecture,
        resolution=description.resolution,
        width=description.width,
        z_dim=description.z_dim,
        w_dim=description.w_dim,
        c_dim=description.c_dim,
        num_ws=description.num_ws,
        parameters=network.parameters,
        sha256=network.sha256,
        img_channels=description.img_channels,
        options=description.options,
        header=network.header,
        notes=network.notes,
        globals=network.globals,
    )


def _open(path: str | os.PathLike[str], shown: str) -> mmap.mmap:
    """Map a file privately: pages are read when needed, writes stay in this process."""
    try:
        # Asked before opening: a pipe would wait for its writer for ever.
        mode = os.stat(path).st_mode
    except ValueError:
        raise FileNotFoundError(errno.ENOENT, "No file can have this name", ascii(shown)) from None
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise UnsupportedCheckpointError(f"{shown}: not an ordinary file")
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise CorruptCheckpointError(f"{shown}: the file is empty; fetch it again")
        if size > MAX_FILE_BYTES:
            raise UnsupportedCheckpointError(f"{shown}: {size >> 30} GB are more than any generator has")
        return mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY)


def _read(mapping: mmap.mmap, path: str, sha256: str | None) -> LoadedNetwork:
    buffer = memoryview(mapping)
    if safetensors_form.looks_like_safetensors(buffer):
        return _read_safetensors(mapping, buffer, path, sha256)
    budget = Budget()
    value, notes = _read_value(buffer, path, budget)
    found = _recognise(value, budget, path)
    tensors, more = _copy_out(found.tensors, len(buffer), path)
    return LoadedNetwork(
        description=found.description,
        tensors=tensors,
        header=found.header,
        format=found.format,
        sha256=hashlib.sha256(buffer).hexdigest() if sha256 is None else sha256,
        notes=(*notes, *found.notes, *more),
        globals=tuple(sorted(budget.globals)),
    )


def _read_safetensors(mapping: mmap.mmap, buffer: memoryview, path: str, sha256: str | None) -> LoadedNetwork:
    length = safetensors_form.header_length(bytes(buffer[:8]), len(buffer), path)
    form = safetensors_form.parse_form(bytes(buffer[8 : 8 + length]), len(buffer), path)
    tensors = safetensors_form.load_tensors(mapping, form)
    stated = form.description
    _check_stated(stated, tensors, path)
    return LoadedNetwork(
        description=stated,
        tensors=tensors,
        header=form.header,
        format="safetensors",
        sha256=hashlib.sha256(buffer).hexdigest() if sha256 is None else sha256,
        mapping=mapping,
    )


def _check_stated(stated: NetworkDescription, tensors: dict[str, torch.Tensor], path: str) -> None:
    """Compare a description in a header with what the tensors tell."""
    told = _describe_again(stated, stylegan2_layout.shapes_of(tensors), path)
    for name, value in told.as_json().items():
        claim = getattr(stated, name)
        if name != "options":
            _compare(name, claim, value, path)
            continue
        _compare("arch", claim.get("arch", value.get("arch")), value.get("arch"), path)
        _compare("base_size", claim.get("base_size"), value.get("base_size"), path)


def _compare(name: str, claim: object, value: object, path: str) -> None:
    if claim != value:
        raise CorruptCheckpointError(f"{path}: the header states {name} {claim!r}, the tensors say {value!r}")


def _describe_again(stated: NetworkDescription, shapes: Shapes, path: str) -> NetworkDescription:
    options = stated.options
    if stated.architecture == "stylegan1":
        return stylegan1_layout.describe(shapes, fused_scale="auto", lr_multiplier=0.01, path=path)
    if stated.architecture == "stylegan2":
        switches = stylegan2_layout.Switches(label_mode=str(options.get("label_mode", "embed")))
        return stylegan2_layout.describe(shapes, switches, path)
    return stylegan3_layout.describe(shapes, options, path)


def _read_value(buffer: memoryview, path: str, budget: Budget) -> tuple[Any, list[str]]:
    """The inert value a pickle or torch container holds, and notes on the container."""
    head = bytes(buffer[:16])
    if head[:4] == b"PK\x03\x04":
        archive = Archive(path, buffer)
        return read_archive(archive, budget), archive.notes
    if head[: len(LEGACY_MAGIC)] == LEGACY_MAGIC:
        return read_legacy(path, buffer, budget), []
    if head[:1] != b"\x80":
        raise name_stranger(path, buffer)
    machine = PickleMachine(path, buffer, 0, len(buffer), _PICKLE_NAMES, budget, foreign=_foreign)
    value = machine.run()
    if machine.position != len(buffer):
        # A second pickle behind a harmless first is a way past scanners.
        raise machine.unsafe(f"goes on for {len(buffer) - machine.position} bytes behind its end")
    return value, []


def _recognise(value: Any, budget: Budget, path: str) -> Found:
    if nvidia_torch.is_snapshot(value):
        return nvidia_torch.read_snapshot(value, path)
    if nvidia_tensorflow.is_network(value):
        return nvidia_tensorflow.read_network(value, path)
    if isinstance(value, dict):
        state = rosinality.find_state(value)
        if state is not None:
            return rosinality.read_state(value, state, path)
        state = genforce.find_state(value)
        if state is not None:
            return genforce.read_state(state, path)
        state = plain_state.find_state(value)
        if state is not None:
            return plain_state.read_state(state, path)
    code = min(
        (budget.globals[name] for name in budget.globals.keys() & discriminators.CARRIES_CODE), default=None
    )
    if code is not None:
        raise UnsafeCheckpointError(
            f"{path}: refused, and nothing in it was run. "
            f"The file carries program code and no network (at byte {code})"
        )
    raise UnsupportedCheckpointError(f"{path}: {_say(value)}, but not a generator this version knows")


def _say(value: Any) -> str:
    if isinstance(value, dict):
        keys = ", ".join(ascii(str(key)[:40]) for key in list(value)[:6])
        return f"a pickled dictionary with the keys {keys or '(none)'}"
    return f"a pickled {type(value).__name__}"


def _copy_out(
    statements: Mapping[str, Any], file_bytes: int, path: str
) -> tuple[dict[str, torch.Tensor], tuple[str, ...]]:
    """Turn the generator's statements into tensors; all of them together fit into the file."""
    import torch

    # Statements may share bytes, so their sum must be checked before anything is allocated.
    if sum(statement.nbytes for statement in statements.values()) > file_bytes:
        raise CorruptCheckpointError(f"{path}: its tensors state more bytes than the file has")
    tensors = {}
    for name, statement in statements.items():
        try:
            tensors[name] = statement.to_torch()
        except Impossible as error:
            raise CorruptCheckpointError(f"{path}: {name} is {error}") from None
        if not tensors[name].is_floating_point():
            raise CorruptCheckpointError(f"{path}: {name} holds whole numbers ({tensors[name].dtype})")
    unusable = [name for name, tensor in tensors.items() if not bool(torch.isfinite(tensor).all())]
    if "mapping.w_avg" in unusable:
        raise CorruptCheckpointError(f"{path}: the average latent w_avg is not finite")
    notes = (
        (f"{len(unusable)} tensors hold infinite or undefined values, such as {unusable[0]}.",)
        if unusable
        else ()
    )
    return tensors, notes
