"""Shared by all tests: no screen, no real user folders, no surprise from Qt."""

import os
from pathlib import Path

# Before Qt and torch are imported by anything.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import pytest

try:
    from hypothesis import HealthCheck, settings
except ImportError:  # a machine lent for its GPU runs the few tests that need no more than pytest
    pass
else:
    settings.register_profile(
        "suite",
        derandomize=True,  # the same cases in every run: a red test stays red
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    settings.load_profile("suite")


def _qt_trouble() -> str:
    """Why Qt cannot be loaded here, with the line that mends it; empty where it can."""
    try:
        import PySide6.QtWidgets  # noqa: F401
    except ImportError as error:
        from explorer.cli.qt_preflight import advice

        return f"{error}\n{advice()}"
    return ""


_TROUBLE = _qt_trouble()
pytest_plugins = [] if _TROUBLE else ["pytestqt.plugin"]
collect_ignore = ["gui"] if _TROUBLE else []


def pytest_report_header() -> list[str]:
    return [f"window tests left out: {_TROUBLE}"] if _TROUBLE else []


@pytest.fixture(autouse=True)
def own_user_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test gets user folders of its own, so none reads or writes the real ones."""
    home = tmp_path / "home"
    for name, folder in (
        ("HOME", home),
        ("XDG_CONFIG_HOME", home / "config"),
        ("XDG_DATA_HOME", home / "data"),
        ("XDG_CACHE_HOME", home / "cache"),
        ("XDG_STATE_HOME", home / "state"),
        ("XDG_PICTURES_DIR", home / "pictures"),
    ):
        folder.mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv(name, str(folder))
    return home
