"""A file becomes a network here, and nothing in the file ever runs.

Reading is two steps in two places: an inert reader yields names, shapes and
bytes (`pickle_machine`, `torch_streams`, `zip_archive`, `safetensors_form`),
then a table per dialect maps those names to ours (`nvidia_torch`,
`nvidia_tensorflow`, `rosinality`, `genforce`), and a layout per family checks
that they make one network. Names a file mentions are compared with a list and
never looked up. From reading a file, whatever its bytes are, only
`CheckpointError` and `OSError` escape.

`catalogue` knows which networks came with the program, `public_networks` which
others have published, `downloaded` which of those are here, `shelf` which are
loaded. `download` alone opens a connection, and only when a person asked. The
room does not know pictures, recipes beyond a network's name, or any window.
Importing it costs nothing: torch comes along when a name is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .catalogue import BundledModel, bundled_models
    from .loading import inspect_checkpoint, load_generator
    from .network import CheckpointInfo, LoadedNetwork
    from .reading import read_checkpoint
    from .register import Register
    from .safetensors_form import save_network
    from .shelf import Shelf

_HOMES = {
    "BundledModel": "catalogue",
    "CheckpointInfo": "network",
    "LoadedNetwork": "network",
    "Register": "register",
    "Shelf": "shelf",
    "bundled_models": "catalogue",
    "inspect_checkpoint": "loading",
    "load_generator": "loading",
    "read_checkpoint": "reading",
    "save_network": "safetensors_form",
}

__all__ = [
    "BundledModel",
    "CheckpointInfo",
    "LoadedNetwork",
    "Register",
    "Shelf",
    "bundled_models",
    "inspect_checkpoint",
    "load_generator",
    "read_checkpoint",
    "save_network",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
