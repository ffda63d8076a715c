"""`latent-explorer train`: a folder of pictures becomes a network."""

import argparse
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer import SPIN_COUNT
from explorer.cli.options import number, whole
from explorer.errors import TrainingError

if TYPE_CHECKING:
    from explorer.training.plan import Wishes

HELP = "train a StyleGAN2 network on your own pictures"
DESCRIPTION = """\
Train a StyleGAN2-ADA network on a folder or zip of pictures (PNG, JPEG, WebP;
any size, cropped to the central square). Pictures that are aligned in the same
way, a thousand or more, learn best. Everything goes into the folder of --out:

  network.safetensors   the network so far; open it with latent-explorer FILE
  sheets/               samples of fixed seeds, every few minutes
  states/               what --resume needs: the newest two, and one before each stage
  log.jsonl             speed, losses and health, line by line
  cache/                the decoded pictures, for a quick start; may be deleted

Ctrl-C stops cleanly; --resume goes on where it stopped."""

STOPPED = 130
"""Exit code after Ctrl-C, as for every verb."""

_SETTINGS = (
    "z_dim",
    "w_dim",
    "mapping_layers",
    "held_out",
    "lr",
    "lr_final",
    "augment",
    "ada_target",
    "ada_kimg",
    "ada_cap",
    "mixing",
    "ema_kimg",
    "seed",
    "precision",
)
"""Options that are settings under their own name."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options, in groups."""
    need = parser.add_argument_group("what")
    need.add_argument("--images", type=Path, required=True, metavar="DIR|ZIP", help="the pictures")
    need.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for everything made")
    need.add_argument("--resume", type=Path, metavar="FILE", help="state.json, its folder, or a run's folder")
    need.add_argument("--name", help="title of the network (default: the name of --out)")
    need.add_argument("--licence", help="licence that the network's file states")
    need.add_argument("--attribution", help="credit for the pictures that the network's file states")

    length = parser.add_argument_group("how long")
    length.add_argument("--minutes", type=number(0.01), metavar="N", help="length of the whole training")
    length.add_argument("--kimg", type=number(0.001), metavar="N", help="or thousands of pictures in all")
    length.add_argument("--stop-after", type=number(0.01), metavar="N", help="end this session by then")

    shape = parser.add_argument_group("the network")
    shape.add_argument("--resolution", type=whole(8, 1024), metavar="R", help="power of two (default: 128)")
    shape.add_argument(
        "--channels",
        type=_channels,
        metavar="BASE:MOST|TABLE",
        help="widths: min(BASE/res, MOST), or a table such as 4:128,8:128,16:64,32:32",
    )
    shape.add_argument("--z-dim", type=whole(1, 4096), metavar="N", help="numbers in z")
    shape.add_argument("--w-dim", type=whole(1, 4096), metavar="N", help="numbers in w")
    shape.add_argument("--mapping-layers", type=whole(1, 16), metavar="N", help="layers from z to w (2)")
    shape.add_argument("--no-noise", action="store_true", help="no noise inputs")

    how = parser.add_argument_group("how")
    how.add_argument("--batch", type=whole(1, 1024), metavar="N", help="pictures per step")
    how.add_argument("--gamma", type=number(0), metavar="G", help="gradient penalty at the last resolution")
    how.add_argument("--lr", type=number(0, 1), metavar="RATE", help="learning rate (0.0025)")
    how.add_argument("--lr-final", type=number(0, 1), metavar="RATE", help="rate at the very end (0.0004)")
    how.add_argument("--augment", choices=("none", "light", "upright", "ada"), help="set of augmentations")
    how.add_argument("--ada-target", type=number(-1, 1), metavar="R", help="r_t that is held (0.6)")
    how.add_argument("--ada-kimg", type=number(0.1), metavar="N", help="kimg in which p may move by 1")
    how.add_argument("--ada-cap", type=number(0, 1), metavar="P", help="highest augmentation probability")
    how.add_argument("--mixing", type=number(0, 1), metavar="P", help="probability of style mixing (0.5)")
    how.add_argument("--ema-kimg", type=number(0.001), metavar="N", help="half-life of the average, in kimg")
    how.add_argument("--no-mirror", action="store_true", help="do not show pictures flipped left to right")
    how.add_argument("--held-out", type=whole(0), metavar="N", help="pictures kept out, to see overfitting")
    how.add_argument("--seed", type=whole(0), metavar="N", help="start of every random draw (0)")

    where = parser.add_argument_group("where and what is told")
    where.add_argument("--device", default="auto", metavar="D", help="auto, cpu or cuda (default: auto)")
    where.add_argument(
        "--precision",
        choices=("float32", "float16", "bfloat16"),
        help="half precision needs a GPU",
    )
    where.add_argument("--threads", type=whole(1, 256), metavar="N", help="CPU threads (default: by trying)")
    where.add_argument("--sheet-minutes", type=number(0), default=5.0, metavar="N", help="between sheets (5)")
    where.add_argument("--state-minutes", type=number(0), default=5.0, metavar="N", help="between states (5)")
    where.add_argument("--measure-minutes", type=number(0), metavar="N", help="between measurements")
    where.add_argument("--measure", type=whole(0), default=512, metavar="N", help="samples measured (512)")
    where.add_argument("--compact", action="store_true", help="states of a third the size, resumed inexactly")


def run(args: argparse.Namespace) -> int:
    """Read the pictures, make or resume the run, train."""
    # Nobody drags a slider here, so waits between parallel pieces of a step may spin for longer, or a
    # second thread gains nothing. The OpenMP library reads this as torch loads it.
    if os.environ["GOMP_SPINCOUNT"] == SPIN_COUNT:
        os.environ["GOMP_SPINCOUNT"] = "100000"
    import torch

    from explorer.training.loop import Rhythm
    from explorer.training.loop import run as train
    from explorer.training.setup import prepare, start, threads_for

    if args.minutes is not None and args.kimg is not None:
        args.parser.error("--minutes and --kimg are two ways to say one thing; give one")
    device = prepare(args.device)
    trainer = start(
        args.images, args.out, device, _wishes(args), resume=args.resume, threads=args.threads, say=_say
    )
    rhythm = Rhythm(
        sheet=60 * args.sheet_minutes,
        state=60 * args.state_minutes,
        measure=None if args.measure_minutes is None else 60 * args.measure_minutes,
        measured=args.measure,
    )
    with _stop_flag() as stop:
        try:
            train(
                trainer,
                args.out,
                rhythm=rhythm,
                say=_say,
                should_stop=stop.is_set,
                session_seconds=None if args.stop_after is None else 60 * args.stop_after,
                is_exact=not args.compact,
                threads=None if device.type != "cpu" else threads_for(args.threads, torch.get_num_threads()),
                facts=_facts(args),
            )
        except torch.OutOfMemoryError:
            stage = trainer.stage
            raise TrainingError(
                f"The memory of {device} cannot hold {stage.batch} pictures of {stage.resolution} px. "
                f"Go on with --resume {args.out} and a smaller --batch."
            ) from None
    _say(f"open it with: latent-explorer {args.out / 'network.safetensors'}")
    return STOPPED if stop.is_set() else 0


def _wishes(args: argparse.Namespace) -> "Wishes":
    from explorer.training.plan import Wishes

    other = {name: getattr(args, name) for name in _SETTINGS if getattr(args, name) is not None}
    if args.no_noise:
        other["use_noise"] = False
    if args.no_mirror:
        other["mirror"] = False
    return Wishes(args.resolution, args.minutes, args.kimg, args.channels, args.batch, args.gamma, other)


def _facts(args: argparse.Namespace) -> dict[str, Any]:
    title = args.name or args.out.resolve().name
    facts = {"name": title, "title": title, "licence": args.licence, "attribution": args.attribution}
    return {name: value for name, value in facts.items() if value is not None}


def _channels(text: str) -> tuple[int, int] | dict[int, int]:
    """`8192:256`, or a table `4:128,8:128,16:64`."""
    try:
        pairs = [(int(left), int(right)) for left, right in (part.split(":") for part in text.split(","))]
    except ValueError:
        reason = f"{text!r} is neither BASE:MOST nor a table such as 4:128,8:64"
        raise argparse.ArgumentTypeError(reason) from None
    if any(left < 4 or right < 1 for left, right in pairs):
        raise argparse.ArgumentTypeError(f"{text!r}: resolutions start at 4, widths at 1")
    if len(pairs) == 1:
        return pairs[0]
    return dict(pairs)


def _say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def _stop_flag() -> Iterator[threading.Event]:
    """Let the first Ctrl-C ask for an end after the present step, and the second one interrupt at once."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {kind: signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGTERM)}

    def ask(kind: int, frame: object) -> None:
        stop.set()
        signal.signal(kind, before[signal.Signals(kind)])
        _say("stopping after this step; once more to stop at once")

    for kind in before:
        signal.signal(kind, ask)
    try:
        yield stop
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
