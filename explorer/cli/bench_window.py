"""`drag` and `start`: the benchmarks that need the window, each run in processes of its own."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from explorer.bench import Benchmark, Result
from explorer.bench.conditions import Conditions
from explorer.bench.subjects import Subject
from explorer.cli import qt_preflight
from explorer.errors import ExplorerError

STEPS, SMOKE_STEPS = 100, 4
STARTS = 7
"""The first, which fills the system's file cache, does not move the median."""


def drag(subject: Subject, conditions: Conditions) -> Iterator[Result]:
    """One result per slider: latency from mouse event to paint, and pictures painted per second."""
    steps = SMOKE_STEPS if conditions.smoke else STEPS
    answer = _drive(subject.path, conditions, steps)
    for control, figures in answer["drags"].items():
        yield {
            "name": "drag",
            "model": subject.name,
            "device": conditions.device,
            "control": control,
        } | figures


def start(subject: Subject, conditions: Conditions) -> Iterator[Result]:
    """One result: from the start of the process to the window and to the first face painted.

    And the longest time for which the window answered nothing, from when it was seen until
    all that comes by itself (thumbnails, lists) was there; `--help` besides.
    """
    window, first_face, gaps, help_ = [], [], [], []
    for _ in range(1 if conditions.smoke else STARTS):
        began = time.time()
        answer = _drive(subject.path, conditions, steps=0)
        began_help = time.perf_counter()
        words = [sys.executable, "-m", "explorer", "--help"]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=_as_installed())
        window.append(answer["window"] - began)
        first_face.append(answer["first_face"] - began)
        gaps.append(answer["longest_gap"])
        help_.append(time.perf_counter() - began_help)
    yield {
        "name": "start",
        "model": subject.name,
        "window_p50_ms": 1000 * statistics.median(window),
        "first_face_p50_ms": 1000 * statistics.median(first_face),
        "first_face_min_ms": 1000 * min(first_face),
        "longest_gap_p50_ms": 1000 * statistics.median(gaps),
        "longest_gap_max_ms": 1000 * max(gaps),
        "help_p50_ms": 1000 * statistics.median(help_),
    }


BENCHMARKS: Mapping[str, Benchmark] = {"drag": drag, "start": start}


def _drive(model: Path, conditions: Conditions, steps: int) -> dict[str, Any]:
    """Run the real window offscreen, with folders of its own, so that the user's session stays as it is."""
    qt_preflight.require(offscreen=True)
    command = [sys.executable, "-m", "explorer.cli.window_driver", str(model)]
    command += ["--device", conditions.device, "--steps", str(steps)]
    with TemporaryDirectory(prefix="latent-explorer-bench-") as home:
        folders = {f"XDG_{kind}_HOME": str(Path(home, kind)) for kind in ("CONFIG", "DATA", "CACHE", "STATE")}
        environment = _as_installed() | {"HOME": home, "QT_QPA_PLATFORM": "offscreen"} | folders
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise ExplorerError(f"the window did not run: {lines[-1] if lines else 'it gave no reason'}")
    return dict(json.loads(done.stdout))


def _as_installed() -> dict[str, str]:
    """Environment in which modules stay compiled from one start to the next, as installed ones are."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
