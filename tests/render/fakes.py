"""A small network with real tensors, a shelf that holds it, and an engine made of events."""

import threading
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from explorer.models import Features, Generator, NetworkDescription, NoisePlan, Step, Transform
from explorer.models.forms import Forms
from explorer.recipe import ModelRef, Recipe
from explorer.render.frame import Frame, RenderRequest

REF = ModelRef("small", "a" * 64)
RECIPE = Recipe(REF)


class SmallGenerator(Generator):
    """Skip architecture in miniature: conv and toRGB steps, rows shared as in StyleGAN2.

    Every step counts its runs, and can be told to fail.
    """

    def __init__(self, resolution: int = 16, channels: int = 4, device: str = "cpu", seed: int = 0) -> None:
        sizes = [4 * 2**i for i in range(int(np.log2(resolution)) - 1)]
        self.description = NetworkDescription("stylegan2", resolution, 3, 8, 8, 0, 2 * len(sizes))
        random = torch.Generator().manual_seed(seed)
        self.device = torch.device(device)
        self.precision = "float32"
        self.forms = Forms(is_fast_cpu=False)
        self.w_avg = torch.randn(8, generator=random)
        self.map = torch.randn(8, 8, generator=random)
        self.const = torch.randn(1, channels, 4, 4, generator=random)
        steps: list[Step] = []
        row = 0
        for size in sizes:
            for name in ("conv1",) if size == 4 else ("conv0", "conv1"):
                steps.append(Step(f"b{size}.{name}", (row,), size, reads_noise=True, makes_rgb=False))
                row += 1
            steps.append(Step(f"b{size}.torgb", (row,), size, reads_noise=False, makes_rgb=True))
        self.steps = tuple(steps)
        self.affine = [torch.randn(8, channels, generator=random) for _ in steps]
        self.runs = [0] * len(steps)
        self.mapped = 0
        self.fail: dict[int, list[Exception]] = {}

    def mapping(
        self, z: Tensor, c: Tensor | None = None, psi: float = 1.0, cutoff: int | None = None
    ) -> Tensor:
        self.mapped += 1
        return torch.tanh(z @ self.map)[:, None].repeat(1, self.num_ws, 1)

    def start(self, batch: int) -> Features:
        return Features(self.const.expand(batch, -1, -1, -1))

    def run(
        self,
        index: int,
        features: Features,
        ws: Tensor,
        noise: NoisePlan = NoisePlan(),
        transform: Transform | None = None,
    ) -> Features:
        if self.fail.get(index):
            raise self.fail[index].pop()
        self.runs[index] += 1
        step = self.steps[index]
        style = (ws[:, step.rows[0]] @ self.affine[index])[:, :, None, None]
        x = features.x
        if step.makes_rgb:
            rgb = torch.tanh(x * style)[:, :3]
            if features.rgb is not None:
                rgb = rgb + torch.nn.functional.interpolate(features.rgb, scale_factor=2)
            return Features(x, rgb)
        if step.name.endswith("conv0"):
            x = torch.nn.functional.interpolate(x, scale_factor=2)
        x = torch.tanh(x * style + 0.1 * style)
        if noise.mode == "const":
            x = x + 0.01 * noise.strength
        elif noise.mode == "random":
            random = torch.Generator().manual_seed(noise.seed)
            x = x + noise.strength * torch.randn(x.shape, generator=random)
        return Features(x, features.rgb)

    def picture(self, features: Features) -> Tensor:
        assert features.rgb is not None
        return features.rgb

    def to(self, device: str | torch.device, precision: str = "float32") -> "SmallGenerator":
        assert str(device) == "cpu"
        return self

    @property
    def parameters(self) -> int:
        return sum(a.numel() for a in self.affine)

    @property
    def nbytes(self) -> int:
        return 4 * self.parameters


class SmallShelf:
    """Holds networks made beforehand, as the real shelf holds those read from files."""

    def __init__(self, **generators: Generator) -> None:
        self.generators = generators or {"small": SmallGenerator()}
        self.asked: list[tuple[str, str, str]] = []

    def get(self, ref: ModelRef, device: str = "cpu", precision: str = "float32") -> Generator:
        self.asked.append((ref.name, device, precision))
        return self.generators[ref.name]

    def resolve_name(self, name: str) -> ModelRef:
        return ModelRef(name, "a" * 64)

    def header(self, ref: ModelRef) -> dict[str, str]:
        return {"title": "Small things", "licence": "MIT"}

    def drop(self, ref: ModelRef) -> None:
        pass

    def drop_all(self) -> None:
        pass


class StagedEngine:
    """Draws in steps that wait for the test: each `allow()` lets one step happen."""

    def __init__(self, drafts: bool = False, steps: int = 3) -> None:
        self.drafts = drafts
        self.steps = steps
        self.begun: list[int] = []
        self.stepped: list[int] = []
        self.entered = threading.Semaphore(0)
        self._allowed = threading.Semaphore(0)
        self.fail: set[int] = set()

    def allow(self, steps: int) -> None:
        for _ in range(steps):
            self._allowed.release()

    def render_steps(self, request: RenderRequest) -> Iterator[Frame | None]:
        self.begun.append(request.serial)
        self.entered.release()
        for step in range(self.steps):
            assert self._allowed.acquire(timeout=30)
            self.stepped.append(request.serial)
            if request.serial in self.fail:
                raise ValueError(f"request {request.serial} cannot be drawn")
            if self.drafts and request.live and step == 0:
                yield picture_of(request, size=2)
            elif step < self.steps - 1:
                yield None
        yield picture_of(request, size=4)


def picture_of(request: RenderRequest, size: int, full: int = 4) -> Frame:
    pixels = np.zeros((size, size, 3), np.uint8)
    return Frame(request, pixels, full, seconds=0.001, device="cpu", precision="float32")
