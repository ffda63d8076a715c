import pytest

from explorer.bench import clocks
from explorer.bench.clocks import Timing, percentile, ratio, take_turns


def test_forms_take_turns_and_the_first_round_is_not_counted():
    order = []
    timings = take_turns({"a": lambda n: order.append(("a", n)), "b": lambda n: order.append(("b", n))}, 2)
    assert order == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2), ("b", 2)]
    assert len(timings["a"].wall) == len(timings["b"].thread) == 2


def test_the_device_settles_before_each_reading_of_the_clock(monkeypatch):
    events = []
    monkeypatch.setattr(clocks.time, "perf_counter", lambda: events.append("clock") or float(len(events)))
    take_turns({"a": lambda n: events.append("work")}, 1, settle=lambda: events.append("settle"))
    assert events[-5:] == ["settle", "clock", "work", "settle", "clock"]


def test_ratio_is_the_median_of_the_rounds_own_ratios():
    assert ratio([2.0, 100.0, 6.0], [1.0, 1.0, 2.0]) == 3.0


def test_figures_of_a_timing():
    timing = Timing(wall=[0.003, 0.001, 0.002], thread=[0.001, 0.001, 0.001])
    assert timing.p50_ms == pytest.approx(2.0)
    assert timing.min_ms == pytest.approx(1.0)
    assert timing.thread_ms == pytest.approx(1.0)
    assert timing.is_contended
    assert not Timing(wall=[0.0012], thread=[0.001]).is_contended


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 51), (0.95, 96), (1.0, 100)])
def test_percentile(share, value):
    assert percentile(list(range(100, 0, -1)), share) == value
