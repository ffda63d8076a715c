"""Device and precision: chosen in a menu, changed on the render thread, told where it went otherwise."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from explorer.gui.actions import Actions
from explorer.gui.caches import shared_out
from explorer.gui.engine_maker import DeviceFacts, SetCache, SetDevice
from explorer.gui.notices import Notice, notice_of
from explorer.gui.render_bridge import RenderBridge
from explorer.gui.settings import Settings

_ABSENT = {
    "cuda": "There is no usable NVIDIA GPU here, or this build of torch has no CUDA.",
    "mps": "Needs a Mac with Apple silicon and macOS 12.3 or newer.",
}


class DeviceMenu(QObject):
    """Keeps the two submenus true.

    Signals
    -------
    changed : pictures come from another device or in another precision now.
    notice(Notice) : something went otherwise than wished.
    cleared(str) : notices under this key are no longer true.
    """

    changed = Signal()
    notice = Signal(object)
    cleared = Signal(str)

    def __init__(
        self,
        commands: Actions,
        bridge: RenderBridge,
        kept: Settings,
        device: str = "",
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._commands, self._bridge, self._kept = commands, bridge, kept
        self._device = device or kept.device
        bridge.kept.set_limit(shared_out(kept.cache_mib)[1])
        for action in commands.group("device"):
            action.setEnabled(action.objectName() == "device_auto")
        for group in ("device", "precision"):
            for action in commands.group(group):
                action.invoked.connect(self._choose)
        self._check()

    def ask(self, facts: Callable[[Any], DeviceFacts]) -> None:
        """Ask the render thread what there is."""
        self._bridge.call(facts, self._show)

    def _choose(self) -> None:
        action = self.sender()
        group, _, choice = action.objectName().partition("_")
        setattr(self._kept, group, choice)
        if group == "device":
            self._device = choice
        self._bridge.call(SetDevice(self._device, self._kept.precision), self._set)

    def set_cache(self) -> None:
        """Give the caches as much memory as the settings say."""
        self._bridge.kept.set_limit(shared_out(self._kept.cache_mib)[1])
        self._bridge.call(SetCache(self._kept.cache_mib), _ignore)

    def _set(self, result: DeviceFacts | Exception) -> None:
        self.cleared.emit("device")
        if isinstance(result, Exception):
            self.notice.emit(notice_of(result, "The device could not be changed", "device"))
            return
        self._show(result)
        self.changed.emit()

    def _show(self, facts: DeviceFacts | Exception) -> None:
        if isinstance(facts, Exception):
            return
        present = {device.split(":")[0] for device in facts.available}
        self._commands["device_cpu"].disable("")
        for name, reason in _ABSENT.items():
            self._commands[f"device_{name}"].disable("" if name in present else reason)
        if facts.notices:
            text = "\n".join(facts.notices)
            self.notice.emit(Notice("Not as wished, but it runs", text, "info", "device"))
        if self._device.split(":")[0] not in present:
            self._device = "auto"
        self._check()

    def _check(self) -> None:
        wanted = (f"device_{self._device.split(':')[0]}", f"precision_{self._kept.precision}")
        for action in (*self._commands.group("device"), *self._commands.group("precision")):
            if action.objectName() in wanted:
                action.setChecked(True)


def _ignore(result: object) -> None:
    """Less memory than wished is no reason to disturb."""
