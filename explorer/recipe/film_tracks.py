"""What moves in a film: one track for each control, as a timeline shows them."""

import hashlib
from dataclasses import dataclass

from explorer.recipe.film import Film
from explorer.recipe.notation import format_layers
from explorer.recipe.recipe import Recipe, SeedBlend, Source, StoredLatent

Value = float | int | str | None


@dataclass(frozen=True, slots=True)
class Track:
    """One control of a recipe through the keyframes of a cell."""

    name: str
    """"seed", "psi", "mix 42@coarse", "direction smile", "noise seed", ..."""
    values: tuple[Value, ...]
    """At each keyframe; None where the recipe does not have it."""
    changes: tuple[bool, ...]
    """For each way from key to key (in a loop with the way back): whether the value changes on it."""

    @property
    def moves(self) -> bool:
        """Whether it changes at all."""
        return any(self.changes)


def tracks(film: Film, cell: int = 0, *, all_of_them: bool = False) -> tuple[Track, ...]:
    """List the controls that move in a cell, in the order in which `compose` applies them.

    Parameters
    ----------
    all_of_them : also those that stand still.
    """
    facts = [_facts(key.recipe) for key in film.cells[cell]]
    names = dict.fromkeys(name for fact in facts for name in fact)
    ways = len(facts) if film.loop else len(facts) - 1
    found = []
    for name in sorted(names, key=_rank):
        values = tuple(fact.get(name) for fact in facts)
        changes = tuple(values[i] != values[(i + 1) % len(values)] for i in range(ways))
        found.append(Track(name, values, changes))
    return tuple(track for track in found if all_of_them or track.moves)


_ORDER = ("seed", "latent", "class", "mix", "psi", "cutoff", "direction", "noise", "shift", "rotation")


def _rank(name: str) -> int:
    return _ORDER.index(name.split(" ")[0])


def _facts(recipe: Recipe) -> dict[str, Value]:
    """Controls of a recipe by name."""
    facts: dict[str, Value] = {}
    if isinstance(recipe.base, SeedBlend):
        present = [(_name(source), weight) for source, weight in recipe.base.terms if weight != 0]
        facts["seed"] = " ".join(name if weight == 1 else f"{name}*{weight:.3g}" for name, weight in present)
    else:
        facts["latent"] = _name(recipe.base)
    facts["class"] = recipe.class_index
    for index, weight in recipe.class_mix:
        facts[f"class {index}"] = weight
    for mix in recipe.mixes:
        facts[f"mix {_name(mix.seed)}@{format_layers(mix.layers)}"] = mix.strength
    facts["psi"], facts["cutoff"] = recipe.psi, recipe.cutoff
    for push in recipe.directions:
        layers = "" if push.layers is None else f"@{format_layers(push.layers)}"
        facts[f"direction {push.name}{layers}"] = push.amount if push.is_on else 0.0
        for row, strength in push.row_strengths:
            facts[f"direction {push.name} row {row}"] = strength
        if push.is_locked:
            facts[f"direction {push.name} locked"] = push.is_on
    facts["noise mode"], facts["noise seed"] = recipe.noise.mode, recipe.noise.seed
    facts["noise strength"] = recipe.noise.strength
    facts["shift x"], facts["shift y"] = recipe.transform.x, recipe.transform.y
    facts["rotation"] = recipe.transform.degrees
    return facts


def _name(source: Source) -> str:
    """A seed's number; a stored latent's origin and the beginning of its digest."""
    if not isinstance(source, StoredLatent):
        return str(source)
    return f"{source.origin} {hashlib.sha256(source.data).hexdigest()[:8]}"
