"""The reference hostile files: refused by the right error, with nothing run, in bounded time and memory."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import REPOSITORY, golden_dir, golden_file, needs_golden

pytestmark = needs_golden

# Why each child: a callable outside the list, or nothing but program text, is
# Unsafe. So are names that leave their folder, and nesting beyond any network
# (built to exhaust the reader, not damaged). Sizes that cannot be are Corrupt,
# and so is whatever was cut off, flipped or put together wrongly.
EXPECTED = {
    "exec_os_system.pkl": "UnsafeCheckpointError",
    "exec_builtins_exec.pkl": "UnsafeCheckpointError",
    "exec_eval_memo.pkl": "UnsafeCheckpointError",
    "exec_subprocess_popen.pkl": "UnsafeCheckpointError",
    "exec_persist_meta.pkl": "UnsafeCheckpointError",
    "exec_persist_module_src.pkl": "UnsafeCheckpointError",
    "exec_storage_bytes.pkl": "UnsafeCheckpointError",
    "exec_getattr_chain.pkl": "UnsafeCheckpointError",
    "exec_zip_data.pt": "UnsafeCheckpointError",
    "exec_legacy_stream.pt": "UnsafeCheckpointError",
    "exec_numpy_runstring.pkl": "UnsafeCheckpointError",
    "exec_tf_build_src.pkl": "UnsafeCheckpointError",
    "bomb_tensor_stride0.pkl": "CorruptCheckpointError",
    "bomb_deep_nesting.pkl": "UnsafeCheckpointError",
    "bad_truncated.pkl": "CorruptCheckpointError",
    "bad_bitflip.pkl": "CorruptCheckpointError",
    "bad_magic.pkl": "CorruptCheckpointError",
    "zip_traversal.pt": "UnsafeCheckpointError",
}

# Runs alone, under a limit of address space, with an ear on everything Python
# does that could run or write something. A good file first: what the reader
# itself imports is imported then.
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


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if not Path("/proc/self/statm").exists():
        pytest.skip("limits of address space are tested on Linux")
    folder = golden_dir()
    assert folder is not None
    canary = tmp_path_factory.mktemp("canary") / "was-run"
    finished = subprocess.run(
        [
            sys.executable,
            "-c",
            CHILD,
            str(golden_file("ada_skip.pkl", Path())),
            *(str(folder / "malicious" / name) for name in EXPECTED),
        ],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=REPOSITORY,
        env=os.environ | {"EXPLORER_CANARY": str(canary), "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    answer: dict[str, Any] = json.loads(finished.stdout)
    answer["results"] = {Path(path).name: result for path, result in answer["results"].items()}
    answer["canary"] = canary.exists()
    return answer


def test_the_table_is_complete() -> None:
    folder = golden_dir()
    assert folder is not None
    index = json.loads((folder / "malicious" / "index.json").read_text("utf-8"))
    assert {entry["file"] for entry in index["files"]} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_refused_by_the_right_error(name: str, report: dict[str, Any]) -> None:
    kind, message, cause, seconds = report["results"][name]
    assert kind == EXPECTED[name], message
    assert cause == "None"  # refused by a rule, not by the net below them
    assert name in message
    assert seconds < 2


def test_nothing_was_run_or_written(report: dict[str, Any]) -> None:
    assert not report["canary"]
    assert report["heard"] == []
    assert not Path("/tmp/explorer_escape.txt").exists()
    assert not Path("/tmp/explorer_escape_abs.txt").exists()


def test_memory_stays_bounded(report: dict[str, Any]) -> None:
    assert report["grown_kb"] < 1 << 20


@pytest.mark.parametrize("name", [name for name in EXPECTED if name.startswith("exec_")])
def test_the_message_says_what_and_where(name: str, report: dict[str, Any]) -> None:
    message = report["results"][name][1]
    assert "nothing in it was run" in message
    assert "at byte" in message or "program text" in message
