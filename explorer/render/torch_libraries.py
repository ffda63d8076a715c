"""Torch's shared libraries, mapped while Python goes on.

Mapping and relocating them takes 0.2 s and more, and `import torch` holds Python's lock for
all of it: a window on another thread stands still. Called through ctypes, the same `dlopen`
runs without the lock. The import then finds everything mapped, and its longest hold is the
start of `torch._C`: 17 ms instead of 180-240, measured on a two-core server.
"""

import ctypes
import os
import sys
from importlib.util import find_spec
from pathlib import Path

_SUFFIXES = {"linux": ".so", "darwin": ".dylib"}
"""Elsewhere nothing is done: on Windows torch itself loads its libraries without the lock."""


def library_files() -> tuple[tuple[Path, int], ...]:
    """Libraries to map, in the order and with the flags that torch uses; none where torch is not found."""
    suffix = _SUFFIXES.get(sys.platform)
    spec = find_spec("torch") if suffix is not None else None
    if spec is None or spec.origin is None:
        return ()
    folder = Path(spec.origin).with_name("lib")
    return (
        (folder / f"libtorch_global_deps{suffix}", os.RTLD_NOW | os.RTLD_GLOBAL),
        (folder / f"libtorch_python{suffix}", os.RTLD_NOW),
    )


def map_ahead() -> bool:
    """Map the libraries, all other threads running on; for a thread of its own.

    Returns
    -------
    Whether they are mapped. Where they cannot be, nothing has changed, and `import torch`
    does it, or says why not.
    """
    try:
        dlopen = ctypes.CDLL(None).dlopen
        dlopen.argtypes, dlopen.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
        files = library_files()
    except (AttributeError, ImportError, OSError, TypeError, ValueError):
        return False
    return bool(files) and all(dlopen(os.fsencode(file), flags) for file, flags in files)
