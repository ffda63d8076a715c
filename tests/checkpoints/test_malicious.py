"""The reference hostile files: refused by the right error, with nothing run, in bounded time and memory."""

import json
import re
from pathlib import Path

import pytest

from tests.checkpoints.guarded import Report, read_guarded
from tests.support import golden_dir, golden_file, needs_golden

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


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = golden_dir()
    assert folder is not None
    files = [folder / "malicious" / name for name in EXPECTED]
    return read_guarded(golden_file("ada_skip.pkl", Path()), files, tmp_path_factory.mktemp("canary"))


def test_the_table_is_complete() -> None:
    folder = golden_dir()
    assert folder is not None
    index = json.loads((folder / "malicious" / "index.json").read_text("utf-8"))
    assert {entry["file"] for entry in index["files"]} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_refused_by_the_right_error(name: str, report: Report) -> None:
    answer = report.answers[name]
    assert answer.kind == EXPECTED[name], answer.message
    assert answer.cause == "None"  # refused by a rule, not by the net below them
    assert name in answer.message
    assert answer.seconds < 2


def test_nothing_was_run_or_written(report: Report) -> None:
    assert not report.canary
    assert report.heard == []
    assert not Path("/tmp/explorer_escape.txt").exists()
    assert not Path("/tmp/explorer_escape_abs.txt").exists()


def test_memory_stays_bounded(report: Report) -> None:
    assert report.grown_kb < 1 << 20


UNSAFE = [name for name, kind in EXPECTED.items() if kind == "UnsafeCheckpointError"]


@pytest.mark.parametrize("name", UNSAFE)
def test_the_message_says_what_and_where(name: str, report: Report) -> None:
    message = report.answers[name].message
    assert "nothing in it was run" in message
    assert re.search(r"\(at byte \d+\)", message)
