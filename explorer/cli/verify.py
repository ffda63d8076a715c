"""`verify FILE`: what a picture says of itself."""

import argparse

from explorer.cli.console import print_json

HELP = "say what a picture tells about how it was made"
EPILOG = 'What a file says can be forged or stripped. Silence proves nothing; nothing here ever means "real".'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    parser.add_argument("file", metavar="FILE", help="a PNG, JPEG, WebP or TIFF file")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Print the report; a file that is no picture raises a `RecipeError`."""
    from explorer.provenance import verify

    report = verify(args.file)
    if args.json:
        print_json(report.as_json())
    else:
        print("\n".join(report.in_words()))
    return 0
