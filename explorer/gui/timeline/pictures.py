"""Small pictures of keyframes and along the film, drawn when the render thread has nothing better to do."""

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage

from explorer.gui.render_bridge import RenderBridge, to_bgra, to_image
from explorer.render.frame import Frame, RenderRequest

if TYPE_CHECKING:
    from explorer.render.engine import Engine

STOP = 128
"""Networks that can stop early stop here."""
SIDE = 112
"""Height that is kept, in pixels: twice what is shown, for screens with fine pixels."""
KEPT = 1024


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
        self._kept: OrderedDict[Hashable, QImage] = OrderedDict()
        self._failed: set[Hashable] = set()
        self._wanted: dict[Hashable, RenderRequest] = {}
        self._drawing: Hashable | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a picture is still to come."""
        return self._drawing is not None

    def get(self, look: Hashable) -> QImage | None:
        """Picture, if it is here."""
        return self._kept.get(look)

    def want(self, requests: Mapping[Hashable, RenderRequest]) -> None:
        """Draw these, in this order, and forget what was wanted before."""
        self._wanted = {
            look: request
            for look, request in requests.items()
            if look not in self._kept and look not in self._failed
        }
        if self._drawing is None:
            self._next()

    def _next(self) -> None:
        if not self._wanted:
            self.idle.emit()
            return
        look = next(iter(self._wanted))
        self._drawing = look
        self._bridge.call(_Draw(self._wanted.pop(look)), self._drawn)

    def _drawn(self, result: Frame | Exception) -> None:
        look, self._drawing = self._drawing, None
        if isinstance(result, Exception):
            self._failed.add(look)  # the viewer says what is wrong, when it comes there
        else:
            image = to_image(to_bgra(result.pixels))
            if image.height() > SIDE:
                image = image.scaledToHeight(SIDE, Qt.TransformationMode.SmoothTransformation)
            self._kept[look] = image
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            self.ready.emit()
        self._next()


class _Draw:
    """Draw one small picture on the render thread."""

    def __init__(self, request: RenderRequest) -> None:
        self._request = request

    def __call__(self, engine: "Engine") -> Frame:
        return engine.render(self._request)
