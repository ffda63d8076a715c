"""`grid`: contact sheets, truncation sweeps, style-mixing tables, direction strips."""

import argparse
import re
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from explorer.cli import options
from explorer.cli.console import Progress, notice, print_json
from explorer.cli.finish_options import add_mark_option
from explorer.cli.recipe_options import (
    DEFAULT_MODEL,
    add_look_options,
    add_model_options,
    carrying,
    open_directions,
    recipe_of,
)
from explorer.cli.signing_options import add_signing_options, use_signing_options
from explorer.errors import ExportError, RecipeError
from explorer.recipe import Mix, ModelRef, Push
from explorer.recipe.film import MAX_SIZE
from explorer.recipe.notation import LOCK, parse_amounts, parse_mix, parse_push, parse_seeds

if TYPE_CHECKING:
    from explorer.export.sheet import Sheet

HELP = "draw a contact sheet: seeds, truncation, mixing table or direction strip"
DESCRIPTION = """Draw many pictures on one sheet, with their names in the margins.

Seeds alone make a contact sheet. With several values of --psi they go down and the values
across; --mix makes a style-mixing table, --direction a strip of steps along a direction.
The file carries the recipes of all its pictures."""
EPILOG = """examples:
  latent-explorer grid --seeds 0-15 --psi 0.7 --out faces.png
  latent-explorer grid --seeds 1-4 --psi 0,0.5,0.7,1 --out truncation.png
  latent-explorer grid --seeds 1-4 --mix 55,821@coarse --out mixing.png
  latent-explorer grid --seeds 1-3 --directions my.directions --direction smile=-3:3 --out strip.png"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    add = parser.add_argument
    # argparse knows -1 for a number; here -1:1:5 and -2,0,2 are no options either.
    parser._negative_number_matcher = re.compile(r"-\.?\d")
    add_model_options(parser)
    add("--seeds", metavar="S", type=options.seeds, required=True, help="seeds like 0-3,7")
    add(
        "--psi",
        metavar="P",
        type=_numbers,
        default=(1.0,),
        help="truncation, one value or several: 0.3,0.7,1 or FROM:TO[:COUNT] (default: 1)",
    )
    add(
        "--mix",
        metavar="SEEDS@LAYERS[*STRENGTH]",
        type=_mixes,
        action="append",
        help="columns of a mixing table: each seed, in these layers (repeatable)",
    )
    add(
        "--direction",
        metavar="NAME=AMOUNTS[@LAYERS]",
        type=_pushes,
        action="append",
        help="columns of a strip: amounts like -3,0,3 or FROM:TO[:COUNT], in standard deviations; "
        "NAME=0:lock keeps that one still in all columns",
    )
    add_look_options(parser)
    add("--columns", metavar="N", type=options.whole(1), help="pictures in a row of a plain contact sheet")
    add("--size", metavar="PIXELS", type=options.whole(1, MAX_SIZE), help="height of each picture")
    add("--no-label", action="store_true", help='do not write "AI-generated" on the margin')
    add_mark_option(parser)
    add("--out", metavar="FILE", required=True, help="a .png, .jpg, .webp or .tiff file")
    add_signing_options(parser)
    add("--json", action="store_true", help="print a report as one JSON document")


def run(args: argparse.Namespace) -> int:
    """Draw the sheet and save it, whole or not at all."""
    _check(args)
    use_signing_options(args)
    from explorer.export.batch import MANY
    from explorer.export.sheet import write_sheet
    from explorer.render import Engine

    began = monotonic()
    engine = Engine(device=args.device)
    info = engine.open(args.model or DEFAULT_MODEL)
    open_directions(engine, info, args.directions)
    if args.direction:
        args.direction = [carrying(engine, info, pushes) for pushes in args.direction]
    sheet = sheet_of(args, info.ref)
    if sheet.pictures > MANY and info.licence:
        notice(f"{sheet.pictures} pictures; the licence of {info.title!r} holds for each: {info.licence}")
    work = write_sheet(
        engine, sheet, args.out, size=args.size, label=not args.no_label, mark=not args.no_mark
    )
    notices: tuple[str, ...] = ()
    with Progress(sheet.pictures, "pictures") as bar:
        try:
            while True:
                next(work)
                bar.step()
        except StopIteration as end:
            notices = end.value
    for text in notices:
        notice(text)
    seconds = monotonic() - began
    if args.json:
        from explorer.recipe.film_document import to_json

        print_json(
            {
                "model": {"name": info.ref.name, "sha256": info.ref.sha256, "licence": info.licence},
                "device": engine.device,
                "precision": engine.precision,
                "file": args.out,
                "rows": len(sheet.rows),
                "columns": len(sheet.rows[0]),
                "pictures": sheet.pictures,
                "seconds": round(seconds, 3),
                "notices": list(notices),
                "film": to_json(sheet.film),
            }
        )
    else:
        print(f"{args.out}: {sheet.pictures} pictures in {seconds:.1f} s")
    return 0


def sheet_of(args: argparse.Namespace, model: ModelRef) -> "Sheet":
    """The sheet that options ask for."""
    from explorer.export import sheet

    start = recipe_of(args, model).with_(psi=args.psi[0])
    if args.mix:
        return sheet.mixing_sheet(start, args.seeds, [mix for mixes in args.mix for mix in mixes])
    if args.direction:
        pushes = [push for pushes in args.direction for push in pushes]
        locked = tuple(push for push in pushes if push.is_locked)
        moving = [push for push in pushes if not push.is_locked]
        return sheet.direction_sheet(start.with_(directions=locked), args.seeds, moving or locked)
    if len(args.psi) > 1:
        return sheet.psi_sheet(start, args.seeds, args.psi)
    return sheet.contact_sheet(start, args.seeds, args.columns)


def _check(args: argparse.Namespace) -> None:
    """Refuse wrong usage, with exit code 2, before anything is loaded."""
    from explorer.export import format_of

    fail = args.parser.error
    across = [
        name
        for name, given in (
            ("--psi with several values", len(args.psi) > 1),
            ("--mix", args.mix),
            ("--direction", args.direction),
        )
        if given
    ]
    if len(across) > 1:
        fail(f"a sheet has one thing across, and here are {' and '.join(across)}; make a sheet of each")
    if args.columns is not None and across:
        fail(f"--columns is for plain contact sheets; {across[0]} decides them here")
    try:
        format_of(args.out)
        if Path(args.out).is_dir():
            raise ExportError(f"{args.out!r} is a folder; name a file")
        sheet_of(args, ModelRef(DEFAULT_MODEL))
    except ExportError as error:
        fail(str(error))


def _numbers(text: str) -> tuple[float, ...]:
    """`0.3,0.7` or `FROM:TO[:COUNT]`."""
    try:
        return parse_amounts(text, -10, 10)
    except RecipeError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _mixes(text: str) -> tuple[Mix, ...]:
    """`SEEDS@LAYERS[*STRENGTH]`, one mix for each seed."""
    seeds, at, rest = text.partition("@")
    try:
        if not at:
            parse_mix(text)  # says how to write it
        return tuple(parse_mix(f"{seed}@{rest}") for seed in parse_seeds(seeds))
    except RecipeError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _pushes(text: str) -> tuple[Push, ...]:
    """`NAME=AMOUNTS[@LAYERS]`, one push for each amount; or one that is locked, for all pictures."""
    match = re.fullmatch(r"\s*([^=@]+?)\s*=([^@]+?)(@.+)?", text)
    try:
        if match is None:
            raise RecipeError(f"cannot read direction {text!r}; write NAME=-3:3 or NAME=-2,0,2@LAYERS")
        if re.search(rf":\s*{LOCK}\s*$", text):
            return (parse_push(text),)
        push = parse_push(f"{match[1]}=0{match[3] or ''}")
        return tuple(replace(push, amount=amount) for amount in parse_amounts(match[2]))
    except RecipeError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
