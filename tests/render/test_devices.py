from types import SimpleNamespace

import pytest
import torch

from explorer.bench.random_networks import RANDOM
from explorer.checkpoints import Shelf
from explorer.errors import DeviceError
from explorer.models import build_generator
from explorer.recipe import Recipe
from explorer.render import Engine, RenderRequest, devices


def test_every_machine_has_a_cpu_and_auto_takes_the_fastest(monkeypatch):
    assert devices.available()[-1] == "cpu"
    monkeypatch.setattr(devices, "available", lambda: ("cuda", "mps", "cpu"))
    assert devices.choose("auto") == "cuda"
    assert devices.choose("cuda:0") == "cuda"
    assert devices.choose("mps") == "mps"


@pytest.mark.parametrize("name", ["cuda", "cuda:3", "mps", "tpu", ""])
def test_an_absent_device_is_refused_with_what_there_is(monkeypatch, name):
    monkeypatch.setattr(devices, "available", lambda: ("cpu",))
    with pytest.raises(DeviceError, match="devices here: cpu"):
        devices.choose(name)


@pytest.mark.parametrize(
    ("device", "wanted", "settled", "says_so"),
    [
        ("cpu", "auto", "float32", False),
        ("cpu", "float32", "float32", False),
        ("cpu", "float16", "float32", True),
        ("cpu", "bfloat16", "float32", True),
        ("cuda", "auto", "float32", False),
        ("cuda", "float16", "float16", False),
        ("mps", "float16", "float16", False),
        ("mps", "bfloat16", "float32", True),
    ],
)
def test_precision_falls_back_and_says_so(device, wanted, settled, says_so):
    precision, notices = devices.settle_precision(device, wanted)
    assert precision == settled
    assert bool(notices) == says_so


def test_bfloat16_needs_a_gpu_that_has_it(monkeypatch):
    for has in (True, False):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda has=has: has)
        precision, notices = devices.settle_precision("cuda", "bfloat16")
        assert (precision == "bfloat16") == has
        assert bool(notices) != has


def test_an_unknown_precision_is_refused():
    with pytest.raises(DeviceError, match="float32"):
        devices.settle_precision("cpu", "float8")


def test_several_gpus_are_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for count, names in ((1, ("cuda", "cpu")), (3, ("cuda", "cuda:1", "cuda:2", "cpu"))):
        monkeypatch.setattr(torch.cuda, "device_count", lambda count=count: count)
        assert tuple(d for d in devices.available() if d != "mps") == names


@pytest.mark.parametrize(("gib", "mib"), [(2, 256), (8, 512), (80, 4096)])
def test_the_cache_grows_with_a_gpus_memory_and_shrinks_back_without_it(gib, mib, monkeypatch):
    card = SimpleNamespace(total_memory=gib * 2**30)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: card)
    monkeypatch.setattr(devices, "release", lambda device: None)
    own, fixed = Engine(Shelf(), "cuda", graphs=False), Engine(Shelf(), "cuda", cache_bytes=5, graphs=False)
    assert own.cache_stats.limit_bytes == mib * 2**20
    assert fixed.cache_stats.limit_bytes == 5
    own.set_device("cpu")
    assert own.cache_stats.limit_bytes == 256 * 2**20
    own.set_cache_limit(7)
    own.set_device("cuda")
    assert own.cache_stats.limit_bytes == 7


def test_threads_are_at_least_one_and_bounded(monkeypatch):
    for cores, threads in ((1, 1), (2, 2), (64, devices.MAX_THREADS)):
        monkeypatch.setattr(devices, "usable_cores", lambda cores=cores: cores)
        assert devices.default_threads() == threads


def test_a_small_network_is_drawn_on_one_thread_unless_somebody_chose():
    shelf = Shelf()
    ref = shelf.resolve_name("faces")
    engine = Engine(shelf, device="cpu")
    engine.render(RenderRequest(Recipe(ref)))
    assert torch.get_num_threads() == 1
    assert devices.threads_for(shelf.get(ref, "cpu", "float32"), 3) == 1
    description, tensors = RANDOM["random-compact-128"].make()
    large = build_generator(description, tensors)
    assert devices.threads_for(large, 3) == 3
    assert devices.draws_whole(shelf.get(ref, "cpu", "float32"), "cuda:1")
    assert not devices.draws_whole(shelf.get(ref, "cpu", "float32"), "cpu")
    assert not devices.draws_whole(large, "cuda")
    assert devices.records_together(shelf.get(ref, "cpu", "float32"))
    assert not devices.records_together(large)
    Engine(shelf, device="cpu", threads=2).render(RenderRequest(Recipe(ref)))
    assert torch.get_num_threads() == 2
    devices.prepare()


def test_float32_means_float32():
    devices.prepare(1)
    assert torch.get_num_threads() == 1
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


@pytest.mark.parametrize(
    ("error", "lack"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ..."), True),
        (MemoryError(), True),
        (RuntimeError("shapes do not fit"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_lack_of_memory_is_told_from_other_errors(error, lack):
    assert devices.is_out_of_memory(error) == lack
