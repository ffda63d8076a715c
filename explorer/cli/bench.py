"""`bench`: how fast this machine draws, as ratios, with the error beside every speed."""

import argparse
import math
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.cli.console import Progress, notice, print_json
from explorer.errors import ExplorerError

if TYPE_CHECKING:
    from explorer.bench import Benchmark, Result
    from explorer.bench.conditions import Conditions
    from explorer.bench.subjects import Subject

HELP = "measure speed, latency and memory on this machine"
DESCRIPTION = """Measure. Compared forms take turns, so their ratio holds even on a
machine that has other work; milliseconds are for orientation. Nothing is judged.

frame    seconds of one picture, against the plain form, with the error
partial  an edit of each row, as a share of a full picture
draft    each early stop, and going on from it to the full picture
drag     a slider of the real window dragged: latency and pictures a second
start    from the command to the first face
film     an exported film: frames a second, as a share of only drawing them
mark     the invisible mark: how often it is found, after what, and where there is none
invert   a network's own pictures found again by projection
memory   most memory of a process that draws, and what unloading gives back"""
EPILOG = """examples:
  latent-explorer bench --write                          all of it, in about ten minutes
  latent-explorer bench --only frame --model random-config-f-1024 --device cuda
  latent-explorer bench --only frame,drag --write        also into BENCHMARKS.md
  latent-explorer bench --device cuda --minutes 8 --write    in an hour that is paid for"""

ENGINE_BENCHMARKS = ("frame", "partial", "draft", "film", "mark", "invert", "memory")
WINDOW_BENCHMARKS = ("drag", "start")
NOT_OF_SPEED = ("mark", "invert")
NAMES = ("frame", "partial", "draft", "drag", "start", "film", "mark", "invert", "memory")


def _names(text: str) -> tuple[str, ...]:
    names = tuple(word.strip() for word in text.split(",") if word.strip())
    unknown = [name for name in names if name not in NAMES]
    if unknown or not names:
        raise argparse.ArgumentTypeError(
            f"no benchmark {', '.join(unknown) or 'named'}; there are {', '.join(NAMES)}"
        )
    return tuple(name for name in NAMES if name in names)


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = -1.0
    if not 0 < minutes < math.inf:
        raise argparse.ArgumentTypeError(f"minutes should be a number above 0, not {text!r}")
    return minutes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    add = parser.add_argument
    add("--only", metavar="NAME,…", type=_names, help="just these benchmarks (default: all)")
    add("--device", metavar="D", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    add(
        "--precision",
        choices=("auto", "float32", "float16", "bfloat16"),
        default="auto",
        help="of the network (default: auto)",
    )
    add(
        "--model",
        metavar="M",
        action="append",
        default=[],
        help="a bundled network, a file, or a random one such as random-compact-128 "
        "(default: all bundled, and random ones of official sizes)",
    )
    add(
        "--minutes",
        metavar="M",
        type=_minutes,
        help="begin nothing new after so many; what matters most comes first (default: no limit)",
    )
    add("--smoke", action="store_true", help="show in seconds that everything works; figures mean little")
    add("--json", action="store_true", help="print one JSON document")
    add(
        "--write",
        metavar="FILE",
        nargs="?",
        const="BENCHMARKS.md",
        help="write the tables into FILE (default: BENCHMARKS.md), other sections staying as they are",
    )


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    from explorer.bench import machine, report
    from explorer.bench.conditions import Conditions
    from explorer.bench.plan import planned
    from explorer.bench.subjects import subjects
    from explorer.checkpoints import bundled_models
    from explorer.render import devices

    device = devices.choose(args.device)
    names = args.only or _possible(device)
    precision, notices = devices.settle_precision(device, args.precision)
    for text in notices:
        notice(text)
    conditions = Conditions(device, precision, args.smoke)
    facts = machine.describe(device)
    results: list[Result] = []
    plan = planned(names, args.model, [model.name for model in bundled_models()], conditions)
    until = None if args.minutes is None else time.monotonic() + 60 * args.minutes
    if not args.json:
        print(", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in facts.items()))
    failures = 0
    count = sum(map(len, plan.values()))
    with subjects(tuple(plan)) as networks, Progress(count, "benchmarks") as progress:
        # Told and written piece by piece: a run that is cut off has not been for nothing.
        for piece in _pieces(plan, networks, conditions, until):
            progress.step()
            failures += piece is None
            results += piece or ()
            if piece and args.write:
                path = Path(args.write)
                old = path.read_text("utf-8") if path.is_file() else ""
                path.write_text(report.as_markdown(old, results, facts), "utf-8")
            if piece and not args.json:
                print(f"\n{report.as_text(piece)}", flush=True)
    if args.json:
        print_json({"machine": facts, "results": [_rounded(result) for result in results]})
    return 1 if failures else 0


def _possible(device: str) -> tuple[str, ...]:
    """All benchmarks, but for those whose library is not installed, and those that ask nothing of a GPU."""
    possible: tuple[str, ...] = ENGINE_BENCHMARKS
    if device != "cpu":
        notice(f"{' and '.join(NOT_OF_SPEED)} are left out, since they tell no speed; name them with --only")
        possible = tuple(name for name in possible if name not in NOT_OF_SPEED)
    if find_spec("PySide6") is None:
        notice(f"{' and '.join(WINDOW_BENCHMARKS)} need PySide6, which is not installed; they are left out")
        return possible
    return tuple(name for name in NAMES if name in (*possible, *WINDOW_BENCHMARKS))


def _pieces(
    plan: Mapping[str, tuple[str, ...]],
    networks: "list[Subject]",
    conditions: "Conditions",
    until: float | None,
) -> "Iterator[list[Result] | None]":
    """Results of one benchmark of one network after the other; None for one that failed, which is told."""
    for network, names in zip(networks, plan.values(), strict=True):
        for name in names:
            if until is not None and time.monotonic() > until:
                notice(f"{name} of {network.name} is left out: the time is over")
                yield []
                continue
            try:
                yield list(_function(name)(network, conditions))
            except ImportError as error:
                notice(f"{name} of {network.name} is left out: {error.name or error} is not installed")
                yield []
            except ExplorerError:
                raise
            except Exception as error:
                notice(f"{name} of {network.name} failed: {type(error).__name__}: {error}")
                yield None


def _function(name: str) -> "Benchmark":
    """Function of a benchmark; those that need a window bring Qt along only when asked for."""
    from explorer.bench import benchmark

    if name in WINDOW_BENCHMARKS:
        from explorer.cli import bench_window

        return bench_window.BENCHMARKS[name]
    return benchmark(name)


def _rounded(result: "Result") -> dict[str, Any]:
    """Figures to six digits: more is noise."""
    return {key: float(f"{v:.6g}") if isinstance(v, float) else v for key, v in result.items()}
