"""The stage cache: its law (cached equals full, bit for bit), its bound, and what it keeps."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.checkpoints import Shelf
from explorer.models import Features, NoisePlan, Step, build_generator
from explorer.recipe import Mix, ModelRef, Noise, Recipe, SeedBlend, Transform
from explorer.render.engine import Engine
from explorer.render.frame import RenderRequest
from explorer.render.stages import StageCache, added_bytes, chain_keys, worth_keeping
from tests.models import synthetic_stylegan3
from tests.models.synthetic import random_network
from tests.render.fakes import SmallShelf
from tests.support import golden_file, needs_golden

NETWORKS = {arch: random_network(arch, 16) for arch in ("skip", "resnet", "orig")} | {
    "classes": random_network("skip", 16, c_dim=3),
    "stylegan3": build_generator(*synthetic_stylegan3.random_network("T", 16)),
}
ROWS = 6


@st.composite
def edits(draw):
    """One edit of a recipe, as a hand makes them: a function from recipe to recipe."""
    seed = draw(st.integers(0, 3))
    value = draw(st.sampled_from([-1.0, 0.0, 0.3, 0.5, 1.0, 1.7]))
    return draw(
        st.sampled_from(
            [
                lambda r: r.with_(base=SeedBlend.of(seed)),
                lambda r: r.with_(base=SeedBlend.between(seed, seed + 1, value)),
                lambda r: r.with_(psi=value),
                lambda r: r.with_(psi=value, cutoff=2 * seed),
                lambda r: r.with_(mixes=(Mix(seed + 9, (seed + 2,), value),)),
                lambda r: r.with_(mixes=(Mix(seed + 9, "fine", value), Mix(seed, "coarse", 0.5))),
                lambda r: r.with_(noise=Noise("none", seed, abs(value))),
                lambda r: r.with_(noise=Noise("const", seed, abs(value))),
                lambda r: r.with_(noise=Noise("random", seed, abs(value))),
                lambda r: r.with_(class_index=seed if seed < 3 else None),
                lambda r: r.with_(transform=Transform(value / 10, 0.0, 30.0 * seed)),
            ]
        )
    )


@pytest.mark.parametrize("limit", [0, 9_000, 60_000, 2**28], ids=["nothing", "tight", "little", "plenty"])
@pytest.mark.parametrize("name", NETWORKS)
@given(history=st.lists(st.tuples(edits(), st.sampled_from([None, None, 4, 8])), max_size=8))
@settings(max_examples=12)
def test_cached_equals_full_bit_for_bit(name, limit, history):
    shelf = SmallShelf(**{name: NETWORKS[name]})
    cached = Engine(shelf, "cpu", cache_bytes=limit, threads=1)
    recipe = Recipe(ModelRef(name, "b" * 64))
    for edit, stop in history:
        recipe = edit(recipe)
        request = RenderRequest(recipe, stop=stop)
        fresh = Engine(shelf, "cpu", cache_bytes=0, threads=1)
        np.testing.assert_array_equal(cached.render(request).pixels, fresh.render(request).pixels)
        assert cached.cache_stats.bytes <= limit


def keys(ws=None, noise=NoisePlan(), transform=None, source="net cpu float32", steps=None):
    ws = np.zeros((ROWS, 8), np.float32) if ws is None else ws
    return chain_keys(source, steps or NETWORKS["skip"].steps, ws, noise, transform)


def shared(a, b):
    """How many leading keys two chains share; none may be equal after the first that differs."""
    count = next((i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y), len(a))
    assert not set(a[count:]) & set(b)
    return count


def test_a_row_changes_the_keys_of_the_steps_from_the_first_that_reads_it():
    steps = NETWORKS["skip"].steps
    for row in range(ROWS):
        ws = np.zeros((ROWS, 8), np.float32)
        ws[row, 3] = 1e-30
        assert shared(keys(), keys(ws)) == min(i for i, s in enumerate(steps) if row in s.rows)


def test_keys_depend_on_source_and_transform_from_the_first_step_on():
    assert shared(keys(), keys(source="net cuda float32")) == 0
    assert shared(keys(), keys(transform=(0.0, 0.0, 1.0))) == 0


def test_noise_counts_from_the_first_step_that_reads_it_and_only_as_far_as_it_matters():
    steps = tuple(Step(str(i), (i,), 4, reads_noise=i >= 2, makes_rgb=i == 5) for i in range(ROWS))
    const = keys(steps=steps)
    assert shared(const, keys(noise=NoisePlan("none"), steps=steps)) == 2
    assert shared(const, keys(noise=NoisePlan(strength=0.5), steps=steps)) == 2
    assert shared(const, keys(noise=NoisePlan(seed=9), steps=steps)) == ROWS
    first, second = (keys(noise=NoisePlan("random", seed), steps=steps) for seed in (1, 2))
    assert shared(first, second) == 2
    none = [keys(noise=NoisePlan("none", seed, seed / 2), steps=steps) for seed in (1, 2)]
    assert none[0] == none[1]


def features(count):
    return Features(torch.zeros(count // 4))


def test_the_longest_unused_are_let_go_first():
    cache = StageCache(300)
    for key in (b"a", b"b", b"c"):
        cache.put(key, features(100))
    assert cache.features(b"a") is not None
    cache.put(b"d", features(100))
    assert [k in cache for k in (b"a", b"b", b"c", b"d")] == [True, False, True, True]
    cache.touch([b"c", b"unknown"])
    cache.put(b"e", features(200))
    assert [k in cache for k in (b"a", b"c", b"d", b"e")] == [False, True, False, True]


def test_memory_shared_by_entries_counts_once_and_stays_counted_until_the_last_goes():
    cache = StageCache(200)
    x = torch.zeros(25)  # 100 bytes
    cache.put(b"conv", Features(x))
    cache.put(b"torgb", Features(x, torch.zeros(5)))
    assert cache.stats.bytes == 120
    cache.put(b"other", features(60))
    assert cache.stats.bytes == 180
    cache.touch([b"torgb", b"other"])
    cache.put(b"more", features(40))  # "conv" goes, its memory is still held by "torgb", which goes too
    assert [k in cache for k in (b"conv", b"torgb", b"other", b"more")] == [False, False, True, True]
    assert cache.stats.bytes == 100


def test_views_count_with_all_the_memory_they_hold():
    cache = StageCache(10_000)
    cache.put(b"a", Features(torch.zeros(1000)[:10]))
    assert cache.stats.bytes == 4000


def test_what_is_larger_than_the_limit_is_not_kept_and_drives_nothing_out():
    cache = StageCache(100)
    cache.put(b"a", features(40))
    cache.put(b"b", features(400))
    assert b"a" in cache
    assert b"b" not in cache


def test_pixels_are_kept_on_the_cpu_or_where_they_were_drawn():
    cache = StageCache(100)
    picture = torch.full((2, 2, 3), 7, dtype=torch.uint8)
    cache.put(b"here", picture.numpy().copy())
    cache.put(b"there", picture)
    assert cache.stats.bytes == 24
    for key in (b"here", b"there"):
        assert (torch.as_tensor(cache.pixels(key)) == picture).all()
        assert cache.features(key) is None
    cache.put(b"stage", features(90))
    assert cache.pixels(b"stage") is None
    assert [key in cache for key in (b"here", b"there")] == [False, True]


@given(st.lists(st.tuples(st.sampled_from(["put", "get", "touch", "clear"]), st.integers(0, 9)), max_size=60))
def test_bytes_are_what_the_entries_hold(operations):
    cache = StageCache(1000)
    shared_x = torch.zeros(20)
    held = {}
    for name, n in operations:
        key = b"%d" % n
        if name == "put":
            held[n] = Features(shared_x, torch.zeros(n * 10))
            cache.put(key, held[n])
        elif name == "get":
            cache.features(key)
        elif name == "touch":
            cache.touch([key])
        else:
            cache.clear()
        present = [f for i, f in held.items() if cache.features(b"%d" % i) is not None]
        assert cache.stats.entries == len(present)
        # An empty tensor has no memory; the shared one is there as soon as one entry is.
        expected = sum(f.rgb.nbytes for f in (cache.features(b"%d" % i) for i in held) if f is not None)
        assert cache.stats.bytes == expected + (shared_x.nbytes if present else 0) <= 1000


def test_added_bytes_leave_out_what_the_step_before_holds():
    x, rgb = torch.zeros(10), torch.zeros(3)
    assert added_bytes(Features(x, rgb), Features(x)) == 12
    assert added_bytes(Features(x.clone(), rgb, residual=x), Features(x, rgb)) == 40


def test_everything_is_kept_where_it_fits_and_ends_of_blocks_where_it_does_not():
    steps = NETWORKS["skip"].steps
    names = [s.name for s in steps]
    sizes = [10] * len(steps)

    def kept(limit):
        return {names[i] for i in worth_keeping(steps, sizes, limit)}

    everything = set(names) - {"b16.torgb"}
    assert kept(10_000) == everything
    ends = {"b4.conv1", "b4.torgb", "b8.conv1", "b8.torgb", "b16.conv1"}
    assert kept(50) == ends
    assert kept(60) == ends | {"b8.conv0"}
    assert kept(20) == {"b4.conv1", "b4.torgb"}
    assert kept(0) == set()


def test_without_pictures_in_between_the_ends_are_where_the_size_changes():
    sizes = (36, 36, 52, 52, 84, 84)
    steps = [Step(f"L{i}", (i,), size, False, makes_rgb=i == 5) for i, size in enumerate(sizes)]
    assert worth_keeping(steps, [10] * 6, 30) == {1, 3, 4}


@needs_golden
@pytest.mark.parametrize("name", ["ada_resnet_fp16.pkl", "ada_skip_fp16_cond.pkl"])
def test_cached_equals_full_for_published_networks(name, tmp_path):
    engine = Engine(Shelf(), "cpu", threads=1)
    recipe = Recipe(engine.open(golden_file(name, tmp_path)).ref)
    wishes = [
        recipe,
        recipe.with_(mixes=(Mix(3, (4, 5)),)),
        recipe.with_(mixes=(Mix(3, (4, 5)),), noise=Noise("random", 4)),
        recipe.with_(noise=Noise("random", 4), psi=0.5, cutoff=3),
        recipe.with_(psi=0.5, cutoff=3),
        recipe,
    ]
    for wish in wishes:
        fresh = Engine(Shelf(), "cpu", cache_bytes=0, threads=1)
        request = RenderRequest(wish)
        np.testing.assert_array_equal(engine.render(request).pixels, fresh.render(request).pixels)
    assert engine.cache_stats.hits >= 2
