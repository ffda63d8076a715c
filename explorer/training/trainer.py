"""One run of StyleGAN2-ADA: networks, optimisers, the step, growing and its state.

Nothing here reads a clock, a file or the terminal: `loop` does. A step is a
function of the state alone, so a resumed run on the same device goes on bit
for bit.

References
----------
Karras et al. Training Generative Adversarial Networks with Limited Data. 2020.
Goodfellow et al. Generative Adversarial Nets. 2014 (the non-saturating loss).
Mescheder et al. Which Training Methods for GANs do actually Converge? 2018 (R1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TypeVar

import torch
from torch import Tensor, nn

from explorer.errors import TrainingError
from explorer.training.augment import augment, moved_p
from explorer.training.growing import grow_discriminator, grow_generator
from explorer.training.images import ImageSet
from explorer.training.layers import only_inputs
from explorer.training.networks import Discriminator, Generator, softplus_mean
from explorer.training.settings import Counters, Settings, Stage
from explorer.training.state import State

Net = TypeVar("Net", bound=nn.Module)
ADA_INTERVAL = 4
HEALTH = ("loss_d", "loss_g", "r_t", "real", "fake", "judged_real", "r1")


class Trainer:
    """Generator, discriminator, averaged generator and everything that moves them.

    Parameters
    ----------
    settings : the plan
    images : pictures at the plan's last resolution, already on `device`
    device : where all of it lives
    state : a state to go on from; None starts afresh
    """

    def __init__(
        self,
        settings: Settings,
        images: ImageSet,
        device: torch.device,
        state: State | None = None,
    ) -> None:
        self.settings = settings
        self.images, self.held_out = images.split(settings.held_out)
        self.device = device
        self.dtype: torch.dtype = getattr(torch, settings.precision)
        self.counters = Counters() if state is None else state.read_counters()
        self._sign = self._sign_sum = torch.zeros([], device=device)
        # Draws of pictures, latents and noise; and those Python decides on, without a wait for the device.
        self.rng = torch.Generator(device).manual_seed(settings.seed)
        self.host_rng = torch.Generator().manual_seed(settings.seed + 1)
        torch.manual_seed(settings.seed)  # start values of weights
        self._build(self.stage.resolution)
        self.ema.load_state_dict(self.G.state_dict())
        if state is not None:
            self._restore(state)
        self._notes: dict[str, list[Tensor]] = {}

    # -- parts ---------------------------------------------------------------

    @property
    def stage(self) -> Stage:
        """The stage at work."""
        return self.settings.stages[min(self.counters.stage, len(self.settings.stages) - 1)]

    @property
    def progress(self) -> float:
        """Part of the plan done."""
        return self.settings.progress(self.counters.images, self.counters.seconds)

    def _has_grown(self) -> bool:
        return self.stage.resolution > self.settings.stages[0].resolution

    def _build(self, resolution: int) -> None:
        s = self.settings
        clamp = 256.0 if s.conv_clamp is None and self.dtype != torch.float32 else s.conv_clamp
        self.conv_clamp = clamp

        def generator() -> Generator:
            net = Generator(
                resolution,
                s.channels,
                z_dim=s.z_dim,
                w_dim=s.w_dim,
                mapping_layers=s.mapping_layers,
                conv_clamp=clamp,
                use_noise=s.use_noise,
            )
            return settle(net, self.device)

        self.G = generator()
        self.ema = generator().requires_grad_(False)
        judge = Discriminator(resolution, s.channels, group=s.group, conv_clamp=clamp)
        self.D = settle(judge, self.device)
        # Lazy regularisation: D takes interval + 1 steps where interval are counted (2019, appendix B).
        share = s.r1_interval / (s.r1_interval + 1)
        self.lr_factors = (1.0, share)
        fused = self.device.type in ("cpu", "cuda")
        self.opt_g = torch.optim.Adam(self.G.parameters(), lr=s.lr, betas=(0.0, 0.99), eps=1e-8, fused=fused)
        self.opt_d = torch.optim.Adam(
            self.D.parameters(), lr=s.lr * share, betas=(0.0, 0.99**share), eps=1e-8, fused=fused
        )

    # -- one step ------------------------------------------------------------

    def step(self) -> None:
        """Show one batch: discriminator, gradient penalty when due, generator, average, controller."""
        counters, stage = self.counters, self.stage
        done = counters.images - counters.stage_images
        # A grown discriminator must first learn to use the new detail, or the generator, whose
        # faults it cannot see yet, runs away from it and both lose what they know.
        held = self._has_grown() and done < self.settings.hold_images
        self._set_learning_rates(done)
        real = self.images.batch(stage.resolution, stage.batch, self.settings.mirror, self.rng)
        with torch.set_grad_enabled(not held):
            fake = self._generate(stage.batch)
        self._discriminator_step(real, fake.detach())
        if counters.steps % self.settings.r1_interval == 0:
            self._penalty_step(real)
        if not held:
            self._generator_step(fake)
        counters.images += stage.batch
        counters.steps += 1
        self._average(stage.batch)
        self._steer_augmentation(stage.batch)

    def _set_learning_rates(self, done: int) -> None:
        s = self.settings
        steps = self.counters.steps - self.counters.stage_steps
        held = s.hold_images // self.stage.batch if self._has_grown() else 0
        rate = s.learning_rate(self.progress)
        for optimiser, factor, late in zip((self.opt_g, self.opt_d), self.lr_factors, (held, 0), strict=True):
            ramp = min(max(steps - late + 1, 0) / max(s.warmup_steps, 1), 1.0)
            optimiser.param_groups[0]["lr"] = rate * factor * ramp

    def _generate(self, count: int) -> Tensor:
        G, s = self.G, self.settings
        z = torch.randn((count, s.z_dim), generator=self.rng, device=self.device)
        w = G.mapping(z)
        with torch.no_grad():
            G.mapping.w_avg.lerp_(w.mean(dim=0), 1 - s.w_avg_beta)
        rows = [w] * G.num_ws
        if float(torch.rand([], generator=self.host_rng)) < s.mixing:
            cut = int(torch.randint(1, G.num_ws, [], generator=self.host_rng))
            other = G.mapping(torch.randn((count, s.z_dim), generator=self.rng, device=self.device))
            rows = [w] * cut + [other] * (G.num_ws - cut)
        noise = self.rng if s.use_noise else None
        image: Tensor = G.synthesis(rows, noise, self.dtype)
        return image

    def _discriminator_step(self, real: Tensor, fake: Tensor) -> None:
        shown = self._augment(torch.cat([real, fake]))
        logits = self.D(shown, parts=2, dtype=self.dtype)
        of_real, of_fake = logits.chunk(2)
        loss = softplus_mean(of_fake) + softplus_mean(-of_real)
        loss.backward()
        _apply(self.opt_d)
        of_real, of_fake = of_real.detach(), of_fake.detach()
        self._sign = of_real.sign().mean()
        self._note("loss_d", loss)
        self._note("r_t", self._sign)
        self._note("real", of_real.mean())
        self._note("fake", of_fake.mean())
        self._note("judged_real", (of_fake > 0).float().mean())

    def _penalty_step(self, real: Tensor) -> None:
        # In float32 throughout: a second derivative in half precision is mostly rounding.
        real = real.detach().requires_grad_(True)
        with only_inputs():
            logits = self.D(self._augment(real))
            (gradient,) = torch.autograd.grad(logits.sum(), real, create_graph=True)
        penalty = gradient.square().sum(dim=(1, 2, 3)).mean()
        (penalty * (self.stage.gamma / 2 * self.settings.r1_interval)).backward()
        _apply(self.opt_d)
        self._note("r1", penalty)

    def _generator_step(self, fake: Tensor) -> None:
        # The pictures of the discriminator's step are judged again by the updated discriminator,
        # which saves one generator pass in two.
        self.D.requires_grad_(False)
        loss = softplus_mean(-self.D(self._augment(fake), dtype=self.dtype))
        loss.backward()
        self.D.requires_grad_(True)
        _apply(self.opt_g)
        self._note("loss_g", loss)

    def _augment(self, images: Tensor) -> Tensor:
        return augment(images, self.counters.ada_p, self.rng, self.settings.augment)

    @torch.no_grad()
    def _average(self, batch: int) -> None:
        s = self.settings
        half_life = min(1000 * s.ema_kimg, s.ema_ramp * self.counters.images)
        keep = 0.5 ** (batch / max(half_life, 1e-8))
        averaged: list[Tensor] = list(self.ema.parameters())
        live: list[Tensor] = list(self.G.parameters())
        torch._foreach_lerp_(averaged, live, 1 - keep)
        for target, source in zip(self.ema.buffers(), self.G.buffers(), strict=True):
            target.copy_(source)

    def _steer_augmentation(self, batch: int) -> None:
        s, c = self.settings, self.counters
        if s.augment == "none":
            return
        self._sign_sum = self._sign if c.ada_steps == 0 else self._sign_sum + self._sign
        c.ada_steps += 1
        if c.ada_steps == ADA_INTERVAL:
            r_t = float(self._sign_sum) / ADA_INTERVAL
            c.ada_p = moved_p(c.ada_p, r_t, s.ada_target, batch * ADA_INTERVAL, s.ada_kimg, s.ada_cap)
            c.ada_steps = 0

    def _note(self, name: str, value: Tensor) -> None:
        """Keep a number on its device until somebody asks: reading it now would stall a GPU."""
        self._notes.setdefault(name, []).append(value.detach())

    def take_health(self) -> dict[str, float]:
        """Means since the last call: losses, r_t, logits, share of fakes judged real, R1 penalty."""
        means = {name: float(torch.stack(values).mean()) for name, values in self._notes.items()}
        self._notes.clear()
        return {name: means.get(name, 0.0) for name in HEALTH}

    # -- growing -------------------------------------------------------------

    @property
    def is_stage_over(self) -> bool:
        """Whether the plan asks for a later stage than the one at work."""
        return self.settings.stage_index(self.progress) > self.counters.stage

    def advance(self) -> bool:
        """Enter the stage that the plan asks for, growing where it doubles; True if anything changed."""
        c = self.counters
        if not self.is_stage_over:
            return False
        c.stage += 1  # one at a time: a skipped resolution could not be grown into
        if self.stage.resolution > self.G.resolution:
            self._grow(self.stage.resolution)
        c.stage_images, c.stage_steps = c.images, c.steps
        return True

    def _grow(self, resolution: int) -> None:
        old_g, old_d, old_ema = self.G, self.D, self.ema
        memory_g = optimiser_memory(old_g, self.opt_g)
        memory_d = optimiser_memory(old_d, self.opt_d)
        torch.manual_seed(self.settings.seed + resolution)
        self._build(resolution)
        grow_generator(old_g, self.G)
        self.ema.load_state_dict(self.G.state_dict())
        grow_generator(old_ema, self.ema)
        grow_discriminator(old_d, self.D)
        set_optimiser_memory(self.G, self.opt_g, memory_g)
        set_optimiser_memory(self.D, self.opt_d, memory_d)

    # -- state ---------------------------------------------------------------

    def state(self, is_exact: bool = True) -> State:
        """Everything a resume needs, on the CPU."""
        tensors: dict[str, Tensor] = {}
        for prefix, module in (("G", self.G), ("D", self.D), ("E", self.ema)):
            tensors |= {
                f"{prefix}.{name}": value.detach().clone() for name, value in module.state_dict().items()
            }
        if is_exact:
            for prefix, module, optimiser in (("G", self.G, self.opt_g), ("D", self.D, self.opt_d)):
                for name, (steps, square) in optimiser_memory(module, optimiser).items():
                    tensors[f"adam.{prefix}.{name}"] = square
                    tensors[f"adam_steps.{prefix}.{name}"] = torch.tensor(int(steps))
            if self.counters.ada_steps:
                tensors["ada_sign"] = self._sign_sum.detach()
        tensors["rng.device"] = self.rng.get_state()
        tensors["rng.host"] = self.host_rng.get_state()
        return State(self.settings.as_json(), asdict(self.counters), tensors, is_exact)

    def _restore(self, state: State) -> None:
        tensors = {name: value.to(self.device) for name, value in state.tensors.items() if name[:3] != "rng"}
        try:
            for prefix, module in (("G", self.G), ("D", self.D), ("E", self.ema)):
                module.load_state_dict(dict(_under(tensors, f"{prefix}.")))
        except RuntimeError as error:
            raise TrainingError(f"The state does not fit these settings: {error}") from None
        for prefix, module, optimiser in (("G", self.G, self.opt_g), ("D", self.D, self.opt_d)):
            steps = dict(_under(tensors, f"adam_steps.{prefix}."))
            squares = dict(_under(tensors, f"adam.{prefix}."))
            memory = {name: (float(steps[name]), square) for name, square in squares.items()}
            set_optimiser_memory(module, optimiser, memory)
        if "ada_sign" in tensors:
            self._sign_sum = tensors["ada_sign"]
        else:
            self.counters.ada_steps = 0
        if not state.is_exact:
            # Adam has forgotten its scales: let the rate rise anew.
            self.counters.stage_steps = self.counters.steps
        host, device = state.tensors["rng.host"], state.tensors["rng.device"]
        self.host_rng.set_state(host)
        if device.numel() == self.rng.get_state().numel():
            self.rng.set_state(device)
        else:  # made on another kind of device: go on with draws of its own
            self.rng.manual_seed(self.settings.seed + self.counters.images)


def settle(module: Net, device: torch.device) -> Net:
    """Move a network to the device, weights in the layout its convolutions like best."""
    # torch's own annotations do not know this form of `to`.
    return module.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]


def optimiser_memory(module: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, tuple[float, Tensor]]:
    """Steps taken and mean squared gradient by parameter name; with β₁ = 0 there is no more to know."""
    memory = {}
    for name, parameter in module.named_parameters():
        slot = optimiser.state.get(parameter)
        if slot:
            memory[name] = (float(slot["step"]), slot["exp_avg_sq"].detach().clone())
    return memory


def set_optimiser_memory(
    module: nn.Module, optimiser: torch.optim.Optimizer, memory: dict[str, tuple[float, Tensor]]
) -> None:
    """Give back what `optimiser_memory` took, for the names that still exist."""
    for name, parameter in module.named_parameters():
        if name not in memory or memory[name][1].shape != parameter.shape:
            continue
        steps, square = memory[name]
        # Fused Adam counts steps on the parameter's device.
        slot = optimiser.state[parameter]
        slot["step"] = torch.tensor(steps, dtype=torch.float32, device=parameter.device)
        slot["exp_avg"] = torch.zeros_like(parameter)
        slot["exp_avg_sq"] = torch.zeros_like(parameter).copy_(square)


def _apply(optimiser: torch.optim.Optimizer) -> None:
    """Step on cleaned gradients, then forget them."""
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            if parameter.grad is not None:
                torch.nan_to_num(parameter.grad, nan=0.0, posinf=1e5, neginf=-1e5, out=parameter.grad)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)


def _under(tensors: dict[str, Tensor], prefix: str) -> Iterator[tuple[str, Tensor]]:
    for name, value in tensors.items():
        if name.startswith(prefix):
            yield name.removeprefix(prefix), value
