"""Request to frame on a small network: exact, cached, interruptible, and calm when memory runs out."""

import gc
import weakref

import numpy as np
import pytest
import torch

from explorer.errors import DeviceError, RecipeError
from explorer.latents import Direction
from explorer.recipe import Mix, ModelRef, Noise, Push, Recipe, SeedBlend, StoredLatent, Transform
from explorer.render import devices
from explorer.render.engine import Engine
from explorer.render.frame import RenderRequest
from explorer.render.pixels import to_pixels
from tests.render.fakes import RECIPE, REF, SmallGenerator, SmallShelf

MIB = 2**20


def make_engine(generator=None, **options):
    return Engine(SmallShelf(small=generator or SmallGenerator()), "cpu", threads=1, **options)


def pixels(engine, recipe, stop=None):
    return engine.render(RenderRequest(recipe, stop=stop)).pixels


def test_a_frame_is_the_synthesis_of_its_recipe():
    generator = SmallGenerator()
    frame = make_engine(generator).render(RenderRequest(RECIPE, serial=5))
    expected = to_pixels(generator.synthesis(generator.mapping(generator.latent(0))))
    np.testing.assert_array_equal(frame.pixels, expected)
    assert frame.request == RenderRequest(RECIPE, serial=5)
    assert (frame.device, frame.precision, frame.full_resolution) == ("cpu", "float32", 16)
    assert not frame.is_draft
    assert frame.notices == ()


def test_an_unchanged_recipe_runs_no_step_and_gives_an_array_of_its_own():
    generator = SmallGenerator()
    engine = make_engine(generator)
    first = pixels(engine, RECIPE)
    runs = list(generator.runs)
    second = pixels(engine, RECIPE)
    assert generator.runs == runs
    np.testing.assert_array_equal(first, second)
    first[:] = 0
    np.testing.assert_array_equal(pixels(engine, RECIPE), second)


def test_only_steps_from_the_edited_row_on_run_again():
    generator = SmallGenerator()
    engine = make_engine(generator)
    pixels(engine, RECIPE)
    for row in range(generator.num_ws):
        before = list(generator.runs)
        pixels(engine, RECIPE.with_(mixes=(Mix(9, (row,)),)))
        first = min(i for i, step in enumerate(generator.steps) if row in step.rows)
        expected = [b + (i >= first) for i, b in enumerate(before)]
        assert generator.runs == expected, f"row {row}"


def test_psi_mix_blend_and_direction_drags_never_run_the_mapping_network_again():
    generator = SmallGenerator()
    engine = make_engine(generator)
    engine.directions["age"] = Direction("age", "random", torch.ones(8))
    pixels(engine, Recipe(REF, SeedBlend.between(0, 1, 0.5), mixes=(Mix(1, "fine"),)))
    mapped = generator.mapped
    for t in np.linspace(0, 1, 7):
        recipe = Recipe(REF, SeedBlend.between(0, 1, float(t)), mixes=(Mix(1, "fine", float(t)),))
        pixels(engine, recipe.with_(psi=float(t), directions=(Push("age", float(t)),)))
    assert generator.mapped == mapped


def test_noise_of_none_ignores_its_seed_and_random_does_not():
    engine = make_engine()

    def with_noise(*args):
        return pixels(engine, RECIPE.with_(noise=Noise(*args))).tobytes()

    assert with_noise("none", 1, 2.0) == with_noise("none", 5, 0.5)
    assert with_noise("random", 1) != with_noise("random", 2)
    assert with_noise("random", 1) == with_noise("random", 1)
    assert with_noise("const") != with_noise("none")


@pytest.mark.parametrize(("wish", "size"), [(4, 4), (8, 8), (15, 8), (16, 16), (999, 16), (1, 4), (None, 16)])
def test_a_stop_gives_the_largest_picture_not_above_it(wish, size):
    frame = make_engine().render(RenderRequest(RECIPE, stop=wish))
    assert frame.pixels.shape == (size, size, 3)
    assert frame.is_draft == (size < 16)


def test_refining_goes_on_from_the_features_of_the_draft():
    generator = SmallGenerator()
    engine = make_engine(generator)
    pixels(engine, RECIPE, stop=8)
    pixels(engine, RECIPE)
    assert generator.runs == [1] * len(generator.steps)


def test_steps_given_up_leave_what_they_computed_in_the_cache():
    generator = SmallGenerator()
    engine = make_engine(generator)
    steps = engine.render_steps(RenderRequest(RECIPE))
    for _ in range(3):
        assert next(steps) is None
    del steps
    pixels(engine, RECIPE)
    assert generator.runs == [1] * len(generator.steps)


def test_pausing_between_steps_leaves_the_caller_out_of_inference_mode():
    steps = make_engine().render_steps(RenderRequest(RECIPE))
    next(steps)
    assert not torch.is_inference_mode_enabled()


class TickingClock:
    """A clock that each step of a `SlowGenerator` moves on; nothing else does."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class SlowGenerator(SmallGenerator):
    """Takes as long per step as its picture is high, on a clock that is not real."""

    def __init__(self, clock, seconds_per_pixel, resolution=64):
        super().__init__(resolution)
        self.clock = clock
        self.seconds_per_pixel = seconds_per_pixel

    def run(self, index, *args, **kwargs):
        self.clock.now += self.steps[index].resolution * self.seconds_per_pixel
        return super().run(index, *args, **kwargs)


def sizes_of(engine, recipe, live=True):
    frames = engine.render_steps(RenderRequest(recipe, live=live))
    return [f.pixels.shape[0] for f in frames if f is not None]


def test_a_slow_network_shows_a_draft_first_while_the_hand_moves_once_it_was_measured():
    clock = TickingClock()
    engine = make_engine(SlowGenerator(clock, 0.0002), clock=clock)  # 64 px: 72 ms, 32 px: 33 ms
    seeds = iter(range(100))

    def draw(live):
        return sizes_of(engine, RECIPE.with_(base=SeedBlend.of(next(seeds))), live)

    assert draw(live=True) == [64]  # nothing measured yet
    assert draw(live=True) == [64]  # the first picture is not believed
    assert draw(live=True) == [32, 64]
    assert draw(live=False) == [64]
    assert draw(live=True) == [32, 64]


def test_a_fast_network_never_shows_a_draft():
    clock = TickingClock()
    engine = make_engine(SlowGenerator(clock, 0.00008), clock=clock)  # 29 ms
    for seed in range(4):
        assert sizes_of(engine, RECIPE.with_(base=SeedBlend.of(seed))) == [64]


def test_an_edit_of_the_last_rows_alone_needs_no_draft():
    clock = TickingClock()
    generator = SlowGenerator(clock, 0.0002)
    engine = make_engine(generator, clock=clock)
    for seed in range(3):
        sizes_of(engine, RECIPE.with_(base=SeedBlend.of(seed)))
    last = generator.num_ws - 1
    edit = RECIPE.with_(base=SeedBlend.of(2), mixes=(Mix(7, (last,)),))
    assert sizes_of(engine, edit) == [64]


def test_without_any_cache_pictures_are_the_same():
    with_cache, without = make_engine(), make_engine(cache_bytes=0)
    for psi in (1.0, 0.5, 0.5, 1.0):
        recipe = RECIPE.with_(psi=psi)
        np.testing.assert_array_equal(pixels(with_cache, recipe), pixels(without, recipe))
    assert without.cache_stats.entries == 0
    assert without.cache_stats.hits == 0


def test_cache_stays_under_its_limit_and_counts():
    engine = make_engine(cache_bytes=20_000)
    for seed in range(20):
        pixels(engine, RECIPE.with_(base=SeedBlend.of(seed)))
        assert engine.cache_stats.bytes <= 20_000
    assert engine.cache_stats.entries > 0
    misses = engine.cache_stats.misses
    pixels(engine, RECIPE.with_(base=SeedBlend.of(19)))
    assert engine.cache_stats.misses == misses
    engine.set_cache_limit(0)
    assert engine.cache_stats.bytes == 0


def test_wishes_a_network_cannot_fulfil_are_left_out_and_named():
    recipe = RECIPE.with_(mixes=(Mix(3, (0, 40)),), transform=Transform(x=0.5))
    engine = make_engine()
    frame = engine.render(RenderRequest(recipe))
    assert any("rows 40" in n for n in frame.notices)
    assert any("transform" in n for n in frame.notices)
    np.testing.assert_array_equal(frame.pixels, pixels(engine, RECIPE.with_(mixes=(Mix(3, (0,)),))))


def test_a_latent_of_another_size_is_refused():
    with pytest.raises(RecipeError, match="3 values"):
        pixels(make_engine(), RECIPE.with_(base=StoredLatent(1, 3, bytes(12))))


def test_half_precision_on_a_cpu_falls_back_and_says_so():
    engine = make_engine(precision="float16")
    frame = engine.render(RenderRequest(RECIPE))
    assert frame.precision == "float32"
    assert any("float16" in n for n in frame.notices)
    assert engine.set_device("cpu", "bfloat16") == engine.render(RenderRequest(RECIPE)).notices
    assert engine.set_device("cpu", "float32") == ()
    assert engine.render(RenderRequest(RECIPE)).notices == ()


def test_a_device_that_is_not_there_leaves_everything_as_it_was():
    engine = make_engine()
    with pytest.raises(DeviceError, match="cpu"):
        engine.set_device("cuda:9")
    assert engine.device == "cpu"
    assert pixels(engine, RECIPE).shape == (16, 16, 3)


OUT_OF_MEMORY = "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes"


def test_out_of_memory_drops_the_cache_and_tries_again():
    generator = SmallGenerator()
    engine = make_engine(generator)
    expected = pixels(engine, RECIPE)
    other = RECIPE.with_(psi=0.5)
    generator.fail[4] = [RuntimeError(OUT_OF_MEMORY)]
    pixels(engine, other)
    assert generator.runs[0] == 3  # first picture, second picture, second attempt
    np.testing.assert_array_equal(pixels(engine, RECIPE), expected)


def test_out_of_memory_on_a_gpu_goes_on_on_the_cpu_and_says_so(monkeypatch):
    monkeypatch.setattr(devices, "available", lambda: ("cuda", "cpu"))
    monkeypatch.setattr(devices, "release", lambda device: None)
    generator = SmallGenerator()
    shelf = SmallShelf(small=generator)
    engine = Engine(shelf, "cuda", threads=1)
    generator.fail[2] = [torch.OutOfMemoryError("CUDA out of memory")] * 2
    frame = engine.render(RenderRequest(RECIPE))
    assert engine.device == frame.device == "cpu"
    assert any("cuda ran out of memory" in n for n in frame.notices)
    assert [device for _, device, _ in shelf.asked] == ["cuda", "cuda", "cpu"]
    assert "cuda ran out of memory" in engine.render(RenderRequest(RECIPE)).notices[0]


def test_out_of_memory_while_a_network_is_loaded_goes_on_on_the_cpu(monkeypatch):
    monkeypatch.setattr(devices, "available", lambda: ("cuda", "cpu"))
    monkeypatch.setattr(devices, "release", lambda device: None)
    shelf = SmallShelf()
    load = shelf.get

    def get(ref, device, precision):
        if device == "cuda":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return load(ref, device, precision)

    monkeypatch.setattr(shelf, "get", get)
    engine = Engine(shelf, "cuda", threads=1)
    assert engine.open("small").resolution == 16
    assert engine.device == "cpu"
    assert any("cuda ran out of memory" in n for n in engine.render(RenderRequest(RECIPE)).notices)


def test_out_of_memory_on_the_cpu_is_told_in_words():
    generator = SmallGenerator()
    generator.fail[2] = [RuntimeError(OUT_OF_MEMORY)] * 9
    with pytest.raises(DeviceError, match="memory"):
        pixels(make_engine(generator), RECIPE)


def test_other_errors_of_a_network_are_not_taken_for_lack_of_memory():
    generator = SmallGenerator()
    generator.fail[2] = [RuntimeError("a shape does not fit")]
    with pytest.raises(RuntimeError, match="shape"):
        pixels(make_engine(generator), RECIPE)


def test_info_tells_what_a_network_is():
    info = make_engine().open("small")
    assert info.ref == ModelRef("small", "a" * 64)
    assert (info.resolution, info.num_ws, info.w_dim, info.c_dim) == (16, 6, 8, 0)
    assert info.stops == (4, 8, 16)
    assert info.has_noise
    assert not info.has_transform
    assert (info.title, info.licence) == ("Small things", "MIT")
    assert info.rows_at(16) == (3, 4, 5)


def test_the_same_request_again_draws_with_the_directions_of_now():
    engine = make_engine()
    recipe = RECIPE.with_(directions=(Push("age", 2.0),))
    unknown = engine.render(RenderRequest(recipe))
    assert any("age" in notice for notice in unknown.notices)
    engine.directions["age"] = Direction("age", "random", torch.ones(8))
    pushed = engine.render(RenderRequest(recipe))
    assert not pushed.notices
    assert not np.array_equal(pushed.pixels, unknown.pixels)
    engine.directions["age"] = Direction("age", "random", -torch.ones(8))
    assert not np.array_equal(pixels(engine, recipe), pushed.pixels)


def test_a_forgotten_network_is_held_by_nothing():
    shelf = SmallShelf(small=SmallGenerator())
    engine = Engine(shelf, "cpu", threads=1)
    pixels(engine, RECIPE)
    alive = weakref.ref(shelf.generators.pop("small"))
    engine.forget(REF)
    gc.collect()
    assert alive() is None
