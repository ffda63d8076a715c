"""How recipes are written in one line: `0-3,7`, `42@coarse*0.5`, `smile=2@4-8`, `age=0:lock`.

Each `parse_*` has a `format_*` that undoes it. Errors are `RecipeError`s that
show the text, the place and an example.
"""

import math
import re

from explorer.errors import RecipeError
from explorer.recipe.recipe import (
    SEED_LIMIT,
    ZONES,
    Layers,
    Mix,
    Push,
    RowStrengths,
    StoredLatent,
    check_seed,
)

MAX_SEEDS = 100_000
"""A longer list in one command is a slip of the hand (`0-4294967295`)."""

STEPS, MAX_AMOUNTS = 7, 100
"""Numbers of a range that does not say how many, and the most a list of numbers may have."""

OFF, LOCK, OWN = "off", "lock", "own"
"""Words of a direction: no effect, its measure kept still, its own rows."""

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"


def parse_seeds(text: str) -> tuple[int, ...]:
    """Read `0-3,7` as (0, 1, 2, 3, 7); order and repeats are kept."""
    seeds: list[int] = []
    for piece in text.split(","):
        match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", piece)
        if match is None:
            raise RecipeError(f"cannot read {piece.strip()!r} in seeds {text!r}; write them like 0-3,7")
        first = check_seed(int(match[1]))
        last = check_seed(int(match[2])) if match[2] else first
        if last < first:
            raise RecipeError(f"the range {piece.strip()!r} runs backwards; write it as {last}-{first}")
        if len(seeds) + last - first + 1 > MAX_SEEDS:
            raise RecipeError(f"seeds {text!r} name more than {MAX_SEEDS} pictures; ask for fewer at a time")
        seeds.extend(range(first, last + 1))
    return tuple(seeds)


def format_seeds(seeds: tuple[int, ...]) -> str:
    """Write seeds with runs of three or more as ranges."""
    return ",".join(_runs(seeds))


def _runs(values: tuple[int, ...]) -> list[str]:
    pieces: list[str] = []
    i = 0
    while i < len(values):
        j = i
        while j + 1 < len(values) and values[j + 1] == values[j] + 1:
            j += 1
        if j - i >= 2:
            pieces.append(f"{values[i]}-{values[j]}")
        else:
            pieces.extend(str(v) for v in values[i : j + 1])
        i = j + 1
    return pieces


def parse_amounts(text: str, low: float = -math.inf, high: float = math.inf) -> tuple[float, ...]:
    """Read `0.3,0.7,1`, or `FROM:TO[:COUNT]` as so many numbers at equal steps (without a count: 7)."""
    pieces = text.split(":")
    try:
        if len(pieces) == 1:
            values = tuple(float(piece) for piece in text.split(","))
        else:
            first, last = float(pieces[0]), float(pieces[1])
            count = int(pieces[2]) if len(pieces) == 3 else STEPS
            if len(pieces) > 3 or not 2 <= count <= MAX_AMOUNTS:
                raise ValueError
            # Rounded, so that -3:3 meets 0 and names on a sheet's margin are short.
            values = tuple(round(first + (last - first) * i / (count - 1), 6) for i in range(count))
    except ValueError:
        raise RecipeError(f"cannot read {text!r}; write 0.3,0.7,1 or FROM:TO or FROM:TO:COUNT") from None
    if len(values) > MAX_AMOUNTS or not all(math.isfinite(v) and low <= v <= high for v in values):
        raise RecipeError(f"{text!r} has to be at most {MAX_AMOUNTS} numbers from {low:g} to {high:g}")
    return values


def parse_layers(text: str) -> Layers:
    """Read `coarse`, `4-7`, `0,2,5` or `0-3,8` as rows of `ws`."""
    word = text.strip().lower()
    if word in ZONES:
        return word
    rows: set[int] = set()
    for piece in word.split(","):
        match = re.fullmatch(r"\s*(\d{1,2})\s*(?:-\s*(\d{1,2})\s*)?", piece)
        if match is None:
            raise RecipeError(f"cannot read layers {text!r}; write 4-7, 0,2,5, or one of {', '.join(ZONES)}")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first or last > 63:
            raise RecipeError(f"layers {piece.strip()!r} must rise and stay between 0 and 63")
        rows.update(range(first, last + 1))
    return tuple(sorted(rows))


def format_layers(layers: Layers) -> str:
    """Write layers as `parse_layers` reads them."""
    return layers if isinstance(layers, str) else ",".join(_runs(layers))


def parse_mix(text: str) -> Mix:
    """Read `SEED@LAYERS[*STRENGTH]`, for instance `42@coarse*0.5`."""
    match = re.fullmatch(rf"\s*(\d+)\s*@([^*]+?)(?:\*\s*({_NUMBER})\s*)?", text)
    if match is None:
        raise RecipeError(
            f"cannot read mix {text!r}; write SEED@LAYERS or SEED@LAYERS*STRENGTH, like 42@coarse*0.5"
        )
    seed = int(match[1])
    if seed >= SEED_LIMIT:
        check_seed(seed)
    return Mix(seed, parse_layers(match[2]), float(match[3]) if match[3] else 1.0)


def format_mix(mix: Mix) -> str:
    """Write a mix as `parse_mix` reads it."""
    strength = "" if mix.strength == 1 else f"*{mix.strength!r}"
    if isinstance(mix.seed, StoredLatent):
        raise RecipeError("a mix with a stored latent cannot be written in one line")
    return f"{mix.seed}@{format_layers(mix.layers)}{strength}"


def parse_push(text: str) -> Push:
    """Read `NAME=AMOUNT[@LAYERS][:off][:lock]`, for instance `smile=2@4-8`.

    A row may have a strength of its own: `smile=2@4-6,7*0.5`. After a zone, or after
    `own` for the rows that the direction brings along, only such rows may follow:
    `smile=2@own,7*0.5`.
    """
    match = re.fullmatch(
        rf"\s*([^=@]+?)\s*=\s*({_NUMBER})\s*(?:@([^:]+))?((?:\s*:\s*(?:{OFF}|{LOCK}))*)\s*", text
    )
    if match is None:
        raise RecipeError(
            f"cannot read direction {text!r}; write NAME=AMOUNT or NAME=AMOUNT@LAYERS, like smile=2@4-8; "
            f":{OFF} keeps it without effect, :{LOCK} keeps its measure still while others move"
        )
    layers, strengths = _parse_rows(match[3]) if match[3] else (None, ())
    words = [word.strip() for word in match[4].split(":")]
    return Push(
        match[1],
        float(match[2]),
        layers,
        is_on=OFF not in words,
        row_strengths=strengths,
        is_locked=LOCK in words,
    )


def format_push(push: Push) -> str:
    """Write a push as `parse_push` reads it."""
    rows = _format_rows(push.layers, push.row_strengths)
    return (
        f"{push.name}={push.amount!r}{rows and '@' + rows}"
        f"{'' if push.is_on else ':' + OFF}{':' + LOCK if push.is_locked else ''}"
    )


def _parse_rows(text: str) -> tuple[Layers | None, RowStrengths]:
    """Read layers among which single rows have a factor."""
    plain: list[str] = []
    strengths: dict[int, float] = {}
    for piece in text.split(","):
        match = re.fullmatch(rf"([^*]+)\*\s*({_NUMBER})\s*", piece)
        if match is None:
            plain.append(piece)
            continue
        rows = parse_layers(match[1])
        if isinstance(rows, str):
            raise RecipeError(f"cannot read {piece.strip()!r}; strengths are given to rows, like 4-6*0.5")
        strengths.update(dict.fromkeys(rows, float(match[2])))
    given = tuple(sorted(strengths.items()))
    zone = plain[0].strip().lower() if len(plain) == 1 else ""
    if zone == OWN or zone in ZONES:
        return (None if zone == OWN else parse_layers(zone)), given
    named = parse_layers(",".join(plain)) if plain else ()
    return tuple(sorted({*named, *strengths})), given


def _format_rows(layers: Layers | None, strengths: RowStrengths) -> str:
    """Write what `_parse_rows` reads; nothing where there is nothing to say."""
    if not strengths:
        return "" if layers is None else format_layers(layers)
    given = [f"{row}*{strength!r}" for row, strength in strengths]
    if layers is None or isinstance(layers, str):
        return ",".join([layers or OWN, *given])
    named = dict(strengths)
    plain = tuple(row for row in layers if row not in named)
    return ",".join([*_runs(plain), *given])


def plain_name(text: str) -> str:
    """A typed name without the signs that `parse_push` reads; empty where nothing is left."""
    return " ".join(text.replace("=", " ").replace("@", " ").split())
