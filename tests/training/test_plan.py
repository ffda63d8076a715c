"""Plans from a few wishes, changes on resume, and the choice of threads."""

import pytest

from explorer.errors import TrainingError
from explorer.training.plan import Wishes, first_plan, next_plan
from explorer.training.settings import Counters
from explorer.training.threads import ThreadTrial
from tests.training.small import settings


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("resolution", [8, 32, 64, 128, 256, 1024])
def test_every_size_has_a_plan(resolution: int, device: str) -> None:
    plan = first_plan(Wishes(resolution=resolution), device)
    assert plan.resolution == resolution
    assert plan.minutes is not None
    assert plan.precision == ("float32" if device == "cpu" else "float16")


def test_wishes_are_kept() -> None:
    wishes = Wishes(64, None, 12.0, {4: 8, 8: 8, 16: 8, 32: 8, 64: 8}, 4, 0.5, {"lr": 0.001, "mirror": False})
    plan = first_plan(wishes, "cpu")
    assert (plan.kimg, plan.minutes, plan.lr, plan.mirror) == (12.0, None, 0.001, False)
    assert [stage.batch for stage in plan.stages] == [4, 4]
    assert [stage.gamma for stage in plan.stages] == [0.125, 0.5]


def test_stages_follow_one_another_by_share() -> None:
    plan = settings()
    assert [plan.stage_index(p) for p in (0, 0.49, 0.51, 1, 7)] == [0, 0, 1, 1, 1]


def test_a_finished_plan_wants_more_time() -> None:
    done = Counters(images=400, stage=1)
    with pytest.raises(TrainingError, match="finished"):
        next_plan(settings(), done, Wishes())
    assert next_plan(settings(), done, Wishes(kimg=0.8)).kimg == 0.8
    by_time = next_plan(settings(), Counters(images=400, seconds=30, stage=1), Wishes(minutes=1))
    assert (by_time.minutes, by_time.kimg) == (1, None)


def test_a_run_can_be_grown_further() -> None:
    counters = Counters(images=400, stage=1)
    plan = next_plan(settings(), counters, Wishes(resolution=64, kimg=1.0))
    assert [stage.resolution for stage in plan.stages] == [8, 16, 32, 64]
    assert plan.stage_index(plan.progress(400, 0)) in (1, 2)
    assert plan.stage_index(plan.progress(420, 0)) == 2
    assert plan.stage_index(0.999) == 3
    assert plan.channels[16] == settings().channels[16]
    assert plan.channels[64] >= 1


@pytest.mark.parametrize(
    ("wishes", "reason"),
    [
        (Wishes(resolution=8), "cannot shrink"),
        (Wishes(channels=(512, 64)), "widths"),
        (Wishes(other={"z_dim": 7}), "z_dim"),
    ],
)
def test_sizes_of_what_exists_cannot_change(wishes: Wishes, reason: str) -> None:
    with pytest.raises(TrainingError, match=reason):
        next_plan(settings(), Counters(images=40), wishes)


def rates(trial: ThreadTrial, speed: dict[int, float], seconds: int) -> list[int]:
    """Counts in use over time, for a machine that shows `speed[threads]` pictures a second."""
    used, images = [], 0.0
    for now in range(seconds):
        used.append(trial.after_step(round(images), now))
        images += speed[used[-1]]
    return used


def test_the_faster_count_of_threads_is_kept() -> None:
    lonely = rates(ThreadTrial([1, 2], trial=3, hold=20), {1: 40, 2: 70}, 60)
    assert lonely.count(2) > 45
    crowded = rates(ThreadTrial([1, 2], trial=3, hold=20), {1: 40, 2: 10}, 60)
    assert crowded.count(1) > 48


def test_one_count_is_never_changed() -> None:
    assert set(rates(ThreadTrial([4]), {4: 10}, 200)) == {4}
