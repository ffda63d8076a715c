"""Downloads of networks, on a thread of their own, one after the other, and a picture by each."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Qt, Signal, Slot

from explorer.errors import DownloadStoppedError

if TYPE_CHECKING:
    from explorer.checkpoints.download import DownloadProgress
    from explorer.checkpoints.public_networks import PublicNetwork

log = logging.getLogger(__name__)


class Fetch(Protocol):
    """What `checkpoints.download` offers."""

    def __call__(
        self,
        entry: "PublicNetwork",
        *,
        accept_licence: bool,
        progress: "Callable[[DownloadProgress], None]",
        should_stop: Callable[[], bool],
    ) -> Path:
        """Fetch a network, blocking."""


def fetch_with_checkpoints(
    entry: "PublicNetwork",
    *,
    accept_licence: bool,
    progress: "Callable[[DownloadProgress], None]",
    should_stop: Callable[[], bool],
) -> Path:
    """Fetch for real. What it needs of the network is imported on its own thread."""
    from explorer.checkpoints.download import download

    return download(entry, accept_licence=accept_licence, progress=progress, should_stop=should_stop)


def is_offline(network: "PublicNetwork", error: Exception) -> bool:
    """Whether a download failed because there is no way to the internet at all."""
    from explorer.checkpoints.download_words import unreachable

    cause = error.__cause__
    trouble = unreachable(network, cause) if isinstance(cause, Exception) else None
    return trouble is not None and trouble.is_offline


class Downloads(QObject):
    """Fetches public networks whose licence a person has accepted. Methods: GUI thread only.

    Parameters
    ----------
    sample : draws and keeps a picture by the network in a file of this sha256; None draws none.

    Signals
    -------
    changed(str) : the download of this network is at another point, or over.
    arrived(PublicNetwork, Path) : a network is here, checked.
    failed(PublicNetwork, Exception) : it could not be fetched; what has arrived is kept.
    stopped(PublicNetwork) : the user stopped it; what has arrived is kept.
    sampled(str) : the picture by the network of this sha256 was drawn, or could not be.
    """

    changed = Signal(str)
    arrived = Signal(object, object)
    failed = Signal(object, object)
    stopped = Signal(object)
    sampled = Signal(str)
    _told = Signal(str, object)
    _ended = Signal(object, object)

    def __init__(
        self,
        parent: QObject | None = None,
        fetch: Fetch = fetch_with_checkpoints,
        sample: Callable[[Path, str], None] | None = None,
    ) -> None:
        super().__init__(parent)
        self._fetch, self._sample = fetch, sample
        self._sampling: set[str] = set()
        self._running: dict[str, DownloadProgress | None] = {}
        self._stops: dict[str, threading.Event] = {}
        self._is_closed = False
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="download")
        self._told.connect(self._tell, Qt.ConnectionType.QueuedConnection)
        self._ended.connect(self._end, Qt.ConnectionType.QueuedConnection)
        self.sampled.connect(self._drawn, Qt.ConnectionType.QueuedConnection)

    def is_under_way(self, name: str) -> bool:
        """Whether this network is being fetched, or waits for those before it."""
        return name in self._running

    def progress(self, name: str) -> "DownloadProgress | None":
        """How far a download is; None while it waits, or where there is none."""
        return self._running.get(name)

    @property
    def is_busy(self) -> bool:
        """Whether anything runs or waits."""
        return bool(self._running)

    def start(self, entry: "PublicNetwork") -> None:
        """Fetch a network, whose licence has been accepted, or go on where an earlier try ended."""
        if entry.name not in self._running:
            self._running[entry.name] = None
            self._stops[entry.name] = threading.Event()
            self._pool.submit(self._work, entry, self._stops[entry.name])
            self.changed.emit(entry.name)

    def stop(self, name: str) -> None:
        """Stop a download; `start` goes on with it."""
        if name in self._stops:
            self._stops[name].set()

    def sample(self, path: Path, sha256: str) -> bool:
        """Have a picture by a network drawn, after what is under way; whether one is on its way."""
        if self._sample is None or not sha256:
            return False
        if not self._sampling:
            self._sampling.add(sha256)
            self._pool.submit(self._draw, path, sha256)
        return sha256 in self._sampling

    def close(self) -> None:
        """Stop everything and wait for the thread: what has arrived is kept."""
        self._is_closed = True
        for stop in self._stops.values():
            stop.set()
        self._pool.shutdown(wait=True)

    def _work(self, entry: "PublicNetwork", stop: threading.Event) -> None:
        """Download thread."""
        result: Path | Exception
        try:
            if stop.is_set():
                raise DownloadStoppedError(f"{entry.title} was stopped before it began")
            result = self._fetch(
                entry,
                accept_licence=True,
                progress=partial(self._send, entry.name),
                should_stop=stop.is_set,
            )
        except Exception as error:
            result = error
        # A RuntimeError says that the window is gone, and nobody waits any more.
        with suppress(RuntimeError):
            self._ended.emit(entry, result)
        if isinstance(result, Path) and self._sample is not None:
            from explorer.checkpoints.downloaded import read_record

            record = read_record(result)
            if record is not None:
                self._draw(result, record.sha256)

    def _draw(self, path: Path, sha256: str) -> None:
        """Download thread."""
        assert self._sample is not None
        try:
            if not self._is_closed:
                self._sample(path, sha256)
        except Exception as error:
            # Whoever opens the network is told why it cannot be.
            log.warning("no picture could be drawn by %s: %s", path, error)
        with suppress(RuntimeError):
            self.sampled.emit(sha256)

    def _send(self, name: str, progress: "DownloadProgress") -> None:
        """Download thread."""
        with suppress(RuntimeError):
            self._told.emit(name, progress)

    @Slot(str, object)
    def _tell(self, name: str, progress: "DownloadProgress") -> None:
        if name in self._running:
            self._running[name] = progress
            self.changed.emit(name)

    @Slot(str)
    def _drawn(self, sha256: str) -> None:
        self._sampling.discard(sha256)

    @Slot(object, object)
    def _end(self, entry: "PublicNetwork", result: Path | Exception) -> None:
        if self._is_closed:
            return
        self._running.pop(entry.name, None)
        self._stops.pop(entry.name, None)
        self.changed.emit(entry.name)
        if isinstance(result, DownloadStoppedError):
            self.stopped.emit(entry)
        elif isinstance(result, Exception):
            self.failed.emit(entry, result)
        else:
            self.arrived.emit(entry, result)
