"""`project`: from a picture to the latent that draws it best."""

import argparse
import io
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from explorer.cli import options
from explorer.cli.console import Progress, notice, print_json
from explorer.cli.recipe_options import DEFAULT_MODEL
from explorer.recipe import SEED_LIMIT, Recipe

if TYPE_CHECKING:
    from explorer import projection
    from explorer.render import Engine, ModelInfo

HELP = "find the latent that draws a picture of yours best"
DESCRIPTION = """Find the latent whose picture is nearest to one of yours ("projection", "inversion").

The result is a source like any seed: `render --recipe FILE` mixes it, pushes it along directions
and truncates it; the window opens it. --out may be given several times: a picture with the
recipe inside, the recipe as .json, the latent as .npz (key w, [1, num_ws, w_dim]).
Ctrl-C ends the search early and keeps the best so far; pressed again it leaves nothing behind."""
EPILOG = """examples:
  latent-explorer project me.jpg --out me-projected.png
  latent-explorer project me.jpg --crop 200,80,600 --steps 600 --out me.png --out me.npz
  latent-explorer project me.jpg --space w --out me.json     (one row: nearer to what the network knows)
  latent-explorer render --recipe me-projected.png --mix 42@fine --out mixed.png

A picture of a real person needs that person's consent."""

DEFAULT_STEPS = 300
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")
RECIPE, LATENT = ".json", ".npz"
STOPPED = 130
"""Exit code after Ctrl-C, also where the best so far was kept."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    add = parser.add_argument
    add("image", metavar="IMAGE", help="a picture of any kind Pillow opens")
    add(
        "--model",
        metavar="M",
        default=DEFAULT_MODEL,
        help=f"a bundled network's name or a checkpoint file (default: {DEFAULT_MODEL})",
    )
    add(
        "--crop",
        metavar="X,Y,SIZE",
        type=_crop,
        help="frame in the picture's pixels: left, top, longer side (default: the largest, in the middle)",
    )
    add(
        "--steps",
        metavar="N",
        type=options.whole(1, 100_000),
        default=DEFAULT_STEPS,
        help=f"steps of the search (default: {DEFAULT_STEPS})",
    )
    add(
        "--space",
        choices=("w", "w+"),
        default="w+",
        help="w+: each row its own, nearer to the picture; w: one row for all, easier to edit (default: w+)",
    )
    add(
        "--class",
        metavar="N",
        dest="class_index",
        type=options.whole(),
        help="class of a network with classes",
    )
    add("--seed", metavar="S", type=options.whole(0, SEED_LIMIT - 1), default=0, help="seed (default: 0)")
    add(
        "--perceptual",
        action=argparse.BooleanOptionalAction,
        help="compare features too, slower (default: where the extra `perceptual` is installed)",
    )
    add("--device", metavar="D", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    add(
        "--out",
        metavar="FILE",
        action="append",
        required=True,
        help="a .png, .jpg, .webp, .tiff, .json or .npz file to write (repeatable)",
    )
    add("--json", action="store_true", help="print a report as one JSON document")


def run(args: argparse.Namespace) -> int:
    """Project, and write what was found."""
    outs = [_target(args, out) for out in args.out]
    from explorer import projection
    from explorer.projection import perceptual
    from explorer.render import Engine

    began = monotonic()
    picture = projection.open_picture(args.image)
    engine = Engine(device=args.device)
    info = engine.open(args.model)
    width, height = info.size
    aspect = width / height
    crop = picture.centred(aspect) if args.crop is None else projection.Crop(*args.crop)
    target = picture.cut(crop, width, height)
    notice(projection.CONSENT)
    settings = projection.Settings(args.steps, args.space, args.seed, args.class_index)
    generator = engine.generator(info.ref)
    wants_features = projection.has_features() if args.perceptual is None else args.perceptual
    features = perceptual.load(generator.device) if wants_features else None
    search = projection.project(generator, target, settings, features)
    found, is_stopped = _watch(search, args.steps)
    recipe = projection.recipe_of(info.ref, found, picture.sha256)
    for path in outs:
        for text in _write(path, engine, info, recipe, found):
            notice(text)
    seconds = monotonic() - began
    if args.json:
        print_json(
            {
                "picture": {
                    "file": args.image,
                    "sha256": picture.sha256,
                    "crop": [crop.x, crop.y, crop.size],
                },
                "model": {"name": info.ref.name, "sha256": info.ref.sha256, "licence": info.licence},
                "device": engine.device,
                "steps": found.done,
                "stopped": is_stopped,
                "space": args.space,
                "class": found.class_index,
                "perceptual": wants_features,
                "loss": round(found.loss, 6),
                "psnr": round(found.psnr, 2),
                "seconds": round(seconds, 3),
                "files": [str(path) for path in outs],
            }
        )
    else:
        names = ", ".join(str(path) for path in outs)
        print(f"{names}: {found.psnr:.1f} dB after {found.done} steps in {seconds:.1f} s")
    return STOPPED if is_stopped else 0


def _watch(search: "Iterator[projection.Progress | None]", steps: int) -> "tuple[projection.Progress, bool]":
    """Run the search; the first Ctrl-C after a step ends it with the best so far."""
    found: projection.Progress | None = None
    with Progress(steps, "steps") as bar:
        try:
            for progress in search:
                if progress is None:
                    continue
                found = progress
                if progress.done:
                    bar.step(f"{progress.psnr:.1f} dB  loss {progress.loss:.3g}")
        except KeyboardInterrupt:
            if found is None or not found.done:
                raise
            notice(f"stopped after {found.done} of {steps} steps; the best so far is kept")
            return found, True
    assert found is not None, "a search has at least one step"
    return found, False


def _write(
    path: Path, engine: "Engine", info: "ModelInfo", recipe: Recipe, found: "projection.Progress"
) -> tuple[str, ...]:
    """Write one file; what could not be done as wished, in words."""
    from explorer.export import save_picture
    from explorer.export.files import write_whole
    from explorer.recipe import document
    from explorer.render import RenderRequest

    suffix = path.suffix.lower()
    if suffix == RECIPE:
        write_whole(path, document.dumps(recipe).encode("ascii"))
        return ()
    if suffix == LATENT:
        import numpy as np

        data = io.BytesIO()
        np.savez(data, w=found.ws.numpy())
        write_whole(path, data.getvalue())
        return ()
    return save_picture(engine.render(RenderRequest(recipe)), path, model_info=info)


def _crop(text: str) -> tuple[int, int, int]:
    try:
        x, y, size = (int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no frame; write left, top and longer side in pixels, like 200,80,600"
        ) from None
    return x, y, size


def _target(args: argparse.Namespace, out: str) -> Path:
    path = Path(out)
    known = (*PICTURES, RECIPE, LATENT)
    if path.suffix.lower() not in known:
        args.parser.error(f"cannot tell the format of {out!r}; use one of {', '.join(known)}")
    return path
