"""`latent-explorer`: the window, or one of the verbs.

The first word decides: the name of a verb runs it, anything else opens the
window. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.
"""

import argparse
import difflib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import FrameType, ModuleType
from typing import NoReturn

import explorer
from explorer.errors import ExplorerError

PROGRAM = "latent-explorer"

VERBS: Mapping[str, str] = {
    "render": "explorer.cli.render",
    "video": "explorer.cli.video",
    "grid": "explorer.cli.grid",
    "inspect": "explorer.cli.inspect",
    "convert": "explorer.cli.convert",
    "verify": "explorer.cli.verify",
    "models": "explorer.cli.models",
    "directions": "explorer.cli.directions",
    "project": "explorer.cli.project",
    "train": "explorer.cli.train",
    "bench": "explorer.cli.bench",
}
"""Name of each verb and its module. A verb whose module is not there is not listed."""

STOPPED = 130
"""Exit code after Ctrl-C, as shells have it: 128 + SIGINT."""


def built_verbs() -> dict[str, str]:
    """Verbs whose module exists in this version."""
    return {name: module for name, module in VERBS.items() if find_spec(module) is not None}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; wrong usage raises `SystemExit(2)`."""
    words = list(sys.argv[1:] if argv is None else argv)
    # `--debug` is welcome in front of the verb too.
    debug_first = bool(words) and words[0] == "--debug"
    first = words[1:2] if debug_first else words[:1]
    if first and first[0] in built_verbs():
        module = import_module(VERBS[first[0]])
        parser = verb_parser(first[0], module)
        args = parser.parse_args(words[2:] if debug_first else words[1:])
        args.debug = args.debug or debug_first
        with _end_is_ctrl_c():
            return _guarded(module.run, args)
    parser = window_parser()
    args = parser.parse_args(words)
    _refuse_misspelt_verb(parser, args.file)
    return _guarded(_show_info if args.info else _open_window, args)


def verb_parser(name: str, module: ModuleType) -> argparse.ArgumentParser:
    """Make the parser of one verb: its own options and `--debug`."""
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} {name}",
        description=getattr(module, "DESCRIPTION", module.HELP + "."),
        epilog=getattr(module, "EPILOG", None),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    parser.add_argument("--debug", action="store_true", help="show the whole traceback of an error")
    parser.set_defaults(parser=parser)
    return parser


def window_parser() -> argparse.ArgumentParser:
    """Make the parser of the command without a verb."""
    verbs = "\n".join(f"  {name:<10} {import_module(module).HELP}" for name, module in built_verbs().items())
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Explore the latent space of StyleGAN networks. Without a verb the window opens.",
        epilog=f"verbs (each has --help):\n{verbs}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="a checkpoint, session, or exported picture to open"
    )
    parser.add_argument("--model", metavar="M", help="network to start with: a bundled name or a file")
    parser.add_argument("--session", metavar="FILE", help="saved session to open")
    parser.add_argument(
        "--device", metavar="D", default="auto", help="auto, cpu, cuda or mps (default: auto)"
    )
    parser.add_argument(
        "--screenshot", metavar="FILE", help="save a picture of the first full window and exit"
    )
    parser.add_argument(
        "--info", action="store_true", help="show versions, folders, devices and Qt libraries"
    )
    parser.add_argument("--debug", action="store_true", help="show the whole traceback of an error")
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {explorer.__version__}")
    return parser


def _refuse_misspelt_verb(parser: argparse.ArgumentParser, word: str | None) -> None:
    """Wrong usage where `word` was meant as a verb: it is no file and looks like none."""
    if word is None or Path(word).suffix or os.sep in word or Path(word).exists():
        return
    near = difflib.get_close_matches(word, built_verbs(), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"see {PROGRAM} --help"
    parser.error(f"there is no verb and no file {word!r}; {hint}")


def _open_window(args: argparse.Namespace) -> int:
    from explorer.cli import qt_preflight

    qt_preflight.require(offscreen=args.screenshot is not None)
    from explorer.gui.app import run

    return run(args)


def _show_info(args: argparse.Namespace) -> int:
    from explorer.cli import info

    return info.run(args)


@contextmanager
def _end_is_ctrl_c() -> Iterator[None]:
    """Treat a polite request to end (SIGTERM) as Ctrl-C: tidy up, leave no half file."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may listen to signals
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _guarded(work: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    """Run `work(args)`; what goes wrong becomes one line and an exit code."""
    try:
        code = work(args)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        _say("stopped")
        return STOPPED
    except BrokenPipeError:
        # The reader of our output left (`... | head`). Python would complain
        # once more when it closes standard output, so that is given away.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if args.debug:
            traceback.print_exc()
        else:
            _say(f"error: {_one_line(error)}")
        return 1


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _one_line(error: Exception) -> str:
    """Words for a person: ours as they are, the system's with the file named, surprises with their kind."""
    if isinstance(error, OSError) and not isinstance(error, ExplorerError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
    text = " ".join(str(error).split())
    if isinstance(error, ExplorerError | OSError):
        return text
    return f"{type(error).__name__}: {text} (this should not happen; run again with --debug to see where)"
