"""`type=` functions for argparse: the recipe notation, and plain numbers.

What cannot be read is wrong usage: argparse prints the reason and exits with 2.
"""

import argparse
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from explorer.errors import CheckpointError, DirectionError, RecipeError
from explorer.recipe import Mix, Push, Source, edits
from explorer.recipe.notation import parse_mix, parse_push, parse_seeds

T = TypeVar("T")


def _read(parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except RecipeError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def seeds(text: str) -> tuple[int, ...]:
    """`0-3,7` as (0, 1, 2, 3, 7)."""
    return _read(parse_seeds, text)


def mix(text: str) -> Mix:
    """`SEED@LAYERS[*STRENGTH]`; in place of the seed, a file whose recipe says what to mix with."""
    name, sign, rest = text.rpartition("@")
    if not sign or name.strip().isdigit() or not Path(name).suffix:
        return _read(parse_mix, text)
    wanted = _read(parse_mix, f"0@{rest}")
    return replace(wanted, seed=_source(name))


def _source(name: str) -> Source:
    """What the picture of a file starts from: a latent or a seed."""
    from explorer.cli.recipe_options import read_start

    try:
        return edits.source_a(read_start(name))
    except (RecipeError, DirectionError, CheckpointError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{name}: {error.strerror or error}") from None


def push(text: str) -> Push:
    """`NAME=AMOUNT[@LAYERS][:off][:lock]`."""
    return _read(parse_push, text)


def number(low: float = -math.inf, high: float = math.inf) -> Callable[[str], float]:
    """Make a reader of numbers from `low` to `high`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number{_bounds(low, high)}")
        return value

    return read


def whole(low: float = 0, high: float = math.inf) -> Callable[[str], int]:
    """Make a reader of whole numbers from `low` to `high`."""

    def read(text: str) -> int:
        try:
            value: Any = int(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number{_bounds(low, high)}")
        return int(value)

    return read


def _bounds(low: float, high: float) -> str:
    if math.isfinite(low) and math.isfinite(high):
        return f" from {low:g} to {high:g}"
    return f" from {low:g}" if math.isfinite(low) else ""
