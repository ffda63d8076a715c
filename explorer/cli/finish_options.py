"""Options that say what is done to a picture once it is drawn: depth, enlarging, mark, label, quality."""

import argparse
from pathlib import Path

from explorer.cli import options
from explorer.errors import ExportError
from explorer.recipe.finish import BITS, CORNERS, LABEL_SIZES, UPSCALES, WORDS, Finish, Label


def add_finish_options(parser: argparse.ArgumentParser) -> None:
    """Add `--bits`, `--upscale`, `--no-mark`, `--label`, `--no-label`, `--label-size` and `--quality`."""
    add = parser.add_argument
    add("--bits", type=int, choices=BITS, help="of each colour: 8, or 16 (PNG alone; default: 8)")
    add(
        "--upscale",
        type=int,
        choices=UPSCALES,
        help="enlarge so many times by Lanczos' filter (default: 1, as drawn)",
    )
    add_mark_option(parser)
    add(
        "--label",
        metavar="CORNER",
        nargs="?",
        choices=CORNERS,
        const=Label().corner,
        help=f'write "{WORDS}" into a corner: {", ".join(CORNERS)} (default: {Label().corner} '
        "where several pictures are drawn, none on a single one)",
    )
    add("--no-label", action="store_true", help=f'write no "{WORDS}" into any picture')
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


def finish_of(args: argparse.Namespace, out: Path, into_folder: bool, suffix: str, base: Finish) -> Finish:
    """What the options ask for; wrong usage ends the program with exit code 2.

    Parameters
    ----------
    base : holds for all that no option says, as far as the format can hold it.
    """
    from explorer.export.finishing import LOSSY, check_finish
    from explorer.export.image import format_of

    if args.label_size is not None and args.label is None:
        args.parser.error("--label-size needs --label")
    if args.label is not None and args.no_label:
        args.parser.error("--label and --no-label are opposites")
    label = None if args.no_label else base.label
    if args.label is not None:
        label = Label(args.label, args.label_size or Label().size)
    try:
        format = format_of(f"picture{suffix}" if into_folder else out)
        finish = Finish(
            args.bits or (base.bits if format == "PNG" else 8),
            args.upscale or base.upscale,
            label,
            args.quality or (base.quality if format in LOSSY else None),
            base.mark and not args.no_mark,
        )
        check_finish(finish, format)
    except ExportError as error:
        args.parser.error(str(error))
    return finish
