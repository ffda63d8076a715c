"""Small pictures of keyframes and along the film, drawn when the render thread has nothing better to do."""

from collections.abc import Hashable, Mapping

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from explorer.gui.render_bridge import RenderBridge
from explorer.gui.small_pictures import DrawSmall
from explorer.render.frame import RenderRequest

STOP = 128
"""Networks that can stop early stop here."""
SIDE = 112
"""Height that is kept, in pixels: twice what is shown, for screens with fine pixels."""


class Pictures(QObject):
    """Keeps pictures by their looks, and draws those that are wanted one at a time.

    Signals
    -------
    ready : one more is here.
    idle : no picture is still to come.
    """

    ready = Signal()
    idle = Signal()

    def __init__(self, bridge: RenderBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._kept = bridge.kept
        self._failed: set[Hashable] = set()
        self._wanted: dict[Hashable, RenderRequest] = {}
        self._drawing: Hashable | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a picture is still to come."""
        return self._drawing is not None

    def get(self, look: Hashable) -> QImage | None:
        """Picture, if it is here."""
        return self._kept.get(_key(look))

    def want(self, requests: Mapping[Hashable, RenderRequest]) -> None:
        """Draw these, in this order, and forget what was wanted before."""
        self._wanted = {
            look: request
            for look, request in requests.items()
            if _key(look) not in self._kept and look not in self._failed
        }
        if self._drawing is None:
            self._next()

    def _next(self) -> None:
        if not self._wanted:
            self.idle.emit()
            return
        look = next(iter(self._wanted))
        self._drawing = look
        self._bridge.call(DrawSmall(self._wanted.pop(look), SIDE), self._drawn)

    def _drawn(self, result: QImage | Exception) -> None:
        look, self._drawing = self._drawing, None
        if isinstance(result, Exception):
            self._failed.add(look)  # the viewer says what is wrong, when it comes there
        else:
            self._kept.put(_key(look), result)
            self.ready.emit()
        self._next()


def _key(look: Hashable) -> Hashable:
    """Name in the store that larger pictures of the same recipe are kept in too."""
    return "film", look
