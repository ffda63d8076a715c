"""The engine as it draws on a GPU: on one where there is one, else in its forms on the CPU.

Chains are recorded by CUDA or by the recorder of `test_graphs`; precisions are those of a GPU.
"""

from contextlib import suppress

import numpy as np
import pytest
import torch

from explorer.bench.random_networks import RandomNetwork
from explorer.checkpoints import Register, Shelf, save_network
from explorer.models import processor
from explorer.recipe import Mix, Recipe, SeedBlend
from explorer.render import devices
from explorer.render import engine as engine_module
from explorer.render.engine import Engine
from explorer.render.frame import RenderRequest
from explorer.render.known_directions import KnownDirections
from tests.render.test_graphs import Replays

GPU = torch.cuda.is_available()
NETWORKS = {
    "stylegan2": RandomNetwork(32, 512, 16, width=16),
    "stylegan3": RandomNetwork(32, 256, 16, width=16, config="T", num_layers=6),
}
PRECISIONS = ("float32", "float16", "bfloat16")


@pytest.fixture
def device(monkeypatch):
    if GPU:
        return "cuda"
    monkeypatch.setattr(processor, "kind", lambda device: "cuda")
    monkeypatch.setattr(devices, "settle_precision", lambda device, wanted: (wanted, ()))
    monkeypatch.setattr(engine_module, "recorder_for", lambda device: Replays())
    return "cpu"


@pytest.fixture(params=NETWORKS)
def shelf(request, tmp_path, device):
    file = tmp_path / f"{request.param}.safetensors"
    save_network(file, *NETWORKS[request.param].make(), {})
    found = Shelf(register=Register(tmp_path / "networks.json"))
    found.register(file)
    found.file = file
    return found


def make(shelf, device, precision, **options):
    engine = Engine(shelf, device, precision, threads=1, **options)
    engine.known = KnownDirections(shelf.file.parent)
    return engine


def _skip_slow(precision, shelf):
    if not GPU and precision == "float16" and "stylegan3" in shelf.file.name:
        pytest.skip("float16 takes long on a CPU")


def recipes(engine, shelf):
    """Faces, and edits that start further and further down."""
    info = engine.open(shelf.file)
    faces = [Recipe(info.ref, SeedBlend.of(seed), psi=0.7) for seed in (1, 2, 3)]
    rows = [row for row in (2, info.num_ws // 2, info.num_ws - 1) for _ in range(3)]
    edits = [faces[0].with_(mixes=(Mix(5, (row,), i / 9),)) for i, row in enumerate(rows, start=1)]
    return [*faces, *edits, *faces]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_cached_and_recorded_equal_full_and_step_by_step(precision, shelf, device):
    _skip_slow(precision, shelf)
    engine = make(shelf, device, precision)
    full = make(shelf, device, precision, cache_bytes=0, graphs=False)
    for recipe in recipes(engine, shelf):
        found = engine.render(RenderRequest(recipe))
        wanted = full.render(RenderRequest(recipe))
        assert found.precision == precision
        np.testing.assert_array_equal(found.pixels, wanted.pixels)
    assert engine._graphs.recorded > 0
    assert not engine._graphs._refused


@pytest.mark.parametrize(("precision", "levels"), [("float32", 1), ("float16", 4)])
def test_pictures_together_are_those_one_by_one(precision, levels, shelf, device):
    _skip_slow(precision, shelf)
    engine = make(shelf, device, precision, at_once=4)
    single = make(shelf, device, precision, at_once=1, graphs=False)
    wanted = [RenderRequest(recipe) for recipe in recipes(single, shelf) * 2]
    for frame in engine.render_all(wanted):
        alone = single.render(frame.request).pixels
        assert np.abs(frame.pixels.astype(int) - alone).max() <= levels
    assert engine._graphs.recorded > 0


@pytest.mark.parametrize(("precision", "records"), [("float32", False), ("bfloat16", True)])
def test_large_pictures_together_are_recorded_in_half_precision_alone(
    precision, records, shelf, device, monkeypatch
):
    monkeypatch.setattr(devices, "SMALL_NETWORK", 0)
    engine = make(shelf, device, precision, at_once=4)
    info = engine.open(shelf.file)
    faces = [RenderRequest(Recipe(info.ref, SeedBlend.of(seed))) for seed in range(12)]
    assert len(list(engine.render_all(faces))) == 12
    assert (engine._graphs.recorded > 0) == records


@pytest.mark.skipif(not GPU, reason="no NVIDIA GPU here")
def test_a_recording_that_is_broken_off_leaves_the_gpu_usable(shelf, device):
    """A value looked at while CUDA records ends the recording; pictures go on step by step."""
    engine = make(shelf, device, "float32", cache_bytes=0)
    faces = [RenderRequest(recipe) for recipe in recipes(engine, shelf)[:3]]
    expected = [engine.render(request).pixels for request in faces]
    engine = make(shelf, device, "float32", cache_bytes=0)
    network = engine.generator(faces[0].recipe.model)
    picture = network.picture

    def looks(features):
        if torch.cuda.is_current_stream_capturing():
            float(features.x.flatten()[0])
        return picture(features)

    network.picture = looks
    before = torch.cuda.current_stream()
    for request, pixels in zip(faces * 2, expected * 2, strict=True):
        np.testing.assert_array_equal(engine.render(request).pixels, pixels)
    assert engine._graphs._refused
    assert torch.cuda.current_stream() == before
    assert engine.device == "cuda"
    torch.cuda.empty_cache()  # torch refuses both while it believes that it records
    assert torch.isfinite(torch.randn(3, device="cuda")).all()


@pytest.fixture
def full_gpu():
    """Takes what memory is left of the GPU; gives it back with the test's end."""
    ballast = []

    def fill(leave=0):
        torch.cuda.empty_cache()
        _, total = torch.cuda.mem_get_info()
        torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + leave) / total)
        for size in () if leave else (64 << 20, 2 << 20, 512 << 10, 512):
            with suppress(torch.OutOfMemoryError):
                while True:
                    ballast.append(torch.empty(size, dtype=torch.uint8, device="cuda"))
        if not leave:
            with pytest.raises(torch.OutOfMemoryError):
                torch.empty(1 << 20, dtype=torch.uint8, device="cuda")

    yield fill
    ballast.clear()
    torch.cuda.set_per_process_memory_fraction(1.0)
    torch.cuda.empty_cache()


@pytest.mark.skipif(not GPU, reason="no NVIDIA GPU here")
class TestAFullGpu:
    """Memory that really runs out: nothing is lost, and what was done about it is told."""

    def wanted(self, shelf, requests):
        on_cpu = make(shelf, "cpu", "float32")
        return [on_cpu.render(request).pixels for request in requests]

    def check(self, frames, wanted):
        for frame, pixels in zip(frames, wanted, strict=True):
            assert np.abs(frame.pixels.astype(int) - pixels).max() <= 1

    def test_when_a_network_is_opened(self, shelf, full_gpu):
        engine = make(shelf, "cuda", "float32")
        full_gpu()
        info = engine.open(shelf.file)
        request = RenderRequest(Recipe(info.ref, SeedBlend.of(1)))
        frame = engine.render(request)
        assert (frame.device, engine.device) == ("cpu", "cpu")
        assert any("ran out of memory" in notice for notice in frame.notices)
        self.check([frame], self.wanted(shelf, [request]))

    def test_in_the_middle_of_a_drag(self, shelf, full_gpu):
        engine = make(shelf, "cuda", "float32")
        requests = [RenderRequest(recipe, live=True) for recipe in recipes(engine, shelf)]
        frames = []
        for number, request in enumerate(requests):
            if number == 5:
                full_gpu()
            frames += [frame for frame in engine.render_steps(request) if frame is not None][-1:]
        self.check(frames, self.wanted(shelf, requests))

    def test_caches_make_room_before_the_gpu_is_given_up(self, shelf, full_gpu):
        engine = make(shelf, "cuda", "float32")
        requests = [RenderRequest(recipe) for recipe in recipes(engine, shelf)]
        for request in requests:
            engine.render(request)
        full_gpu(leave=1 << 20)
        frames = [engine.render(RenderRequest(r.recipe.with_(psi=0.3))) for r in requests]
        assert engine.device == "cuda"
        self.check(frames, self.wanted(shelf, [frame.request for frame in frames]))

    def test_in_an_export(self, shelf, full_gpu):
        engine = make(shelf, "cuda", "float32", at_once=8)
        info = engine.open(shelf.file)
        requests = [RenderRequest(Recipe(info.ref, SeedBlend.of(seed))) for seed in range(32)]
        frames = []
        for frame in engine.render_all(requests):
            if len(frames) == 8:
                full_gpu()
            frames.append(frame)
        self.check(frames, self.wanted(shelf, requests))
