"""Options that say what is done to a picture once it is drawn: depth, enlarging, mark, label, quality."""

import argparse
from pathlib import Path

from explorer.cli import options
from explorer.errors import ExportError
from explorer.recipe.finish import BITS, CORNERS, LABEL_SIZES, UPSCALES, WORDS, Finish, Label


def add_finish_options(parser: argparse.ArgumentParser) -> None:
    """Add `--bits`, `--upscale`, `--no-mark`, `--label`, `--label-size` and `--quality`."""
    add = parser.add_argument
    add("--bits", type=int, choices=BITS, default=8, help="of each colour: 8, or 16 (PNG alone; default: 8)")
    add(
        "--upscale",
        type=int,
        choices=UPSCALES,
        default=1,
        help="enlarge so many times by Lanczos' filter (default: 1, as drawn)",
    )
    add_mark_option(parser)
    add(
        "--label",
        metavar="CORNER",
        nargs="?",
        choices=CORNERS,
        const=Label().corner,
        help=f'write "{WORDS}" into a corner: {", ".join(CORNERS)} (default: no label; '
        f"alone: {Label().corner})",
    )
    add("--label-size", choices=LABEL_SIZES, help=f"of the label (default: {Label().size})")
    add(
        "--quality",
        metavar="Q",
        type=options.whole(1, 100),
        help="of JPEG and WebP, 1 to 100 (default: JPEG 95, WebP without loss)",
    )


def add_mark_option(parser: argparse.ArgumentParser) -> None:
    """Add `--no-mark`."""
    parser.add_argument(
        "--no-mark",
        action="store_true",
        help="lay no invisible mark over the pixels (the file says that there is none)",
    )


def finish_of(args: argparse.Namespace, out: Path, into_folder: bool, suffix: str) -> Finish:
    """What the options ask for; wrong usage ends the program with exit code 2."""
    from explorer.export.finishing import check_finish
    from explorer.export.image import format_of

    if args.label_size is not None and args.label is None:
        args.parser.error("--label-size needs --label")
    label = None if args.label is None else Label(args.label, args.label_size or Label().size)
    finish = Finish(args.bits, args.upscale, label, args.quality, not args.no_mark)
    try:
        check_finish(finish, format_of(f"picture{suffix}" if into_folder else out))
    except ExportError as error:
        args.parser.error(str(error))
    return finish
