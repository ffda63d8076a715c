"""The render thread, with an engine whose every step waits for the test: no clocks anywhere."""

import queue
import threading
from concurrent.futures import CancelledError

import pytest

from explorer.render.frame import Frame, RenderFailure, RenderRequest
from explorer.render.worker import RenderWorker
from tests.render.fakes import RECIPE, StagedEngine

LONG = 30  # seconds until a test that hangs is called failed


class Bench:
    """A worker on a staged engine, and what it delivered."""

    def __init__(self, engine, receive=None):
        self.engine = engine
        self.answers = queue.Queue()
        self.worker = RenderWorker(lambda: engine, receive or self.answers.put)

    def ask(self, serial, live=False):
        self.worker.submit(RenderRequest(RECIPE, serial, live))

    def begin(self, serial, live=False):
        """Ask, and wait until the engine has begun with it."""
        self.ask(serial, live)
        assert self.engine.entered.acquire(timeout=LONG)

    def answer(self):
        return self.answers.get(timeout=LONG)

    def serials(self, count):
        return [self.answer().request.serial for _ in range(count)]

    def call(self, work):
        results = queue.Queue()
        self.worker.call(work, results.put)
        return results


@pytest.fixture
def bench():
    made = []

    def make(**options):
        bench = Bench(StagedEngine(**options))
        made.append(bench)
        bench.worker.start()
        return bench

    yield make
    for bench in made:
        bench.engine.allow(1000)
        assert bench.worker.close(timeout=LONG)
    assert not [t for t in threading.enumerate() if t.name == "render"]


def test_a_request_is_answered_with_its_frame(bench):
    b = bench()
    b.begin(7)
    b.engine.allow(3)
    frame = b.answer()
    assert isinstance(frame, Frame)
    assert frame.request == RenderRequest(RECIPE, 7)


def test_newest_waiting_request_wins_and_the_running_one_finishes(bench):
    b = bench()
    b.begin(1)
    for serial in (2, 3, 4):
        b.ask(serial)
    b.engine.allow(100)
    assert b.serials(2) == [1, 4]
    assert b.engine.begun == [1, 4]


def test_every_newer_finished_frame_is_shown_during_a_drag(bench):
    b = bench()
    b.begin(1, live=True)
    for serial in range(2, 20):
        b.ask(serial, live=True)
        b.engine.allow(3)
        assert b.engine.entered.acquire(timeout=LONG)
    b.engine.allow(3)
    assert b.serials(19) == list(range(1, 20))


def test_draft_comes_first_and_is_refined_where_nothing_newer_waits(bench):
    b = bench(drafts=True)
    b.begin(1, live=True)
    b.engine.allow(3)
    sizes = [b.answer().pixels.shape[0] for _ in range(2)]
    assert sizes == [2, 4]


def test_refining_is_given_up_for_a_newer_request(bench):
    b = bench(drafts=True)
    b.begin(1, live=True)
    b.engine.allow(1)
    assert b.answer().is_draft
    b.ask(2, live=True)  # while step two of the first is waited for
    b.engine.allow(1)
    assert b.engine.entered.acquire(timeout=LONG)  # the second was begun without step three of the first
    b.engine.allow(3)
    draft, full = b.answer(), b.answer()
    assert (draft.request.serial, draft.is_draft) == (2, True)
    assert (full.request.serial, full.is_draft) == (2, False)
    assert b.engine.stepped == [1, 1, 2, 2, 2]


def test_a_picture_without_draft_is_not_given_up(bench):
    b = bench(drafts=True)
    b.begin(1, live=False)
    b.ask(2, live=False)
    b.engine.allow(6)
    assert b.serials(2) == [1, 2]


def test_failure_is_an_answer_and_the_thread_goes_on(bench):
    b = bench()
    b.engine.fail = {1}
    b.begin(1)
    b.engine.allow(1)
    failure = b.answer()
    assert isinstance(failure, RenderFailure)
    assert "request 1" in str(failure.error)
    b.begin(2)
    b.engine.allow(3)
    assert isinstance(b.answer(), Frame)


def test_a_receiver_that_fails_does_not_end_the_thread(caplog):
    answers = queue.Queue()

    def receive(answer):
        answers.put(answer)
        raise RuntimeError("the window is gone")

    b = Bench(StagedEngine(), receive)
    b.worker.start()
    b.engine.allow(100)
    for serial in (1, 2):
        b.ask(serial)
        assert answers.get(timeout=LONG).request.serial == serial
    assert b.worker.close(LONG)
    assert "the window is gone" in caplog.text


def test_work_runs_on_the_render_thread_and_answers(bench):
    b = bench()
    results = b.call(lambda engine: (engine, threading.current_thread().name))
    assert results.get(timeout=LONG) == (b.engine, "render")


def test_work_that_fails_answers_with_its_error(bench):
    b = bench()
    results = b.call(lambda engine: 1 / 0)
    assert isinstance(results.get(timeout=LONG), ZeroDivisionError)
    assert b.call(lambda engine: "still here").get(timeout=LONG) == "still here"


def test_done_that_fails_does_not_end_the_thread(bench, caplog):
    b = bench()
    b.worker.call(lambda engine: 1, lambda result: 1 / 0)
    assert b.call(lambda engine: "still here").get(timeout=LONG) == "still here"
    assert "ZeroDivisionError" in caplog.text


def test_requests_go_between_the_pieces_of_long_work(bench):
    b = bench()
    b.engine.allow(1000)
    order, go = [], threading.Semaphore(0)

    def film(engine):
        for number in range(3):
            order.append(f"piece {number}")
            assert go.acquire(timeout=LONG)
            yield
        return "film"

    results = b.call(film)
    for serial in (1, 2):
        b.ask(serial)
        go.release()
        order.append(f"frame {b.answer().request.serial}")
    go.release()
    assert results.get(timeout=LONG) == "film"
    assert [o for o in order if o.startswith("frame")] == ["frame 1", "frame 2"]
    assert order.index("frame 1") < order.index("piece 2")


def test_work_is_done_in_the_order_it_was_queued(bench):
    b = bench()
    order = []

    def pieces(name):
        def work(engine):
            for i in range(2):
                order.append((name, i))
                yield

        return work

    first, second = b.call(pieces("a")), b.call(pieces("b"))
    first.get(timeout=LONG), second.get(timeout=LONG)
    assert order == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]


def test_close_leaves_a_picture_at_its_next_step():
    b = Bench(StagedEngine(steps=1000))
    b.worker.start()
    b.begin(1)
    closer = threading.Thread(target=b.worker.close)
    closer.start()
    b.engine.allow(1000)
    closer.join(LONG)
    assert not closer.is_alive()
    assert b.answers.empty()


def test_close_cancels_queued_and_half_done_work_and_runs_its_finally():
    b = Bench(StagedEngine())
    b.worker.start()
    started, go, tidied = threading.Semaphore(0), threading.Semaphore(0), []

    def film(engine):
        try:
            while True:
                started.release()
                assert go.acquire(timeout=LONG)
                yield
        finally:
            tidied.append(True)

    half, queued = b.call(film), b.call(lambda engine: "never")
    assert started.acquire(timeout=LONG)
    closer = threading.Thread(target=b.worker.close)
    closer.start()
    while closer.is_alive():
        go.release()
        closer.join(0.01)
    assert isinstance(half.get(timeout=LONG), CancelledError)
    assert isinstance(queued.get(timeout=LONG), CancelledError)
    assert tidied == [True]


def test_after_close_requests_are_ignored_and_work_is_cancelled(bench):
    b = bench()
    assert b.worker.close(LONG)
    b.ask(1)
    assert isinstance(b.call(lambda engine: 1).get(timeout=LONG), CancelledError)
    assert b.answers.empty()


def test_closing_a_worker_that_never_started_is_fine():
    assert RenderWorker(StagedEngine, lambda answer: None).close()


def test_an_engine_that_cannot_be_made_answers_everything_with_the_reason():
    answers = queue.Queue()

    def make():
        raise RuntimeError("no such device")

    worker = RenderWorker(make, answers.put)
    worker.start()
    worker.submit(RenderRequest(RECIPE, 1))
    failure = answers.get(timeout=LONG)
    results = queue.Queue()
    worker.call(lambda engine: 1, results.put)
    assert isinstance(failure, RenderFailure)
    assert "no such device" in str(failure.error)
    assert "no such device" in str(results.get(timeout=LONG))
    assert worker.close(LONG)
