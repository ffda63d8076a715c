"""What a window needs to know of a network, as plain values."""

from dataclasses import dataclass

from explorer.recipe import ModelRef


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
