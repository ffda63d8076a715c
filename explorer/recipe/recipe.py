"""`Recipe`: everything a picture depends on, as a small frozen value.

A picture is a pure function of its recipe. All parts are immutable, compare by
value, and check themselves when made, so that an impossible recipe cannot
exist; what a given network can do with it is decided later, by
`explorer.latents.resolve`, which leaves the wish untouched.
"""

import math
import struct
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from explorer.errors import RecipeError

SEED_LIMIT = 2**32
"""Seeds are those of `numpy.random.RandomState`: 0 <= seed < 2**32."""

Zone = Literal["coarse", "middle", "fine", "all"]
ZONES: tuple[Zone, ...] = ("coarse", "middle", "fine", "all")
Layers = tuple[int, ...] | Zone
"""Rows of `ws`: indices in rising order, or a zone whose rows the network decides."""

ClassMix = tuple[tuple[int, float], ...]
"""Classes a label leans towards, each with its weight."""

RowStrengths = tuple[tuple[int, float], ...]
"""Rows of `ws` in rising order, each with a factor."""

NoiseMode = Literal["const", "none", "random"]
NOISE_MODES: tuple[NoiseMode, ...] = ("const", "none", "random")


SUPPLIED_PICTURE = "supplied picture"
"""Origin of a latent that a picture of the user's was projected to."""
LATENT_FILE = "latent file"
"""Origin of a latent that was read from a file of another tool: what it was made from is not known."""
FROM_SEEDS = "seeds"
"""Origin of a stored latent that the network itself has drawn."""


def _need(condition: bool, message: str) -> None:
    if not condition:
        raise RecipeError(message)


def _finite(value: float, what: str) -> None:
    _need(
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value),
        f"{what} must be a finite number, not {value!r}",
    )


def _is_sha256(text: str) -> bool:
    return isinstance(text, str) and len(text) == 64 and all(c in "0123456789abcdef" for c in text)


def check_seed(seed: int) -> int:
    """Return `seed` unchanged, or raise `RecipeError` if no generator accepts it."""
    _need(
        isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed < SEED_LIMIT,
        f"a seed is a whole number from 0 to {SEED_LIMIT - 1}, not {seed!r}",
    )
    return seed


def check_layers(layers: Layers) -> None:
    """Raise `RecipeError` unless `layers` is a zone or rising row numbers from 0 to 63."""
    if isinstance(layers, str):
        _need(layers in ZONES, f"unknown layer zone {layers!r}; zones are {', '.join(ZONES)}")
        return
    _need(len(layers) > 0, "a list of layers needs at least one row")
    _need(
        all(isinstance(i, int) and not isinstance(i, bool) and 0 <= i < 64 for i in layers),
        f"layers are row numbers from 0 to 63, not {layers!r}",
    )
    _need(list(layers) == sorted(set(layers)), f"layers must rise without repeats: {layers!r}")


def check_class_mix(mix: ClassMix) -> None:
    """Raise `RecipeError` unless `mix` names classes once each, with weights that come to 1 at most."""
    _need(len(mix) <= 64, "a mix of classes takes up to 64 of them")
    for index, weight in mix:
        _need(
            isinstance(index, int) and not isinstance(index, bool) and index >= 0,
            f"a class is a whole number from 0, not {index!r}",
        )
        _finite(weight, f"the weight of class {index}")
        _need(0 <= weight <= 1, f"the weight of class {index} goes from 0 to 1, not {weight:g}")
    _need(len({index for index, _ in mix}) == len(mix), "a mix of classes names each class once")
    total = math.fsum(weight for _, weight in mix)
    _need(total <= 1 + 1e-6, f"the weights of a mix of classes come to 1 at most, not {total:g}")


def check_row_strengths(strengths: RowStrengths, layers: Layers | None) -> None:
    """Raise `RecipeError` unless `strengths` names rows once each, rising, and only rows that act."""
    rows = tuple(row for row, _ in strengths)
    if not rows:
        return
    check_layers(rows)
    for row, strength in strengths:
        _finite(strength, f"the strength of row {row}")
    outside = sorted(set(rows) - set(layers)) if isinstance(layers, tuple) else []
    _need(
        not outside,
        f"row {outside[0] if outside else 0} has a strength, but the direction does not act on it",
    )


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which network: its name for people, its sha256 for certainty."""

    name: str
    sha256: str = ""
    """Hexadecimal digest of the weight file; empty where it is not known yet."""

    def __post_init__(self) -> None:
        _need(
            isinstance(self.name, str) and 0 < len(self.name) <= 256,
            "a model needs a name of 1 to 256 letters",
        )
        _need(
            self.sha256 == "" or _is_sha256(self.sha256),
            f"sha256 of model {self.name!r} must be 64 lower-case hexadecimal digits",
        )


@dataclass(frozen=True, slots=True)
class StoredLatent:
    """Rows of `ws` kept by value: what a picture was projected to, or a latent from a file.

    Wherever a recipe takes one, somebody's picture may stand behind what is drawn; the
    provenance of exports says so (`Recipe.latents`).
    """

    rows: int
    """1 for a point of W, `num_ws` for a point of W+."""
    width: int
    """`w_dim` of the network it belongs to."""
    data: bytes
    """rows x width little-endian float32, row after row."""
    origin: str = SUPPLIED_PICTURE
    """Where it came from, in a few words that are told in every export: `SUPPLIED_PICTURE`, to which
    more may be added after a comma; `LATENT_FILE`; or `FROM_SEEDS`, where no picture of the world
    had a part in it."""
    picture_sha256: str = ""
    """Digest of the supplied picture's file, in hexadecimal; empty where it is not known.
    Neither its name nor its place is kept."""

    def __post_init__(self) -> None:
        _need(
            1 <= self.rows <= 64 and 1 <= self.width <= 8192,
            "a stored latent has 1 to 64 rows of 1 to 8192 values",
        )
        _need(
            len(self.data) == 4 * self.rows * self.width,
            f"a stored latent of {self.rows} x {self.width} needs {4 * self.rows * self.width} bytes, "
            f"not {len(self.data)}",
        )
        _need(
            self.picture_sha256 == "" or _is_sha256(self.picture_sha256),
            "sha256 of a supplied picture must be 64 lower-case hexadecimal digits",
        )

    @property
    def is_of_supplied_picture(self) -> bool:
        """Whether a picture that somebody supplied went into it. An unknown origin counts as one."""
        return not self.origin.startswith(FROM_SEEDS)


Source = int | StoredLatent
"""Who a picture starts from or is mixed with: a seed, or a latent kept by value."""


def source_name(source: Source) -> str:
    """Name a source for people, in a few words: `seed 7`, `supplied picture`."""
    return source.origin if isinstance(source, StoredLatent) else f"seed {source}"


def check_source(source: Source) -> Source:
    """Return `source` unchanged, or raise `RecipeError` if it is neither a latent nor a possible seed."""
    return source if isinstance(source, StoredLatent) else check_seed(source)


@dataclass(frozen=True, slots=True)
class SeedBlend:
    """Seeds with weights that sum to 1, blended in W around `w_avg`; stored latents may stand among them.

    A term of weight 0 is kept: it is the B of a slider that stands at A.
    """

    terms: tuple[tuple[Source, float], ...]

    def __post_init__(self) -> None:
        _need(1 <= len(self.terms) <= 64, "a blend takes 1 to 64 seeds")
        for source, weight in self.terms:
            check_source(source)
            _finite(weight, f"the weight of {source_name(source)}")
        total = math.fsum(weight for _, weight in self.terms)
        _need(abs(total - 1) < 1e-6, f"the weights of a blend must sum to 1, not {total:g}")

    @classmethod
    def of(cls, seed: Source) -> "SeedBlend":
        """Blend of one seed."""
        return cls(((seed, 1.0),))

    @classmethod
    def between(cls, seed_a: Source, seed_b: Source, t: float) -> "SeedBlend":
        """Point `t` on the line from `seed_a` (0) to `seed_b` (1)."""
        return cls(((seed_a, 1.0 - t), (seed_b, t)))


@dataclass(frozen=True, slots=True)
class Mix:
    """Style mixing: some rows move towards the same rows of another seed, or of a stored latent."""

    seed: Source
    layers: Layers
    strength: float = 1.0
    """0 leaves the rows, 1 replaces them; below 0 and above 1 is allowed."""

    def __post_init__(self) -> None:
        check_source(self.seed)
        check_layers(self.layers)
        _finite(self.strength, "the strength of a mix")


@dataclass(frozen=True, slots=True)
class StoredDirection:
    """A direction kept by value, so that its picture can be made where nobody knows its name."""

    rows: int
    """1 for a vector of W, `num_ws` for one vector for each row."""
    width: int
    """`w_dim` of the network it belongs to."""
    data: bytes
    """rows x width little-endian float32, row after row."""
    sigma: float = 1.0
    """Length of the step of amount 1, in lengths of the vector."""
    layers: Layers = "all"
    """The direction's own rows."""
    kind: str = ""
    """How it was found."""
    gradient: bytes = b""
    """How its measure changes with w: width little-endian float32; empty where it is the vector itself."""

    def __post_init__(self) -> None:
        _need(
            isinstance(self.rows, int)
            and isinstance(self.width, int)
            and 1 <= self.rows <= 64
            and 1 <= self.width <= 8192,
            "a direction has 1 to 64 rows of 1 to 8192 values",
        )
        _need(
            len(self.data) == 4 * self.rows * self.width,
            f"a direction of {self.rows} x {self.width} needs {4 * self.rows * self.width} bytes, "
            f"not {len(self.data)}",
        )
        _need(
            len(self.gradient) in (0, 4 * self.width),
            f"the gradient of a direction of {self.width} values needs {4 * self.width} bytes, "
            f"not {len(self.gradient)}",
        )
        _need(
            all(math.isfinite(value) for (value,) in struct.iter_unpack("<f", self.data + self.gradient)),
            "a direction's values must be finite",
        )
        _finite(self.sigma, "the step of a direction")
        check_layers(self.layers)
        _need(isinstance(self.kind, str) and len(self.kind) <= 32, "a direction's kind is one word")


@dataclass(frozen=True, slots=True)
class Push:
    """A step along a named direction."""

    name: str
    amount: float
    """Standard deviations of the direction."""
    layers: Layers | None = None
    """None takes the direction's own rows."""
    stored: StoredDirection | None = None
    """The direction itself; None leaves it to who draws to know the name."""
    is_on: bool = True
    """False keeps the wish without its effect."""
    row_strengths: RowStrengths = ()
    """Factors on the amount for single rows among those it acts on; rows not named have 1."""
    is_locked: bool = False
    """Keep its measure, the coordinate of its rows along it, still while pushes along others move."""

    def __post_init__(self) -> None:
        _need(
            isinstance(self.name, str) and 0 < len(self.name) <= 128,
            "a direction needs a name of 1 to 128 letters",
        )
        _finite(self.amount, f"the amount of direction {self.name!r}")
        if self.layers is not None:
            check_layers(self.layers)
        check_row_strengths(self.row_strengths, self.layers)


@dataclass(frozen=True, slots=True)
class Noise:
    """The per-layer noise of StyleGAN 1 and 2; StyleGAN3 has none and ignores it."""

    mode: NoiseMode = "const"
    """"const": the planes stored in the network; "random": planes drawn from `seed`; "none"."""
    seed: int = 0
    strength: float = 1.0
    """Factor on the network's own noise strengths, 0 to 10."""

    def __post_init__(self) -> None:
        _need(
            self.mode in NOISE_MODES, f"unknown noise mode {self.mode!r}; modes are {', '.join(NOISE_MODES)}"
        )
        check_seed(self.seed)
        _finite(self.strength, "the strength of the noise")
        _need(0 <= self.strength <= 10, f"the strength of the noise goes from 0 to 10, not {self.strength:g}")


@dataclass(frozen=True, slots=True)
class Transform:
    """Movement of StyleGAN3's input: x and y in picture widths, angle in degrees."""

    x: float = 0.0
    y: float = 0.0
    degrees: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("x", self.x), ("y", self.y), ("angle", self.degrees)):
            _finite(value, f"the {name} of a transform")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What picture is wanted. Fields in the order in which `compose` applies them."""

    model: ModelRef
    base: SeedBlend | StoredLatent = field(default_factory=lambda: SeedBlend.of(0))
    class_index: int | None = None
    """Class of a conditional network; None takes the one each seed draws."""
    class_mix: ClassMix = ()
    """Other classes the label leans towards; what their weights leave of 1 stays with `class_index`.
    A weight of 0 is kept: it is the class of a slider that stands at its beginning."""
    mixes: tuple[Mix, ...] = ()
    psi: float = 1.0
    """Truncation: 1 = as drawn, 0 = `w_avg`, negative mirrors; -10 to 10."""
    cutoff: int | None = None
    """Leading rows of `ws` that are truncated; None = all."""
    directions: tuple[Push, ...] = ()
    noise: Noise = Noise()
    transform: Transform = Transform()

    def __post_init__(self) -> None:
        _finite(self.psi, "psi")
        _need(-10 <= self.psi <= 10, f"psi goes from -10 to 10, not {self.psi:g}")
        for name, value in (("cutoff", self.cutoff), ("class", self.class_index)):
            _need(
                value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0),
                f"{name} is a whole number from 0, or nothing; not {value!r}",
            )
        check_class_mix(self.class_mix)

    @property
    def latents(self) -> tuple[StoredLatent, ...]:
        """Stored latents it holds, each once, in the order in which they are met.

        Where one of them `is_of_supplied_picture`, what is drawn says so when it is exported:
        C2PA `c2pa.opened` with an ingredient, and the IPTC source type
        compositeWithTrainedAlgorithmicMedia.
        """
        base = (
            (self.base,) if isinstance(self.base, StoredLatent) else [source for source, _ in self.base.terms]
        )
        found = dict.fromkeys((*base, *(mix.seed for mix in self.mixes)))
        return tuple(source for source in found if isinstance(source, StoredLatent))

    def with_(self, **changes: Any) -> "Recipe":
        """Return a copy with some fields changed: the only way to edit a recipe."""
        return replace(self, **changes)
