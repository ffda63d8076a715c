"""The run itself: resume bit for bit, growing, the average, and that it learns."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from explorer.errors import TrainingError
from explorer.training import measures
from explorer.training.evaluate import evaluate, to_unit
from explorer.training.growing import carry_on, grow_discriminator
from explorer.training.layers import Conv
from explorer.training.networks import Discriminator, DiscriminatorBlock, Generator
from explorer.training.settings import Settings, Stage
from explorer.training.state import PART_BYTES, load_state, save_state
from explorer.training.trainer import Trainer
from tests.training.small import CPU, advance, pictures, settings, trainer


def same_weights(a: Trainer, b: Trainer) -> bool:
    left, right = a.state().tensors, b.state().tensors
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize("steps", [7, 50, 51, 61])
def test_a_resumed_run_goes_on_bit_for_bit(steps: int, tmp_path: Path) -> None:
    """Stopped in the first stage, right before growing, while the generator waits, and after."""
    run = advance(trainer(), steps)
    save_state(tmp_path / "s", run.state())
    state = load_state(tmp_path / "s")
    again = Trainer(Settings.from_json(state.settings), pictures(), CPU, state)
    assert again.counters == run.counters
    assert same_weights(again, run)
    advance(run, 14)
    advance(again, 14)
    assert run.stage.resolution == (8 if steps == 7 else 16)
    assert run.counters.ada_p > 0
    assert again.counters == run.counters
    assert same_weights(again, run)


def test_a_compact_state_is_near_and_smaller(tmp_path: Path) -> None:
    run = advance(trainer(), 60)
    save_state(tmp_path / "exact", run.state())
    save_state(tmp_path / "compact", run.state(is_exact=False))
    sizes = [sum(f.stat().st_size for f in (tmp_path / n).glob("part*")) for n in ("exact", "compact")]
    assert sizes[1] < 0.6 * sizes[0]
    again = Trainer(settings(), pictures(), CPU, load_state(tmp_path / "compact"))
    for name, value in run.G.state_dict().items():
        torch.testing.assert_close(again.G.state_dict()[name], value, rtol=1e-3, atol=1e-3)
    advance(again, 2)
    assert again.opt_g.param_groups[0]["lr"] < run.settings.lr  # the rate rises anew


def test_a_damaged_state_is_refused(tmp_path: Path) -> None:
    save_state(tmp_path / "s", trainer().state())
    part = next((tmp_path / "s").glob("part*"))
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    with pytest.raises(TrainingError, match="hash"):
        load_state(tmp_path / "s")
    with pytest.raises(TrainingError, match="no training state"):
        load_state(tmp_path / "nowhere")


def test_parts_stay_below_16_mib(tmp_path: Path) -> None:
    state = trainer().state()
    state.tensors["E.large"] = torch.arange(5_000_000, dtype=torch.float32)
    save_state(tmp_path / "s", state)
    parts = sorted((tmp_path / "s").glob("part*"))
    assert len(parts) == 2
    assert all(part.stat().st_size <= PART_BYTES for part in parts)
    assert torch.equal(load_state(tmp_path / "s").tensors["E.large"], state.tensors["E.large"])


def test_growing_starts_from_the_old_picture_doubled() -> None:
    run = advance(trainer(), 50)
    assert run.G.resolution == 8
    z = torch.randn((4, 6), generator=torch.Generator().manual_seed(0))
    nets = ("G", "ema")
    with torch.no_grad():
        before = [getattr(run, net)(z) for net in nets]
        run.advance()
        after = [getattr(run, net)(z) for net in nets]
    assert run.G.resolution == 16
    for small, large in zip(before, after, strict=True):
        padded = torch.nn.functional.pad(small, (1, 1, 1, 1))
        double = torch.nn.functional.interpolate(padded, scale_factor=2, mode="bilinear")[:, :, 2:-2, 2:-2]
        torch.testing.assert_close(large, double, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("wide", "fresh", "most"), [(8, 8, 1e-4), (8, 12, 1e-3), (64, 32, 0.1), (16, 8, 0.5)]
)
def test_a_new_block_starts_as_the_layer_it_replaces(wide: int, fresh: int, most: float) -> None:
    """On plain colours, where halving changes nothing."""
    torch.manual_seed(0)
    old = Conv(3, wide, 1)
    block = DiscriminatorBlock(16, {16: fresh, 8: wide}, 3, None, is_first=True)
    carry_on(old, block)
    colours = torch.rand((32, 3, 1, 1)) * 2 - 1
    with torch.no_grad():
        wanted = old(colours)
        given = block(block.fromrgb(colours.expand(-1, -1, 16, 16)))[:, :, 4:5, 4:5]
    assert (given - wanted).square().mean().sqrt() <= most * wanted.std()


def test_a_grown_discriminator_judges_as_before() -> None:
    torch.manual_seed(0)
    widths = {4: 8, 8: 8, 16: 8}
    small, large = Discriminator(8, widths, group=2), Discriminator(16, widths, group=2)
    grow_discriminator(small, large)
    plain = (torch.rand((4, 3, 1, 1)) * 2 - 1).expand(-1, -1, 16, 16)
    ramp = plain + torch.linspace(-0.2, 0.2, 16)
    with torch.no_grad():
        before, after = small(torch.nn.functional.avg_pool2d(ramp, 2)), large(ramp)
    assert (after - before).abs().max() < 0.3 * before.std()


def test_generator_waits_at_the_start_of_a_grown_stage() -> None:
    run = advance(trainer(), 50)
    run.advance()
    before = {name: value.clone() for name, value in run.G.named_parameters()}
    run.step()
    assert all(torch.equal(before[name], value) for name, value in run.G.named_parameters())
    advance(run, 3)
    assert not all(torch.equal(before[name], value) for name, value in run.G.named_parameters())


def test_average_halves_its_distance_every_half_life() -> None:
    run = trainer(ema_kimg=0.2, ema_ramp=1e9)
    run.counters.images = 1
    with torch.no_grad():
        for parameter in run.ema.parameters():
            parameter.zero_()
        for parameter in run.G.parameters():
            parameter.fill_(1.0)
    for _ in range(50):
        run._average(4)  # 200 pictures: one half-life
    for parameter in run.ema.parameters():
        torch.testing.assert_close(parameter, torch.full_like(parameter, 0.5), rtol=1e-4, atol=0)


def test_held_out_pictures_are_never_shown() -> None:
    run = trainer(held_out=6)
    assert run.held_out is not None
    assert (len(run.images), len(run.held_out)) == (10, 6)
    assert not set(run.images.names) & set(run.held_out.names)
    assert "r_v" in evaluate(run, 4)


def test_it_learns_a_handful_of_pictures() -> None:
    """Overfit on purpose: samples come nearer to single pictures than their mean is, and stay varied."""
    reals = pictures(8, 8, seed=5)
    plan = Settings(
        stages=(Stage(8, 1.0, 8, 0.05),),
        channels={4: 16, 8: 16},
        kimg=3.2,
        z_dim=16,
        w_dim=16,
        mirror=False,
        augment="none",
        ema_kimg=0.2,
        warmup_steps=20,
        lr=0.01,
        lr_final=0.002,
        decay_share=0.4,
    )
    run = Trainer(plan, reals, CPU)
    while run.progress < 1:
        run.step()
    assert run.counters.steps == 400
    with torch.no_grad():
        samples = run.ema(torch.randn((64, 16), generator=torch.Generator().manual_seed(3))).flatten(1)
    real = to_unit(reals.level(8)).flatten(1)
    apart = torch.pdist(real).mean()  # from their mean picture they lie 0.66 of it away
    assert torch.cdist(samples, real).min(dim=1).values.mean() < 0.6 * apart
    assert torch.pdist(samples).mean() > 0.5 * apart


def test_w_avg_is_the_mean_of_w() -> None:
    run = advance(trainer(w_avg_beta=0.9), 40)
    z = torch.randn((2000, 6), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        mean = run.ema.mapping(z).mean(dim=0)
    torch.testing.assert_close(run.ema.mapping.w_avg, mean, atol=0.25, rtol=0)


def test_plans_that_cannot_run_are_refused() -> None:
    good = settings()
    with pytest.raises(TrainingError, match="either in minutes or in kimg"):
        replace(good, minutes=5)
    with pytest.raises(TrainingError, match="power of two"):
        replace(good, stages=(Stage(24, 1, 4, 1),))
    with pytest.raises(TrainingError, match="cannot follow"):
        replace(good, stages=(Stage(8, 1, 4, 1), Stage(32, 1, 4, 1)))
    with pytest.raises(TrainingError, match="group"):
        replace(good, stages=(Stage(8, 1, 5, 1),))
    with pytest.raises(TrainingError, match="lacks resolution 16"):
        replace(good, channels={4: 8, 8: 8})


def test_settings_travel_through_json() -> None:
    assert Settings.from_json(settings().as_json()) == settings()


def test_rates_follow_the_plan() -> None:
    plan = settings(lr=0.002, lr_final=0.0002, decay_share=0.5)
    assert plan.learning_rate(0.5) == 0.002
    assert plan.learning_rate(0.75) == pytest.approx(0.0011)
    assert plan.learning_rate(1.0) == pytest.approx(0.0002)


def test_a_generator_without_noise_has_none() -> None:
    net = Generator(8, {4: 4, 8: 4}, z_dim=4, w_dim=4, mapping_layers=1, use_noise=False)
    assert not [name for name in net.state_dict() if "noise" in name]


def test_measures_of_a_set_with_itself_are_nought() -> None:
    images = to_unit(pictures(16, 32).level(32))
    result = measures.compare(images, images)
    for name, value in result.items():
        assert value == pytest.approx(1.0 if name == "diversity_ratio" else 0.0, abs=1e-3), name
