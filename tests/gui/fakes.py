"""An engine that draws plain colours at once, or when the test allows it."""

import hashlib
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from explorer.errors import CheckpointError, DeviceError, DirectionError, ModelNotFoundError
from explorer.gui.engine_maker import DeviceFacts
from explorer.recipe import Layers, ModelRef, Recipe, StoredDirection, document
from explorer.render.frame import Frame, RenderRequest
from explorer.render.model_info import ModelInfo, StepInfo

FACES = ModelRef("faces", "f" * 64)


def info_of(ref: ModelRef, num_ws: int = 12, has_noise: bool = True, resolution: int = 128) -> ModelInfo:
    return ModelInfo(
        ref=ref,
        architecture="stylegan2" if has_noise else "stylegan3-t",
        resolution=resolution,
        num_ws=num_ws,
        z_dim=8,
        w_dim=8,
        c_dim=0,
        img_channels=3,
        has_noise=has_noise,
        has_transform=not has_noise,
        parameters=1_200_000,
        stops=(resolution,),
        steps=tuple(StepInfo(f"b.conv{row}", (row,), 4 * 2 ** (row // 2)) for row in range(num_ws)),
        title=ref.name.capitalize(),
        licence="CC BY-NC 4.0",
        attribution="",
    )


def pixels_of(recipe: Recipe, side: int = 16) -> np.ndarray:
    """Pixels that differ where recipes differ."""
    seed = zlib.crc32(document.dumps(recipe).encode())
    return np.random.RandomState(seed).randint(0, 256, (side, side, 3), np.uint8)


@dataclass(frozen=True)
class FakeDirection:
    """What the window looks at of a `latents.Direction`."""

    name: str
    kind: str = "pca"
    layers: Layers = "all"
    note: str = ""
    effects: Mapping[str, float] = field(default_factory=dict)

    def stored(self) -> StoredDirection:
        return StoredDirection(1, 8, bytes(32), 1.0, self.layers, self.kind)


class FakeKnown:
    """Has the face of `render.KnownDirections`; "age" came with the network."""

    def __init__(self) -> None:
        self.came = [FakeDirection("age", "learned")]
        self.own: list[FakeDirection] = []
        self.order: list[str] = []

    def of(self, model: ModelRef) -> tuple[FakeDirection, ...]:
        rank = {name: place for place, name in enumerate(self.order)}
        return tuple(sorted((*self.came, *self.own), key=lambda d: rank.get(d.name, 99)))

    def is_own(self, model: ModelRef, name: str) -> bool:
        return name in [direction.name for direction in self.own]

    def keep(self, model: ModelRef, num_ws: int, w_dim: int, directions) -> tuple[str, ...]:
        self.own.extend(directions)
        return tuple(direction.name for direction in directions)

    def rename(self, model: ModelRef, old: str, new: str) -> str:
        if new == "age":
            raise DirectionError("there is one called 'age'")
        self.own = [replace(d, name=new) if d.name == old else d for d in self.own]
        return new

    def annotate(self, model: ModelRef, name: str, note: str) -> None:
        self.own = [replace(d, note=note) if d.name == name else d for d in self.own]

    def remove(self, model: ModelRef, name: str) -> FakeDirection:
        (removed,) = [direction for direction in self.own if direction.name == name]
        self.own.remove(removed)
        return removed

    def arrange(self, model: ModelRef, names) -> None:
        self.order = list(names)


class FakeEngine:
    """Has the face of `render.Engine` as far as the window looks."""

    def __init__(self) -> None:
        self.device, self.precision = "cpu", "float32"
        self.infos = {FACES.sha256: info_of(FACES)}
        self.unknown: set[str] = set()
        self.known = FakeKnown()
        self.drafts = False
        self.fail: Exception | None = None
        self.rendered: list[Recipe] = []
        self.threads: set[str] = set()
        self.gate = threading.Event()
        self.gate.set()

    def know(self, info: ModelInfo) -> ModelInfo:
        self.infos[info.ref.sha256] = info
        return info

    def open(self, path_or_name: str | Path) -> ModelInfo:
        self.threads.add(threading.current_thread().name)
        path = Path(path_or_name)
        if isinstance(path_or_name, Path):
            if not path.read_bytes().startswith(b"network"):
                raise CheckpointError(f"{path}: this is not a network; open a .safetensors or .pkl file")
            return self.know(info_of(ModelRef(path.stem, hashlib.sha256(path.read_bytes()).hexdigest())))
        for info in self.infos.values():
            if info.ref.name == path_or_name:
                return info
        raise ModelNotFoundError(f"no network is called {path_or_name!r} here")

    def info(self, ref: ModelRef) -> ModelInfo:
        if not ref.sha256:
            return self.open(ref.name)
        if ref.sha256 not in self.infos:
            raise ModelNotFoundError(f"the network {ref.name!r} is not on this machine. Open its file once")
        return self.infos[ref.sha256]

    def render(self, request: RenderRequest) -> Frame:
        *_, frame = self.render_steps(request)
        assert frame is not None
        return frame

    def render_all(self, requests: Iterable[RenderRequest]) -> Iterator[Frame]:
        return map(self.render, requests)

    def render_steps(self, request: RenderRequest) -> Iterator[Frame | None]:
        self.threads.add(threading.current_thread().name)
        self.gate.wait(30)
        if self.fail is not None:
            raise self.fail
        self.info(request.recipe.model)
        self.rendered.append(request.recipe)
        if self.drafts and request.live:
            yield self._frame(request, 8)
        yield self._frame(request, 16)

    def _frame(self, request: RenderRequest, side: int) -> Frame:
        notices = ("row 12 and above do not exist here",) if len(request.recipe.mixes) > 8 else ()
        pixels = pixels_of(request.recipe, side)
        return Frame(request, pixels, 16, 0.004, self.device, self.precision, notices)

    def set_cache_limit(self, cache_bytes: int) -> None:
        self.cache_bytes = cache_bytes

    def set_device(self, device: str, precision: str) -> tuple[str, ...]:
        if device == "cuda":
            raise DeviceError("there is no usable NVIDIA GPU; devices here: cpu")
        return (
            ("float16 is slower than float32 on a CPU, so float32 is used",) if precision == "float16" else ()
        )


def facts_of(engine: FakeEngine, notices: tuple[str, ...] = ()) -> DeviceFacts:
    return DeviceFacts(("cpu",), engine.device, engine.precision, notices)
