"""Named directions of a face network: attributes measured, regressed on W, cleaned of each other, and tried.

The order of things: draw random faces and measure them; learn what was marked by hand; make
each direction so that the measures of all others stay; push other faces along each, measure
what that does, and leave out what does not do what its name says.
"""

from collections.abc import Generator as Pieces
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from explorer.attributes import MEASURES, measure
from explorer.attributes.portrait import Numbers, Pixels
from explorer.errors import DirectionError
from explorer.latents.directions import Direction
from explorer.latents.discovery import BATCH, SAMPLES, Statistics, sample_w, statistics
from explorer.latents.learning import FEWEST
from explorer.latents.marks import Marks
from explorer.latents.measured import Gradient, gradients, measured_direction
from explorer.models import Generator
from explorer.render.looks import Look, learn_look
from explorer.render.measuring import Probed, Samples, draw_seeds, probe, sample

T = TypeVar("T")

LEAST_EFFECT = 0.4
"""Of its measure's spread among faces, for each standard deviation; a direction that does less is dropped."""
LEAST_RISES = 0.8
"""Share of steps of single faces in which its own measure has to rise."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A direction to make of a measure."""

    name: str
    measure: str
    free: tuple[str, ...] = ()
    """Measures, and names of marked directions, that belong to it and so may move."""


PLANS = (
    Plan("turn", "turn"),
    Plan("smile", "smile", free=("contrast", "lip colour")),
    Plan("brows", "brows"),
    Plan("hair darkness", "hair darkness"),
    Plan("hair length", "hair length", free=("feminine",)),
    Plan("hair volume", "framing"),
    Plan("skin lightness", "skin lightness"),
    Plan("lip colour", "lip colour"),
    Plan("warmth", "warmth"),
    Plan("background", "background"),
    Plan("light", "light"),
    Plan("contrast", "contrast"),
)
"""An aligned network frames all heads alike: what varies in `framing` is how far the hair stands out."""


@dataclass(frozen=True, eq=False)
class Named:
    """A direction that does what its name says, with the evidence."""

    probed: Probed
    measure: str
    """The measure it is named for."""
    told: str
    """How it came about, in words."""

    @property
    def direction(self) -> Direction:
        """The direction, its effects filled in."""
        return self.probed.direction


@dataclass(frozen=True, eq=False)
class Report:
    """All named directions of a network, and what they were measured with."""

    named: tuple[Named, ...]
    dropped: tuple[str, ...]
    """Why directions were left out, in words."""
    spreads: Mapping[str, float]
    """Standard deviation of each measure among random faces."""
    foretold: Mapping[str, float]
    """Correlation of each measure with its regression on W, for unseen faces."""
    samples: int
    faces: int
    """Faces each direction was tried on."""
    psi: float


def find_face_directions(
    generator: Generator,
    marks: Sequence[Marks] = (),
    count: int = 4000,
    faces: int = 48,
    psi: float = 0.7,
    seed: int = 0,
) -> Pieces[tuple[int, int], None, Report]:
    """Make and try the named directions of a network that draws aligned faces.

    Parameters
    ----------
    marks : what was marked by hand, a direction for each.
    count : random faces to measure, of seeds `seed` and following.
    faces : other faces, of the seeds after those, on which each direction is tried.

    Yields
    ------
    (pictures drawn, pictures in all)

    Raises
    ------
    DirectionError
        If the pictures are too few, or marks name what is not measured.
    """
    total = count + faces * 7 * (len(PLANS) + len(marks))
    stats = statistics(sample_w(generator, SAMPLES if count >= BATCH else count))
    looks = [_look(generator, one, psi) for one in marks]

    def everything(pictures: Pixels) -> Mapping[str, Numbers]:
        return measure(pictures) | {name: value for look in looks for name, value in look(pictures).items()}

    samples = yield from _counted(sample(generator, count, seed, psi, everything), 0, total)
    found = gradients(samples.w, samples.values)
    made = _made(found, marks, looks, stats)
    seeds = range(seed + count, seed + count + faces)
    tried = probe(generator, [d for d, _, _ in made], seeds, samples.strangers, psi, everything)
    probed = yield from _counted(tried, count, total)
    told = [text for _, _, text in made]
    measures = [name for _, name, _ in made]
    return _report(probed, measures, told, samples, found, faces, psi)


def _counted(
    work: Pieces[tuple[int, int], None, T], before: int, total: int
) -> Pieces[tuple[int, int], None, T]:
    """Pass on progress as part of a larger whole."""
    while True:
        try:
            done, _ = next(work)
        except StopIteration as end:
            result: T = end.value
            return result
        yield before + done, total


def _look(generator: Generator, marks: Marks, psi: float) -> Look:
    """A measure of marks; what they keep has to be measured."""
    measures = {plan.name for plan in PLANS}
    unknown = [name for name in marks.keep if name not in measures]
    if unknown:
        raise DirectionError(
            f"{marks.name!r} is to keep {unknown[0]!r}, which is not measured; "
            f"there are {', '.join(plan.name for plan in PLANS)}"
        )
    if marks.name in MEASURES or min(len(marks.more), len(marks.less)) < FEWEST:
        raise DirectionError(
            f"marks for {marks.name!r} need a name of their own, and {FEWEST} faces of each kind"
        )
    more, less = (draw_seeds(generator, seeds, psi) for seeds in (marks.more, marks.less))
    return learn_look(marks.name, more, less)


def _made(
    found: Mapping[str, Gradient], marks: Sequence[Marks], looks: Sequence[Look], stats: Statistics
) -> list[tuple[Direction, str, str]]:
    """Each direction, the measure it is named for, and how it came about."""
    made = []
    for plan in PLANS:
        free = {plan.measure, *plan.free}
        of, held = found[plan.measure], [gradient for name, gradient in found.items() if name not in free]
        words = f"{MEASURES[plan.measure].words}; what else is measured is held still"
        direction = measured_direction(plan.name, of, held, stats, note=words)
        made.append((direction, plan.measure, f"measured in pictures; regression {of.correlation:.2f}"))
    measures = {plan.name: plan.measure for plan in PLANS}
    for one, look in zip(marks, looks, strict=True):
        of, held = found[one.name], [found[measures[name]] for name in one.keep]
        words = (
            f"towards what one viewer marked as {one.name}; held still: {', '.join(one.keep) or 'nothing'}"
        )
        direction = replace(measured_direction(one.name, of, held, stats, note=words), kind="learned")
        told = (
            f"{len(one.more)} faces marked more and {len(one.less)} less, of which a score of the face tells "
            f"{100 * look.accuracy:.0f} % right unseen; regression {of.correlation:.2f}"
        )
        made.append((direction, one.name, told))
    return made


def _report(
    probed: Sequence[Probed],
    measures: Sequence[str],
    told: Sequence[str],
    samples: Samples,
    found: Mapping[str, Gradient],
    faces: int,
    psi: float,
) -> Report:
    """Fill in effects; leave out what does not do what its name says."""
    named, dropped = [], []
    for one, measure_name, words in zip(probed, measures, told, strict=True):
        effects = {name: round(one.effect(name) / found[name].spread, 3) for name in found}
        own, rises = effects[measure_name], one.monotonic[measure_name]
        if own < LEAST_EFFECT or rises < LEAST_RISES or not one.rises(measure_name):
            dropped.append(
                f"{one.direction.name}: {own:+.2f} spreads of its measure for each standard deviation, "
                f"{100 * rises:.0f} % of the steps rise"
            )
            continue
        direction = replace(one.direction, effects=effects)
        named.append(Named(replace(one, direction=direction), measure_name, words))
    spreads = {name: gradient.spread for name, gradient in found.items()}
    foretold = {name: gradient.correlation for name, gradient in found.items()}
    return Report(tuple(named), tuple(dropped), spreads, foretold, len(samples.w), faces, psi)
