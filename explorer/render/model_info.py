"""What a window needs to know of a network, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from explorer.recipe import ModelRef

if TYPE_CHECKING:
    from explorer.models import Generator


@dataclass(frozen=True, slots=True)
class StepInfo:
    """One link of the synthesis chain, for people."""

    name: str
    """`b32.conv0`, `b32.torgb`, ..."""
    rows: tuple[int, ...]
    """Rows of `ws` it reads."""
    resolution: int
    """Height of what it puts out, in pixels."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A network as the engine found it; made of plain values, so any thread may hold it."""

    ref: ModelRef
    """Name and sha256, both known."""
    architecture: str
    resolution: int
    num_ws: int
    z_dim: int
    w_dim: int
    c_dim: int
    """Number of classes; 0 where unconditional."""
    img_channels: int
    has_noise: bool
    has_transform: bool
    parameters: int
    stops: tuple[int, ...]
    """Resolutions at which a draft can stop, rising; the last is `resolution`."""
    steps: tuple[StepInfo, ...]
    title: str
    """Name for people; the name of the reference where the file states none."""
    licence: str
    """Licence of the weights; empty where the file states none."""
    attribution: str = ""
    """Whom the licence asks to name; empty where the file states none."""

    class_names: tuple[str, ...] = ()
    """What its classes are called, class 0 first; empty where nobody says."""

    width: int = 0
    """Of the picture in pixels, `resolution` being its height; 0 where both are the same."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels."""
        return self.width or self.resolution, self.resolution

    def rows_at(self, resolution: int) -> tuple[int, ...]:
        """Rows of `ws` read by the steps that put out `resolution`, rising."""
        return tuple(sorted({row for s in self.steps if s.resolution == resolution for row in s.rows}))


def info_of(ref: ModelRef, generator: "Generator", header: Mapping[str, Any]) -> ModelInfo:
    """Tell what a network is. `header`: what its file states."""
    return ModelInfo(
        ref=ref,
        architecture=generator.architecture,
        resolution=generator.resolution,
        num_ws=generator.num_ws,
        z_dim=generator.z_dim,
        w_dim=generator.w_dim,
        c_dim=generator.c_dim,
        img_channels=generator.img_channels,
        has_noise=generator.has_noise,
        has_transform=generator.has_transform,
        parameters=generator.parameters,
        stops=tuple(sorted(generator.early_stops())),
        steps=tuple(StepInfo(s.name, s.rows, s.resolution) for s in generator.steps),
        title=str(header.get("title") or ref.name),
        licence=str(header.get("licence") or ""),
        attribution=str(header.get("attribution") or ""),
        class_names=_class_names(header, ref.name, generator.c_dim),
        width=generator.width,
    )


def _class_names(header: Mapping[str, Any], name: str, c_dim: int) -> tuple[str, ...]:
    """Names of classes that a file states, one short line for each, or else those of the public networks."""
    if c_dim == 0:
        return ()
    names = header.get("class_names")
    if not isinstance(names, list) or len(names) != c_dim:
        from explorer.checkpoints.public_networks import class_names

        return class_names(name, c_dim)
    fit = all(isinstance(name, str) and 0 < len(name) <= 80 and name.isprintable() for name in names)
    return tuple(names) if fit else ()
