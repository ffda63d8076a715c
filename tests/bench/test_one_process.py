"""The ratio of both forms in one process: the right way round, the median of its processes."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from explorer.bench import one_process
from explorer.bench.clocks import Timing
from explorer.models import build_generator
from tests.models.synthetic import random_network


def test_it_is_the_plain_form_over_ours_by_the_threads_own_time(monkeypatch, tmp_path, capsys):
    network = random_network("skip", 16)
    file = SimpleNamespace(description=network.description, tensors=network._tensors)
    monkeypatch.setattr(one_process, "read_checkpoint", lambda path: file)
    monkeypatch.setattr(
        one_process, "load_generator", lambda path: build_generator(file.description, file.tensors)
    )
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    ws = network.mapping(network.latent(1))
    np.save(tmp_path / "ws.npy", ws.numpy())
    drawn = {}

    def take_turns(works, rounds):
        assert rounds == 4
        drawn.update({name: work(1) for name, work in works.items()})
        return {"ours": Timing([9.0], [2.0]), "plain": Timing([9.0], [6.0])}

    monkeypatch.setattr(one_process, "take_turns", take_turns)
    one_process.main(Path("network"), tmp_path / "ws.npy", 4)
    assert float(capsys.readouterr().out) == 3
    assert torch.allclose(drawn["ours"], drawn["plain"], atol=1e-4)


def test_of_several_processes_the_median_counts(monkeypatch):
    told = iter(["1.5\n", "9.0\n", "2.0\n"])

    def run(command, **options):
        assert command[-1] == "7"
        assert np.load(command[-2]).shape == (1, 2, 4)
        return SimpleNamespace(stdout=next(told))

    monkeypatch.setattr(one_process.subprocess, "run", run)
    assert one_process.one_process_ratio(Path("network"), torch.zeros(1, 2, 4), 7, 3) == 2
    with pytest.raises(StopIteration):
        next(told)
