"""`convert FILE --out FILE.safetensors`: any readable checkpoint, loss-free, in our form."""

import argparse
from pathlib import Path

from explorer.cli.console import notice, print_json
from explorer.errors import ExplorerError, ExportError

HELP = "write a checkpoint as safetensors, without loss"
SUFFIX = ".safetensors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    parser.add_argument("file", metavar="FILE", help="a .pkl, .pt or .safetensors file")
    parser.add_argument("--out", metavar="FILE", required=True, help=f"file to write, ending in {SUFFIX}")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Convert, and say what was written and what was left out."""
    out = Path(args.out)
    if out.suffix.lower() != SUFFIX:
        args.parser.error(f"--out {args.out!r} must end in {SUFFIX}")
    if not out.parent.is_dir():
        raise ExportError(f"cannot write {out}: the folder does not exist")
    from explorer.checkpoints import inspect_checkpoint
    from explorer.checkpoints.convert import convert

    try:
        source = convert(args.file, out)
    except ExplorerError:
        raise
    except ValueError as error:
        raise ExportError(str(error)) from None
    written = inspect_checkpoint(out)
    for note in source.notes:
        notice(note)
    if args.json:
        print_json({"file": str(out), "source_sha256": source.sha256, **written.as_json()})
    else:
        print(
            f"{out}: {written.architecture}, {written.resolution} pixels, {written.parameters:,} parameters"
        )
    return 0
