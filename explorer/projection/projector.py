"""Look for the latent whose picture is nearest to a given one.

1. The spread of W is measured on samples, and the best of some of them by the picture at
   32 pixels is where the search starts.
2. Adam walks in W, in standard deviations along W's own axes: a step is then as long as
   faces differ that way, where plain coordinates crawl along narrow axes and leave the
   faces there are along wide ones (on the bundled network 3 dB after the same steps).
3. Then the rows of `ws` part (W+), each step costing what takes it away from their mean.

References
----------
Karras et al. Analyzing and Improving the Image Quality of StyleGAN. 2020, appendix D (schedule).
Abdal, Qin, Wonka. Image2StyleGAN. 2019 (W+). Tov et al. Designing an Encoder for StyleGAN
Image Manipulation. 2021 (why rows should stay near each other).
"""

import math
from collections.abc import Generator as Pieces
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explorer.errors import ProjectionError
from explorer.latents.seeds import label_of
from explorer.models import Generator
from explorer.projection.distance import LOW, Distance, Features, low_pass, psnr
from explorer.recipe import SUPPLIED_PICTURE, ModelRef, Recipe, StoredLatent

Space = Literal["w", "w+"]
Stage = Literal["start", "w", "w+"]

SPREAD_SAMPLES = 4096
"""Latents that say how W spreads."""
BATCH = 8
"""Candidates drawn at once."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to look."""

    steps: int = 300
    """Steps in all; half of them in W where the space is "w+"."""
    space: Space = "w+"
    """"w": one row for all, stays as editable as any face; "w+": rows of their own, nearer to the picture."""
    seed: int = 0
    """Of the samples; equal seeds find equal latents on one device."""
    class_index: int | None = None
    """Class of a conditional network; None takes that of the best sample."""
    samples: int | None = None
    """Candidates to start from; None decides by what drawing them costs."""
    rate: float = 0.2
    """Adam's step in W, in standard deviations."""
    rate_plus: float = 0.05
    """Adam's step in W+."""
    prior: float = 0.03
    """Cost of each mean square beyond that of the network's own faces, which is one standard deviation."""
    penalty: float = 0.1
    """Cost of a mean square of one standard deviation between the rows and their mean."""

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= 100_000:
            raise ProjectionError(f"a projection takes 1 to 100000 steps, not {self.steps}")
        if self.space not in ("w", "w+"):
            raise ProjectionError(f"a projection is in w or w+, not in {self.space!r}")


@dataclass(frozen=True, eq=False, slots=True)
class Progress:
    """Where the search stands: after each piece, with the best found so far."""

    stage: Stage
    done: int
    """Steps taken; 0 while candidates are drawn."""
    steps: int
    loss: float
    """Distance of the best."""
    psnr: float
    """Of the best, in decibels; 0 before there is a picture of full size."""
    ws: Tensor
    """[1, num_ws, w_dim] of the best, float32 on the CPU."""
    image: Tensor | None
    """[1, C, H, W] of the best, -1..1, on the network's device; None before there is one."""
    class_index: int | None

    @property
    def is_last(self) -> bool:
        """Whether the search is over."""
        return self.done == self.steps


def project(
    generator: Generator,
    target: NDArray[np.uint8],
    settings: Settings = Settings(),
    features: Features | None = None,
) -> Iterator[Progress | None]:
    """Look for the latent nearest to a picture, piece by piece; None between pieces of one step.

    Who has seen enough stops asking and keeps the last `Progress`.

    Parameters
    ----------
    generator : drawn with in float32, whatever its precision
    target : [resolution, width, 3] uint8

    Raises
    ------
    ProjectionError
        If the picture has another size, or the network not that class.
    """
    size = (generator.resolution, generator.width)
    if target.shape != (*size, 3):
        raise ProjectionError(f"the picture must have {size[1]} x {size[0]} pixels, not {target.shape}")
    if settings.class_index is not None and settings.class_index >= generator.c_dim:
        has = f"classes 0 to {generator.c_dim - 1}" if generator.c_dim else "no classes"
        raise ProjectionError(f"this network has {has}, so there is no class {settings.class_index}")
    generator = generator.to(generator.device, "float32")
    wanted = _wanted(generator, target)
    class_index, start = yield from _best_sample(generator, wanted, settings)
    yield from _Walk(generator, wanted, settings, features, class_index).run(start)


def recipe_of(model: ModelRef, found: Progress, picture_sha256: str = "") -> Recipe:
    """Recipe whose base is what was found; as any other it can be mixed, pushed and filmed."""
    ws = found.ws[0].numpy()
    rows = ws[:1] if (ws == ws[:1]).all() else ws
    data = np.ascontiguousarray(rows, dtype="<f4").tobytes()
    base = StoredLatent(len(rows), rows.shape[1], data, SUPPLIED_PICTURE, picture_sha256)
    return Recipe(model, base, class_index=found.class_index)


def _wanted(generator: Generator, target: NDArray[np.uint8]) -> Tensor:
    """The picture as the network would put it out: [1, C, H, W], opaque where there are four channels."""
    image = torch.from_numpy(target.astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1
    if generator.img_channels == 1:
        grey = image.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
        image = (image * grey).sum(dim=1, keepdim=True)
    elif generator.img_channels == 4:
        image = torch.cat([image, torch.ones_like(image[:, :1])], dim=1)
    return image.to(generator.device)


def _samples(generator: Generator, settings: Settings, class_index: int | None) -> tuple[Tensor, list[int]]:
    """Points of W, [SPREAD_SAMPLES, w_dim], and their classes (empty without classes)."""
    numbers = np.random.RandomState(settings.seed)
    z = numbers.randn(SPREAD_SAMPLES, generator.z_dim).astype(np.float32)
    label, classes = None, []
    if generator.c_dim:
        drawn = numbers.randint(generator.c_dim, size=SPREAD_SAMPLES)
        classes = [int(c) if class_index is None else class_index for c in drawn]
        label = torch.cat([label_of(generator, 0, c) for c in classes])
    with torch.inference_mode():
        w = generator.mapping(torch.from_numpy(z).to(generator.device), label)[:, 0]
    # Outside of inference mode a copy is an ordinary tensor, as gradients need.
    return w.clone(), classes


def _best_sample(
    generator: Generator, wanted: Tensor, settings: Settings
) -> Pieces[Progress, None, tuple[int | None, Tensor]]:
    """Draw candidates small where the network can; the nearest at `LOW` pixels wins: its class and w."""
    points, classes = _samples(generator, settings, settings.class_index)
    stops = generator.early_stops()
    stop = min((size for size in stops if size >= LOW), default=max(stops))
    # As many as cost about what a thousand pictures of 32 pixels do.
    count = settings.samples or min(max(2**20 // stop**2, 32), 512)
    low = low_pass(wanted)
    best, place = math.inf, 0
    for first in range(0, min(count, len(points)), BATCH):
        ws = points[first : min(first + BATCH, count)][:, None].expand(-1, generator.num_ws, -1)
        with torch.inference_mode():
            features = generator.start(len(ws))
            for index in range(stops[stop] + 1):
                features = generator.run(index, features, ws)
            apart = (low_pass(generator.picture(features)) - low).square().flatten(1).mean(1)
        here = int(apart.argmin())
        if float(apart[here]) < best:
            best, place = float(apart[here]), first + here
        chosen = classes[place] if classes else None
        ws = points[place].expand(1, generator.num_ws, -1).cpu().clone()
        yield Progress("start", 0, settings.steps, best, 0.0, ws, None, chosen)
    return (classes[place] if classes else None), points[place]


class _Walk:
    """The search itself, from a point of W on."""

    def __init__(
        self,
        generator: Generator,
        wanted: Tensor,
        settings: Settings,
        features: Features | None,
        class_index: int | None,
    ) -> None:
        self._generator, self._wanted, self._settings = generator, wanted, settings
        self._class_index = class_index
        self._distance = Distance(wanted, features)
        points, _ = _samples(generator, settings, class_index)
        spread = np.cov(points.double().cpu().numpy().T).reshape(generator.w_dim, generator.w_dim)
        values, axes = np.linalg.eigh(spread)
        # Axes along which samples hardly differ may still be walked a little.
        scale = np.sqrt(np.maximum(values, max(float(values.max()) * 1e-4, 1e-12)))
        self._mean = points.mean(dim=0)
        self._axes = torch.from_numpy((axes * scale).astype(np.float32)).to(generator.device)
        self._to_axes = torch.from_numpy((axes / scale).astype(np.float32)).to(generator.device)

    def run(self, start: Tensor) -> Iterator[Progress | None]:
        """Walk in W, then in W+; yields after each step."""
        settings = self._settings
        point = ((start - self._mean) @ self._to_axes)[None].clone().requires_grad_()  # [1, w_dim]
        apart = torch.zeros(self._generator.num_ws, self._generator.w_dim, device=start.device)
        first = settings.steps if settings.space == "w" else max(settings.steps // 2, 1)
        best: Progress | None = None
        for step in range(settings.steps):
            is_plus = step >= first
            if step == 0:
                adam = torch.optim.Adam([point], betas=(0.9, 0.99))
            elif step == first:
                apart.requires_grad_()
                adam = torch.optim.Adam([point, apart], betas=(0.9, 0.99))
            length = settings.steps - first if is_plus else first
            rate = settings.rate_plus if is_plus else settings.rate
            adam.param_groups[0]["lr"] = rate * pace((step - is_plus * first) / length)
            ws = (self._mean + (point + apart) @ self._axes)[None]  # [1, num_ws, w_dim]
            image = self._generator.differentiable_synthesis(ws)
            yield None
            loss = self._distance(image).sum()
            best = self._better(best, step, "w+" if is_plus else "w", float(loss.detach()), ws, image)
            # Own faces lie on a shell; far outside of it the network draws no faces any more.
            loss = loss + settings.prior * ((point + apart).square().mean() - 1).clamp_min(0)
            if is_plus:
                loss = loss + settings.penalty * apart.square().mean()
            adam.zero_grad()
            loss.backward()
            adam.step()
            yield best

    def _better(
        self, best: Progress | None, step: int, stage: Stage, loss: float, ws: Tensor, image: Tensor
    ) -> Progress:
        """The best after this step: this picture, or the best before it."""
        if best is not None and not loss < best.loss:
            return Progress(
                stage, step + 1, best.steps, best.loss, best.psnr, best.ws, best.image, best.class_index
            )
        image = image.detach()
        return Progress(
            stage,
            step + 1,
            self._settings.steps,
            loss,
            psnr(image, self._wanted),
            ws.detach().cpu().clone(),
            image,
            self._class_index,
        )


def pace(t: float) -> float:
    """Share of the full step at time `t` (0 to 1): up in a twentieth, down by a cosine from the middle."""
    return min(1.0, (t + 0.01) / 0.05) * (0.5 - 0.5 * math.cos(math.pi * min(1.0, (1 - t) / 0.5)))
