"""From a request to a frame: the engine, its stage cache, and the thread that owns both.

Promises: a frame is a pure function of its request, the device and the
precision; what the cache returns equals a full rendering bit for bit; a failure
is an answer, never the end of the thread; nothing here waits on a timer.
Deliberately ignorant of windows, files of pictures and toolkits: `worker` is
plain Python, and whoever has an event loop turns its callbacks into signals.

`frame`, `model_info`, `budget` and `worker` import no torch, so that a window
can appear while torch is still loading on the render thread.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explorer.render.engine import Engine
    from explorer.render.frame import Frame, RenderFailure, RenderRequest
    from explorer.render.model_info import ModelInfo
    from explorer.render.pixels import to_pixels
    from explorer.render.stages import StageCache
    from explorer.render.worker import RenderWorker

_HOMES = {
    "Engine": "engine",
    "Frame": "frame",
    "ModelInfo": "model_info",
    "RenderFailure": "frame",
    "RenderRequest": "frame",
    "RenderWorker": "worker",
    "StageCache": "stages",
    "to_pixels": "pixels",
}

__all__ = [
    "Engine",
    "Frame",
    "ModelInfo",
    "RenderFailure",
    "RenderRequest",
    "RenderWorker",
    "StageCache",
    "to_pixels",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
