"""What a pickle may become here: inert values that know no code.

None of these classes has a `__dict__`, and none looks anything up. They say
what the file states (a tensor of this size in that storage) and check that it
can be; turning a statement into a tensor is the very last step, taken only for
the parts of the generator in use.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from explorer.checkpoints.pickle_machine import PickleMachine

MAX_RANK = 8
MAX_SIZE = 1 << 40

# Element types by their torch name: bytes of one element.
ITEM_BYTES = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
}

# numpy's codes for the same; `O` (objects) and structured types have no place here.
NUMPY_CODES = {
    "f8": "float64",
    "f4": "float32",
    "f2": "float16",
    "i8": "int64",
    "i4": "int32",
    "i2": "int16",
    "i1": "int8",
    "u1": "uint8",
    "b1": "bool",
    # Unsigned types wider than a byte appear as counters, never as weights.
    "u2": "uint16",
    "u4": "uint32",
    "u8": "uint64",
}


class Impossible(ValueError):
    """A statement that contradicts itself; the machine adds file and position."""


@dataclass(frozen=True)
class Meaning:
    """What an allowed global stands for, and the ways it may be used."""

    name: str
    call: Callable[[tuple[Any, ...], PickleMachine], Any] | None = None
    """REDUCE: makes a value from the arguments."""
    make: Callable[[tuple[Any, ...], PickleMachine], Any] | None = None
    """NEWOBJ: makes an empty value, to be filled by BUILD or SETITEMS."""
    element: str | None = None
    """Storage classes: their element type."""


@dataclass(frozen=True, slots=True, eq=False)
class Blob:
    """A run of bytes, left where it is."""

    buffer: memoryview
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def view(self) -> memoryview:
        """The bytes themselves, not copied."""
        return self.buffer[self.start : self.stop]


@dataclass(slots=True, eq=False)
class Storage:
    """A flat run of elements. `data` comes last in old streams, so it may be unknown for a while."""

    dtype: str
    count: int
    key: str
    data: Blob | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TensorView:
    """A tensor as the file states it: a view of a storage with sizes and strides in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def count(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the elements, apart from how they are stored."""
        return self.count * ITEM_BYTES[self.storage.dtype]

    @classmethod
    def checked(cls, storage: object, offset: object, shape: object, strides: object) -> TensorView:
        """Make a view that lies within its storage and in which no two elements share a place.

        Raises
        ------
        Impossible
        """
        if not isinstance(storage, Storage):
            raise Impossible("a tensor without a storage")
        sizes, steps = whole_numbers(shape), whole_numbers(strides)
        if type(offset) is not int or not 0 <= offset <= MAX_SIZE:
            raise Impossible("a tensor with no proper offset")
        if len(sizes) != len(steps) or len(sizes) > MAX_RANK:
            raise Impossible(f"a tensor with {len(sizes)} sizes and {len(steps)} strides")
        if math.prod(sizes) == 0:
            return cls(storage, 0, sizes, steps)
        # Sorted by stride, each dimension must step over all smaller ones:
        # true of every contiguous, permuted or sliced tensor, false of stride 0.
        reach = 0
        for step, size in sorted(zip(steps, sizes, strict=True)):
            if size > 1:
                if step <= reach:
                    raise Impossible(
                        f"a tensor of {list(sizes)} whose elements overlap (strides {list(steps)})"
                    )
                reach += (size - 1) * step
        if offset + reach >= storage.count:
            raise Impossible(
                f"a tensor of {list(sizes)} at {offset} in a storage of {storage.count} elements"
            )
        return cls(storage, offset, sizes, steps)

    def to_torch(self) -> torch.Tensor:
        """Copy out as a row-major tensor on the CPU."""
        import torch

        dtype: torch.dtype = getattr(torch, self.storage.dtype)
        if self.count == 0:
            return torch.empty(self.shape, dtype=dtype)
        if self.storage.data is None:
            raise Impossible("a tensor whose storage the file does not hold")
        width = ITEM_BYTES[self.storage.dtype]
        last = sum((size - 1) * step for size, step in zip(self.shape, self.strides, strict=True))
        begin = self.offset * width
        # Through bytes: data inside a pickle starts at odd addresses, where float loads are undefined.
        raw = self.storage.data.view()[begin : begin + (last + 1) * width]
        flat = torch.frombuffer(bytearray(raw), dtype=dtype)
        return flat.as_strided(self.shape, self.strides).contiguous()


@dataclass(slots=True, eq=False)
class NumpyType:
    """`numpy.dtype` of a listed code; byte order arrives later, by BUILD."""

    code: str
    order: str = "|"
    is_built: bool = False

    def build(self, state: object) -> None:
        """Take (version, byte order, and fields that must be absent)."""
        if self.is_built or not isinstance(state, tuple) or len(state) < 5:
            raise Impossible("a numpy type built in an unknown way")
        order = state[1]
        if order not in ("<", ">", "|", "=") or any(part is not None for part in state[2:5]):
            raise Impossible("a numpy type with fields, or of unknown byte order")
        self.order, self.is_built = str(order), True

    @property
    def item_bytes(self) -> int:
        """Bytes of one element."""
        return int(self.code[1:])


@dataclass(slots=True, eq=False)
class NumpyArray:
    """An array or, with an empty shape, a scalar. Contents arrive by BUILD."""

    shape: tuple[int, ...] = (0,)
    dtype: NumpyType | None = None
    is_fortran: bool = False
    data: Blob | None = None

    def build(self, state: object) -> None:
        """Take (version, shape, type, is Fortran order, bytes)."""
        if self.data is not None or not isinstance(state, tuple) or len(state) != 5:
            raise Impossible("an array built in an unknown way")
        self.fill(state[1], state[2], state[3], state[4])

    def fill(self, shape: object, dtype: object, is_fortran: object, data: object) -> None:
        """Set the contents after checking that shape and bytes agree."""
        sizes = whole_numbers(shape)
        if not isinstance(dtype, NumpyType) or not isinstance(data, Blob) or len(sizes) > MAX_RANK:
            raise Impossible("an array without type or bytes")
        if math.prod(sizes) * dtype.item_bytes != len(data):
            raise Impossible(f"an array of {list(sizes)} {dtype.code} in {len(data)} bytes")
        self.shape, self.dtype, self.is_fortran, self.data = sizes, dtype, bool(is_fortran), data

    @property
    def nbytes(self) -> int:
        """Bytes of the contents."""
        return 0 if self.data is None else len(self.data)

    def to_numpy(self) -> Any:
        """Copy out as a row-major `numpy.ndarray` in native byte order."""
        import numpy as np

        if self.dtype is None or self.data is None:
            raise Impossible("an array without contents")
        order = ">" if self.dtype.order == ">" else "<"
        flat = np.frombuffer(self.data.view(), dtype=np.dtype(order + self.dtype.code))
        shaped = flat.reshape(self.shape, order="F" if self.is_fortran else "C")
        return np.array(shaped, dtype=shaped.dtype.newbyteorder("="), order="C")

    def to_torch(self) -> torch.Tensor:
        """Copy out as a row-major tensor on the CPU."""
        import torch

        if self.dtype is None or NUMPY_CODES[self.dtype.code] not in ITEM_BYTES:
            raise Impossible("an array of a type that weights never have")
        return torch.from_numpy(self.to_numpy())


class Table(dict[Any, Any]):
    """A dictionary that came from a named type (ordered, or with attribute access)."""

    __slots__ = ("is_built",)

    def build(self, state: object) -> None:
        """Accept the attributes such types carry (`_metadata`), once, and drop them."""
        if getattr(self, "is_built", False) or not isinstance(state, dict | type(None)):
            raise Impossible("a dictionary built in an unknown way")
        self.is_built = True


class Bag(list[Any]):
    """A set; kept as a list, since its members need no hash here."""

    __slots__ = ()


@dataclass(slots=True, eq=False)
class Persistent:
    """An object of NVIDIA's persistence scheme: its class by name, its attributes as plain data."""

    class_name: str
    state: dict[Any, Any]
    source_length: int
    """Characters of program text it carries; the text itself is not kept."""
    at: int
    """Place in the file where it is put together."""


@dataclass(slots=True, eq=False)
class Instance:
    """An object of a listed class: attributes arrive by BUILD, nothing else ever happens to it."""

    class_name: str
    state: dict[Any, Any] | None = None
    at: int = 0
    """Place in the file where it is made."""

    def build(self, state: object) -> None:
        """Take the attributes, once."""
        if self.state is not None or not isinstance(state, dict):
            raise Impossible(f"{self.class_name} built in an unknown way")
        self.state = state


@dataclass(slots=True, eq=False)
class Inert:
    """Something of a discriminator, known by name only: what it is made of is dropped."""

    name: str

    def build(self, state: object) -> None:
        """Take attributes of any form, and forget them."""


def whole_numbers(value: object) -> tuple[int, ...]:
    """A tuple or list of whole numbers from 0 to `MAX_SIZE`."""
    if not isinstance(value, tuple | list) or len(value) > 64:
        raise Impossible("sizes that are no list of numbers")
    for item in value:
        if type(item) is not int or not 0 <= item <= MAX_SIZE:
            raise Impossible("a size that is no whole number, or beyond all bounds")
    return tuple(value)


def plain(value: object) -> Any:
    """A numpy scalar as the Python number it stands for; anything else unchanged."""
    if isinstance(value, NumpyArray) and value.shape == ():
        return value.to_numpy().item()
    return value


def plain_list(value: object) -> list[Any]:
    """A short list of numbers, also where numpy holds it; empty for anything else."""
    if isinstance(value, NumpyArray) and len(value.shape) == 1 and value.shape[0] <= 64:
        return list(value.to_numpy().tolist())
    return [plain(item) for item in value] if isinstance(value, list | tuple) and len(value) <= 64 else []
