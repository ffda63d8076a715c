"""What a training run is asked to do, as one frozen value that travels in its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from explorer.errors import TrainingError

AugmentKind = Literal["none", "light", "upright", "ada"]
Precision = Literal["float32", "float16", "bfloat16"]


@dataclass(frozen=True)
class Stage:
    """A stretch of training at one resolution."""

    resolution: int
    """Height and width of the pictures in pixels, a power of two from 8."""
    share: float
    """Part of the whole plan given to this stage; the shares of all stages are scaled to sum to 1."""
    batch: int
    """Real pictures per step, a multiple of the minibatch-deviation group."""
    gamma: float
    """Weight of the gradient penalty R1; the usual start is 0.0002·resolution²/batch."""


@dataclass(frozen=True)
class Settings:
    """Everything that decides how a run goes, apart from the pictures and the device."""

    stages: tuple[Stage, ...]
    """Resolutions in ascending order, each double the one before or equal to it."""
    channels: Mapping[int, int]
    """Feature maps at 4, 8, … up to the last stage's resolution, of both networks."""
    minutes: float | None = None
    """Length of the whole plan in minutes of training time; exactly one of this and `kimg` is set."""
    kimg: float | None = None
    """Length of the whole plan in thousands of real pictures shown."""
    z_dim: int = 128
    """Numbers in a latent z."""
    w_dim: int = 128
    """Numbers in an intermediate latent w."""
    mapping_layers: int = 2
    """Fully connected layers from z to w."""
    use_noise: bool = True
    """Give the generator noise inputs."""
    group: int = 4
    """Pictures compared with each other by the discriminator's minibatch standard deviation."""
    held_out: int = 0
    """Pictures kept out of training, to see by the discriminator's judgement whether it learns by heart."""
    mirror: bool = True
    """Show every picture also flipped left to right, which doubles the data."""
    lr: float = 0.0025
    """Learning rate of both networks."""
    lr_final: float = 0.0004
    """Learning rate at the end of the plan."""
    decay_share: float = 0.2
    """Last part of the plan over which the learning rate falls linearly to `lr_final`."""
    warmup_steps: int = 200
    """Steps over which the learning rate rises from 0 at the start of each stage."""
    hold_images: int = 500
    """Pictures at the start of a grown stage during which the generator waits for the discriminator."""
    r1_interval: int = 16
    """Steps between gradient penalties, which are weighted by the same number."""
    mixing: float = 0.5
    """Probability that a batch is drawn with two styles, cut at a random row."""
    w_avg_beta: float = 0.998
    """Share of the running average of w that survives a step."""
    ema_kimg: float = 3.0
    """Half-life of the averaged generator in thousands of pictures."""
    ema_ramp: float = 0.05
    """The half-life is at most this part of the pictures shown so far."""
    augment: AugmentKind = "light"
    """Which set of transforms the adaptive augmentation draws from; "ada" is the paper's "bgc"."""
    ada_target: float = 0.6
    """Mean sign of the logits of real pictures that the augmentation holds; above it p rises."""
    ada_kimg: float = 50.0
    """Thousands of pictures in which the augmentation probability p may move by 1."""
    ada_cap: float = 0.2
    """Highest augmentation probability p."""
    precision: Precision = "float32"
    """Type in which the blocks from 16×16 up compute; other than float32 needs a GPU to be faster."""
    conv_clamp: float | None = None
    """Bound of activations; 256 is set by itself with a half precision."""
    seed: int = 0
    """Start of every random draw of the run."""

    def __post_init__(self) -> None:
        """Refuse plans that cannot run."""
        if (self.minutes is None) == (self.kimg is None):
            raise TrainingError("Set the length of the training either in minutes or in kimg.")
        if (self.minutes or self.kimg or 0) <= 0:
            raise TrainingError("The length of the training must be above 0.")
        if not self.stages:
            raise TrainingError("A training plan needs at least one stage.")
        previous = self.stages[0].resolution
        for stage in self.stages:
            size = stage.resolution
            if size < 8 or size & (size - 1):
                raise TrainingError(f"Resolution {size} is no power of two from 8 upwards.")
            if size not in (previous, 2 * previous):
                raise TrainingError(
                    f"A stage of {size} pixels cannot follow one of {previous}: only ×2 grows."
                )
            if stage.batch < 1 or stage.batch % min(self.group, stage.batch):
                raise TrainingError(f"Batch {stage.batch} must be a multiple of the group of {self.group}.")
            if stage.share <= 0:
                raise TrainingError("Every stage needs a share above 0.")
            previous = size
        missing = [r for r in _powers(previous) if self.channels.get(r, 0) < 1]
        if missing:
            raise TrainingError(f"The channel table lacks resolution {missing[0]}.")

    @property
    def resolution(self) -> int:
        """Resolution at the end of the plan."""
        return self.stages[-1].resolution

    def progress(self, images: int, seconds: float) -> float:
        """Part of the plan that is done, from pictures shown and seconds trained; 1 at the end."""
        if self.minutes is not None:
            return seconds / (60 * self.minutes)
        assert self.kimg is not None
        return images / (1000 * self.kimg)

    def stage_index(self, progress: float) -> int:
        """Which stage belongs to that part of the plan."""
        total = sum(stage.share for stage in self.stages)
        reached = 0.0
        for index, stage in enumerate(self.stages):
            reached += stage.share / total
            if progress < reached:
                return index
        return len(self.stages) - 1

    def learning_rate(self, progress: float) -> float:
        """Learning rate by the plan, before the warm-up of a stage."""
        if self.decay_share <= 0 or progress <= 1 - self.decay_share:
            return self.lr
        done = min((progress - (1 - self.decay_share)) / self.decay_share, 1.0)
        return self.lr + (self.lr_final - self.lr) * done

    def as_json(self) -> dict[str, Any]:
        """Plain values for the state file and the header of weight files."""
        plain = asdict(self)
        plain["channels"] = {str(res): count for res, count in self.channels.items()}
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Settings:
        """Read what `as_json` wrote; settings that a newer version added keep their defaults."""
        known = {name: value for name, value in plain.items() if name in cls.__dataclass_fields__}
        known["stages"] = tuple(Stage(**stage) for stage in plain["stages"])
        known["channels"] = {int(res): int(count) for res, count in plain["channels"].items()}
        return cls(**known)


@dataclass
class Counters:
    """Where a run stands; together with weights and random states it is all a resume needs."""

    images: int = 0
    """Real pictures shown, over all stages."""
    steps: int = 0
    """Steps done, over all stages."""
    seconds: float = 0.0
    """Seconds of training, pauses between sessions left out."""
    stage: int = 0
    """Index of the stage."""
    stage_images: int = 0
    """Pictures shown when the stage began."""
    stage_steps: int = 0
    """Steps done when the stage began."""
    ada_p: float = 0.0
    """Augmentation probability."""
    ada_sign: float = 0.0
    """Sum of the mean signs of real logits since p last moved."""
    ada_steps: int = 0
    """Steps since p last moved."""
    history: list[dict[str, float]] = field(default_factory=list)
    """One row of measures per checkpoint."""


def _powers(resolution: int) -> list[int]:
    return [1 << k for k in range(2, resolution.bit_length())]


def channel_table(base: int, most: int, resolution: int) -> dict[int, int]:
    """min(base / res, most) for 4, 8, …, `resolution`, at least 1."""
    return {res: max(min(base // res, most), 1) for res in _powers(resolution)}
