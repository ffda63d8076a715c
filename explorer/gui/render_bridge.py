"""Between the render thread and the window: callbacks become queued signals.

The only file that knows both. Pixels are turned into images Qt can paint at
once on the render thread, so the GUI thread only paints.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QImage

from explorer.gui.caches import KeptPictures, shared_out
from explorer.gui.homecoming import Homecoming
from explorer.recipe import Moment, Recipe
from explorer.render.frame import Frame, RenderFailure, RenderRequest
from explorer.render.worker import RenderWorker

if TYPE_CHECKING:
    from explorer.render.engine import Engine

T = TypeVar("T")
Pixels = NDArray[np.uint8]

CACHE_MIB = 256
"""Limit on all caches together, until the settings say otherwise."""
SMOOTH_SIDE = 384
"""Small pictures are enlarged to about this height by bicubic interpolation, from there by Qt:
Qt alone enlarges linearly, which shows as a lattice from about three times on."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A frame as Qt paints it."""

    frame: Frame
    image: QImage
    """The frame's own pixels, RGB32."""
    smooth: QImage
    """The same, enlarged bicubically where it is small; otherwise `image` itself."""


class Worker(Protocol):
    """What the bridge asks of a render thread."""

    def start(self) -> None:
        """Start the thread."""

    def submit(self, request: RenderRequest) -> None:
        """Put a request in the place of the one that waits."""

    def call(self, work: Callable[[Any], Any], done: Callable[[Any], None]) -> None:
        """Queue work; `done` is called on the render thread."""

    def close(self, timeout: float | None = None) -> bool:
        """End the thread and wait for it."""


MakeWorker = Callable[[Callable[[], "Engine"], Callable[[Frame | RenderFailure], None]], Worker]


class RenderBridge(QObject):
    """Owns the render thread. Methods: GUI thread only, none of them waits but `close`.

    Signals
    -------
    shown(Picture) : a frame newer than all before.
    failed(RenderFailure) : a request newer than all before could not be fulfilled.
    """

    shown = Signal(object)
    failed = Signal(object)
    _delivered = Signal(object)

    def __init__(
        self,
        make_engine: Callable[[], "Engine"],
        make_worker: MakeWorker = RenderWorker,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._home = Homecoming(self)
        self.kept = KeptPictures(shared_out(CACHE_MIB)[1])
        """Small pictures that came home, of all parts of the window."""
        self._serial = 0
        self._newest_answer = 0
        self._delivered.connect(self._receive, Qt.ConnectionType.QueuedConnection)
        self._worker = make_worker(make_engine, self._deliver)

    def start(self) -> None:
        """Start the render thread; torch is imported there."""
        self._worker.start()

    @property
    def serial(self) -> int:
        """Number of the last request."""
        return self._serial

    @property
    def is_busy(self) -> bool:
        """Whether an answer to a request or call is still to come."""
        return self._newest_answer < self._serial or self._home.is_waiting

    def request(self, recipe: Recipe) -> int:
        """Ask for the picture of `recipe`; returns the number of the request."""
        self._serial += 1
        self._worker.submit(RenderRequest(recipe, self._serial, live=True))
        return self._serial

    def request_moment(self, moment: Moment) -> int:
        """Ask for a frame of a film, as `request` for a picture."""
        self._serial += 1
        self._worker.submit(RenderRequest.of_moment(moment, self._serial, live=True))
        return self._serial

    def call(self, work: Callable[["Engine"], T], done: Callable[[T | Exception], None]) -> None:
        """Run `work(engine)` on the render thread, then `done(result or error)` here."""
        number = self._home.expect(done)
        self._worker.call(work, _Post(self._home, number))

    def close(self) -> None:
        """End the render thread; a running step finishes first."""
        self._home.forget()
        self._worker.close()

    def _deliver(self, answer: Frame | RenderFailure) -> None:
        """Turn pixels into images. Render thread."""
        ready = answer if isinstance(answer, RenderFailure) else to_picture(answer)
        # A RuntimeError says that the window is gone.
        with suppress(RuntimeError):
            self._delivered.emit(ready)

    @Slot(object)
    def _receive(self, answer: Picture | RenderFailure) -> None:
        request = answer.request if isinstance(answer, RenderFailure) else answer.frame.request
        if request.serial < self._newest_answer:
            return
        self._newest_answer = request.serial
        if isinstance(answer, RenderFailure):
            self.failed.emit(answer)
        else:
            self.shown.emit(answer)


class _Post:
    """Posts a result home under its number. Render thread."""

    def __init__(self, home: Homecoming, number: int) -> None:
        self._home, self._number = home, number

    def __call__(self, result: object) -> None:
        self._home.post(self._number, result)


def to_picture(frame: Frame) -> Picture:
    """Make the images of a frame. Any thread."""
    pixels = to_bgra(frame.pixels)
    factor = SMOOTH_SIDE // pixels.shape[0]
    image = to_image(pixels)
    return Picture(frame, image, to_image(enlarge(pixels, factor)) if factor > 1 else image)


def to_bgra(pixels: Pixels) -> Pixels:
    """[H, W, 3] RGB as [H, W, 4] in the order of Qt's RGB32 on little-endian machines, all we meet."""
    bgra = np.empty((*pixels.shape[:2], 4), np.uint8)
    bgra[..., :3] = pixels[..., ::-1]
    bgra[..., 3] = 255
    return bgra


def enlarge(bgra: Pixels, factor: int) -> Pixels:
    """Enlarge [H, W, 4] by a whole factor, bicubically."""
    height, width = bgra.shape[:2]
    # Four bytes a pixel are what Pillow resizes fastest; their order is all the same to it.
    image = Image.frombuffer("RGBX", (width, height), bgra, "raw", "RGBX", 0, 1)
    return np.asarray(image.resize((width * factor, height * factor), Image.Resampling.BICUBIC))


def to_image(bgra: Pixels) -> QImage:
    """Wrap [H, W, 4] as a QImage in RGB32, which Qt paints without converting.

    The image keeps the array alive and shares its memory: nobody may write to it again.
    """
    height, width = bgra.shape[:2]
    return QImage(bgra.data, width, height, 4 * width, QImage.Format.Format_RGB32)
