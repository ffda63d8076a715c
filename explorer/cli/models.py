"""`models`: the networks that come with the program."""

import argparse

from explorer.cli.console import print_json

HELP = "list the networks that come with the program"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    parser.add_argument(
        "action", nargs="?", choices=("list",), default="list", help="what to do (default: list)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Print a row, or an object, for each network."""
    from explorer.checkpoints import Register, bundled_models

    register = Register()
    models = [
        {
            "name": model.name,
            "title": model.title,
            "architecture": model.architecture,
            "resolution": model.resolution,
            "parameters": model.parameters,
            "licence": model.licence,
            "attribution": model.attribution,
            "size": model.size,
            "sha256": model.sha256(register),
            "file": str(model.path),
        }
        for model in bundled_models()
    ]
    if args.json:
        print_json(models)
        return 0
    if not models:
        print("no network came with this installation; open a checkpoint of your own with --model FILE")
    for model in models:
        print(f"{model['name']}: {model['title']}")
        print(f"  {model['architecture']}, {model['resolution']} pixels, {model['parameters']:,} parameters")
        print(f"  {int(str(model['size'])) / 2**20:.1f} MiB, sha256 {model['sha256']}")
        for key in ("licence", "attribution"):
            if model[key]:
                print(f"  {key}: {model[key]}")
    return 0
