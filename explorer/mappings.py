"""Files that networks lie in, mapped into memory: what was read of them can be let go of, and read again.

A layer that lays its weights out anew reads the file once, and the pages it read would stay in
memory beside its own. StyleGAN2 of 256 pixels has 66 MiB of such weights. Should they be wanted once
more (for gradients, on another device), they come from the file again, if that is still whole.
"""

import ctypes
import mmap
from contextlib import suppress
from threading import Lock
from typing import Protocol, TypeVar
from weakref import WeakKeyDictionary

from explorer.errors import CorruptCheckpointError


class Placed(Protocol):
    """A tensor."""

    def data_ptr(self) -> int:
        """Address of its first number."""


T = TypeVar("T", bound=Placed)

_lock = Lock()
_built: WeakKeyDictionary[mmap.mmap, tuple[int, str]] = WeakKeyDictionary()
"""Address and name of each."""


def watch(mapping: mmap.mmap, name: str) -> None:
    """Take in the private mapping of a network that was built: nobody writes to it from now on."""
    with _lock:
        _built[mapping] = ctypes.addressof(ctypes.c_char.from_buffer(mapping)), name


def rest() -> None:
    """Let go of the pages of all such files; what is read again comes from the file again."""
    if not hasattr(mmap, "MADV_DONTNEED"):
        return
    with _lock:
        for mapping in _built:
            with suppress(ValueError, OSError):  # closed, or the system cannot
                mapping.madvise(mmap.MADV_DONTNEED)


def whole(tensor: T) -> T:
    """Return the same tensor, once it is sure that its file was not cut short, which would end the process.

    Raises
    ------
    CorruptCheckpointError
        If it was.
    """
    address = tensor.data_ptr()
    with _lock:
        for mapping, (begin, name) in _built.items():
            if begin <= address < begin + len(mapping) and mapping.size() < len(mapping):
                raise CorruptCheckpointError(
                    f"{name}: the file was cut short or written over while it was open; "
                    "put the file back and start the program anew"
                )
    return tensor
