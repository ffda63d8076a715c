"""Fetch a public network: its licence accepted, the file checked before it counts as here.

What arrives is written beside the target under a name of its own, with a note
of which version of the file it is. A download that ended early goes on from
there where the server still has that version, and begins anew where not. Only
a file whose digest (where known) is right, which the inert reader accepts and
which is the network it was said to be, gets its name.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

from explorer.checkpoints import catalogue, download_words
from explorer.checkpoints.download_pace import DownloadProgress, Pace
from explorer.checkpoints.downloaded import (
    DownloadRecord,
    downloaded_networks,
    downloaded_path,
    networks_dir,
    write_record,
)
from explorer.checkpoints.part_file import PartFile
from explorer.checkpoints.public_networks import PublicNetwork
from explorer.checkpoints.register import Register
from explorer.checkpoints.transport import Transport, host_of
from explorer.errors import CheckpointError, DownloadError, DownloadStoppedError

__all__ = ["DownloadProgress", "discard_partial", "download", "make_transport", "partial_bytes"]

ATTEMPTS = 4
"""Tries in a row that brought nothing new before a server is given up."""
MAX_ATTEMPTS = 60
"""Tries in all: a server that drops the line after every few bytes is no server."""
PAUSES = (0.0, 1.0, 2.0, 4.0)
"""Seconds before a try, by the number of vain ones before it."""

_CHUNK = 1 << 16
_WATCH_SECONDS = 0.1
_BUSY = (408, 425, 429, 500, 502, 503, 504)


def download(
    entry: PublicNetwork,
    folder: Path | None = None,
    *,
    accept_licence: bool,
    progress: Callable[[DownloadProgress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    opener: Transport | None = None,
) -> Path:
    """Fetch a network into the user's folder `networks`, or go on where an earlier try ended.

    Blocks; call it on a thread of its own. `progress` is called on that thread,
    some ten times a second; `should_stop` is called on another one too.

    Parameters
    ----------
    folder : where it shall lie; by default the user's `networks`
    accept_licence : whether a person has seen `entry.licence` and accepted it
    opener : the way to the network, for tests; by default what `make_transport` gives

    Returns
    -------
    Path of the network, which from now on `load_generator(entry.name)` finds.
    One that is there already is returned at once.

    Raises
    ------
    DownloadStoppedError
        If `should_stop` said so. What has arrived is kept.
    DownloadError
        If the licence was not accepted, the server cannot be reached or sends
        something else, or the disk is full; the message says what to do.
    """
    folder = folder or networks_dir()
    here = downloaded_path(entry.name, folder)
    if here is not None:
        return here
    if not accept_licence:
        raise DownloadError(
            f"{entry.name} may be fetched once its licence is accepted: {entry.licence.name}, "
            f"{entry.licence.url}"
        )
    accepted = datetime.now(UTC)
    part = PartFile(folder, entry.file_name)
    with part.locked():
        job = _Job(entry, part, progress, should_stop, opener or make_transport())
        job.fetch()
        digest = job.check()
        return _install(entry, part, folder / entry.file_name, digest, accepted)


def make_transport() -> Transport:
    """The way to the network that downloads take; tests put their own in its place."""
    return Transport()


def partial_bytes(entry: PublicNetwork, folder: Path | None = None) -> int:
    """Bytes of an unfinished download of this network that can be gone on with; 0 where there is none."""
    return PartFile(folder or networks_dir(), entry.file_name).size


def discard_partial(entry: PublicNetwork, folder: Path | None = None) -> None:
    """Forget an unfinished download."""
    PartFile(folder or networks_dir(), entry.file_name).discard()


def _install(entry: PublicNetwork, part: PartFile, target: Path, digest: str, accepted: datetime) -> Path:
    record = DownloadRecord(
        name=entry.name,
        source=entry.url,
        sha256=digest,
        licence=entry.licence.name,
        licence_url=entry.licence.url,
        accepted=accepted.isoformat(timespec="seconds"),
        title=entry.title,
        publisher=entry.publisher,
        family=entry.family,
        resolution=entry.resolution,
    )
    try:
        write_record(target, record)
        part.become(target)
    except OSError as error:
        raise download_words.disk_error(target.parent, error) from error
    Register().remember(target, digest)
    return target


class _Again(Exception):
    """The line broke or the server is busy: worth another try."""


class _Job:
    """One download from the first byte that is missing to the last check."""

    def __init__(
        self,
        entry: PublicNetwork,
        part: PartFile,
        progress: Callable[[DownloadProgress], None] | None,
        should_stop: Callable[[], bool] | None,
        transport: Transport,
    ) -> None:
        self._entry = entry
        self._part = part
        self._progress = progress
        self._should_stop = should_stop
        self._transport = transport
        self._stopped = Event()
        self._pace = Pace()

    def fetch(self) -> None:
        """Bring the part file to its full length."""
        if self._part.is_complete:
            return
        vain = 0
        with self._watched():
            for _ in range(MAX_ATTEMPTS):
                before = self._part.size
                self._wait(PAUSES[min(vain, len(PAUSES) - 1)])
                try:
                    self._attempt()
                    return
                except _Again as trouble:
                    reason = str(trouble)
                vain = 0 if self._part.size > before else vain + 1
                if vain >= ATTEMPTS:
                    break
        raise download_words.gave_up(self._entry, reason, self._part.size)

    def check(self) -> str:
        """Digest of a file that is the promised network; any other is removed.

        The reader runs nothing in the file, whatever it holds.
        """
        from explorer.checkpoints.reading import read_checkpoint

        self._tell("checking", force=True)
        self._stop_if_asked()
        entry, part = self._entry, self._part
        digest = part.sha256()
        if entry.sha256 is not None and digest != entry.sha256:
            part.discard()
            raise download_words.other_file(entry, f"its sha256 is {digest}, its publisher's {entry.sha256}")
        try:
            network = read_checkpoint(part.path, digest)
        except CheckpointError as error:
            part.discard()
            raise download_words.other_file(entry, f"{error}") from error
        except OSError as error:
            raise download_words.disk_error(part.folder, error) from error
        found = network.description
        if (found.architecture, found.resolution) != (entry.family, entry.resolution):
            part.discard()
            raise download_words.other_file(
                entry,
                f"it is a {found.architecture} of {found.resolution} pixels, "
                f"not the {entry.family} of {entry.resolution}",
            )
        return digest

    def _attempt(self) -> None:
        """Ask once for what is missing and write what comes; return if that was all of it."""
        self._stop_if_asked()
        self._tell("connecting", force=True)
        part = self._part
        if part.size and not (part.version or self._entry.sha256):
            # Nothing would show that the rest comes from another version of the file.
            part.begin("", None)
        begun = part.size
        headers = {"Accept-Encoding": "identity", "Accept": "*/*"}
        if begun:
            headers["Range"] = f"bytes={begun}-"
            if part.version:
                headers["If-Range"] = part.version
        try:
            response = self._transport.open(self._entry.url, headers)
        except DownloadError:
            raise
        except (OSError, http.client.HTTPException) as error:
            raise self._connection_trouble(error) from error
        with response:
            if self._accept(response, begun):
                self._receive(response)

    def _accept(self, response: http.client.HTTPResponse, begun: int) -> bool:
        """Make the part file ready for the body of an answer; whether there is one to read."""
        entry, part = self._entry, self._part
        status = response.status
        if status in _BUSY:
            raise _Again(f"{host_of(entry.url)} is busy (status {status})")
        if status == 416 and begun:
            total = _stated_range(response)[1]
            if total == begun:
                return False  # it ended just where the file does
            part.begin("", None)
            raise _Again("the file on the server is another one than it was")
        if status not in (200, 206):
            raise download_words.refused(entry, status, response.reason)
        kind = response.headers.get_content_type()
        if kind in ("text/html", "application/xhtml+xml"):
            raise download_words.web_page(entry)
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise DownloadError(f"{host_of(entry.url)} sends {entry.name} packed, which was not asked for")
        version = _version_of(response)
        if status == 206:
            start, total = _stated_range(response)
            is_too_long = total is not None and begun + (response.length or 0) > total
            if start != begun or is_too_long or not part.continues(version, total):
                part.begin("", None)
                raise _Again("the file on the server is another one than it was")
        else:
            part.begin(version, response.length)
        part.require_room()
        return True

    def _receive(self, response: http.client.HTTPResponse) -> None:
        part = self._part
        with part.writing() as write:
            while True:
                self._stop_if_asked()
                try:
                    chunk = response.read1(_CHUNK)
                except (OSError, http.client.HTTPException, ValueError) as error:
                    self._stop_if_asked()
                    raise _Again(f"the connection broke: {download_words.plain(error)}") from error
                if not chunk:
                    break
                if part.size == 0 and chunk.lstrip()[:1] == b"<":
                    part.discard()
                    raise download_words.web_page(self._entry)
                write(chunk)
                self._tell("downloading")
        self._stop_if_asked()
        if part.total is not None and part.size < part.total:
            raise _Again(f"the connection ended after {part.size:,} of {part.total:,} bytes")
        part.finish()

    def _connection_trouble(self, error: Exception) -> Exception:
        self._stop_if_asked()
        trouble = download_words.unreachable(self._entry, error)
        if trouble is None:
            return _Again(f"{host_of(self._entry.url)}: {download_words.plain(error)}")
        if not trouble.is_offline:
            return DownloadError(trouble.text)
        names = [path.stem for path in catalogue.bundled_files()]
        names += [network.name for network in downloaded_networks(self._part.folder)]
        return DownloadError(f"{trouble.text}. On this disk there are: {', '.join(names) or 'none'}")

    def _tell(self, stage: str, force: bool = False) -> None:
        rate = self._pace.rate(self._part.size)
        if self._progress is not None and (self._pace.is_due() or force):
            self._progress(DownloadProgress(stage, self._part.size, self._part.total, rate))

    def _stop_if_asked(self) -> None:
        if self._stopped.is_set() or (self._should_stop is not None and self._should_stop()):
            self._stopped.set()
            raise DownloadStoppedError(
                f"{self._entry.name}: stopped after {self._part.size:,} bytes; "
                "asking for it again goes on from there"
            )

    def _wait(self, seconds: float) -> None:
        self._stop_if_asked()
        self._stopped.wait(seconds)
        self._stop_if_asked()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Listen for a stop while a read waits: the connection is then cut under it."""
        should_stop, over = self._should_stop, Event()
        if should_stop is None:
            yield
            return

        def watch() -> None:
            while not over.wait(_WATCH_SECONDS):
                if self._stopped.is_set() or should_stop():
                    self._stopped.set()
                    self._transport.cut()

        thread = Thread(target=watch, name="download-watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def _version_of(response: http.client.HTTPResponse) -> str:
    """What `If-Range` may name this version of the file by; weak tags are not good enough for that."""
    tag = response.headers.get("ETag", "")
    version = tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")
    # It is sent back, and written down: nothing but one short plain line may pass.
    return version if version.isascii() and version.isprintable() and len(version) <= 256 else ""


def _stated_range(response: http.client.HTTPResponse) -> tuple[int | None, int | None]:
    """First byte and full length that `Content-Range` states."""
    unit, _, rest = response.headers.get("Content-Range", "").partition(" ")
    span, _, total = rest.partition("/")
    first = span.partition("-")[0]
    if unit != "bytes":
        return None, None
    return _number(first), _number(total)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
