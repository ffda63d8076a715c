"""Options that say what pictures are of, shared by verbs that draw many: `video`, `grid`."""

import argparse
import difflib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.cli import options
from explorer.cli.console import notice
from explorer.errors import DirectionError
from explorer.recipe import LATENT_FILE, NOISE_MODES, SEED_LIMIT, ModelRef, Noise, Push, Recipe, StoredLatent

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
    add_directions_option(parser)
    add("--device", metavar="D", default="auto", help="auto, cpu, cuda or mps (default: auto)")


def add_directions_option(parser: argparse.ArgumentParser) -> None:
    """Add `--directions`."""
    parser.add_argument(
        "--directions",
        metavar="FILE",
        action="append",
        help="a .directions file whose names --direction may use, beside the known ones (repeatable)",
    )


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


LATENTS = (".npz", ".npy", ".pt", ".pth")
"""Files of projectors, which hold a latent and no recipe."""


def read_start(file: str) -> Recipe:
    """Recipe in a picture or JSON file; one that starts from the latent in a file of a projector.

    Raises
    ------
    RecipeError, DirectionError, CheckpointError, OSError
        If there is none.
    """
    if Path(file).suffix.lower() not in LATENTS:
        from explorer.provenance import read_recipe

        return read_recipe(file)
    from explorer.checkpoints.vectors import read_latent

    rows = read_latent(file)
    base = StoredLatent(len(rows), rows.shape[1], rows.astype("<f4").tobytes(), LATENT_FILE)
    return Recipe(ModelRef(DEFAULT_MODEL), base)


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
    from explorer.render.known_directions import read_directions

    for name in files or ():
        path = Path(name)
        found = read_directions(path)
        if found.model.sha256 and found.model.sha256 != info.ref.sha256:
            notice(f"the directions in {path} were found in another network, {found.model.name!r}")
        engine.directions.update(found.by_name())


def carrying(engine: "Engine", info: "ModelInfo", pushes: Sequence[Push]) -> tuple[Push, ...]:
    """Pushes that were typed, each with its direction, so that the files written are enough by themselves.

    Raises
    ------
    DirectionError
        If a name is not known for this network: leaving it out would draw another picture.
    """
    known = engine.directions_of(info.ref)
    carried = []
    for push in pushes:
        direction = known.get(push.name)
        if direction is None:
            raise DirectionError(_unknown(push.name, list(known), info))
        if not direction.fits(info.num_ws, info.w_dim):
            raise DirectionError(
                f"direction {push.name!r} has the shape {list(direction.vector.shape)} and does not fit "
                f"{info.ref.name!r}, which takes {info.num_ws} x {info.w_dim}"
            )
        carried.append(replace(push, stored=direction.stored()))
    return tuple(carried)


def _unknown(name: str, known: list[str], info: "ModelInfo") -> str:
    if not known:
        return (
            f"there is no direction {name!r}: none is known for {info.ref.name!r}; name a file with "
            "--directions, or find some with `latent-explorer directions find`"
        )
    near = difflib.get_close_matches(name, known, n=1)
    listed = ", ".join(known[:30]) + (f" and {len(known) - 30} more" if len(known) > 30 else "")
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"there is no direction {name!r} for {info.ref.name!r}; {hint}known are {listed}"
