"""Directions as other tools save them: arrays out of `.npy`, `.npz`, `.pt` and `.pkl` files.

Nothing in a file runs: numpy reads with `allow_pickle=False`, everything else goes
through the pickle machine. What the numbers mean for a network is not decided here.

References
----------
InterFaceGAN (`*_boundary.npy`), GANSpace (`*.npz`, single directions as pickles),
rosinality's `closed_form_factorization.py` (`eigvec`), official projector (`projected_w.npz`).
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.checkpoints.reading import read_value
from explorer.checkpoints.values import Impossible, NumpyArray, TensorView
from explorer.errors import CheckpointError, DirectionError

MAX_BYTES = 256 << 20
"""Of a file, and of what it unpacks to; eighty components of the widest network take 2 MB."""
MAX_VECTORS = 10_000

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FoundVector:
    """One array that may be a direction."""

    name: str
    values: Array
    """[w_dim] or [rows, w_dim] float32, finite."""
    sigma: float | None = None
    """Standard deviation along it, where the file says so; None where nobody measured it."""
    method: str = "imported"
    warning: str = ""
    """Why it may not do what it promises."""


def read_vectors(path: str | Path) -> tuple[FoundVector, ...]:
    """Read all directions in a file of another tool.

    Raises
    ------
    DirectionError
        If there are none, with what the file is instead.
    CheckpointError
        If a pickle tries to do something, or is damaged.
    OSError
        If it cannot be read.
    """
    path = Path(path)
    if path.stat().st_size > MAX_BYTES:
        raise DirectionError(f"{path} is too large to be a file of directions")
    with open(path, "rb") as file:
        head = file.read(6)
    if head == b"\x93NUMPY":
        return _of_array(path, path.stem, _load_numpy(path))
    if head[:4] == b"PK\x03\x04" and path.suffix.lower() == ".npz":
        return _of_table(path, _load_numpy(path))
    try:
        value = read_value(path)
    except Impossible as error:
        raise DirectionError(f"{path} is damaged: {error}") from None
    if isinstance(value, Mapping):
        if not {"lat_comp", "eigvec"} & set(value) and any(isinstance(v, Mapping) for v in value.values()):
            # Weights stand in a table of their own; an average latent beside them is no direction.
            raise DirectionError(f"{path} holds tables within a table, as networks do, not directions")
        return _of_table(path, {str(key): _as_array(path, item) for key, item in value.items()})
    array = _as_array(path, value)
    if array is None:
        raise DirectionError(f"{path} holds no vectors; directions are arrays in .npy, .npz or .pt files")
    return _of_array(path, path.stem, array)


def read_latent(path: str | Path) -> Array:
    """Read the latent in a file of a projector: [rows, w_dim] float32, one row for a point of W.

    `.npz` with the key `w` (official projectors and `project` here), `.npy`, or rosinality's
    `.pt`, in which a picture's name leads to `latent`. [d], [1, d], [L, d] and [1, L, d] are
    understood; where a file holds several, the first counts.

    Raises
    ------
    DirectionError, CheckpointError, OSError
        As `read_vectors`.
    """
    path = Path(path)
    if path.stat().st_size > MAX_BYTES:
        raise DirectionError(f"{path} is too large to be a latent")
    with open(path, "rb") as file:
        is_numpy = file.read(6) == b"\x93NUMPY" or path.suffix.lower() == ".npz"
    try:
        value = _load_numpy(path) if is_numpy else read_value(path)
    except Impossible as error:
        raise DirectionError(f"{path} is damaged: {error}") from None
    while isinstance(value, Mapping):
        inside = next((value[key] for key in ("w", "ws", "latent", "projected_w") if key in value), None)
        value = next(iter(value.values()), None) if inside is None else inside
    found = value if is_numpy else _as_array(path, value)
    if found is None:
        raise DirectionError(f"{path} holds no latent")
    values = _numbers(path, "the latent", found)
    if values.ndim == 3 and len(values) == 1:
        values = values[0]
    if values.ndim not in (1, 2):
        raise DirectionError(f"{path}: an array of the shape {list(values.shape)} is no latent")
    return np.ascontiguousarray(values.reshape(-1, values.shape[-1]))


def _load_numpy(path: Path) -> Any:
    """An array, or a table of arrays."""
    try:
        if path.suffix.lower() == ".npz":
            with zipfile.ZipFile(path) as archive:
                if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
                    raise DirectionError(f"{path} unpacks to more than directions need")
            with np.load(path, allow_pickle=False) as arrays:
                return {key: arrays[key] for key in arrays.files}
        return np.load(path, allow_pickle=False, mmap_mode="r")
    except DirectionError:
        raise
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile, MemoryError, NotImplementedError) as error:
        raise DirectionError(f"{path} cannot be read as arrays of numbers: {error}") from None


def _as_array(path: Path, value: Any) -> Any:
    """A stated tensor as an array; other values as they are, None where they are no numbers."""
    try:
        if isinstance(value, TensorView):
            _need_room(path, value.nbytes)
            return value.to_torch().float().numpy()
        if isinstance(value, NumpyArray):
            return value.to_numpy()
    except Impossible as error:
        raise DirectionError(f"{path} is damaged: {error}") from None
    return value if isinstance(value, str | int | float) else None


def _need_room(path: Path, nbytes: int) -> None:
    if nbytes > MAX_BYTES:
        raise DirectionError(f"{path} holds a tensor larger than directions need")


def _of_table(path: Path, table: Mapping[str, Any]) -> tuple[FoundVector, ...]:
    if "lat_comp" in table:
        return _of_ganspace(path, table)
    if "eigvec" in table:
        # Right singular vectors stand in columns, strongest first.
        columns = _numbers(path, "eigvec", table["eigvec"])
        if columns.ndim != 2:
            raise DirectionError(f"{path}: eigvec has the shape {list(columns.shape)}, not that of a matrix")
        return tuple(
            FoundVector(f"sefa {i + 1}", np.ascontiguousarray(column), method="sefa")
            for i, column in enumerate(columns.T)
        )
    if set(table) == {"w"}:
        raise DirectionError(
            f"{path} holds a latent (the result of a projection), not a direction along which to go"
        )
    found: list[FoundVector] = []
    for key, value in table.items():
        if isinstance(value, np.ndarray) and value.ndim:
            found.extend(_of_array(path, key, value))
    if not found:
        raise DirectionError(f"{path} holds no vectors under any of its names")
    return tuple(found)


def _of_ganspace(path: Path, table: Mapping[str, Any]) -> tuple[FoundVector, ...]:
    """Components with their standard deviations: [K, 1, w_dim] and [K], or one alone."""
    components = _numbers(path, "lat_comp", table["lat_comp"])
    components = components.reshape(-1, components.shape[-1])
    spread = _numbers(path, "lat_stdev", table.get("lat_stdev", 1.0)).reshape(-1)
    if len(spread) not in (1, len(components)):
        raise DirectionError(f"{path}: {len(components)} components with {len(spread)} standard deviations")
    spread = np.broadcast_to(spread, (len(components),))
    is_z = str(table.get("latent_space", "W")).upper() == "Z" or not _same(table)
    warning = "it was found in Z, and here it is used in W" if is_z else ""
    one = str(table.get("name") or "") if len(components) == 1 else ""
    return tuple(
        FoundVector(one or f"ganspace {i + 1}", vector, float(sigma) or None, "pca", warning)
        for i, (vector, sigma) in enumerate(zip(components, spread, strict=True))
    )


def _same(table: Mapping[str, Any]) -> bool:
    """Whether the components are those of W itself, as GANSpace saves them for StyleGAN with `use_w`."""
    act, lat = table.get("act_comp"), table["lat_comp"]
    return not isinstance(act, np.ndarray) or act.size == np.size(lat)


def _of_array(path: Path, name: str, array: Any) -> tuple[FoundVector, ...]:
    """[d], [1, d], [K, 1, d], [L, d] or [1, L, d]."""
    values = _numbers(path, name, array)
    warning = ""
    if name.endswith("_boundary"):
        name = name.removesuffix("_boundary")
        if not name.endswith("_w"):
            warning = "by its name it was found in Z (no _w), and here it is used in W"
        name = name.removesuffix("_w")
    if values.ndim == 3 and values.shape[1] == 1:
        values = values[:, 0]
        if len(values) > 1:
            return tuple(FoundVector(f"{name} {i + 1}", row, warning=warning) for i, row in enumerate(values))
    if values.ndim == 3 and len(values) == 1:
        values = values[0]
    if values.ndim == 2 and len(values) == 1:
        values = values[0]
    if values.ndim not in (1, 2):
        raise DirectionError(f"{path}: {name!r} has the shape {list(values.shape)}, not that of directions")
    return (FoundVector(name, np.ascontiguousarray(values), warning=warning),)


def _numbers(path: Path, name: str, array: Any) -> Array:
    """Finite real numbers as float32."""
    values = np.asarray(array)
    if values.dtype.kind not in "fiu" or values.size == 0 or values.ndim > 4:
        raise DirectionError(f"{path}: {name!r} holds no real numbers")
    if values.ndim > 1 and values.size // values.shape[-1] > MAX_VECTORS:
        raise DirectionError(f"{path}: {name!r} holds more than {MAX_VECTORS} vectors")
    with np.errstate(over="ignore"):
        numbers = values.astype(np.float32)
    if not np.isfinite(numbers).all():
        raise DirectionError(f"{path}: {name!r} holds values that are not finite")
    return numbers


__all__ = ["CheckpointError", "FoundVector", "read_vectors"]
