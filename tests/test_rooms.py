"""What is absent says most about a house: each room in a clean interpreter, and what came along."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BELOW_GUI = (
    "recipe",
    "models",
    "mark",
    "attributes",
    "checkpoints",
    "latents",
    "projection",
    "provenance",
    "render",
    "export",
    "bench",
    "training",
)

# Imports every module of one room after the other, lowest first, and tells which packages each brought along.
PROBE = """
import importlib, json, pkgutil, sys
before, brought = set(), {}
for name in sys.argv[1:]:
    room = importlib.import_module(f"explorer.{name}")
    for module in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
        importlib.import_module(module.name)
    roots = {name.split(".")[0] for name in sys.modules}
    brought[name] = sorted(roots - before)
    before = roots
print(json.dumps(brought))
"""


@pytest.fixture(scope="module")
def brought():
    """Foreign packages that each room brings, besides those of the rooms before it."""
    result = subprocess.run(
        [sys.executable, "-c", PROBE, *BELOW_GUI],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    return json.loads(result.stdout)


@pytest.mark.parametrize("room", BELOW_GUI)
def test_no_room_below_gui_brings_qt(brought, room):
    assert not {"PySide6", "shiboken6"} & set(brought[room])


def test_a_recipe_brings_neither_torch_nor_numpy(brought):
    assert not {"torch", "numpy", "scipy", "PIL"} & set(brought["recipe"])
    assert "torch" in brought["models"]


def test_the_window_is_made_without_torch():
    # It comes in on the render thread while the window lives; here it would hold the window up by a second.
    probe = "import sys, explorer.gui.app, explorer.gui.main_window; print('torch' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", probe],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert result.stdout == "False\n"


def test_every_room_says_what_it_is_for():
    for init in sorted((ROOT / "explorer").rglob("__init__.py")):
        assert init.read_text().lstrip().startswith('"""'), f"{init} opens without a docstring"


def test_the_list_of_rooms_is_complete():
    rooms = {p.parent.name for p in (ROOT / "explorer").glob("*/__init__.py")}
    assert rooms == {*BELOW_GUI, "gui", "cli"}
