"""Which network is in use, what it can do, and opening another. The work is done on the render thread."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.gui.render_bridge import RenderBridge
from explorer.recipe import ModelRef
from explorer.render.model_info import ModelInfo

if TYPE_CHECKING:
    from explorer.render.engine import Engine

Found = Callable[[ModelInfo], None]
Failed = Callable[[Exception], None]


class ModelDesk(QObject):
    """Answers "what is this network" and remembers the answers.

    Signals
    -------
    changed(ModelInfo) : another network is in use.
    loading(str) : a network of this name is being loaded; "" when none is any more.
    """

    changed = Signal(object)
    loading = Signal(str)

    def __init__(self, bridge: RenderBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._known: dict[str, ModelInfo] = {}
        self._info: ModelInfo | None = None
        self._waiting = 0

    @property
    def info(self) -> ModelInfo | None:
        """Network in use; None before the first is loaded."""
        return self._info

    def open(self, path_or_name: str | Path, found: Found, failed: Failed) -> None:
        """Load a file or a named network; one of the two is called later, in the GUI thread."""
        name = Path(path_or_name).name if isinstance(path_or_name, Path) else path_or_name
        self._ask(_Open(path_or_name), name, found, failed)

    def find(self, ref: ModelRef, found: Found, failed: Failed) -> None:
        """Load the network of a recipe, if this machine has it."""
        info = self._known.get(ref.sha256)
        if info is not None:
            found(info)
        else:
            self._ask(_Info(ref), ref.name, found, failed)

    def use(self, ref: ModelRef) -> None:
        """Take the network of a recipe as the one in use; a network nobody has changes nothing."""
        if self._info is None or ref.sha256 != self._info.ref.sha256:
            self.find(ref, self._take, _ignore)

    def _take(self, info: ModelInfo) -> None:
        self._info = info
        self.changed.emit(info)

    def _ask(self, work: "_Open | _Info", name: str, found: Found, failed: Failed) -> None:
        self._waiting += 1
        self.loading.emit(name)

        def answered(result: ModelInfo | Exception) -> None:
            self._waiting -= 1
            if not self._waiting:
                self.loading.emit("")
            if isinstance(result, Exception):
                failed(result)
            else:
                self._known[result.ref.sha256] = result
                found(result)

        self._bridge.call(work, answered)


class _Open:
    """`Engine.open`, on the render thread."""

    def __init__(self, path_or_name: str | Path) -> None:
        self._path_or_name = path_or_name

    def __call__(self, engine: "Engine") -> ModelInfo:
        return engine.open(self._path_or_name)


class _Info:
    """`Engine.info`, on the render thread."""

    def __init__(self, ref: ModelRef) -> None:
        self._ref = ref

    def __call__(self, engine: "Engine") -> ModelInfo:
        return engine.info(self._ref)


def _ignore(error: Exception) -> None:
    """The request for the picture fails for the same reason, and its notice says so."""
