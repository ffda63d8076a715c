"""What happens on the render thread first: torch is imported, and an engine made."""

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer import allocator
from explorer.errors import DeviceError
from explorer.gui.caches import MIB, shared_out
from explorer.gui.torch_import import undisturbed, wait_for_core
from explorer.render import torch_libraries

if TYPE_CHECKING:
    from explorer.render.engine import Engine

PATIENCE = 0.3
"""Seconds a window may appear later so that it does not stand still as soon as it is there.
Warm, 0.05 are needed; where torch must be read from a disk, the window comes first."""


@dataclass(frozen=True)
class DeviceFacts:
    """What the device menu shows."""

    available: tuple[str, ...]
    device: str
    precision: str
    notices: tuple[str, ...] = ()
    """What could not be done as wished, in words."""


class EngineMaker:
    """Makes the engine with a user's settings; a device that is not there is no reason not to start.

    From when it exists, torch's libraries are mapped on a thread of their own. Best made when
    most other libraries are loaded already: the system maps one at a time.
    """

    def __init__(self, device: str = "auto", precision: str = "auto", cache_mib: int = 0) -> None:
        self._device, self._precision, self._cache_mib = device, precision, cache_mib
        allocator.keep_freed()  # before other threads start
        self._notices: tuple[str, ...] = ()
        self._mapping = threading.Thread(
            target=torch_libraries.map_ahead, name="torch libraries", daemon=True
        )
        if "torch" not in sys.modules:
            self._mapping.start()

    def wait_for_core(self) -> None:
        """Wait until what would hold a window up is over; before it appears, once `__call__` runs."""
        wait_for_core(PATIENCE)

    def __call__(self) -> "Engine":
        """Make it. Render thread."""
        if self._mapping.is_alive():
            self._mapping.join()
        if "torch" in sys.modules:
            return self._make()
        with undisturbed():
            return self._make()

    def _make(self) -> "Engine":
        from explorer.render.engine import Engine

        cache_bytes = engine_share(self._cache_mib)
        try:
            return Engine(device=self._device, precision=self._precision, cache_bytes=cache_bytes)
        except DeviceError as error:
            self._notices = (str(error),)
            return Engine(cache_bytes=cache_bytes)

    def facts(self, engine: "Engine") -> DeviceFacts:
        """Tell what there is, and what was made of the settings. Render thread."""
        return device_facts(engine, self._notices)


class SetDevice:
    """Change device and precision, on the render thread."""

    def __init__(self, device: str, precision: str) -> None:
        self._device, self._precision = device, precision

    def __call__(self, engine: "Engine") -> DeviceFacts:
        """Change them; `DeviceError` where the device is not there."""
        return device_facts(engine, engine.set_device(self._device, self._precision))


class SetCache:
    """Change how much the engine's cache may hold, for a limit on all caches; on the render thread."""

    def __init__(self, mib: int) -> None:
        self._mib = mib

    def __call__(self, engine: "Engine") -> None:
        """Change it; what it held is let go."""
        engine.set_cache_limit(engine_share(self._mib))


def engine_share(limit_mib: int) -> int | Callable[[str], int]:
    """Bytes of the engine's cache for a limit on all caches; 0 leaves it to the device that draws."""
    if limit_mib:
        return shared_out(limit_mib)[0]

    def share(device: str) -> int:
        from explorer.render.devices import cache_bytes

        return shared_out(cache_bytes(device) // MIB)[0]

    return share


def device_facts(engine: "Engine", notices: tuple[str, ...] = ()) -> DeviceFacts:
    """Tell what devices there are and which is in use. Render thread."""
    from explorer.render.devices import available

    return DeviceFacts(available(), engine.device, engine.precision, notices)
