"""Several pictures drawn at once, as on a GPU: the same pictures in the same order, whatever happens."""

import numpy as np
import pytest
import torch

from explorer.export.film_frames import FrameMaker
from explorer.models import Features, build_generator
from explorer.recipe import Mix, Noise, Recipe, SeedBlend, Transform, film_edits
from explorer.render import devices, together
from explorer.render import engine as engine_module
from explorer.render.engine import Engine
from explorer.render.frame import RenderRequest
from tests.models.synthetic import random_network
from tests.models.synthetic_stylegan3 import random_network as random_stylegan3
from tests.render.fakes import RECIPE, REF, SmallGenerator, SmallShelf
from tests.render.test_graphs import Replays

NETWORKS = {
    "small": SmallGenerator,
    "skip": lambda: random_network("skip", 16, channels={4: 16, 8: 16, 16: 16}),
    "resnet": lambda: random_network("resnet", 16, channels={4: 16, 8: 16, 16: 16}),
    "stylegan3": lambda: build_generator(*random_stylegan3("T")),
}


def make(network, at_once=4, **options):
    return Engine(SmallShelf(small=network), "cpu", threads=1, at_once=at_once, **options)


def requests(network, count=11):
    """What can go together and what cannot, in turn: faces, late edits, moves, other noise, 16 bits."""
    moved = [Transform(i / 20, 0.0, 3.0 * i) for i in range(3)] if network.has_transform else []
    row = network.num_ws - 1
    recipes = [
        *(RECIPE.with_(base=SeedBlend.of(i)) for i in range(count)),
        *(RECIPE.with_(mixes=(Mix(3, (row,), i / 7),)) for i in range(6)),
        *(RECIPE.with_(transform=transform) for transform in moved),
        *(Recipe(REF, noise=Noise("none"), psi=i / 5) for i in range(3)),
        *(Recipe(REF, noise=Noise("random", i), psi=0.5) for i in range(3)),
        *(RECIPE for _ in range(5)),
    ]
    found = [RenderRequest(recipe, serial) for serial, recipe in enumerate(recipes)]
    return [*found, RenderRequest(RECIPE.with_(psi=0.3), 99, deep=True)]


@pytest.mark.parametrize("graphs", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_pictures_come_in_order_and_are_those_of_one_by_one(name, graphs, monkeypatch):
    recorder = Replays()
    monkeypatch.setattr(engine_module, "recorder_for", lambda device: recorder)
    network = NETWORKS[name]()
    many, single = make(network, graphs=graphs), make(network, 1, graphs=False)
    wanted = requests(network)
    # Looked at one by one: on a CPU the memory of a recording is that of the pictures.
    for frame, request in zip(many.render_all(wanted), wanted, strict=True):
        assert frame.request is request
        expected = single.render(frame.request).pixels
        assert frame.pixels.flags.c_contiguous
        assert np.abs(frame.pixels.astype(int) - expected).max() <= 1, "rounding of another batch, no more"
        assert (frame.deep_pixels is not None) == frame.request.deep
    assert (recorder.replayed > 0) == graphs


def test_steps_that_agree_run_once():
    network = SmallGenerator()
    engine = make(network)
    last = network.num_ws - 1
    edits = [RenderRequest(RECIPE.with_(mixes=(Mix(3, (last,), i / 7),))) for i in range(4)]
    assert len(list(engine.render_all(edits))) == 4
    assert network.runs[0] == 1
    assert network.runs[-1] == 1, "one run drew four pictures"


def test_requests_are_taken_when_their_pictures_are_drawn():
    taken = []

    def asked():
        for i in range(12):
            taken.append(i)
            yield RenderRequest(RECIPE.with_(psi=i / 20))

    frames = make(SmallGenerator()).render_all(asked())
    next(frames)
    assert taken == [0, 1, 2, 3]


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_fewer_are_drawn_at_once_where_memory_fails(failures):
    network = SmallGenerator()
    engine, single = make(network), make(SmallGenerator(), 1)
    wanted = [RenderRequest(RECIPE.with_(psi=i / 9)) for i in range(8)]
    network.fail[5] = [torch.OutOfMemoryError("CUDA out of memory")] * failures
    for frame, request in zip(engine.render_all(wanted), wanted, strict=True):
        assert frame.request is request
        np.testing.assert_array_equal(frame.pixels, single.render(request).pixels)
        assert not frame.notices
    network.runs = [0] * len(network.runs)
    list(engine.render_all(RenderRequest(RECIPE.with_(psi=1 + i / 9)) for i in range(8)))
    assert network.runs[0] == {1: 4, 2: 8, 3: 8}[failures], "what was learned is kept"


def test_other_errors_are_not_mistaken_for_lack_of_memory():
    network = SmallGenerator()
    network.fail[5] = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        list(make(network).render_all([RenderRequest(RECIPE.with_(psi=i / 9)) for i in range(4)]))


def test_a_cpu_and_a_slow_gpu_draw_one_by_one(monkeypatch):
    monkeypatch.setattr(devices, "available", lambda: ("cuda", "cpu"))
    seconds = iter(range(10**6))
    slow = Engine(SmallShelf(small=SmallGenerator()), "cuda", threads=1, clock=lambda: next(seconds))
    quick = Engine(SmallShelf(small=SmallGenerator()), "cuda", threads=1, clock=lambda: 0.0)
    cpu = Engine(SmallShelf(small=SmallGenerator()), "cpu", threads=1, clock=lambda: 0.0)
    monkeypatch.setattr(engine_module, "recorder_for", lambda device: None)
    monkeypatch.setattr(devices, "synchronise", lambda device: None)
    counts = []
    for engine in (slow, quick, cpu):
        for i in range(3):
            engine.render(RenderRequest(RECIPE.with_(psi=i / 9)))
        counts.append(engine._count_at_once())
    assert counts == [1, together.AT_ONCE, 1]


def test_frames_of_a_film_come_in_order():
    network = SmallGenerator()
    recipes = [RECIPE.with_(base=SeedBlend.of(seed)) for seed in (1, 2)]
    film = film_edits.film_of(recipes, seconds=1, fps=10)
    many, single = FrameMaker(make(network), film, together=True), FrameMaker(make(network, 1), film)
    drawn = [pixels for pixels in many.steps([3, 4, 5, 8, 9]) if pixels is not None]
    for pixels, number in zip(drawn, [3, 4, 5, 8, 9], strict=True):
        np.testing.assert_array_equal(pixels, single.frame(number))


def test_a_film_goes_on_where_memory_fails_in_the_middle(monkeypatch):
    """First without recordings, then fewer at once, then nothing cached, then on the CPU, which is told."""
    monkeypatch.setattr(devices, "available", lambda: ("cuda", "cpu"))
    monkeypatch.setattr(devices, "release", lambda device: None)
    monkeypatch.setattr(devices, "synchronise", lambda device: None)
    monkeypatch.setattr(engine_module, "recorder_for", lambda device: Replays())
    network = SmallGenerator()
    engine = Engine(SmallShelf(small=network), "cuda", threads=1, at_once=4)
    recipes = [RECIPE.with_(base=SeedBlend.of(seed)) for seed in (1, 2)]
    film = film_edits.film_of(recipes, seconds=2, fps=10)
    maker, single = FrameMaker(engine, film, together=True), FrameMaker(make(SmallGenerator(), 1), film)
    for number, pixels in enumerate(maker.steps(range(film.frames))):
        np.testing.assert_array_equal(pixels, single.frame(number))
        if number == 7:
            assert not maker.notices
            network.fail[4] = [torch.OutOfMemoryError("CUDA out of memory")] * 5
    assert number == film.frames - 1
    assert engine.device == "cpu"
    assert list(maker.notices) == ["cuda ran out of memory, so pictures are drawn on the CPU"]


def test_what_is_spread_keeps_its_order_in_memory():
    x = torch.randn(1, 8, 4, 4).contiguous(memory_format=torch.channels_last)
    found = together.spread(Features(x, torch.randn(1, 3, 4, 4), x), 3)
    assert found.x.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(found.x[2:], x)
