"""Reads files in a process of its own: little memory, and an ear on all that could run or write something."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import REPOSITORY

# A good file first: what the reader itself imports is imported then.
CHILD = """
import json, resource, sys, time
from explorer.checkpoints import read_checkpoint

good, *files = sys.argv[1:]
read_checkpoint(good)
heard = []
watched = ("import", "exec", "compile", "os.", "subprocess", "socket", "ctypes", "marshal", "pickle")

def listen(name, args):
    if name.startswith(watched) or (name == "open" and args[1] not in ("r", "rb")):
        heard.append(f"{name} {args}"[:200])

sys.addaudithook(listen)

def peak_kb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

with open("/proc/self/statm") as statm:
    pages = int(statm.read().split()[0])
limit = pages * resource.getpagesize() + (1 << 30)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
before, results = peak_kb(), {}
for file in files:
    began = time.process_time()
    try:
        read_checkpoint(file)
        answer = ("nothing was raised", "", "")
    except BaseException as error:
        answer = (type(error).__name__, str(error), repr(error.__cause__))
    results[file] = [*answer, time.process_time() - began]
print(json.dumps({"results": results, "heard": heard, "grown_kb": peak_kb() - before}))
"""


@dataclass
class Answer:
    """What reading one file came to."""

    kind: str
    message: str
    cause: str
    seconds: float


@dataclass
class Report:
    """What reading all files came to."""

    answers: dict[str, Answer]
    heard: list[str]
    grown_kb: int
    canary: bool


def read_guarded(good: Path, files: Iterable[Path], folder: Path) -> Report:
    """Read `good`, then `files` under guard; answers are keyed by file name."""
    if not Path("/proc/self/statm").exists():
        pytest.skip("limits of address space are tested on Linux")
    canary = folder / "was-run"
    finished = subprocess.run(
        [sys.executable, "-c", CHILD, str(good), *map(str, files)],
        capture_output=True,
        text=True,
        timeout=110,
        cwd=REPOSITORY,
        env=os.environ | {"EXPLORER_CANARY": str(canary), "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    told = json.loads(finished.stdout)
    answers = {Path(path).name: Answer(*answer) for path, answer in told["results"].items()}
    return Report(answers, told["heard"], told["grown_kb"], canary.exists())
