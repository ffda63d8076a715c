"""What happens on the render thread first: torch is imported, and an engine made."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.errors import DeviceError
from explorer.render import allocator

if TYPE_CHECKING:
    from explorer.render.engine import Engine


@dataclass(frozen=True)
class DeviceFacts:
    """What the device menu shows."""

    available: tuple[str, ...]
    device: str
    precision: str
    notices: tuple[str, ...] = ()
    """What could not be done as wished, in words."""


class EngineMaker:
    """Makes the engine with a user's settings; a device that is not there is no reason not to start."""

    def __init__(self, device: str = "auto", precision: str = "auto", cache_mib: int = 256) -> None:
        self._device, self._precision, self._cache_mib = device, precision, cache_mib
        allocator.keep_freed()  # before the render thread starts
        self._notices: tuple[str, ...] = ()

    def __call__(self) -> "Engine":
        """Make it. Render thread."""
        from explorer.render.engine import Engine

        cache_bytes = self._cache_mib * 2**20
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
    """Change how much the stage cache may hold, on the render thread."""

    def __init__(self, mib: int) -> None:
        self._mib = mib

    def __call__(self, engine: "Engine") -> None:
        """Change it; what it held is let go."""
        engine.set_cache_limit(self._mib * 2**20)


def device_facts(engine: "Engine", notices: tuple[str, ...] = ()) -> DeviceFacts:
    """Tell what devices there are and which is in use. Render thread."""
    from explorer.render.devices import available

    return DeviceFacts(available(), engine.device, engine.precision, notices)
