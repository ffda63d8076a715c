"""A file becomes a network here, and nothing in the file ever runs.

Reading is two steps in two places: an inert reader yields names, shapes and
bytes (`pickle_reader`, `torch_streams`, `safetensors_form`), then a table per
dialect maps those names to ours (`nvidia_torch`, …). Names a file mentions are
compared with a list and never looked up. From reading a file, whatever its
bytes are, only `CheckpointError` and `OSError` escape.

`catalogue` knows which networks exist, `shelf` which are loaded. The room does
not know pictures, recipes beyond a network's name, or any window. Importing it
costs nothing: torch comes along when a name is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .network import CheckpointInfo, LoadedNetwork
    from .safetensors_form import save_network

_HOMES = {
    "CheckpointInfo": "network",
    "LoadedNetwork": "network",
    "save_network": "safetensors_form",
}

__all__ = ["CheckpointInfo", "LoadedNetwork", "save_network"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
