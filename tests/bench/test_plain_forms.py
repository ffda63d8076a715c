"""Processes of the plain form that take turns."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from explorer.bench import plain_process
from explorer.bench.clocks import Spent
from explorer.bench.plain_process import PlainForms


@pytest.fixture
def seen(monkeypatch):
    """What processes did: `drew` and `ended` their numbers in order. Each picture takes `wall` seconds."""
    seen = SimpleNamespace(started=0, drew=[], ended=[], wall=plain_process.QUICK_SECONDS / 2)

    class Process:
        def __init__(self, path, ws, folder):
            assert folder.is_dir()
            self.number = seen.started
            seen.started += 1

        def __enter__(self):
            return self

        def __exit__(self, *_):
            seen.ended.append(self.number)

        def draw(self, threads):
            seen.drew.append(self.number)
            return Spent(seen.wall, seen.wall)

    monkeypatch.setattr(plain_process, "PlainProcess", Process)
    return seen


def test_quick_pictures_are_drawn_by_several_in_turn(seen):
    with PlainForms(Path("file"), torch.zeros(1)) as plain:
        plain.begin(1, 3)
        assert plain.processes == 3
        assert seen.drew == [0, 1, 2], "each has drawn its first picture"
        seen.drew.clear()
        for _ in range(6):
            plain.draw(1)
        assert sorted(seen.drew) == [0, 0, 1, 1, 2, 2]
        assert seen.drew[:3] == seen.drew[3:]
    assert sorted(seen.ended) == [0, 1, 2]


def test_slow_ones_by_one_alone(seen):
    seen.wall = 2 * plain_process.QUICK_SECONDS
    with PlainForms(Path("file"), torch.zeros(1)) as plain:
        assert plain.begin(1, 3).wall == seen.wall
        plain.draw(1)
    assert seen.drew == [0, 0]
