"""Recorded chains of steps draw the same pictures, and fall back to single steps. Replayed on the CPU.

The recorder here keeps the work itself and copies what it gives into the memory of the first time,
as a CUDA graph writes to fixed memory: whatever is not copied in or out in time shows as wrong pixels.
"""

import numpy as np
import pytest
import torch

from explorer.models import Features, build_generator, processor
from explorer.recipe import Mix, Noise, Recipe, SeedBlend, Transform
from explorer.render import devices, pixels
from explorer.render import engine as engine_module
from explorer.render.engine import Engine
from explorer.render.frame import RenderRequest
from explorer.render.graphs import CHAINS, Chain, Graphs, Outcome
from tests.models.launches import Devices
from tests.models.synthetic import random_network
from tests.models.synthetic_stylegan3 import random_network as random_stylegan3
from tests.render.fakes import RECIPE, REF, SmallGenerator, SmallShelf


class Replays:
    """A recorder on the CPU."""

    def __init__(self):
        self.recorded = self.replayed = 0
        self.fail_record: Exception | None = None
        self.fail_replay: Exception | None = None

    def record(self, work):
        if self.fail_record is not None:
            raise self.fail_record
        self.recorded += 1
        work()  # as on a GPU, once outside of the recording
        result = work()

        def replay():
            if self.fail_replay is not None:
                raise self.fail_replay
            self.replayed += 1
            for fixed, fresh in zip(tensors(result), tensors(work()), strict=True):
                fixed.copy_(fresh)

        return result, replay


def tensors(outcome: Outcome) -> list[torch.Tensor]:
    """Each piece of memory once: stages share some."""
    found = {outcome.levels.data_ptr(): outcome.levels}
    for stage in outcome.stages.values():
        for tensor in (stage.x, stage.rgb, stage.residual):
            if tensor is not None:
                found[tensor.data_ptr()] = tensor
    return list(found.values())


@pytest.fixture
def recorder(monkeypatch):
    recorder = Replays()
    monkeypatch.setattr(engine_module, "recorder_for", lambda device: recorder)
    return recorder


def make(network=None, **options):
    return Engine(SmallShelf(small=network or SmallGenerator()), "cpu", threads=1, **options)


def edits(network):
    """Pictures of a session: full ones, drags from the middle, there and back, another stop and noise."""
    psi = [RenderRequest(RECIPE.with_(psi=i / 10)) for i in range(5)]
    rows = [
        RenderRequest(RECIPE.with_(mixes=(Mix(3, (row,), i / 7),)))
        for row in (network.num_ws - 1, network.num_ws // 2)
        for i in range(5)
    ]
    small = [RenderRequest(RECIPE.with_(base=SeedBlend.of(20 + i)), stop=8) for i in range(3)]
    noise = [RenderRequest(Recipe(REF, noise=Noise("none"), psi=i / 9)) for i in range(3)]
    return [*psi, *rows, *psi, *small, *noise, *rows]


NETWORKS = {
    "small": SmallGenerator,
    "skip": lambda: random_network("skip", 16, channels={4: 16, 8: 16, 16: 16}),
    "resnet": lambda: random_network("resnet", 16, channels={4: 16, 8: 16, 16: 16}),
}


@pytest.mark.parametrize("cache_bytes", [0, 20_000, 2**24])
@pytest.mark.parametrize("name", NETWORKS)
def test_pictures_are_the_same_bit_for_bit(name, cache_bytes, recorder):
    network = NETWORKS[name]()
    recorded = make(network, cache_bytes=cache_bytes)
    single = make(network, cache_bytes=cache_bytes, graphs=False)
    for request in edits(network):
        np.testing.assert_array_equal(recorded.render(request).pixels, single.render(request).pixels)
    assert recorder.recorded > 0
    assert recorder.replayed > 0


def test_a_chain_is_recorded_the_second_time_and_replayed_from_then_on(recorder):
    network = SmallGenerator()
    engine = make(network, cache_bytes=0)
    for i in range(4):
        engine.render(RenderRequest(RECIPE.with_(psi=i / 4)))
    assert (recorder.recorded, recorder.replayed) == (1, 2)


def test_a_small_network_is_one_chain_on_a_gpu_whatever_is_edited(recorder, monkeypatch):
    network = NETWORKS["skip"]()
    monkeypatch.setattr(devices, "draws_whole", lambda generator, device: True)
    engine, single = make(network), make(network, graphs=False)
    for row in (0, 3, network.num_ws - 1):
        for i in range(3):
            request = RenderRequest(RECIPE.with_(mixes=(Mix(3, (row,), i / 7 + 0.1),)))
            np.testing.assert_array_equal(engine.render(request).pixels, single.render(request).pixels)
    assert recorder.recorded == 1
    assert engine.cache_stats.bytes == 9 * 16 * 16 * 3, "pictures alone are kept"


def test_stylegan3_is_recorded_with_what_moves_it(recorder):
    network = build_generator(*random_stylegan3("T"))
    engine, single = make(network, cache_bytes=0), make(network, cache_bytes=0, graphs=False)
    for i in range(4):
        request = RenderRequest(RECIPE.with_(transform=Transform(i / 10, 0.0, 15.0 * i)))
        np.testing.assert_array_equal(engine.render(request).pixels, single.render(request).pixels)
    assert (recorder.recorded, recorder.replayed) == (1, 2)


def test_draft_and_rest_are_chains_of_their_own(recorder):
    network = random_network("skip", 64, channels={4: 8, 8: 8, 16: 8, 32: 8, 64: 8})
    engine, single = make(network), make(network, graphs=False)
    engine._budget.choose = lambda source, stops, first: 32 if first <= stops[32] else None
    for i in range(4):
        recipe = RECIPE.with_(base=SeedBlend.of(i))
        frames = [f for f in engine.render_steps(RenderRequest(recipe, live=True)) if f is not None]
        assert [f.pixels.shape[0] for f in frames] == [32, 64]
        for frame in frames:
            stop = frame.pixels.shape[0]
            expected = single.render(RenderRequest(recipe, stop=stop)).pixels
            np.testing.assert_array_equal(frame.pixels, expected)
    assert recorder.recorded >= 2


def test_what_the_cache_holds_outlives_the_next_replay(recorder):
    network = SmallGenerator()
    engine = make(network)
    for i in range(6):
        engine.render(RenderRequest(RECIPE.with_(psi=i / 8)))
    held = {
        key: [t.clone() for t in (stage.x, stage.rgb) if t is not None]
        for key, stage in engine._cache._entries.items()
        if isinstance(stage, Features)
    }
    engine.render(RenderRequest(RECIPE.with_(psi=0.95)))
    for key, before in held.items():
        stage = engine._cache.features(key)
        if stage is not None:
            now = [t for t in (stage.x, stage.rgb) if t is not None]
            assert all(torch.equal(a, b) for a, b in zip(before, now, strict=True))


def test_random_planes_are_drawn_step_by_step(recorder):
    engine = make(cache_bytes=0)
    for i in range(4):
        engine.render(RenderRequest(RECIPE.with_(noise=Noise("random", 1), psi=i / 4)))
    assert recorder.recorded == 0


@pytest.mark.parametrize(
    "error", [RuntimeError("operation not permitted when stream is capturing"), MemoryError()]
)
@pytest.mark.parametrize("when", ["record", "replay"])
def test_what_fails_is_drawn_step_by_step(error, when, recorder):
    setattr(recorder, f"fail_{when}", error)
    network = SmallGenerator()
    engine, single = make(network, cache_bytes=0), make(network, cache_bytes=0, graphs=False)
    for i in range(5):
        request = RenderRequest(RECIPE.with_(psi=i / 4))
        np.testing.assert_array_equal(engine.render(request).pixels, single.render(request).pixels)
    assert recorder.replayed == 0
    assert recorder.recorded <= 1, "after a failure it is not tried again"
    assert engine.device == "cpu"


def test_a_network_loaded_anew_is_recorded_anew(recorder):
    shelf = SmallShelf(small=SmallGenerator(seed=1))
    engine = Engine(shelf, "cpu", cache_bytes=0, threads=1)
    for i in range(3):
        engine.render(RenderRequest(RECIPE.with_(psi=i / 4)))
    shelf.generators["small"] = SmallGenerator(seed=1)
    for i in range(2):
        engine.render(RenderRequest(RECIPE.with_(psi=i / 4)))
    assert recorder.recorded == 2


def test_recordings_are_bounded_and_let_go_with_the_caches():
    recorder = Replays()
    graphs = Graphs(recorder)
    network = SmallGenerator()
    ws = torch.zeros(1, network.num_ws, network.w_dim)
    for last in (2, 5, 8) * 2:
        chain = Chain("net", 0, last, 1, RENDERED_NOISE, frozenset())
        graphs.run(chain, network, ws, network.start(1))
    assert recorder.recorded == 3
    for source in range(CHAINS):
        graphs.run(Chain(str(source), 0, 2, 1, RENDERED_NOISE, frozenset()), network, ws, network.start(1))
    assert len(graphs._seen) == CHAINS
    graphs.forget()
    assert not graphs._seen


RENDERED_NOISE = SmallGenerator.run.__defaults__[0]


def test_memory_that_fails_at_recording_then_at_drawing_then_altogether(recorder, monkeypatch):
    """Down the ladder: no recording, no cache, and at last the CPU, which is told; every picture comes."""
    monkeypatch.setattr(devices, "available", lambda: ("cuda", "cpu"))
    monkeypatch.setattr(devices, "release", lambda device: None)
    monkeypatch.setattr(devices, "synchronise", lambda device: None)
    network = SmallGenerator()
    engine = Engine(SmallShelf(small=network), "cuda", threads=1)
    single = make(SmallGenerator(), graphs=False)
    recorder.fail_record = torch.OutOfMemoryError("CUDA out of memory")
    seen = []
    for i in range(8):
        if i == 3:
            network.fail[4] = [torch.OutOfMemoryError("CUDA out of memory")]
        if i == 5:
            network.fail[4] = [torch.OutOfMemoryError("CUDA out of memory")] * 2
        request = RenderRequest(RECIPE.with_(psi=i / 9))
        frame = engine.render(request)
        np.testing.assert_array_equal(frame.pixels, single.render(request).pixels)
        seen.append((frame.device, bool(frame.notices)))
    assert seen == [("cuda", False)] * 5 + [("cpu", True)] * 3
    assert recorder.recorded == 0


def test_chains_that_never_come_back_let_no_recording_go(recorder):
    engine = make(cache_bytes=0)
    for i in range(3):
        engine.render(RenderRequest(RECIPE.with_(psi=i / 9)))
    for i in range(2 * CHAINS):  # a slider of noise: each strength is a chain of its own
        engine.render(RenderRequest(RECIPE.with_(noise=Noise("const", strength=i / 50))))
    engine.render(RenderRequest(RECIPE.with_(psi=0.5)))
    assert (recorder.recorded, recorder.replayed) == (1, 2)


def test_recorded_pictures_are_timed_too(recorder):
    """Times of the first, slow picture must not have a fast GPU draw drafts for ever."""
    now = [0.0]
    engine = make(cache_bytes=0, clock=lambda: now[0])
    network = engine.generator(REF)
    run = network.run

    def slow(*args, **kwargs):
        now[0] += 1.0
        return run(*args, **kwargs)

    network.run = slow
    engine.render(RenderRequest(RECIPE.with_(psi=0.1)))
    network.run = run
    for i in range(2, 30):
        engine.render(RenderRequest(RECIPE.with_(psi=i / 30)))
    frames = [f for f in engine.render_steps(RenderRequest(RECIPE.with_(psi=2.0), live=True)) if f]
    assert len(frames) == 1


def test_a_frame_sends_its_latents_and_waits_once_for_its_pixels(recorder, monkeypatch):
    """On a device that holds no numbers: whatever else the engine looked at would end here."""
    monkeypatch.setattr(processor, "kind", lambda device: "cuda")
    small = random_network("skip", 16, channels={4: 16, 8: 16, 16: 16})
    network = type(small)(small.description, small._tensors, "meta")
    network.host_w_avg = small.w_avg
    network.mapping = lambda z, c=None, psi=1.0, cutoff=None: small.mapping(torch.zeros(1, 8))
    waited = []

    def arrive(sent):
        waited.append(sent.levels.shape)
        return np.zeros(sent.levels.shape, np.uint8)

    monkeypatch.setattr(pixels.Sent, "arrive", arrive)
    engine = make(network, cache_bytes=2**20, at_once=3)
    for i in range(5):
        with Devices() as asked:
            engine.render(RenderRequest(RECIPE.with_(psi=i / 9)))
        assert asked.travels == ["_to_copy"] * (2 if i == 0 else 1), "latents; first the seed's z too"
        assert asked.waits == []
    assert waited == [(1, 16, 16, 3)] * 5
    waited.clear()
    with Devices() as asked:
        list(engine.render_all(RenderRequest(RECIPE.with_(psi=1 + i / 9)) for i in range(3)))
    assert asked.waits == []
    assert waited == [(3, 16, 16, 3)]


def test_a_picture_is_sent_ahead_of_the_copies_of_its_stages(recorder, monkeypatch):
    order = []

    class Sends(pixels.Sent):
        def __init__(self, levels):
            order.append("sent")
            super().__init__(levels)

        def arrive(self):
            order.append("awaited")
            return super().arrive()

    def copies(stages):
        stages = list(stages)
        order.extend("copied" for _ in stages)
        return copied(stages)

    copied = engine_module.copied
    monkeypatch.setattr(engine_module, "Sent", Sends)
    monkeypatch.setattr(engine_module, "copied", copies)
    engine = make(random_network("skip", 16, channels={4: 16, 8: 16, 16: 16}))
    for i in range(3):
        order.clear()
        engine.render(RenderRequest(RECIPE.with_(psi=i / 9)))
    assert len(order) > 2
    assert [order[0], order[-1], *set(order[1:-1])] == ["sent", "awaited", "copied"]


def test_deep_pictures_are_recorded_too(recorder):
    network = random_network("skip", 16, channels={4: 16, 8: 16, 16: 16})
    engine, single = make(network, cache_bytes=0), make(network, cache_bytes=0, graphs=False)
    for i in range(4):
        request = RenderRequest(RECIPE.with_(psi=i / 9), deep=True)
        found, wanted = engine.render(request), single.render(request)
        np.testing.assert_array_equal(found.deep_pixels, wanted.deep_pixels)
        np.testing.assert_array_equal(found.pixels, wanted.pixels)
    assert recorder.replayed == 2


def test_a_recording_holds_no_more_than_what_is_wanted_of_it(recorder):
    network = SmallGenerator()
    engine = make(network, cache_bytes=0)
    for i in range(3):
        engine.render(RenderRequest(RECIPE.with_(psi=i / 9)))
    (recording,) = engine._graphs._recordings.values()
    assert recording.outcome.stages == {}
    assert recording.outcome.levels.shape == (1, 16, 16, 3)
