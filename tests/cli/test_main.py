"""Manners of the command line: exit codes, one-line errors, help, cheap start."""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from types import SimpleNamespace

import pytest

import explorer
from explorer.cli import main as cli
from explorer.errors import ExportError
from tests.support import REPOSITORY


def run(*words, **environ):
    return subprocess.run(
        [sys.executable, "-m", "explorer", *words],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, **environ},
        timeout=60,
    )


def fake_verb(monkeypatch, work, name="render"):
    """Put a verb in place of a real one."""

    def add_arguments(parser):
        parser.add_argument("--out", type=int, help="a number")

    verb = SimpleNamespace(HELP="try something", add_arguments=add_arguments, run=work)
    monkeypatch.setattr(cli, "import_module", lambda module: verb)


def test_help_lists_the_verbs_that_are_built(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    for name in cli.built_verbs():
        assert re.search(rf"^  {name} +\S", said, re.MULTILINE)
    assert "--screenshot" in said


def test_a_verb_without_a_module_is_not_listed(monkeypatch):
    monkeypatch.setattr(cli, "VERBS", {**cli.VERBS, "dream": "explorer.cli.dream"})
    assert "dream" not in cli.built_verbs()
    assert "render" in cli.built_verbs()


def test_every_verb_and_option_has_help_and_a_line_in_the_readme():
    readme = (REPOSITORY / "README.md").read_text("utf-8") if (REPOSITORY / "README.md").is_file() else None
    for name, module in cli.built_verbs().items():
        verb = cli.import_module(module)
        assert verb.HELP
        assert "\n" not in verb.HELP
        assert not verb.HELP.endswith(".")
        for action in cli.verb_parser(name, verb)._actions:
            assert action.help, f"{name} {action.option_strings or action.dest} has no help"
            assert action.help is not argparse.SUPPRESS
        if readme is not None:
            assert f"latent-explorer {name}" in readme, f"README.md does not mention {name}"
    for action in cli.window_parser()._actions:
        assert action.help


def test_the_list_of_verbs_costs_no_heavy_import():
    code = (
        "import sys\nfrom explorer.cli import main\nmain.window_parser().format_help()\n"
        "for n, m in main.built_verbs().items(): main.verb_parser(n, main.import_module(m)).format_help()\n"
        "print(sorted({'torch', 'numpy', 'PIL', 'PySide6', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, timeout=60
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_openmp_waits_passively_before_torch_is_imported():
    code = (
        "import os; os.environ.pop('OMP_WAIT_POLICY', 0)\nimport sys, explorer\n"
        "print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, timeout=60
    )
    assert done.stdout.split() == ["passive", "False"]


def test_the_version_is_told_and_is_that_of_the_project():
    done = run("--version")
    assert done.stdout.strip() == f"latent-explorer {explorer.__version__}"
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == explorer.__version__


def test_public_names_are_there():
    for name in explorer.__all__:
        assert name in dir(explorer)
    from explorer import CheckpointError, Recipe, UnsafeCheckpointError

    assert issubclass(UnsafeCheckpointError, CheckpointError)
    assert issubclass(CheckpointError, ValueError)
    assert Recipe.__module__.startswith("explorer.recipe")
    with pytest.raises(AttributeError):
        _ = explorer.no_such_name


@pytest.mark.parametrize(
    "words", [["--no-such-option"], ["render", "--no-such-option"], ["rendr"], ["render", "--out"]]
)
def test_wrong_usage_is_2(words, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_misspelt_verb_is_guessed(capsys):
    with pytest.raises(SystemExit):
        cli.main(["rendr"])
    assert "did you mean 'render'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ExportError("cannot write x:\n the disk is full"), "error: cannot write x: the disk is full"),
        (
            FileNotFoundError(2, "No such file or directory", "a.png"),
            "error: a.png: No such file or directory",
        ),
        (ZeroDivisionError("oh"), "error: ZeroDivisionError: oh (this should not happen"),
    ],
)
def test_failure_is_1_and_one_line(monkeypatch, capsys, error, line):
    def work(args):
        raise error

    fake_verb(monkeypatch, work)
    assert cli.main(["render"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(line)
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("words", [["render", "--debug"], ["--debug", "render"]])
def test_debug_shows_the_traceback(monkeypatch, capsys, words):
    def work(args):
        raise ExportError("no")

    fake_verb(monkeypatch, work)
    assert cli.main(words) == 1
    assert "Traceback" in capsys.readouterr().err


def test_the_exit_code_of_a_verb_is_passed_on(monkeypatch):
    fake_verb(monkeypatch, lambda args: args.out)
    assert cli.main(["render", "--out", "3"]) == 3


def test_ctrl_c_is_130_and_one_line(monkeypatch, capsys):
    def work(args):
        raise KeyboardInterrupt

    fake_verb(monkeypatch, work)
    assert cli.main(["render"]) == 130
    assert capsys.readouterr().err == "stopped\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_a_request_to_end_is_like_ctrl_c(monkeypatch, capsys):
    before = signal.getsignal(signal.SIGTERM)

    def work(args):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(30)

    fake_verb(monkeypatch, work)
    assert cli.main(["render"]) == 130
    assert signal.getsignal(signal.SIGTERM) is before


def test_without_a_screen_the_window_says_so(tmp_path):
    if not sys.platform.startswith("linux"):
        pytest.skip("other systems always have a screen")
    environ = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": "", "XDG_SESSION_TYPE": "tty"}
    done = run(**environ)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "xvfb-run" in done.stderr or "apt-get install" in done.stderr


def test_verify_prints_one_json_document(tmp_path, capsys):
    from PIL import Image

    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    assert cli.main(["verify", str(tmp_path / "a.png"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {"ai_generated", "recipe", "credentials", "watermark"} <= set(document)


def test_verify_refuses_what_is_no_picture(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("hello")
    assert cli.main(["verify", str(tmp_path / "a.txt")]) == 1
    assert "a.txt" in capsys.readouterr().err
    assert cli.main(["verify", str(tmp_path / "none.png")]) == 1
    assert "none.png" in capsys.readouterr().err
