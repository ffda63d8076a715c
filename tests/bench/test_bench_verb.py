"""`bench --smoke`: that every benchmark works and what its results promise. No time is judged."""

import json
import sys

import pytest
import torch

from explorer.bench import neighbour
from explorer.bench.random_networks import RANDOM
from explorer.bench.subjects import subjects
from explorer.cli import bench as verb
from explorer.cli.main import main
from explorer.errors import ModelNotFoundError

TINY, TINY_SG3 = "random-tiny-16", "random-tiny-sg3-32"


@pytest.fixture(autouse=True)
def threads_as_before():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def bench(capsys, *words):
    assert main(["bench", "--smoke", "--json", "--device", "cpu", "--model", TINY, *words]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["machine"]["device"] == "cpu"
    return document["results"]


def test_frame_tells_the_error_beside_every_speed(capsys):
    results = bench(capsys, "--only", "frame", "--model", TINY_SG3)
    assert {(r["model"], r["resolution"]) for r in results} == {(TINY, 16), (TINY_SG3, 32)}
    assert results[0]["threads"] == 1
    for result in results:
        assert 0 <= result["max_error"] < 1e-4
        assert result["p50_ms"] >= result["min_ms"] > 0
        assert result["ratio"] > 0
        assert ("one_process_ratio" in result) == (result["threads"] == 1)
        assert result.get("one_process_ratio", 1) > 0
        assert result["chosen"] == (result["threads"] == 1)  # both networks are small
        if result["threads"] > 1 and neighbour.CAN_PAUSE:
            assert result["beside_to_one_thread_ratio"] > 0


def test_partial_is_equal_for_every_row(capsys):
    results = bench(capsys, "--only", "partial")
    assert [r["row"] for r in results] == [None, 0, 1, 2, 3, 4, 5]
    assert all(r["equal"] for r in results)
    assert [r["from_step"] for r in results[1:3]] == ["b4.conv1", "b4.torgb"]


def test_draft_measures_each_early_stop(capsys):
    assert [r["stop"] for r in bench(capsys, "--only", "draft")] == [4, 8]


def test_invert_counts_what_is_found_again(capsys):
    results = bench(capsys, "--only", "invert")
    assert [r["space"] for r in results] == ["w", "w+"]
    for result in results:
        assert result["seeds"] == 2
        assert 0 <= result["found_share"] <= 1
        assert result["psnr_min_db"] <= result["psnr_p50_db"]


def test_film_compares_exporting_with_drawing_alone(capsys):
    results = bench(capsys, "--only", "film")
    assert [r["format"] for r in results] == ["mp4", "webm"]
    for result in results:
        assert result["frames"] == 4
        assert result["share"] > 0
        assert result["bytes"] > 0


def test_memory_compares_processes(capsys):
    (result,) = bench(capsys, "--only", "memory")
    assert result["weights_mib"] > 0
    assert result["cache_mib"] <= result["cache_limit_mib"]
    assert set(result) >= {"peak_mib", "plain_peak_mib"}


def test_mark_counts_what_is_found(capsys):
    results = bench(capsys, "--only", "mark", "--model", "faces")
    assert {r["model"] for r in results} == {"faces"}  # the other one's pictures are too small for it
    found = {r["change"]: r["found"] for r in results}
    assert found["never marked"] == 0
    for change in ("JPEG 50", "half size", "quarter size", "5° turn", "mirror", "H.264 crf 23, three frames"):
        assert found[change] == 1
    assert all(r["least_psnr_db"] >= 42 for r in results if r["change"] != "never marked")


@pytest.fixture
def qt():
    pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError, reason="Qt cannot be loaded here")


@pytest.mark.usefixtures("qt")
def test_drag_reads_latency_off_the_real_window(capsys):
    results = bench(capsys, "--only", "drag")
    assert [r["control"] for r in results] == ["mixing row 3", "psi"]
    for result in results:
        assert result["edits"] == 4
        assert 1 <= result["shown"] <= 4
        assert 0 < result["p50_ms"] <= result["p95_ms"]


@pytest.mark.usefixtures("qt")
def test_start_waits_for_the_first_face(capsys):
    (result,) = bench(capsys, "--only", "start")
    assert result["first_face_p50_ms"] > result["window_p50_ms"] > 0
    assert result["longest_gap_max_ms"] > 0
    assert result["help_p50_ms"] > 0


def test_window_benchmarks_are_left_out_where_qt_is_not_installed(capsys, monkeypatch):
    monkeypatch.setattr(verb, "find_spec", lambda name: None)
    monkeypatch.setattr(verb, "ENGINE_BENCHMARKS", ("draft",))
    assert {r["name"] for r in bench(capsys)} == {"draft"}


def test_tables_are_printed_and_written(capsys, tmp_path):
    file = tmp_path / "BENCHMARKS.md"
    words = ["bench", "--smoke", "--device", "cpu", "--model", TINY, "--only", "draft", "--write", str(file)]
    assert main(words) == 0
    assert "difference levels" in capsys.readouterr().out
    assert "## draft on cpu" in file.read_text("utf-8")


@pytest.mark.parametrize(
    "words", [["--only", "speed"], ["--only", ","], ["--precision", "float8"], ["--minutes", "0"]]
)
def test_wrong_usage_is_told_as_such(words, capsys):
    with pytest.raises(SystemExit) as end:
        main(["bench", *words])
    assert end.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_an_unknown_network_is_one_line_that_names_those_there_are(capsys):
    assert main(["bench", "--model", "no-such-net", "--only", "frame"]) == 1
    assert TINY in capsys.readouterr().err


def test_a_run_leaves_the_users_register_alone_and_no_files_behind():
    with subjects([TINY]) as (subject,):
        assert subject.path.is_file()
        assert subject.read().description.resolution == RANDOM[TINY].resolution
    assert not subject.path.exists()
    with pytest.raises(ModelNotFoundError), subjects(["no-such-net"]):
        pass


def test_a_bare_machine_measures_what_it_can(capsys, monkeypatch):
    """A machine lent for its GPU has torch, numpy, scipy, pillow and safetensors, and nothing else."""
    for name in ("PySide6", "av", "c2pa", "platformdirs", "defusedxml", "cryptography"):
        monkeypatch.setitem(sys.modules, name, None)
    words = ["bench", "--smoke", "--device", "cpu", "--json", "--model", TINY]
    assert main([*words, "--only", "frame,partial,draft,invert"]) == 0
    found = {r["name"] for r in json.loads(capsys.readouterr().out)["results"]}
    assert found == {"frame", "partial", "draft", "invert"}


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (RuntimeError("CUDA error: launch failed"), 1, "failed: RuntimeError: CUDA error: launch failed"),
        (ModuleNotFoundError("No module named 'av'", name="av"), 0, "is left out: av is not installed"),
    ],
)
def test_a_benchmark_that_fails_does_not_take_the_others_with_it(capsys, monkeypatch, error, code, said):
    def broken(subject, conditions):
        raise error
        yield

    monkeypatch.setattr("explorer.bench.partial.run", broken)
    words = ["bench", "--smoke", "--json", "--device", "cpu", "--model", TINY, "--only", "partial,draft"]
    assert main(words) == code
    captured = capsys.readouterr()
    assert {r["name"] for r in json.loads(captured.out)["results"]} == {"draft"}
    assert f"partial of random-tiny-16 {said}" in captured.err


def test_nothing_new_is_begun_when_the_time_is_over(capsys):
    words = ["bench", "--smoke", "--json", "--device", "cpu", "--model", TINY, "--minutes", "1e-9"]
    assert main([*words, "--only", "frame,partial"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["results"] == []
    assert "partial of random-tiny-16 is left out: the time is over" in captured.err
