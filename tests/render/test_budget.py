"""The policy for drafts as a table of cases, with seconds that are not real."""

import pytest

from explorer.render.budget import Budget

STOPS = {4: 0, 8: 1, 16: 2, 32: 3, 64: 4, 128: 5, 256: 6}


def measured(milliseconds, network="net", other=0.0):
    """A budget that has seen each step take so long, often enough to believe it."""
    budget = Budget()
    for _ in range(3):
        budget.record(network, -1, other / 1000)
        for step, value in enumerate(milliseconds):
            budget.record(network, step, value / 1000)
    return budget


@pytest.mark.parametrize(
    ("milliseconds", "other", "first", "draft"),
    [
        # steps of          4  8 16 32 64 128 256
        pytest.param((1, 1, 1, 1, 2, 4, 8), 0, 0, None, id="fast: the full picture at once"),
        pytest.param((1, 1, 1, 2, 5, 10, 12), 0, 0, None, id="32 ms: just above 30 a second"),
        pytest.param((1, 1, 1, 2, 5, 15, 10), 0, 0, 128, id="35 ms: the largest stop under 33 ms"),
        pytest.param((1, 1, 1, 2, 5, 25, 30), 0, 0, 64, id="128 would take 35 ms"),
        pytest.param((1, 1, 1, 2, 5, 20, 30), 5, 0, 64, id="what every picture costs counts too"),
        pytest.param((50, 50, 50, 50, 90, 90, 90), 0, 0, 32, id="nothing is fast enough: the smallest"),
        pytest.param((50, 50, 1, 2, 5, 10, 12), 0, 2, None, id="steps the cache holds cost nothing"),
        pytest.param((1, 1, 1, 2, 5, 15, 60), 0, 5, 128, id="a long last step after a cached start"),
        pytest.param((1, 1, 1, 2, 5, 15, 60), 0, 6, None, id="no stop shows an edit of the last step"),
    ],
)
def test_first_choice(milliseconds, other, first, draft):
    assert measured(milliseconds, other=other).choose("net", STOPS, first) == draft


def test_nothing_measured_means_no_draft():
    assert Budget().choose("net", STOPS, 0) is None
    assert measured((90,) * 7).choose("other net", STOPS, 0) is None


def test_a_network_without_early_pictures_has_no_drafts():
    assert measured((50,) * 7).choose("net", {256: 6}, 0) is None


def test_a_draft_is_large_enough_to_follow_a_face():
    stops = {2 ** (i + 2): i for i in range(9)}
    assert measured((100,) * 9).choose("net", stops, 0) == 32


def test_the_first_measurement_is_warming_up_and_is_replaced():
    budget = Budget()
    budget.record("net", -1, 0.0)
    budget.record("net", 0, 0.040)
    assert budget.predict("net", 0, 0) == pytest.approx(0.010)
    budget.record("net", 0, 0.012)
    assert budget.predict("net", 0, 0) == pytest.approx(0.012)


def test_one_picture_is_enough_to_know_a_very_slow_network():
    budget = Budget()
    for step in range(-1, 7):
        budget.record("net", step, 0.5)
    assert budget.choose("net", STOPS, 0) == 32


def test_measurements_are_smoothed_so_that_one_hiccup_changes_nothing():
    budget = measured((1, 1, 1, 2, 5, 10, 8))  # 28 ms
    budget.record("net", 6, 0.018)
    assert budget.choose("net", STOPS, 0) is None  # 31 ms in the mean
    for _ in range(10):
        budget.record("net", 6, 0.018)
    assert budget.choose("net", STOPS, 0) == 128


def drag(budget, last_step_ms):
    """Choices during one drag, the last step's time moving as given."""
    choices = []
    for value in last_step_ms:
        for _ in range(20):
            budget.record("net", 6, value / 1000)
        choices.append(budget.choose("net", STOPS, 0))
    return choices


def test_times_around_the_bound_do_not_flicker_between_full_and_draft():
    budget = measured((1, 1, 1, 2, 5, 5, 15))  # 15 ms and the last step
    around = [17, 19, 17, 19, 17, 19, 14, 12, 17]
    assert drag(budget, around) == [None, 128, 128, 128, 128, 128, 128, None, None]


def test_times_around_the_bound_do_not_flicker_between_two_sizes():
    budget = measured((1, 1, 1, 2, 5, 15, 60))
    choices = []
    for value in (22, 24, 26, 24, 31, 24, 22, 17, 22):  # 10 ms and the step of 128
        for _ in range(20):
            budget.record("net", 5, value / 1000)
        choices.append(budget.choose("net", STOPS, 0))
    assert choices == [128, 128, 128, 128, 64, 64, 64, 128, 128]


def test_another_control_starts_afresh():
    budget = measured((1, 1, 1, 2, 5, 10, 14))
    assert budget.choose("net", STOPS, 0) == 128  # 34 ms
    assert budget.choose("net", STOPS, 2) is None  # 32 ms from the third step on
    assert budget.choose("net", STOPS, 0) == 128
