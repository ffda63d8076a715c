"""`video`: a way through seeds, or a saved film, as a file to play."""

import argparse
import re
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.cli import options
from explorer.cli.console import Progress, notice, print_json
from explorer.cli.finish_options import add_mark_option
from explorer.cli.recipe_options import (
    DEFAULT_MODEL,
    add_look_options,
    add_model_options,
    carrying,
    open_directions,
    recipe_of,
)
from explorer.cli.signing_options import add_signing_options, use_signing_options
from explorer.errors import ExportError, RecipeError
from explorer.recipe import Film, ModelRef, Recipe, SeedBlend, film_edits
from explorer.recipe.easing import EASINGS
from explorer.recipe.film import MAX_FPS, MAX_SECONDS, MAX_SIZE
from explorer.recipe.finish import CORNERS, LABEL_SIZES, WORDS, Label

if TYPE_CHECKING:
    from explorer.export import FilmReport
    from explorer.render import Engine, ModelInfo

HELP = "make a film that leads from seed to seed, or of a saved film"
DESCRIPTION = """Make a film: MP4, WebM, MOV (ProRes), GIF, animated WebP or PNG, or a
folder of PNG frames.

The file carries the film: `video --film FILE` makes it again. Run the same command again
after a crash, and it goes on from what was finished. --out NAME.film writes the film as a
document, without drawing it."""
EPILOG = """examples:
  latent-explorer video --seeds 1,2,3 --seconds 6 --loop --interp spline --out faces.mp4
  latent-explorer video --seeds 0-17 --grid 3x2 --psi 0.7 --size 256 --out wall.webm
  latent-explorer video --film faces.mp4 --out faces.gif --fps 20 --size 128"""

DEFAULT_FPS = 30.0
PATHS = ("linear", "slerp", "spline", "circle")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    add = parser.add_argument
    add_model_options(parser)
    add("--seeds", metavar="S", type=options.seeds, help="keyframes, as seeds like 1,2,3 or 0-7")
    add("--film", metavar="FILE", help="a .film file, or a film made by this program, in place of --seeds")
    add(
        "--seconds",
        metavar="S",
        type=options.number(0.001, MAX_SECONDS),
        help="playing time (default: 2 from key to key)",
    )
    add(
        "--fps",
        metavar="F",
        type=options.number(1, MAX_FPS),
        help=f"frames per second (default: {DEFAULT_FPS:g})",
    )
    add(
        "--interp",
        choices=PATHS,
        help="way from key to key: straight, on the sphere, one smooth closed curve, or the sphere's "
        "longer way round (default: linear)",
    )
    add("--space", choices=("z", "w"), help="space of the way (default: z for slerp and circle, w otherwise)")
    add("--easing", metavar="NAME", choices=EASINGS, help=f"pace from key to key: {', '.join(EASINGS)}")
    add("--loop", action="store_true", help="lead back to the first key without a seam")
    add("--grid", metavar="CxR", type=_grid, help="several films side by side, the seeds dealt out in order")
    add("--psi", type=options.number(-10, 10), help="truncation: 1 as drawn, 0 the average (default: 1)")
    add(
        "--mix",
        metavar="SEED@LAYERS[*STRENGTH]",
        type=options.mix,
        action="append",
        help="take rows from another seed (repeatable)",
    )
    add(
        "--direction",
        metavar="NAME=AMOUNT[@LAYERS]",
        type=options.push,
        action="append",
        help="go along a direction, in standard deviations (repeatable)",
    )
    add_look_options(parser)
    add("--noise-loop", action="store_true", help="let the noise turn once round from key to key")
    add(
        "--size",
        metavar="PIXELS",
        type=options.whole(1, MAX_SIZE),
        help="height of the picture, or of a cell",
    )
    add(
        "--quality", metavar="1-100", type=options.whole(1, 100), default=80, help="of the file (default: 80)"
    )
    add(
        "--chroma",
        choices=("420", "444"),
        default="420",
        help="444 keeps fine colours; many players refuse it",
    )
    add("--music", metavar="FILE", help="a sound file to go under the film (MP4, MOV, WebM)")
    add("--codec", choices=("vp9", "av1"), default="vp9", help="of WebM; av1 is smaller (default: vp9)")
    add(
        "--label",
        metavar="CORNER",
        nargs="?",
        choices=CORNERS,
        const=Label().corner,
        help=f'write "{WORDS}" into a corner: {", ".join(CORNERS)} (alone: {Label().corner})',
    )
    add("--label-size", choices=LABEL_SIZES, help=f"of the label (default: {Label().size})")
    add_mark_option(parser)
    add(
        "--out",
        metavar="FILE|DIR",
        required=True,
        help="a .mp4, .webm, .mov, .gif, .webp or .apng file, a folder of frames, or a .film file",
    )
    add_signing_options(parser)
    add("--json", action="store_true", help="print a report as one JSON document")


def run(args: argparse.Namespace) -> int:
    """Make the film; Ctrl-C leaves nothing behind."""
    _check(args)
    use_signing_options(args)
    from explorer.export import FilmSettings, discard, write_film
    from explorer.render import Engine

    engine = Engine(device=args.device)
    if args.direction:
        network = engine.open(args.model or DEFAULT_MODEL)
        open_directions(engine, network, args.directions)
        args.direction = carrying(engine, network, args.direction)
    film, info = make_film(args, engine)
    if not args.direction:
        open_directions(engine, info, args.directions)
    if Path(args.out).suffix.lower() == ".film":
        return _save_document(args, film)
    label = None if args.label is None else Label(args.label, args.label_size or Label().size)
    settings = FilmSettings(args.quality, args.chroma, label, codec=args.codec, mark=not args.no_mark)
    work = write_film(engine, film, args.out, settings, args.music)
    try:
        with closing(work), Progress(film.frames, "frames") as bar:
            shown = 0
            while True:
                progress = next(work)
                for _ in range(progress.done - shown):
                    bar.step()
                shown = progress.done
    except StopIteration as end:
        report: FilmReport = end.value
    except KeyboardInterrupt:
        discard(args.out)
        raise
    for text in (*report.notices, *_of_format(report, info)):
        notice(text)
    if report.resumed:
        notice(f"went on from {report.resumed} frames that were finished before")
    if args.json:
        print_json(_document(engine, film, info, report))
    else:
        print(
            f"{report.path}: {report.frames} frames of {report.width} x {report.height} pixels, "
            f"{film.seconds:.4g} s, {report.bytes / 1e6:.3g} MB, in {report.seconds:.1f} s"
        )
    return 0


def make_film(args: argparse.Namespace, engine: "Engine") -> tuple[Film, "ModelInfo"]:
    """The film that options ask for, and the network that draws it."""
    from explorer.provenance import read_film

    if args.film is None:
        info = engine.open(args.model or DEFAULT_MODEL)
        return film_of_seeds(args, info.ref), info
    film = read_film(args.film)
    if args.model is None:
        info = engine.info(film.model)
    else:
        info = engine.open(args.model)
        if film.model.sha256 and film.model.sha256 != info.ref.sha256:
            raise RecipeError(
                f"the film was made with the network {film.model.name!r} (sha256 "
                f"{film.model.sha256[:12]}...), but {args.model} is another ({info.ref.sha256[:12]}...); "
                "leave out --model, or name the file with that network"
            )
    if args.fps is not None:
        film = film.with_(fps=args.fps)
    if args.size is not None:
        film = film.with_(size=args.size)
    if args.seconds is not None:
        film = film_edits.lasting(film, args.seconds)
    return (film_edits.with_loop(film, True) if args.loop and not film.loop else film), info


def film_of_seeds(args: argparse.Namespace, model: ModelRef) -> Film:
    """Film through seeds; in a grid each cell gets its share of them, in order."""
    start = recipe_of(args, model).with_(
        psi=1.0 if args.psi is None else args.psi,
        mixes=tuple(args.mix or ()),
        directions=tuple(args.direction or ()),
    )
    recipes = [start.with_(base=SeedBlend.of(seed)) for seed in args.seeds]
    columns, rows = args.grid or (1, 1)
    each = len(recipes) // (columns * rows)
    cells: list[list[Recipe]] = [recipes[i * each : (i + 1) * each] for i in range(columns * rows)]
    path = args.interp or "linear"
    seconds = args.seconds or film_edits.STEP * (each if args.loop else max(1, each - 1))
    return film_edits.grid_of(
        cells,
        columns,
        seconds,
        fps=args.fps or DEFAULT_FPS,
        loop=args.loop,
        size=args.size,
        path=path,
        space=args.space or ("z" if path in ("slerp", "circle") else "w"),
        easing=args.easing or "linear",
        noise_loop=args.noise_loop,
    )


def _check(args: argparse.Namespace) -> None:
    """Refuse wrong usage, with exit code 2, before anything is loaded."""
    from explorer.export import film_format_of

    fail = args.parser.error
    if (args.seeds is None) == (args.film is None):
        fail("say what to film: --seeds 1,2,3 or --film FILE, one of them")
    if args.film is not None:
        of_seeds = ("interp", "space", "easing", "grid", "psi", "mix", "direction", "cutoff", "class_index")
        given = [name for name in of_seeds if getattr(args, name) is not None]
        if given:
            fail(f"--{given[0].removesuffix('_index')} goes with --seeds; a saved film has its own")
    elif args.grid is not None:
        cells = args.grid[0] * args.grid[1]
        if len(args.seeds) % cells:
            fail(f"{len(args.seeds)} seeds cannot be dealt out evenly to {cells} cells")
    if args.label_size is not None and args.label is None:
        fail("--label-size needs --label")
    if Path(args.out).suffix.lower() != ".film":
        try:
            film_format_of(args.out)
        except ExportError as error:
            fail(str(error))


def _grid(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,2})[xX](\d{1,2})", text.strip())
    if match is None or not int(match[1]) or not int(match[2]):
        raise argparse.ArgumentTypeError(f"cannot read {text!r}; write columns x rows, like 3x2")
    return int(match[1]), int(match[2])


def _of_format(report: "FilmReport", info: "ModelInfo") -> list[str]:
    """What is to be known of the files that were written."""
    from explorer.export.batch import MANY

    if report.format == "WEBM":
        return [
            "WebM cannot carry Content Credentials: the film tells what it is in its metadata and its mark"
        ]
    if report.format == "FRAMES" and report.frames > MANY and info.licence:
        return [f"{report.frames} pictures; the licence of {info.title!r} holds for each: {info.licence}"]
    return []


def _save_document(args: argparse.Namespace, film: Film) -> int:
    from explorer.export.files import write_whole
    from explorer.recipe.film_document import dumps, to_json

    write_whole(args.out, dumps(film).encode("ascii"))
    if args.json:
        print_json({"file": args.out, "frames": film.frames, "film": to_json(film)})
    else:
        print(f"{args.out}: a film of {film.frames} frames, {film.seconds:.4g} s")
    return 0


def _document(engine: "Engine", film: Film, info: "ModelInfo", report: "FilmReport") -> dict[str, Any]:
    """What `--json` prints."""
    from explorer.recipe.film_document import to_json

    return {
        "model": {"name": info.ref.name, "sha256": info.ref.sha256, "licence": info.licence},
        "device": engine.device,
        "precision": engine.precision,
        "file": str(report.path),
        "format": report.format,
        "frames": report.frames,
        "resumed": report.resumed,
        "fps": film.fps,
        "duration_s": round(film.seconds, 6),
        "width": report.width,
        "height": report.height,
        "bytes": report.bytes,
        "seconds": round(report.seconds, 3),
        "notices": list(report.notices),
        "film": to_json(film),
    }
