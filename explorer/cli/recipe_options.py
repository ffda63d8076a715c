"""Options that say what pictures are of, shared by verbs that draw many: `video`, `grid`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.cli import options
from explorer.cli.console import notice
from explorer.errors import DirectionError
from explorer.recipe import NOISE_MODES, SEED_LIMIT, ModelRef, Noise, Recipe

if TYPE_CHECKING:
    from explorer.render import Engine, ModelInfo

DEFAULT_MODEL = "faces"


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add `--model`, `--device` and `--directions`."""
    add = parser.add_argument
    add(
        "--model",
        metavar="M",
        help=f"a bundled network's name or a checkpoint file (default: {DEFAULT_MODEL})",
    )
    add(
        "--directions",
        metavar="FILE",
        action="append",
        help="a .directions file whose names --direction may use (repeatable)",
    )
    add("--device", metavar="D", default="auto", help="auto, cpu, cuda or mps (default: auto)")


def add_look_options(parser: argparse.ArgumentParser) -> None:
    """Add what changes the look of every picture: `--cutoff`, `--class`, noise."""
    add = parser.add_argument
    add("--cutoff", metavar="N", type=options.whole(0, 64), help="truncate only the first N rows of ws")
    add(
        "--class",
        metavar="N",
        dest="class_index",
        type=options.whole(),
        help="class of a network that has classes",
    )
    add("--noise", choices=NOISE_MODES, default="const", help="noise of the layers (default: const)")
    add(
        "--noise-seed",
        metavar="S",
        type=options.whole(0, SEED_LIMIT - 1),
        default=0,
        help="seed of random noise (default: 0)",
    )
    add(
        "--noise-strength",
        metavar="F",
        type=options.number(0, 10),
        default=1.0,
        help="factor on the noise (default: 1)",
    )


def recipe_of(args: argparse.Namespace, model: ModelRef) -> Recipe:
    """Recipe that all pictures start from, but for the seed."""
    return Recipe(
        model,
        class_index=args.class_index,
        cutoff=args.cutoff,
        noise=Noise(args.noise, args.noise_seed, args.noise_strength),
    )


def open_directions(engine: "Engine", info: "ModelInfo", files: list[str] | None) -> None:
    """Teach the engine the directions of files; of equal names the last file's counts.

    Raises
    ------
    DirectionError
        If a file is none, or cannot fit this network.
    """
    from explorer.latents import direction_form

    for name in files or ():
        path = Path(name)
        if path.stat().st_size > direction_form.MAX_BYTES:
            raise DirectionError(f"{path} is too large to be a file of directions")
        found = direction_form.loads(path.read_bytes(), str(path))
        if found.model.sha256 and found.model.sha256 != info.ref.sha256:
            notice(f"the directions in {path} were found in another network, {found.model.name!r}")
        engine.directions.update(found.by_name())
