"""The command that measures a GPU, run to its end by a CPU that says it is one; figures mean nothing."""

import json
import sys

import pytest
import torch

from explorer.checkpoints import Shelf
from explorer.cli import bench as verb
from explorer.cli.main import main
from explorer.models import processor
from explorer.render import devices
from explorer.render import engine as engine_module
from tests.render.test_graphs import Replays


@pytest.fixture
def cuda(monkeypatch):
    """A card in name, forms, precisions and recorded chains; and no library that a bare machine lacks."""
    before, get = torch.get_num_threads(), Shelf.get
    monkeypatch.setattr(devices, "available", lambda: ("cuda", "cpu"))
    monkeypatch.setattr(devices, "synchronise", lambda device: None)
    monkeypatch.setattr(devices, "release", lambda device: None)
    monkeypatch.setattr(processor, "kind", lambda device: "cuda")
    monkeypatch.setattr(engine_module, "recorder_for", lambda device: Replays())
    monkeypatch.setattr(Shelf, "get", lambda shelf, ref, device, precision: get(shelf, ref, "cpu", precision))
    for name, answer in {
        "is_bf16_supported": True,
        "get_device_name": "a card",
        "reset_peak_memory_stats": None,
        "max_memory_allocated": 2**20,
    }.items():
        monkeypatch.setattr(torch.cuda, name, lambda *_, answer=answer: answer)
    for name in ("PySide6", "av", "c2pa", "platformdirs", "defusedxml", "cryptography"):
        monkeypatch.setitem(sys.modules, name, None)
    yield
    torch.set_num_threads(before)


def test_every_row_of_a_gpu_is_measured_on_a_bare_machine(cuda, capsys, monkeypatch):
    # The child process that measures memory would find no card.
    monkeypatch.setattr(verb, "ENGINE_BENCHMARKS", tuple(n for n in verb.ENGINE_BENCHMARKS if n != "memory"))
    words = ["--model", "random-tiny-16", "--minutes", "8"]
    assert main(["bench", "--smoke", "--json", "--device", "cuda", *words]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["machine"]["device"] == "cuda (a card)"
    assert {r["name"] for r in document["results"]} == {"frame", "partial", "draft", "film"}, captured.err
    frames = [r for r in document["results"] if r["name"] == "frame"]
    assert len(frames) == 3 * 4, "precisions and ways"
    most = {"float32": 1e-4, "float16": 1e-2, "bfloat16": 8e-2}
    for row in frames:
        assert 0 <= row["max_error"] <= most[row["precision"]]
        assert row["fps"] > 0
        assert row["peak_mib"] == 1
    assert all(r["equal"] for r in document["results"] if r["name"] == "partial")
    assert "mark and invert are left out" in captured.err
