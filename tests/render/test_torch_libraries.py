"""Torch's libraries are found without torch, and mapped; where that cannot be, nothing happens."""

import subprocess
import sys

import pytest

from explorer.render import torch_libraries

MAPPED = """
import sys
from explorer.render import torch_libraries
assert torch_libraries.map_ahead()
assert "torch" not in sys.modules
maps = open("/proc/self/maps").read()
print(all(str(path) in maps for path, _ in torch_libraries.library_files()))
"""

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@on_linux
def test_libraries_are_mapped_without_torch_being_imported():
    done = subprocess.run([sys.executable, "-c", MAPPED], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "True"


def test_where_torch_or_the_way_is_not_known_nothing_is_mapped(monkeypatch, tmp_path):
    monkeypatch.setattr(torch_libraries, "library_files", lambda: ((tmp_path / "libmissing.so", 2),))
    assert not torch_libraries.map_ahead()
    monkeypatch.undo()
    monkeypatch.setattr(sys, "platform", "win32")
    assert torch_libraries.library_files() == ()
    assert not torch_libraries.map_ahead()
    monkeypatch.undo()
    monkeypatch.setattr(torch_libraries, "find_spec", lambda name: None)
    assert torch_libraries.library_files() == ()
