"""`directions`: find them, list them, see them, take them over from other tools."""

import argparse
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from explorer.cli import direction_learning, options
from explorer.cli.console import Progress, notice, print_json
from explorer.cli.finish_options import add_mark_option
from explorer.cli.recipe_options import DEFAULT_MODEL, carrying, open_directions
from explorer.errors import DirectionError, ExportError, RecipeError
from explorer.recipe import SEED_LIMIT, Layers, ModelRef, Push, Recipe
from explorer.recipe.notation import format_layers, parse_layers

if TYPE_CHECKING:
    from explorer.latents import Direction
    from explorer.render import Engine, ModelInfo

HELP = "find, learn, list, import and show directions along which faces change"
DESCRIPTION = """Directions are ways through the latent space along which one thing changes.

`find` looks for them in a network, `learn` learns one from marked pictures, `measure` makes
those of a face network that can be measured, `list` names those that are known, `strip` draws
what they do, and `import` takes over what other tools have found. Those that are kept are known
for the network, here and in the window; --out writes a .directions file to share."""
EPILOG = """examples:
  latent-explorer directions find --model faces --method pca --components 20 --keep
  latent-explorer directions find --method zone --layers fine --out fine.directions
  latent-explorer directions learn --ask 24 --sheet ask.png
  latent-explorer directions learn --name curls --more 3,17,20-25 --less 4-9,11,30 --keep turn
  latent-explorer directions list --model faces
  latent-explorer directions strip --name "pca 1" --name "pca 2" --seeds 1-3 --out strip.png
  latent-explorer directions import smile_w_boundary.npy --model faces.pkl --out smile.directions
  latent-explorer render --seeds 7 --direction "pca 1=2@4-8" --out pushed.png"""

METHODS = ("pca", "zone", "sefa", "random")
"""As `latents.discovery` has them; written here so that --help costs no import."""
DEFAULT_COMPONENTS = 10
DEFAULT_SAMPLES = 20_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions of this verb and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION", help="what to do")
    find = _action(actions, "find", "look for directions in a network")
    _add_model(find)
    find.add_argument(
        "--method",
        choices=METHODS,
        default="pca",
        help="pca of W, pca of a zone's styles, sefa, or random (default: pca)",
    )
    find.add_argument(
        "--layers",
        metavar="LAYERS",
        type=_layers,
        default="all",
        help="rows to look at and act on: 4-8, or coarse, middle, fine (default: all)",
    )
    find.add_argument(
        "--components",
        metavar="K",
        type=options.whole(1, 1024),
        default=DEFAULT_COMPONENTS,
        help=f"how many (default: {DEFAULT_COMPONENTS})",
    )
    find.add_argument(
        "--samples",
        metavar="N",
        type=options.whole(2, 10_000_000),
        default=DEFAULT_SAMPLES,
        help=f"latents to learn from (default: {DEFAULT_SAMPLES})",
    )
    find.add_argument(
        "--seed", metavar="S", type=options.whole(0, SEED_LIMIT - 1), default=0, help="seed (default: 0)"
    )
    _add_device(find)
    _add_target(find)
    learning = _action(actions, "learn", "learn a direction from seeds marked as more or less of something")
    _add_model(learning)
    direction_learning.add_learn(learning)
    _add_device(learning)
    measuring = _action(actions, "measure", "make named directions of a face network, and tell what they do")
    _add_model(measuring)
    direction_learning.add_measure(measuring)
    _add_device(measuring)
    listing = _action(actions, "list", "name the directions of a network, or of a file")
    listing.add_argument("file", nargs="?", metavar="FILE", help="a .directions file to look into")
    _add_model(listing)
    listing.add_argument("--json", action="store_true", help="print one JSON document")
    strip = _action(actions, "strip", "draw a contact sheet of what directions do")
    _add_model(strip)
    strip.add_argument(
        "--directions", metavar="FILE", action="append", help="a .directions file to take them from"
    )
    strip.add_argument(
        "--name", metavar="N", action="append", help="a direction to draw (repeatable; default: all)"
    )
    strip.add_argument("--seeds", metavar="S", type=options.seeds, required=True, help="seeds like 0-3,7")
    strip.add_argument(
        "--range",
        metavar="A",
        type=options.number(0.01, 100),
        default=3.0,
        help="go from -A to A standard deviations (default: 3)",
    )
    strip.add_argument(
        "--steps", metavar="N", type=options.whole(2, 101), default=7, help="pictures of each (default: 7)"
    )
    strip.add_argument("--psi", type=options.number(-10, 10), default=0.7, help="truncation (default: 0.7)")
    strip.add_argument("--size", metavar="PIXELS", type=options.whole(1, 4096), help="height of each picture")
    _add_device(strip)
    add_mark_option(strip)
    strip.add_argument("--out", metavar="FILE", required=True, help="a .png, .jpg, .webp or .tiff file")
    strip.add_argument("--json", action="store_true", help="print a report as one JSON document")
    taking = _action(actions, "import", "take over directions of InterFaceGAN, GANSpace, SeFa and others")
    taking.add_argument("file", metavar="FILE", help="a .npy, .npz, .pt, .pkl or .directions file")
    _add_model(taking)
    taking.add_argument(
        "--layers",
        metavar="LAYERS",
        type=_layers,
        help="rows they act on (default: as the file says)",
    )
    _add_device(taking)
    _add_target(taking)


def run(args: argparse.Namespace) -> int:
    """Do what was asked for."""
    if args.action == "learn":
        return direction_learning.learn(args, _deliver)
    if args.action == "measure":
        return direction_learning.measure(args)
    return {"find": _find, "list": _list, "strip": _strip, "import": _import}[args.action](args)


def _action(actions: Any, name: str, words: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(
        name, help=words, description=words.capitalize() + ".", allow_abbrev=False
    )
    parser.set_defaults(action_parser=parser)
    return parser


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        metavar="M",
        help=f"a bundled network's name or a checkpoint file (default: {DEFAULT_MODEL})",
    )


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device", metavar="D", default="auto", help="auto, cpu, cuda or mps (default: auto)"
    )


def _add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", metavar="FILE", help="a .directions file to write")
    direction_learning.add_terms(parser)
    parser.add_argument("--keep", action="store_true", help="add them to those known for this network")
    parser.add_argument("--json", action="store_true", help="print them as one JSON document")


def _layers(text: str) -> Layers:
    try:
        return parse_layers(text)
    except RecipeError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


# Finding and importing.


def _find(args: argparse.Namespace) -> int:
    _check_target(args)
    from explorer.latents import discovery
    from explorer.render import Engine, finding

    began = monotonic()
    engine = Engine(device=args.device)
    info = engine.open(args.model or DEFAULT_MODEL)
    work = finding.find(
        engine.generator(info.ref),
        info.ref,
        args.method,
        args.layers,
        args.components,
        args.samples,
        args.seed,
    )
    with Progress(-(-args.samples // discovery.BATCH), "batches of latents") as bar:
        try:
            while True:
                next(work)
                bar.step()
        except StopIteration as end:
            found: list[Direction] = end.value
    return _deliver(args, engine, info, found, monotonic() - began)


def _import(args: argparse.Namespace) -> int:
    _check_target(args)
    from dataclasses import replace

    from explorer.render import Engine
    from explorer.render.foreign_directions import open_directions as open_foreign

    began = monotonic()
    engine = Engine(device=args.device)
    info = engine.open(args.model or DEFAULT_MODEL)
    found, warnings = open_foreign(Path(args.file), info.ref, engine.generator(info.ref))
    for text in warnings:
        notice(text)
    directions = [
        direction if args.layers is None else replace(direction, layers=args.layers) for direction in found
    ]
    return _deliver(args, engine, info, directions, monotonic() - began)


def _check_target(args: argparse.Namespace) -> None:
    fail = args.action_parser.error
    if args.out is None and not args.keep:
        fail("say where they go: --out FILE.directions, or --keep to know them from now on")
    if args.out is not None and Path(args.out).suffix.lower() != ".directions":
        fail(f"{args.out!r} has to end in .directions")


def _deliver(
    args: argparse.Namespace, engine: "Engine", info: "ModelInfo", found: list["Direction"], seconds: float
) -> int:
    """Write, keep, and tell."""
    from explorer.export.files import write_whole
    from explorer.latents import direction_form

    if args.out is not None:
        one = direction_form.DirectionSet(
            info.ref, info.num_ws, info.w_dim, tuple(found), args.author, args.licence, info.architecture
        )
        write_whole(args.out, direction_form.dumps(one))
    names = [direction.name for direction in found]
    if args.keep:
        names = list(engine.known.keep(info.ref, info.num_ws, info.w_dim, found))
    if args.json:
        beside = getattr(args, "json_beside", {})
        told = zip(names, found, strict=True)
        print_json([_told(direction) | {"name": name} | beside for name, direction in told])
        return 0
    what = "1 direction" if len(found) == 1 else f"{len(found)} directions"
    where = args.out or str(engine.known.file_of(info.ref))
    print(f"{where}: {what} for {info.ref.name} in {seconds:.1f} s")
    return 0


# Listing and drawing.


def _list(args: argparse.Namespace) -> int:
    if args.file is not None and args.model is not None:
        args.action_parser.error("name a network with --model, or a file, not both")
    from explorer.render.known_directions import KnownDirections, read_directions

    if args.file is not None:
        found = read_directions(Path(args.file))
        directions, where = list(found.directions), args.file
    else:
        ref = _reference(args.model or DEFAULT_MODEL)
        directions, where = list(KnownDirections().of(ref)), ref.name
    if args.json:
        print_json([_told(direction) for direction in directions])
        return 0
    if not directions:
        print(f"{where}: no directions are known; find some with `latent-explorer directions find --keep`")
    width = max((len(direction.name) for direction in directions), default=0)
    for direction in directions:
        effects = _effects(direction)
        words = effects or direction.note
        layers = format_layers(direction.layers)
        print(f"{direction.name:<{width}}  {direction.kind:<8} {layers:<7} {words}".rstrip())
    return 0


def _effects(direction: "Direction") -> str:
    """Its largest effects, the largest first."""
    ranked = sorted(direction.effects.items(), key=lambda effect: -abs(effect[1]))
    return ", ".join(f"{name} {change:+.2g}" for name, change in ranked[:4] if abs(change) >= 0.1)


def _reference(model: str) -> ModelRef:
    """Which network is meant, without loading it."""
    from explorer.checkpoints import Shelf

    shelf = Shelf()
    return shelf.register(Path(model)) if Path(model).is_file() else shelf.resolve_name(model)


def _told(direction: "Direction") -> dict[str, Any]:
    return {
        "name": direction.name,
        "kind": direction.kind,
        "layers": format_layers(direction.layers),
        "sigma": round(float(direction.sigma), 6),
        "effects": dict(direction.effects),
        "note": direction.note,
    }


def _strip(args: argparse.Namespace) -> int:
    from explorer.export import format_of

    try:
        format_of(args.out)
    except ExportError as error:
        args.action_parser.error(str(error))
    from explorer.export.sheet import strips_sheet, write_sheet
    from explorer.render import Engine

    began = monotonic()
    engine = Engine(device=args.device)
    info = engine.open(args.model or DEFAULT_MODEL)
    open_directions(engine, info, args.directions)
    names = args.name or [*(engine.directions or engine.directions_of(info.ref))]
    if not names:
        raise DirectionError(
            f"no directions are known for {info.ref.name!r}; find some with "
            "`latent-explorer directions find`, or name a file with --directions"
        )
    pushes = carrying(engine, info, [Push(name, 0.0) for name in names])
    amounts = [round(-args.range + 2 * args.range * step / (args.steps - 1), 6) for step in range(args.steps)]
    sheet = strips_sheet(Recipe(info.ref, psi=args.psi), args.seeds, pushes, amounts)
    work = write_sheet(engine, sheet, args.out, size=args.size, mark=not args.no_mark)
    notices: tuple[str, ...] = ()
    with Progress(sheet.pictures, "pictures") as bar:
        try:
            while True:
                next(work)
                bar.step()
        except StopIteration as end:
            notices = end.value
    for text in notices:
        notice(text)
    seconds = monotonic() - began
    if args.json:
        print_json(
            {
                "model": {"name": info.ref.name, "sha256": info.ref.sha256, "licence": info.licence},
                "file": args.out,
                "names": names,
                "amounts": amounts,
                "pictures": sheet.pictures,
                "seconds": round(seconds, 3),
            }
        )
    else:
        print(f"{args.out}: {sheet.pictures} pictures in {seconds:.1f} s")
    return 0
