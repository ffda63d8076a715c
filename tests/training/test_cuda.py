"""The same run on a GPU, where there is one."""

import pytest
import torch

from explorer.training.evaluate import evaluate
from explorer.training.images import ImageSet
from explorer.training.trainer import Trainer
from tests.training.small import advance, pictures, settings

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU here")
CUDA = torch.device("cuda")


@pytest.mark.parametrize("precision", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("augment", ["light", "ada"])
def test_a_run_with_growing_stays_finite(precision: str, augment: str) -> None:
    images: ImageSet = pictures().to(CUDA)
    run = advance(Trainer(settings(precision=precision, augment=augment), images, CUDA), 70)
    assert run.G.resolution == 16
    assert all(torch.isfinite(value).all() for value in run.G.state_dict().values())
    assert run.take_health()["r1"] > 0
    assert evaluate(run, 8)["diversity_ratio"] > 0


def test_a_state_moves_between_devices() -> None:
    run = advance(Trainer(settings(), pictures(), torch.device("cpu")), 60)
    there = Trainer(settings(), pictures().to(CUDA), CUDA, run.state())
    advance(there, 5)
    back = Trainer(settings(), pictures(), torch.device("cpu"), there.state())
    advance(back, 5)
    assert back.counters.steps == 70


def test_pictures_of_both_devices_agree() -> None:
    run = advance(Trainer(settings(), pictures(), torch.device("cpu")), 60)
    there = Trainer(settings(), pictures().to(CUDA), CUDA, run.state())
    z = torch.randn((4, 6), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(there.ema(z.to(CUDA)).cpu(), run.ema(z), atol=1e-2, rtol=0)
