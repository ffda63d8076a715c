"""`inspect FILE`: what a checkpoint is. Reads, never executes."""

import argparse

from explorer.cli.console import print_json

HELP = "say what a checkpoint is, without running anything in it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    parser.add_argument(
        "file", metavar="FILE", help="a .pkl, .pt or .safetensors file, or a bundled network's name"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Print what the file is; a refused file raises a `CheckpointError`."""
    from explorer.checkpoints import inspect_checkpoint

    info = inspect_checkpoint(args.file)
    if args.json:
        print_json(info.as_json())
        return 0
    facts = {
        "format": info.format,
        "architecture": info.architecture,
        "resolution": f"{info.width} x {info.resolution}, {info.img_channels} channels",
        "z_dim": info.z_dim,
        "w_dim": info.w_dim,
        "c_dim": f"{info.c_dim}{'' if info.c_dim else ' (no classes)'}",
        "num_ws": info.num_ws,
        "parameters": f"{info.parameters:,}",
        "sha256": info.sha256,
        "licence": info.licence or "not stated in the file",
    }
    for name, value in facts.items():
        print(f"{name:<12} {value}")
    for note in info.notes:
        print(f"{'note':<12} {note}")
    return 0
