"""`verify FILE`: what a picture says of itself, and whether its recipe draws it again."""

import argparse

from explorer.cli.console import print_json

HELP = "say what a picture or film tells about how it was made"
EPILOG = 'What a file says can be forged or stripped. Silence proves nothing; nothing here ever means "real".'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    parser.add_argument("file", metavar="FILE", help="a picture, or a film (MP4, MOV, WebM, GIF, WebP)")
    parser.add_argument(
        "--redraw",
        action="store_true",
        help="draw the recipe inside again, enlarge and label it alike, and compare pixels",
    )
    parser.add_argument("--device", metavar="D", default="auto", help="for --redraw: auto, cpu, cuda or mps")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Print the report; a file that is no picture raises a `RecipeError`."""
    from explorer.provenance import verify

    report = verify(args.file)
    document, words = report.as_json(), list(report.in_words())
    if args.redraw:
        from explorer.export.redraw import check_can_redraw, redraw
        from explorer.render import Engine

        check_can_redraw(report)
        redrawn = redraw(report, Engine(device=args.device))
        document["redrawn"] = redrawn.as_json()
        words.append(redrawn.in_words())
    if args.json:
        print_json(document)
    else:
        print("\n".join(words))
    return 0
