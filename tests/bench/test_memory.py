"""The peak of a form: the middle one of several processes."""

from pathlib import Path

import pytest

from explorer.bench import memory
from explorer.bench.conditions import Conditions


@pytest.mark.parametrize(
    ("peaks", "smoke", "usual"),
    [([500, 430, 560], False, 500), ([500, None, 560], False, None), ([500], True, 500)],
)
def test_the_usual_peak(monkeypatch, peaks, smoke, usual):
    left = list(peaks)
    monkeypatch.setattr(memory, "_in_child", lambda *_: {"peak_mib": left.pop()})
    assert memory._usual_peak("plain", Path("network"), Conditions(smoke=smoke)) == usual
    assert not left
