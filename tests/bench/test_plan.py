"""What `bench` measures where no network is named."""

from explorer.bench import frame_gpu
from explorer.bench.conditions import Conditions
from explorer.bench.plan import CPU, GPU, planned
from explorer.bench.random_networks import RANDOM
from explorer.bench.subjects import subjects
from explorer.render import engine as engine_module
from tests.render.test_graphs import Replays


def test_named_networks_run_everything_that_was_asked_for():
    plan = planned(("frame", "draft"), ["mine"], ["faces"], Conditions())
    assert plan == {"mine": ("frame", "draft")}


def test_bundled_networks_run_everything_and_official_sizes_what_is_listed():
    plan = planned(("frame", "start", "memory"), [], ["faces"], Conditions())
    assert plan["faces"] == ("frame", "start", "memory")
    assert plan["random-paper-256"] == ("frame", "memory")
    assert plan["random-sg3-t-256"] == ("frame",)


def test_a_gpu_measures_large_networks():
    plan = planned(("frame",), [], [], Conditions("cuda"))
    assert plan == {"random-config-f-1024": ("frame",), "random-sg3-t-1024": ("frame",)}


def test_smoke_is_over_in_seconds():
    assert planned(("frame",), [], ["faces"], Conditions(smoke=True)) == {"faces": ("frame",)}


def test_all_listed_networks_exist():
    assert {model for listed in (CPU, GPU) for models in listed.values() for model in models} <= set(RANDOM)


def test_frame_on_a_gpu_measures_recorded_chains_steps_and_batches(monkeypatch):
    """Its code with the CPU in place of a GPU; the figures mean nothing."""
    monkeypatch.setattr(frame_gpu, "PRECISIONS", ("float32",))
    monkeypatch.setattr(engine_module, "recorder_for", lambda device: Replays())
    with subjects(["random-tiny-16"]) as (subject,):
        network = subject.shelf().get(subject.ref)
        ws = network.mapping(network.latent(1), psi=0.7)
        conditions = Conditions("cpu", "float32", smoke=True)
        results = list(frame_gpu.run(subject, conditions, ws, network.synthesis(ws)))
    assert [(r["batch"], r["graphs"]) for r in results] == [(1, True), (1, False), (8, True), (8, False)]
    assert all(r["max_error"] < 1e-5 and r["p95_ms"] >= r["p50_ms"] > 0 for r in results)
