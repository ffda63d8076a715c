"""`render`: recipes to picture files, through the same engine as the window."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from explorer.cli import options
from explorer.cli.console import Progress, notice, print_json
from explorer.cli.finish_options import add_finish_options, finish_of
from explorer.cli.recipe_options import LATENTS, add_directions_option, carrying, open_directions, read_start
from explorer.cli.signing_options import add_signing_options, use_signing_options
from explorer.errors import RecipeError
from explorer.recipe import NOISE_MODES, SEED_LIMIT, ModelRef, Recipe, SeedBlend
from explorer.recipe.finish import Finish, Label

if TYPE_CHECKING:
    from explorer.render import Engine, ModelInfo

HELP = "draw pictures from seeds, or from the recipe inside a picture"
DESCRIPTION = """Draw pictures. One goes into a file, several into a folder (seed0007.png, ...).

Each file carries its recipe: `render --recipe FILE` draws it again, labelled and enlarged
as it was. Options given beside --recipe replace that part of it. Files that exist are
replaced. Several pictures get the label "AI-generated"; --no-label leaves it out."""
EPILOG = """examples:
  latent-explorer render --seeds 0-15 --psi 0.7 --out faces/
  latent-explorer render --seeds 7 --mix 42@coarse*0.5 --out face.png     (zones: coarse, middle, fine, all)
  latent-explorer render --seeds 7 --direction smile=2@4-8 --direction age=0:lock --out smile.png
  latent-explorer render --recipe face.png --psi 1 --out bolder.webp
  latent-explorer render --seeds 0-99 --label --upscale 2 --quality 90 --format jpg --out labelled/
  latent-explorer render --seeds 7 --bits 16 --out face.png               (for retouching)"""

DEFAULT_MODEL = "faces"
MANY = 1000
"""A batch above this says the licence of the network again."""
FOLDER_FORMATS = ("png", "jpg", "webp", "tiff")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    add = parser.add_argument
    add(
        "--model",
        metavar="M",
        help=f"a bundled network's name or a checkpoint file (default: {DEFAULT_MODEL})",
    )
    add("--seeds", metavar="S", type=options.seeds, help="seeds like 0-3,7: one picture each")
    add("--psi", type=options.number(-10, 10), help="truncation: 1 as drawn, 0 the average (default: 1)")
    add("--cutoff", metavar="N", type=options.whole(0, 64), help="truncate only the first N rows of ws")
    add(
        "--mix",
        metavar="SEED@LAYERS[*STRENGTH]",
        type=options.mix,
        action="append",
        help="take rows from another seed; LAYERS is 0-3, or 0,2,5, or a zone (repeatable)",
    )
    add(
        "--direction",
        metavar="NAME=AMOUNT[@LAYERS][:off][:lock]",
        type=options.push,
        action="append",
        help="go along a direction, in standard deviations (repeatable). LAYERS is 4-8, or a zone, and may "
        "give rows a strength: 4-6,7*0.5; :lock keeps its measure still while the others move",
    )
    add_directions_option(parser)
    add("--noise", choices=NOISE_MODES, help="noise of the layers (default: const)")
    add(
        "--noise-seed",
        metavar="S",
        type=options.whole(0, SEED_LIMIT - 1),
        help="seed of random noise (default: 0)",
    )
    add("--noise-strength", metavar="F", type=options.number(0, 10), help="factor on the noise (default: 1)")
    add(
        "--class",
        metavar="N",
        dest="class_index",
        type=options.whole(),
        help="class of a network that has classes",
    )
    add(
        "--recipe",
        metavar="FILE",
        help="start from a recipe file, the recipe inside a picture, or a projector's latent (.npz)",
    )
    add("--device", metavar="D", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    add("--out", metavar="FILE|DIR", required=True, help="a .png, .jpg, .webp or .tiff file, or a folder")
    add_finish_options(parser)
    add("--format", choices=FOLDER_FORMATS, help="format of the files in a folder (default: png)")
    add_signing_options(parser)
    add("--json", action="store_true", help="print a report as one JSON document")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a command line asks for, before any network is touched."""

    model: str | None
    """Name or file of the network; None leaves it to the recipe."""
    start: Recipe
    """Recipe all pictures share, but for the seed."""
    seeds: tuple[int, ...] | None
    """One picture for each; None draws `start` as it is."""
    out: Path
    into_folder: bool
    suffix: str
    finish: Finish = Finish()
    """What is done to each picture once it is drawn."""
    may_be_labelled: bool = False
    """A batch that nobody said anything of: it gets the label, where that can be read."""

    @property
    def count(self) -> int:
        """Number of pictures."""
        return 1 if self.seeds is None else len(self.seeds)

    def recipes(self, ref: ModelRef) -> tuple[Recipe, ...]:
        """Recipes of the pictures for the network `ref`."""
        shared = self.start.with_(model=ref)
        if self.seeds is None:
            return (shared,)
        return tuple(shared.with_(base=SeedBlend.of(seed)) for seed in self.seeds)


def run(args: argparse.Namespace) -> int:
    """Draw and save; what was finished before an error or Ctrl-C stays."""
    plan = make_plan(args)
    use_signing_options(args)
    from explorer.export.files import make_folder
    from explorer.export.label import label_fits
    from explorer.render import Engine

    began = monotonic()
    engine = Engine(device=args.device)
    info = find_network(engine, plan.model, plan.start.model)
    open_directions(engine, info, args.directions)
    if args.direction:
        plan = replace(plan, start=plan.start.with_(directions=carrying(engine, info, plan.start.directions)))
    if plan.may_be_labelled and label_fits(info.size[0] * plan.finish.upscale):
        plan = replace(plan, finish=replace(plan.finish, label=Label()))
    if plan.into_folder:
        make_folder(plan.out)
    if plan.count > MANY and info.licence:
        notice(f"{plan.count} pictures; the licence of {info.title!r} holds for each: {info.licence}")
    done: list[Done] = []
    with Progress(plan.count, "pictures") as progress:
        for picture in draw(engine, info, plan):
            done.append(picture)
            progress.step()
    notices = sorted({text for picture in done for text in picture.notices})
    for text in notices:
        notice(text)
    seconds = monotonic() - began
    if args.json:
        print_json(_report(engine, info, done, notices, seconds, plan.finish))
    else:
        what = "1 picture" if plan.count == 1 else f"{plan.count} pictures"
        width, height = (side * plan.finish.upscale for side in info.size)
        print(f"{plan.out}: {what} of {width} x {height} pixels in {seconds:.1f} s")
    return 0


@dataclass(frozen=True, slots=True)
class Done:
    """A picture that is on the disk."""

    path: Path
    recipe: Recipe
    seconds: float
    """To draw it; saving not counted."""
    notices: tuple[str, ...]


def draw(engine: "Engine", info: "ModelInfo", plan: Plan) -> Iterator[Done]:
    """Draw and save the pictures of a plan, one at a time."""
    from explorer.export import picture_name, save_picture
    from explorer.render import RenderRequest

    for serial, recipe in enumerate(plan.recipes(info.ref)):
        frame = engine.render(RenderRequest(recipe, serial, deep=plan.finish.bits == 16))
        path = plan.out / picture_name(recipe, plan.suffix) if plan.into_folder else plan.out
        said = save_picture(frame, path, model_info=info, finish=plan.finish)
        yield Done(path, recipe, frame.seconds, (*frame.notices, *said))


def make_plan(args: argparse.Namespace) -> Plan:
    """Turn options into a plan; wrong usage ends the program with exit code 2."""
    if args.recipe is None and args.seeds is None:
        args.parser.error("say which pictures: --seeds 0-3,7 or --recipe FILE")
    start = _start(args)
    seeds = None if args.seeds is None else tuple(dict.fromkeys(args.seeds))
    out = Path(args.out)
    into_folder, suffix = _target(args, out, several=seeds is not None and len(seeds) > 1)
    model = args.model or (DEFAULT_MODEL if args.recipe is None else None)
    is_made_here = args.recipe is not None and Path(args.recipe).suffix.lower() not in LATENTS
    base = _finish_inside(args.recipe) if is_made_here and seeds is None else Finish()
    finish = finish_of(args, out, into_folder, suffix, base)
    may_be_labelled = len(seeds or ()) > 1 and args.label is None and not args.no_label
    return Plan(model, start, seeds, out, into_folder, suffix, finish, may_be_labelled)


def _finish_inside(path: str) -> Finish:
    """How the picture was finished that the recipe is taken from, so that the new file is like the old."""
    from explorer.provenance import verify

    report = verify(path, mark=False)
    # A document was never finished, and what cannot be read is left to the options.
    return Finish() if report.format == "JSON" or report.finish is None else report.finish


def find_network(engine: "Engine", wish: str | None, ref: ModelRef) -> "ModelInfo":
    """Load the network `wish` names, or the one of a recipe's `ref`.

    A name that comes out of a file is looked up among known networks; only
    one that was typed may be a path.

    Raises
    ------
    RecipeError
        If `--model` is not the network the recipe was made with: another would
        draw another picture.
    """
    if wish is None:
        return engine.info(ref)
    info = engine.open(wish)
    if ref.sha256 and ref.sha256 != info.ref.sha256:
        raise RecipeError(
            f"the recipe was made with the network {ref.name!r} (sha256 {ref.sha256[:12]}...), but {wish} is "
            f"another ({info.ref.sha256[:12]}...); leave out --model, or name the file with that network"
        )
    return info


def _start(args: argparse.Namespace) -> Recipe:
    """Recipe to start from, with what the options replace."""
    if args.recipe is None:
        recipe = Recipe(ModelRef(DEFAULT_MODEL))
    else:
        recipe = read_start(args.recipe)
    if args.noise_seed is not None and (args.noise or recipe.noise.mode) != "random":
        args.parser.error("--noise-seed needs --noise random")
    noise = {
        name: value
        for name, value in (
            ("mode", args.noise),
            ("seed", args.noise_seed),
            ("strength", args.noise_strength),
        )
        if value is not None
    }
    changes = {
        "psi": args.psi,
        "cutoff": args.cutoff,
        "class_index": args.class_index,
        "mixes": None if args.mix is None else tuple(args.mix),
        "directions": None if args.direction is None else tuple(args.direction),
        "noise": replace(recipe.noise, **noise) if noise else None,
    }
    return recipe.with_(**{name: value for name, value in changes.items() if value is not None})


def _target(args: argparse.Namespace, out: Path, several: bool) -> tuple[bool, str]:
    """Whether `--out` is a folder, and the suffix of its files; wrong usage exits with 2."""
    from explorer.export.image import SUFFIXES

    is_picture = out.suffix.lower() in SUFFIXES and not out.is_dir()
    if several and is_picture:
        args.parser.error(f"several pictures need a folder, and {args.out!r} names a file")
    looks_like_file = bool(out.suffix) and not out.is_dir() and not args.out.endswith(("/", "\\"))
    if not is_picture and looks_like_file and not several:
        args.parser.error(
            f"cannot tell the format of {args.out!r}; use one of {', '.join(SUFFIXES)}, or a folder"
        )
    if is_picture and args.format is not None:
        args.parser.error("--format is for folders; a file's format is told by its suffix")
    return not is_picture, f".{args.format or 'png'}"


def _report(
    engine: "Engine",
    info: "ModelInfo",
    done: list[Done],
    notices: list[str],
    seconds: float,
    finish: Finish,
) -> dict[str, Any]:
    """What `--json` prints."""
    from explorer.recipe.document import to_json

    return {
        "model": {"name": info.ref.name, "sha256": info.ref.sha256, "licence": info.licence},
        "device": engine.device,
        "precision": engine.precision,
        "resolution": info.resolution,
        "finish": finish.to_json(),
        "seconds": round(seconds, 3),
        "notices": notices,
        "pictures": [
            {"file": str(d.path), "seconds": round(d.seconds, 4), "recipe": to_json(d.recipe)} for d in done
        ],
    }
