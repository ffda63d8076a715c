"""From a picture to its nearest latent: projection, also called inversion.

`picture` opens what a user supplies and cuts a frame out of it, `distance` says how far a
drawn picture is from that, `perceptual` adds the features of a small network where its
package is installed, and `projector` looks for the latent, piece by piece.

Promises: deterministic by seed; nothing of the picture leaves this room but its digest
and the latent that was found. Deliberately ignorant of clocks, threads and windows: who
wants to stop stops asking, and keeps the best that was found.
Importing it costs nothing: torch comes along when a name is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from explorer.projection.packages import CONSENT, HOW_TO_GET_FEATURES, has_features

if TYPE_CHECKING:
    from explorer.projection.picture import Crop, SuppliedPicture, open_picture
    from explorer.projection.projector import Progress, Settings, project, recipe_of

_HOMES = {
    "Crop": "picture",
    "Progress": "projector",
    "Settings": "projector",
    "SuppliedPicture": "picture",
    "open_picture": "picture",
    "project": "projector",
    "recipe_of": "projector",
}

__all__ = [
    "CONSENT",
    "HOW_TO_GET_FEATURES",
    "Crop",
    "Progress",
    "Settings",
    "SuppliedPicture",
    "has_features",
    "open_picture",
    "project",
    "recipe_of",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
