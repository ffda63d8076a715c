"""`verify FILE`: what a picture says of itself, and whether its recipe draws it again."""

import argparse
from typing import TYPE_CHECKING, Any

from explorer.cli.console import print_json
from explorer.errors import RecipeError

if TYPE_CHECKING:
    from explorer.provenance import Report

HELP = "say what a picture or film tells about how it was made"
EPILOG = 'What a file says can be forged or stripped. Silence proves nothing; nothing here ever means "real".'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    parser.add_argument("file", metavar="FILE", help="a picture, or a film (MP4, MOV, WebM, GIF, WebP)")
    parser.add_argument(
        "--redraw", action="store_true", help="draw the recipe inside again and compare pixels"
    )
    parser.add_argument("--device", metavar="D", default="auto", help="for --redraw: auto, cpu, cuda or mps")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Print the report; a file that is no picture raises a `RecipeError`."""
    from explorer.provenance import verify

    report = verify(args.file)
    document, words = report.as_json(), list(report.in_words())
    if args.redraw:
        if report.film is not None and report.frame is None:
            raise RecipeError(
                f"{args.file}: this holds more than one picture; draw it again with video --film, and compare"
            )
        if report.film is None and report.recipe is None:
            raise RecipeError(f"{args.file}: there is no usable recipe inside to draw again")
        document["redrawn"] = redraw(args.file, report, args.device)
        words.append(_in_words(document["redrawn"]))
    if args.json:
        print_json(document)
    else:
        print("\n".join(words))
    return 0


def redraw(file: str, report: "Report", device: str) -> dict[str, Any]:
    """Draw the recipe, or the frame of a film, that `report` found, and compare with the pixels of `file`.

    Returns
    -------
    `equal`, `max_difference` (0 to 255; None where sizes differ) and the `device` it was drawn on.
    """
    import numpy as np
    from PIL import Image

    from explorer.provenance.embedded import FORMATS
    from explorer.render import Engine, RenderRequest

    engine = Engine(device=device)
    if report.film is not None and report.frame is not None:
        from explorer.export.film_frames import FrameMaker

        drawn = FrameMaker(engine, report.film).frame(report.frame)
    else:
        assert report.recipe is not None, "the caller looked"
        drawn = engine.render(RenderRequest(report.recipe)).pixels
    # The size is looked at before anything is decoded: a small file may claim a huge picture.
    with Image.open(file, formats=FORMATS) as image:
        if (image.height, image.width) != drawn.shape[:2]:
            return {"equal": False, "max_difference": None, "device": engine.device}
        found = np.asarray(image.convert("RGB"))
    difference = int(np.abs(found.astype(np.int16) - drawn).max())
    return {"equal": difference == 0, "max_difference": difference, "device": engine.device}


def _in_words(redrawn: dict[str, Any]) -> str:
    if redrawn["equal"]:
        return "Drawn again: every pixel is the same."
    if redrawn["max_difference"] is None:
        return "Drawn again: a picture of another size."
    return (
        f"Drawn again: pixels differ by up to {redrawn['max_difference']} of 255. JPEG changes pixels a "
        "little, and another kind of device may round otherwise; large differences mean another picture."
    )
