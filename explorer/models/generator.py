"""The face all networks share: mapping, synthesis, and synthesis in steps.

A family (one file each) subclasses `Generator`. Its synthesis is a chain of
`Step`s that can be entered in the middle: a step reads the features of the one
before and a few rows of `ws`. The stage cache, drafts and partial re-rendering
are built on that chain alone; `synthesis` is the plain walk from end to end.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from explorer.models.description import NetworkDescription
from explorer.models.forms import Forms

NoiseMode = Literal["const", "none", "random"]
Precision = Literal["float32", "float16", "bfloat16"]
Transform = tuple[float, float, float]
"""StyleGAN3: shift x, shift y in picture widths, angle in degrees."""
Move = Transform | Tensor
"""A transform, or what `Generator.move` made of one or several: ready on the device."""


@dataclass(frozen=True, slots=True)
class NoisePlan:
    """Everything the noise of a picture depends on; equal plans give equal planes."""

    mode: NoiseMode = "const"
    seed: int = 0
    """Used by "random" alone. Planes are drawn on the CPU, so every device sees the same."""
    strength: float = 1.0
    """Factor on the network's own noise strengths."""
    blend: tuple[tuple[NoiseMode, int, float], ...] = ()
    """Where given, planes of several (mode, seed), each times its weight, are added up in
    place of the plane of `mode` and `seed`. Squares of weights that sum to 1 keep the variance."""

    def parts(self) -> tuple[tuple[float, "NoisePlan"], ...]:
        """Plans of single planes, each with the weight it has in the sum."""
        if not self.blend:
            return ((1.0, self),)
        return tuple((weight, NoisePlan(mode, seed, self.strength)) for mode, seed, weight in self.blend)


@dataclass(frozen=True, slots=True)
class Step:
    """One link of the synthesis chain."""

    name: str
    """`b32.conv0`, `b32.torgb`, `L5_84_512`, ..."""
    rows: tuple[int, ...]
    """Rows of `ws` this step reads."""
    resolution: int
    """Height of what it puts out, in pixels."""
    reads_noise: bool
    makes_rgb: bool
    """Whether `Generator.picture` gives an image of `resolution` after this step."""


@dataclass(frozen=True, slots=True)
class Features:
    """What flows between steps. Tensors here are never written to again: a cache may hold them."""

    x: Tensor
    """[N, channels, H, W] in the network's precision."""
    rgb: Tensor | None = None
    """[N, img_channels, H, W] float32, the running picture of the skip architecture."""
    residual: Tensor | None = None
    """Input of the residual block that is under way; the same memory as an earlier `x`."""

    @property
    def nbytes(self) -> int:
        """Bytes held, counting shared storage once."""
        total = self.x.numel() * self.x.element_size()
        return total + (0 if self.rgb is None else self.rgb.numel() * self.rgb.element_size())


class Generator(ABC):
    """A trained network, ready to draw, on one device in one precision.

    Not thread-safe: one thread owns it. Weights are never written to after
    construction, so two generators may share them.
    """

    description: NetworkDescription
    w_avg: Tensor
    """[w_dim], or [c_dim, w_dim] where each class has its own."""
    steps: tuple[Step, ...]
    device: torch.device
    precision: Precision
    forms: Forms
    """How each layer is drawn."""

    @cached_property
    def host_w_avg(self) -> Tensor:
        """`w_avg` on the CPU, where latents are composed."""
        return self.w_avg.cpu()

    @property
    def architecture(self) -> str:
        """Family: "stylegan1", "stylegan2", "stylegan3-t" or "stylegan3-r"."""
        return self.description.architecture

    @property
    def resolution(self) -> int:
        """Height and width of the picture."""
        return self.description.resolution

    @property
    def width(self) -> int:
        """Width of the picture in pixels; `resolution` is its height."""
        return self.description.width

    @property
    def img_channels(self) -> int:
        """Channels of the picture: 1, 3 or 4."""
        return self.description.img_channels

    @property
    def z_dim(self) -> int:
        """Length of `z`."""
        return self.description.z_dim

    @property
    def w_dim(self) -> int:
        """Length of a row of `ws`."""
        return self.description.w_dim

    @property
    def c_dim(self) -> int:
        """Number of classes; 0 where unconditional."""
        return self.description.c_dim

    @property
    def num_ws(self) -> int:
        """Rows of `ws`."""
        return self.description.num_ws

    def latent(self, seed: int) -> Tensor:
        """Draw `z` of a seed: [1, z_dim] float32, the same numbers as every StyleGAN tool.

        `numpy.random.RandomState(seed).randn(1, z_dim)` in float64, rounded to float32.
        """
        z = np.random.RandomState(seed).randn(1, self.z_dim)
        return torch.from_numpy(z.astype(np.float32)).to(self.device)

    @abstractmethod
    def mapping(
        self, z: Tensor, c: Tensor | None = None, psi: float = 1.0, cutoff: int | None = None
    ) -> Tensor:
        """Map `z` to `ws` with the truncation trick.

        Parameters
        ----------
        z : [N, z_dim]
        c : [N, c_dim] labels, one-hot or soft; required where `c_dim` > 0.
        psi : 1 = as drawn, 0 = `w_avg`.
        cutoff : leading rows truncated; None = all.

        Returns
        -------
        [N, num_ws, w_dim] float32

        Raises
        ------
        ValueError
            If shapes do not fit the network, or `cutoff` is outside 0..num_ws.
        """

    @abstractmethod
    def start(self, batch: int) -> Features:
        """Features before the first step."""

    def begin(self, ws: Tensor) -> None:  # noqa: B027, most families have nothing to do
        """Hear which latents the next steps draw: [N, num_ws, w_dim] on the device.

        A family may work out at once what all its steps take from them. Steps run without
        it too, and with other latents.
        """

    @abstractmethod
    def run(
        self,
        index: int,
        features: Features,
        ws: Tensor,
        noise: NoisePlan = NoisePlan(),
        transform: Move | None = None,
    ) -> Features:
        """Run step `index` on `features`; reads only `steps[index].rows` of `ws`. [N, num_ws, w_dim]."""

    def move(self, transforms: Sequence[Transform]) -> Tensor | None:
        """Transforms of N pictures as `run` takes them, made on the CPU and sent to the device.

        None where transforms have no meaning. `run` takes a `Transform` too, but waits then for a GPU.
        """
        return None

    @abstractmethod
    def picture(self, features: Features) -> Tensor:
        """Image held by `features` after a step with `makes_rgb`.

        Returns
        -------
        [N, img_channels, h, h] float32, nominally -1..1, h the resolution of the step.
        """

    @abstractmethod
    def to(self, device: str | torch.device, precision: Precision = "float32") -> "Generator":
        """Same network on a device in a precision; `self` where that is what it already is."""

    @property
    @abstractmethod
    def parameters(self) -> int:
        """Number of trained values (buffers not counted)."""

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """Bytes its tensors hold on the device."""

    def style_weights(self) -> Sequence[tuple[int, Tensor]]:
        """Linear maps from W to styles, for closed-form factorisation.

        Returns
        -------
        (row of `ws`, [styles, w_dim] float32) of each layer whose styles shape the
        picture: every convolution, and the last toRGB, which alone reads its row.
        """
        raise ValueError(f"{self.architecture} does not tell its style weights")

    def synthesis(
        self,
        ws: Tensor,
        noise_mode: NoiseMode = "const",
        *,
        noise_seed: int = 0,
        noise_strength: float = 1.0,
        transform: Transform | None = None,
    ) -> Tensor:
        """Draw the pictures of `ws`.

        Parameters
        ----------
        ws : [N, num_ws, w_dim]
        noise_mode : "const", "none" or "random" (planes drawn from `noise_seed`).
        transform : StyleGAN3 only: shift x, shift y in picture widths, degrees.

        Returns
        -------
        [N, img_channels, resolution, resolution] float32, nominally -1..1.

        Raises
        ------
        ValueError
            If `ws` does not fit, the mode is unknown, or `transform` is given to a
            network that has none.
        """
        self.check_synthesis(ws, noise_mode, transform)
        plan = NoisePlan(noise_mode, noise_seed, noise_strength)
        with torch.inference_mode():
            return self._walk(ws, plan, transform)

    def differentiable_synthesis(
        self, ws: Tensor, noise: NoisePlan = NoisePlan(), transform: Transform | None = None
    ) -> Tensor:
        """Draw the pictures of `ws` so that gradients flow back to it, and to nothing else.

        The same steps as `synthesis`: operations that would overwrite what the way back
        needs, or whose fast form has no derivative, take their plain form instead. The
        pictures agree within rounding (1e-5 of the largest value in float32).

        Parameters
        ----------
        ws : [N, num_ws, w_dim] float32, made outside of inference mode

        Returns
        -------
        [N, img_channels, resolution, width] float32

        Raises
        ------
        ValueError
            As `synthesis`.
        """
        self.check_synthesis(ws, noise.mode, transform)
        with torch.inference_mode(False), torch.enable_grad():
            return self._walk(ws, noise, transform)

    def _walk(self, ws: Tensor, noise: NoisePlan, transform: Transform | None) -> Tensor:
        """All steps from end to end."""
        features = self.start(ws.shape[0])
        ws = ws.to(self.device, torch.float32)
        self.begin(ws)
        for index in range(len(self.steps)):
            features = self.run(index, features, ws, noise, transform)
        return self.picture(features)

    def check_synthesis(self, ws: Tensor, noise_mode: str, transform: Transform | None) -> None:
        """Raise `ValueError` where `synthesis` could not work."""
        if ws.ndim != 3 or ws.shape[1:] != (self.num_ws, self.w_dim):
            raise ValueError(f"ws must be [N, {self.num_ws}, {self.w_dim}], not {list(ws.shape)}")
        if noise_mode not in ("const", "none", "random"):
            raise ValueError(f"unknown noise_mode {noise_mode!r}; modes are const, none, random")
        if transform is not None and not self.has_transform:
            raise ValueError(f"{self.architecture} has no input transform; only StyleGAN3 has")

    @property
    def has_transform(self) -> bool:
        """Whether `transform` has a meaning for this network."""
        return self.architecture.startswith("stylegan3")

    @property
    def has_noise(self) -> bool:
        """Whether any step reads noise."""
        return any(step.reads_noise for step in self.steps)

    def early_stops(self) -> Mapping[int, int]:
        """Resolutions at which synthesis may stop early, each with the index of its last step."""
        return {step.resolution: index for index, step in enumerate(self.steps) if step.makes_rgb}


def tensor_bytes(tensors: Sequence[Tensor]) -> int:
    """Bytes of tensors, counting each storage once."""
    packed = [t for t in tensors if t.layout != torch.strided]  # such have no storage to ask
    stored = [t.untyped_storage() for t in tensors if t.layout == torch.strided]
    seen = {storage.data_ptr(): storage.nbytes() for storage in stored}
    return sum(seen.values()) + sum(t.numel() * t.element_size() for t in packed)
