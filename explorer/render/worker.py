"""The render thread: one owner for network and device, and a slot with one place.

Plain Python threading; no toolkit, no torch (that comes with the engine, on the
render thread). What it does, in order of urgency:

1. the newest request (older waiting ones are forgotten; a running one finishes),
2. the refining of a draft to the full picture, given up for anything newer,
3. queued work, piece by piece, so that a film lets the viewer live.

Nothing waits on a timer: a hand that rests is simply a slot that stays empty.
"""

import inspect
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, TypeVar

from explorer.render.frame import Frame, RenderFailure, RenderRequest

if TYPE_CHECKING:
    from explorer.render.engine import Engine

log = logging.getLogger(__name__)

T = TypeVar("T")


class _Job:
    """Queued work: a function, or the generator it turned out to be."""

    def __init__(self, work: Callable[[Any], Any], done: Callable[[Any], None]) -> None:
        self.work = work
        self.done = done
        self.pieces: Any = None  # the generator, once it is known to be one

    def advance(self, engine: Any) -> bool:
        """Do one piece; True when the work is over and `done` was told."""
        try:
            if self.pieces is None:
                result: Any = self.work(engine)
                if not inspect.isgenerator(result):
                    self.tell(result)
                    return True
                self.pieces = result
            next(self.pieces)
        except StopIteration as end:
            self.tell(end.value)
            return True
        except Exception as error:
            self.tell(error)
            return True
        return False

    def cancel(self) -> None:
        """End the work where it stands; its `finally` blocks run, `done` hears `CancelledError`."""
        if self.pieces is not None:
            try:
                self.pieces.close()
            except Exception:
                log.exception("work did not end cleanly")
        self.tell(CancelledError("the render thread was closed"))

    def tell(self, result: Any) -> None:
        """Hand over a result or an error; what `done` does with it must not hurt the thread."""
        try:
            self.done(result)
        except Exception:
            log.exception("the receiver of finished work failed")


class RenderWorker:
    """Runs an engine on a thread of its own.

    Parameters
    ----------
    make_engine : called once, on the render thread. If it raises, every request
        and every piece of work is answered with that error.
    deliver : called on the render thread with each finished frame, drafts
        included, in the order of the requests; or with the failure of one.
    """

    def __init__(
        self,
        make_engine: Callable[[], "Engine"],
        deliver: Callable[[Frame | RenderFailure], None],
    ) -> None:
        self._make_engine = make_engine
        self._deliver = deliver
        self._wake = threading.Condition()
        # Guarded by `_wake`:
        self._slot: RenderRequest | None = None
        self._jobs: deque[_Job] = deque()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="render", daemon=True)

    def start(self) -> None:
        """Start the thread; once only."""
        self._thread.start()

    def submit(self, request: RenderRequest) -> None:
        """Put a request into the slot, in place of one still waiting there. Any thread; never blocks."""
        with self._wake:
            if not self._closing:
                self._slot = request
                self._wake.notify()

    def call(self, work: Callable[["Engine"], T], done: Callable[[T | Exception], None]) -> None:
        """Queue work for the render thread. Any thread; never blocks.

        Parameters
        ----------
        work : called with the engine. If it is a generator function it is run one
            `yield` at a time and requests for pictures go first; its `return`
            value is the result. Work is done in the order it was queued.
        done : called on the render thread exactly once, with the result or the
            error; after `close` with `concurrent.futures.CancelledError`.
        """
        job = _Job(work, done)
        with self._wake:
            if not self._closing:
                self._jobs.append(job)
                self._wake.notify()
                return
        job.cancel()

    def close(self, timeout: float | None = None) -> bool:
        """End the thread and wait for it; a picture under way is left at its next step.

        Returns
        -------
        Whether the thread has ended (always, without a `timeout`).
        """
        with self._wake:
            self._closing = True
            self._slot = None
            self._wake.notify()
        if self._thread.ident is None:  # never started: nobody else will answer
            for job in self._take_jobs():
                job.cancel()
            return True
        if self._thread is threading.current_thread():
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # On the render thread from here on.

    def _run(self) -> None:
        engine: Engine | None = None
        trouble: Exception | None = None
        try:
            engine = self._make_engine()
        except Exception as error:
            log.exception("the engine could not be made")
            trouble = error
        while self._wait():
            if trouble is not None:
                self._refuse(trouble)
            elif engine is not None:
                self._turn(engine)
        for job in self._take_jobs():
            job.cancel()

    def _wait(self) -> bool:
        """Sleep until there is something to do; False when it is time to go."""
        with self._wake:
            self._wake.wait_for(lambda: self._closing or self._slot or self._jobs)
            return not self._closing

    def _turn(self, engine: "Engine") -> None:
        """Do the most urgent thing, up to where something more urgent may have come."""
        request = self._take_request()
        if request is not None:
            self._draw(engine, request)
            return
        with self._wake:
            job = self._jobs[0] if self._jobs else None
        if job is not None and job.advance(engine):
            with self._wake:
                self._jobs.remove(job)

    def _draw(self, engine: "Engine", request: RenderRequest) -> None:
        """Answer a request: draft and full picture, the full one, or the failure."""
        shown = False
        try:
            for frame in engine.render_steps(request):
                if frame is not None:
                    self._hand_over(frame)
                    shown = True
                # Only a picture that was shown already, as a draft, gives way.
                if self._closing or (shown and self._slot is not None):
                    return
        except Exception as error:
            log.debug("request %d failed", request.serial, exc_info=True)
            self._hand_over(RenderFailure(request, error))

    def _refuse(self, trouble: Exception) -> None:
        """Answer whatever waits with the reason why there is no engine."""
        request = self._take_request()
        if request is not None:
            self._hand_over(RenderFailure(request, trouble))
        for job in self._take_jobs():
            job.tell(trouble)

    def _hand_over(self, answer: Frame | RenderFailure) -> None:
        try:
            self._deliver(answer)
        except Exception:
            log.exception("the receiver of frames failed")

    def _take_request(self) -> RenderRequest | None:
        with self._wake:
            request, self._slot = self._slot, None
            return request

    def _take_jobs(self) -> list[_Job]:
        with self._wake:
            jobs = list(self._jobs)
            self._jobs.clear()
            return jobs
