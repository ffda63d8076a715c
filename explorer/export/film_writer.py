"""The thread that encodes: it takes frames from a short queue while the next one is drawn."""

import os
import queue
import shutil
import threading
import time
from pathlib import Path

from explorer.errors import ExportError
from explorer.export.files import export_error
from explorer.export.film_encoders import Encoder, Segment
from explorer.export.film_finishing import Finished, Finishing
from explorer.export.film_formats import FilmFormat, FilmSettings
from explorer.export.film_frames import Pixels
from explorer.export.film_job import Job
from explorer.provenance import Claims, credentials
from explorer.provenance.identity import signing_identity
from explorer.render import devices

PATIENCE = 4
"""Times that `has_room` looks again, 5 ms apart: whoever drew the frame has others to serve."""
WAITING = 3
"""Frames that may wait: memory stays flat, and neither side idles for a hiccup of the other."""
RUN, RUN_BYTES = 48, 3 * 2**20
"""Frames, and most bytes of them, that are handed over at once: small frames come fast, and each time the
thread wakes it holds up the drawing (they share Python's lock). A run may wait while one is under way."""
LAST_RUN = 3
"""Frames of the run that ends a film: then nothing is drawn any more, and all wait for it."""


class FilmWriter(threading.Thread):
    """Finishes and encodes frames into a job's segments, and at the end makes the film of them.

    Used by one thread: `put` frames in order, then `finish`, and wait for the thread;
    or `abandon`. Finished segments stay in any case.

    Parameters
    ----------
    frame_bytes : of a frame as it is handed over.
    """

    def __init__(
        self,
        encoder: Encoder,
        job: Job,
        format: FilmFormat,
        settings: FilmSettings,
        claims: Claims,
        finishing: Finishing,
        frame_bytes: int,
    ) -> None:
        super().__init__(name="film writer", daemon=True)
        self._encoder, self._job, self._format = encoder, job, format
        self._settings, self._claims, self._finishing = settings, claims, finishing
        self._run_frames = max(1, min(RUN, RUN_BYTES // frame_bytes))
        self._gathered: list[Pixels] = []
        """Gathered by whoever draws."""
        waiting = max(WAITING, finishing.ahead)
        self._queue: queue.Queue[list[tuple[int, Finished]] | None] = queue.Queue(
            max(1, waiting // self._run_frames)
        )
        self._segment: Segment | None = None
        self._abandoned = False
        self._error: Exception | None = None
        self.bytes_written = sum(file.stat().st_size for file in job.files if file.is_file())
        """Of finished segments."""
        self.notices: list[str] = []

    def has_room(self, number: int) -> bool:
        """Whether `put` of this frame would not wait; takes a moment to say that it would, and no longer.

        Raises
        ------
        ExportError
            If an earlier frame could not be written.
        """
        self.check()
        if not self._ends_run(number):
            return True
        for _ in range(PATIENCE):
            if not self._queue.full():
                return True
            time.sleep(0.005)
        return not self._queue.full()

    def put(self, number: int, pixels: Pixels) -> None:
        """Hand over a frame; waits where the queue is full.

        Raises
        ------
        ExportError
            If an earlier frame could not be written.
        """
        ends = self._ends_run(number)
        self._gathered.append(pixels)
        if ends:
            run, self._gathered = self._gathered, []
            self.check()
            self._push(self._finishing.begin(number - len(run) + 1, run))

    def finish(self) -> None:
        """Say that no more frames will come."""
        self._push(None)

    def _ends_run(self, number: int) -> bool:
        """Whether a run is whole with this frame: they grow shorter towards the end of the film."""
        # Each a third of the one before it, which is done with by then: encoding is quicker than drawing.
        most = min(self._run_frames, max(LAST_RUN, 3 * (self._job.frames - number)))
        return len(self._gathered) + 1 >= most or self._job.ends_segment(number)

    def _push(self, item: list[tuple[int, Finished]] | None) -> None:
        while True:
            self.check()
            try:
                self._queue.put(item, timeout=0.1)
                return
            except queue.Full:
                continue

    def check(self) -> None:
        """Raise what went wrong on the thread, in words."""
        error = self._error
        if isinstance(error, OSError) and not isinstance(error, ExportError):
            said = export_error(self._job.path, error)
            raise ExportError(
                f"{said}. What is finished is kept: the same export goes on from there"
            ) from error
        if error is not None:
            raise error

    def abandon(self) -> None:
        """Stop, throwing away the segment under way, and wait for the thread."""
        self._abandoned = True
        while self.is_alive():
            try:
                self._queue.put(None, timeout=0.1)
            except queue.Full:
                continue
            self.join()

    # On the thread from here on.

    def run(self) -> None:
        """Encode until told that this was all."""
        devices.use_threads(1)  # the other cores draw
        try:
            while (item := self._queue.get()) is not None and not self._abandoned:
                for first, finished in item:
                    self._add(first, finished())
            if not self._abandoned:
                self._publish()
        except Exception as error:
            self._error = error
        finally:
            self._finishing.close()
            self._drop_segment()

    def _add(self, first: int, run: list[Pixels]) -> None:
        """Encode frames of one segment, `first` and those after it."""
        segment_number = self._job.segment_of(first)
        file = self._job.file_of(segment_number)
        part = file.with_name(f"{file.name}.part")
        if self._segment is None:
            self._segment = self._encoder.open(part, self._job.frames_of(segment_number))
        for number, pixels in enumerate(run, first):
            self._segment.add(number, pixels)
        if self._job.ends_segment(first + len(run) - 1):
            segment, self._segment = self._segment, None
            segment.close()
            os.replace(part, file)
            self.bytes_written += file.stat().st_size

    def _drop_segment(self) -> None:
        if self._segment is not None:
            try:
                self._segment.close()
            except Exception as error:  # it failed before, or is not wanted any more
                self._error = self._error or (None if self._abandoned else error)
        for part in self._job.folder.glob("*.part"):
            if part.is_dir():
                shutil.rmtree(part, ignore_errors=True)
            else:
                part.unlink(missing_ok=True)

    def _publish(self) -> None:
        """Make the whole, and give it its name; who gives up in the last moment finds nothing there."""
        whole = self._job.folder / "whole.part"
        self._encoder.join(self._job.files, whole, self._claims)
        if self._format == "FRAMES":
            if not self._abandoned:
                _publish_folder(whole, self._job.path)
            return
        if self._settings.sign and self._format != "WEBM":
            whole = self._signed(whole)
        with open(whole, "rb+") as file:
            os.fsync(file.fileno())
        if not self._abandoned:
            os.replace(whole, self._job.path)

    def _signed(self, whole: Path) -> Path:
        signed = whole.with_name("signed.part")
        try:
            if not credentials.can_sign():
                raise ExportError("the package c2pa-python is not installed")
            with open(whole, "rb") as source, open(signed, "w+b") as out:
                credentials.sign_stream(source, out, self._format, self._claims, signing_identity())
        except ExportError as error:
            self.notices.append(f"saved without Content Credentials: {error}")
            return whole
        return signed


def _publish_folder(whole: Path, path: Path) -> None:
    """Give a folder of frames its name, or its files where the folder is there already."""
    if not path.exists():
        os.rename(whole, path)
        return
    for file in sorted(whole.iterdir()):
        os.replace(file, path / file.name)
