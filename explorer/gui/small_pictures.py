"""Small pictures, drawn and shrunk on the render thread when it has nothing better to do."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from explorer.gui.render_bridge import to_bgra, to_image
from explorer.render.frame import RenderRequest

if TYPE_CHECKING:
    from explorer.render.engine import Engine


class DrawSmall:
    """Draws one picture on the render thread, and shrinks it there where it is higher than `side`."""

    def __init__(self, request: RenderRequest, side: int) -> None:
        self._request, self._side = request, side

    def __call__(self, engine: "Engine") -> QImage:
        """Draw it."""
        image = to_image(to_bgra(engine.render(self._request).pixels))
        if image.height() <= self._side:
            return image
        return image.scaledToHeight(self._side, Qt.TransformationMode.SmoothTransformation)
