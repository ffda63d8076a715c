"""How CUDA is asked to record, against a stand-in that keeps its rules: order, streams and shared memory."""

import gc
from contextlib import contextmanager

import pytest
import torch

from explorer.render.graphs import CudaRecorder


class Stream:
    def wait_stream(self, other):
        pass


class FakeCuda:
    """Streams and recordings of one device. A recording that fails keeps its stream, as torch's does."""

    def __init__(self):
        self.current = Stream()
        self.first = self.current
        self.events: list[str] = []
        self.pools: list[int] = []
        self.streams: set[Stream] = set()
        self.ended: list[int] = []
        self.handles = 0
        self.fails_at_end = False

    def graph_pool_handle(self):
        self.handles += 1
        return self.handles

    def set_stream(self, stream):
        self.current = stream

    @contextmanager
    def stream(self, stream):
        before, self.current = self.current, stream
        yield
        self.current = before

    @contextmanager
    def graph(self, graph, pool, stream, capture_error_mode):
        assert capture_error_mode == "thread_local"
        self.pools.append(pool)
        self.streams.add(stream)
        self.events.append("begin")
        before, self.current = self.current, stream
        try:
            yield
        finally:
            self.events.append("end")
            if self.fails_at_end:
                raise RuntimeError("operation failed due to a previous error during capture")
            self.current = before

    def make_graph(self):
        fake = self

        class Graph:
            def replay(self):
                fake.events.append("replay")

        return Graph()


@pytest.fixture
def cuda(monkeypatch):
    fake = FakeCuda()
    names = ("graph_pool_handle", "set_stream", "stream", "graph")
    for name in names:
        monkeypatch.setattr(torch.cuda, name, getattr(fake, name))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: fake.current)
    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", fake.make_graph)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch._C, "_cuda_endAllocateToPool", lambda device, pool: fake.ended.append(pool))
    monkeypatch.setattr(torch, "zeros", lambda *shape, device: None)
    monkeypatch.setattr(torch.cuda, "device", lambda device: fake.stream(fake.current))
    return fake


def record(recorder, cuda):
    return recorder.record(lambda: cuda.events.append("work"))


def test_work_runs_once_before_it_is_recorded_and_once_after(cuda):
    _, replay = record(CudaRecorder("cuda"), cuda)
    assert cuda.events == ["work", "begin", "work", "end", "replay"]
    replay()
    assert cuda.events[-1] == "replay"


def test_recordings_share_memory_as_long_as_one_of_them_lives(cuda):
    recorder = CudaRecorder("cuda")
    kept = [record(recorder, cuda) for _ in range(3)]
    assert cuda.pools == [1, 1, 1]
    del kept[:2]
    kept.append(record(recorder, cuda))
    kept.clear()
    gc.collect()
    kept.append(record(recorder, cuda))
    assert cuda.pools == [1, 1, 1, 1, 2], "memory that nothing holds any more cannot be shared again"
    assert len(cuda.streams) == 1, "libraries keep a workspace for each stream they have seen"


@pytest.mark.parametrize("at_end", [True, False])
def test_a_recording_that_fails_gives_the_stream_back(cuda, at_end):
    cuda.fails_at_end = at_end
    calls = iter([None, RuntimeError("operation not permitted when stream is capturing")])

    def work():
        error = next(calls)
        if error is not None:
            raise error

    with pytest.raises(RuntimeError, match="captur"):
        CudaRecorder("cuda").record(work)
    assert cuda.current is cuda.first
    assert cuda.ended == [1], "else torch's allocator takes the recording as still going on"
