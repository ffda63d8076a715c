"""`directions learn` and `directions measure`: directions from marks, and from what pictures measure."""

import argparse
import shlex
from collections.abc import Callable, Generator
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from explorer.cli import options
from explorer.cli.console import Progress, notice, print_json
from explorer.cli.recipe_options import DEFAULT_MODEL, open_directions
from explorer.errors import DirectionError
from explorer.recipe import SEED_LIMIT

if TYPE_CHECKING:
    from explorer.latents import Direction
    from explorer.latents.discovery import Statistics
    from explorer.latents.learning import Learned
    from explorer.latents.marks import Marks
    from explorer.models import Generator as Network
    from explorer.render import Engine, ModelInfo
    from explorer.render.face_directions import Report

T = TypeVar("T")

SAMPLES = 20_000
Deliver = Callable[[argparse.Namespace, "Engine", "ModelInfo", "list[Direction]", float], int]


def add_learn(learn: argparse.ArgumentParser) -> None:
    """Options of `learn`, beside the model and the device."""
    add = learn.add_argument
    add("--name", metavar="N", help="its name; may be left out where --marks has only one")
    add("--more", metavar="SEEDS", type=options.seeds, default=(), help="seeds that show more of it: 0-3,7")
    add("--less", metavar="SEEDS", type=options.seeds, default=(), help="seeds that show less of it")
    add("--marks", metavar="FILE", help="a file of marks to add them to: direction,mark,of")
    add("--write-marks", metavar="FILE", help="write all marks, those of --marks and the new ones")
    add(
        "--keep",
        metavar="NAME",
        action="append",
        default=[],
        help="a known direction whose measure the new one leaves still (repeatable)",
    )
    add(
        "--directions",
        metavar="FILE",
        action="append",
        help="a .directions file whose names --keep may use, beside the known ones (repeatable)",
    )
    add(
        "--ask",
        metavar="COUNT",
        type=options.whole(1, 400),
        help="learn nothing yet: name the seeds whose marks would tell most",
    )
    add("--sheet", metavar="FILE", help="with --ask: write their pictures, each with its seed")
    add("--seed", metavar="S", type=options.whole(0, SEED_LIMIT - 1), default=0, help="of --ask (default: 0)")
    add("--psi", type=options.number(-10, 10), default=0.7, help="truncation of --sheet (default: 0.7)")
    add("--out", metavar="FILE", help="a .directions file to write, instead of adding it to those known")
    add_terms(learn)
    add("--json", action="store_true", help="print one JSON document")


def add_measure(measure: argparse.ArgumentParser) -> None:
    """Options of `measure`, beside the model and the device."""
    add = measure.add_argument
    add("--marks", metavar="FILE", help="a file of marks, for directions that no formula measures")
    add(
        "--samples",
        metavar="N",
        type=options.whole(64, 1_000_000),
        default=4000,
        help="random faces to measure (default: 4000)",
    )
    add(
        "--faces",
        metavar="N",
        type=options.whole(2, 10_000),
        default=48,
        help="other faces to try each direction on (default: 48)",
    )
    add("--psi", type=options.number(0.05, 2), default=0.7, help="truncation of all faces (default: 0.7)")
    add(
        "--seed",
        metavar="S",
        type=options.whole(0, SEED_LIMIT - 1),
        default=0,
        help="first seed (default: 0)",
    )
    add("--out", metavar="FILE", required=True, help="a .directions file to write")
    add("--table", metavar="FILE", help="write what each direction does as tables (Markdown)")
    add("--strip", metavar="FILE", help="write a contact sheet of all of them, from -3 to 3")
    add(
        "--strip-seeds",
        metavar="SEEDS",
        type=options.seeds,
        default=(5, 23),
        help="faces of --strip (default: 5,23)",
    )
    add_terms(measure)
    add("--json", action="store_true", help="print one JSON document")


def add_terms(parser: argparse.ArgumentParser) -> None:
    """Add what a `.directions` file says of itself."""
    parser.add_argument("--author", metavar="WHO", default="", help="who made them, written into the file")
    parser.add_argument("--licence", metavar="WORDS", default="", help="terms of the file, written into it")


# Learning from marks.


def learn(args: argparse.Namespace, deliver: Deliver) -> int:
    """Learn one direction, or say what to mark next."""
    fail = args.action_parser.error
    if args.sheet is not None and args.ask is None:
        fail("--sheet goes with --ask")
    if set(args.more) & set(args.less):
        fail(f"seed {min(set(args.more) & set(args.less))} cannot be more and less at once")
    if args.out is not None and Path(args.out).suffix.lower() != ".directions":
        fail(f"{args.out!r} has to end in .directions")
    marks = _marks(args)
    from explorer.latents.learning import learn as learn_from
    from explorer.latents.learning import points_of
    from explorer.render import Engine

    began = monotonic()
    engine = Engine(device=args.device)
    info = engine.open(args.model or DEFAULT_MODEL)
    open_directions(engine, info, args.directions)
    network = engine.generator(info.ref)
    keep = _kept(engine, info, marks)
    stats = _statistics(network)
    if args.write_marks is not None:
        _write_marks(args, marks)
    if args.ask is not None:
        return _ask(args, engine, info, marks, stats, keep)
    more, less = (points_of(network, seeds) for seeds in (marks.more, marks.less))
    learned = learn_from(more, less, stats, marks.name, keep)
    if args.json:
        args.json_beside = _told(learned)
    else:
        print(f"{marks.name}: {learned.words}")
    args.keep = args.out is None  # `deliver` asks whether it joins the known ones
    return deliver(args, engine, info, [learned.direction], monotonic() - began)


def _marks(args: argparse.Namespace) -> "Marks":
    """Marks of the file and of the command line."""
    from explorer.latents import marks as form
    from explorer.render.known_directions import check_name

    of_file: dict[str, Marks] = {}
    if args.marks is not None:
        of_file = {one.name: one for one in _read_marks(Path(args.marks))}
    name = args.name
    if name is None:
        if len(of_file) != 1:
            args.action_parser.error("say which direction: --name N")
        name = next(iter(of_file))
    name = check_name(name)
    args.other_marks = [one for one in of_file.values() if one.name != name]
    return (of_file.get(name) or form.Marks(name)).with_(args.more, args.less, args.keep)


def _read_marks(path: Path) -> "tuple[Marks, ...]":
    from explorer.latents import marks as form

    try:
        with open(path, encoding="utf-8", newline="") as file:
            return form.loads(file.read(4 << 20), str(path))
    except UnicodeDecodeError:
        raise DirectionError(f"{path} is no file of marks: it is not text") from None


def _write_marks(args: argparse.Namespace, marks: "Marks") -> None:
    from explorer.export.files import write_whole
    from explorer.latents import marks as form

    write_whole(args.write_marks, form.dumps([*args.other_marks, marks]).encode())


def _kept(engine: "Engine", info: "ModelInfo", marks: "Marks") -> "list[Direction]":
    known = engine.directions_of(info.ref)
    missing = [name for name in marks.keep if name not in known]
    if missing:
        listed = ", ".join(list(known)[:30]) or "none"
        raise DirectionError(f"there is no direction {missing[0]!r} to keep still; known are {listed}")
    return [known[name] for name in marks.keep]


def _statistics(network: "Network") -> "Statistics":
    from explorer.latents.discovery import BATCH, sample_w, statistics

    with Progress(-(-SAMPLES // BATCH), "batches of latents") as bar:

        def counted() -> Generator[Any, None, None]:
            for batch in sample_w(network, SAMPLES):
                yield batch
                bar.step()

        return statistics(counted())


def _ask(
    args: argparse.Namespace,
    engine: "Engine",
    info: "ModelInfo",
    marks: "Marks",
    stats: "Statistics",
    keep: "list[Direction]",
) -> int:
    from explorer.latents.learning import points_of, propose

    network = engine.generator(info.ref)
    more, less = (points_of(network, seeds) for seeds in (marks.more, marks.less))
    asked = list(
        propose(network, stats, more, less, args.ask, args.seed, (*marks.more, *marks.less), keep=keep)
    )
    seeds = [one.seed for one in asked]
    if args.sheet is not None:
        from explorer.export.sheet import contact_sheet, write_sheet
        from explorer.recipe import Recipe

        sheet = contact_sheet(Recipe(info.ref, psi=args.psi), seeds)
        with Progress(sheet.pictures, "pictures") as bar:
            for text in _through(write_sheet(engine, sheet, args.sheet), bar):
                notice(text)
    if args.json:
        print_json([{"seed": one.seed, "expected": round(one.expected, 4)} for one in asked])
    else:
        print(",".join(map(str, seeds)))
    return 0


def _told(learned: "Learned") -> dict[str, Any]:
    return {
        "accuracy": round(learned.accuracy, 4),
        "interval": [round(end, 4) for end in learned.interval],
        "likeness": round(learned.likeness, 4),
        "folds": learned.folds,
        "more": learned.more,
        "less": learned.less,
        "advisable": learned.advisable,
    }


# Measuring.


def measure(args: argparse.Namespace) -> int:
    """Make the named directions of a face network, try them, and write what they do."""
    fail = args.action_parser.error
    if Path(args.out).suffix.lower() != ".directions":
        fail(f"{args.out!r} has to end in .directions")
    marks = () if args.marks is None else _read_marks(Path(args.marks))
    from explorer.render import Engine
    from explorer.render.face_directions import find_face_directions

    began = monotonic()
    engine = Engine(device=args.device)
    info = engine.open(args.model or DEFAULT_MODEL)
    if info.width != info.resolution:
        raise DirectionError("measures are for square portraits, which this network does not draw")
    work = find_face_directions(
        engine.generator(info.ref), marks, args.samples, args.faces, args.psi, args.seed
    )
    with Progress(args.samples, "pictures") as bar:
        report = _through(work, bar)
    for text in report.dropped:
        notice(f"left out, as it does not do what its name says: {text}")
    if not report.named:
        raise DirectionError("no direction does what its name says; does this network draw aligned faces?")
    _write(args, engine, info, report)
    if args.json:
        print_json([_evidence(report, index) for index in range(len(report.named))])
    else:
        seconds = monotonic() - began
        print(f"{args.out}: {len(report.named)} directions for {info.ref.name} in {seconds:.1f} s")
    return 0


def _write(args: argparse.Namespace, engine: "Engine", info: "ModelInfo", report: "Report") -> None:
    from explorer.export.files import write_whole
    from explorer.latents import direction_form

    directions = tuple(one.direction for one in report.named)
    found = direction_form.DirectionSet(
        info.ref, info.num_ws, info.w_dim, directions, args.author, args.licence, info.architecture
    )
    write_whole(args.out, direction_form.dumps(found))
    if args.strip is not None:
        _write_strip(args, engine, info, directions)
    if args.table is not None:
        from explorer.export.direction_table import as_markdown

        strip = "" if args.strip is None else Path(args.strip).name
        write_whole(args.table, as_markdown(report, _command(args), strip).encode())


def _write_strip(
    args: argparse.Namespace, engine: "Engine", info: "ModelInfo", directions: "tuple[Direction, ...]"
) -> None:
    from explorer.export.sheet import strips_sheet, write_sheet
    from explorer.recipe import Push, Recipe
    from explorer.render.measuring import AMOUNTS

    pushes = [Push(one.name, 0.0, stored=one.stored()) for one in directions]
    sheet = strips_sheet(Recipe(info.ref, psi=args.psi), args.strip_seeds, pushes, AMOUNTS)
    with Progress(sheet.pictures, "pictures") as bar:
        for text in _through(write_sheet(engine, sheet, args.strip), bar):
            notice(text)


def _command(args: argparse.Namespace) -> str:
    """The command that makes the same tables, with file names as they stand."""
    words = ["latent-explorer directions measure", f"--model {args.model or DEFAULT_MODEL}"]
    names = ("marks", "samples", "faces", "psi", "seed", "out", "table", "strip", "author", "licence")
    given = {name: getattr(args, name) for name in names}
    words += [
        f"--{name} {shlex.quote(f'{value}')}" for name, value in given.items() if value not in (None, "")
    ]
    return " ".join(words)


def _evidence(report: "Report", index: int) -> dict[str, Any]:
    one = report.named[index]
    probed = one.probed
    return {
        "name": one.direction.name,
        "kind": one.direction.kind,
        "sigma": round(float(one.direction.sigma), 6),
        "measure": one.measure,
        "effect": round(probed.effect(one.measure), 5),
        "rises": probed.rises(one.measure),
        "steps_that_hold": round(probed.monotonic[one.measure], 4),
        "means": [round(float(value), 4) for value in probed.means[one.measure]],
        "identity": [round(float(value), 4) for value in probed.identity],
        "effects": dict(one.direction.effects),
    }


def _through(work: "Generator[Any, None, T]", bar: Progress) -> T:
    """Run to the end, a step of the bar for each piece."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
        bar.step()
