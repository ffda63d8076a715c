"""Latent Explorer: look around inside StyleGAN networks, and take home what is found.

The public names are below; `load_generator` and `inspect_checkpoint` read
checkpoints without running anything in them, and need no window. A heavy room
is imported only when one of its names is used, so `import explorer` is cheap.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

# OpenMP reads this once, when torch is first imported, and this package is
# always imported before. Threads that spin for long while they wait steal the
# time of the one that paints the window, of an encoder, of other programs: on two
# cores beside one busy neighbour, a 128-pixel network (compact-128) took 1.2x the time
# of one thread alone with this count, and 13x with 100 times as many. On idle cores
# it draws 1.1x faster than with none.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
SPIN_COUNT = "1000"
os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)

if TYPE_CHECKING:
    from explorer.checkpoints import inspect_checkpoint, load_generator
    from explorer.errors import (
        CheckpointError,
        CorruptCheckpointError,
        ExplorerError,
        UnsafeCheckpointError,
        UnsupportedCheckpointError,
    )
    from explorer.recipe import Recipe

__version__ = "0.1.0"

_HOMES = {
    "load_generator": "explorer.checkpoints",
    "inspect_checkpoint": "explorer.checkpoints",
    "ExplorerError": "explorer.errors",
    "CheckpointError": "explorer.errors",
    "UnsafeCheckpointError": "explorer.errors",
    "UnsupportedCheckpointError": "explorer.errors",
    "CorruptCheckpointError": "explorer.errors",
    "Recipe": "explorer.recipe",
}

__all__ = [
    "CheckpointError",
    "CorruptCheckpointError",
    "ExplorerError",
    "Recipe",
    "UnsafeCheckpointError",
    "UnsupportedCheckpointError",
    "__version__",
    "inspect_checkpoint",
    "load_generator",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(_HOMES))
