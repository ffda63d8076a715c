"""Freed memory is kept for the next picture, and given back on demand. In processes of their own."""

import os
import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the settings are glibc's")

PICTURES = """
import os, resource, sys
from pathlib import Path
from explorer import allocator

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def picture():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    bytearray(48 * 2**20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

if sys.argv[1] == "keep":
    allocator.keep_freed()
picture()
again, held = picture(), resident()
allocator.give_back()
print(again, held - resident())
"""


def measure(how: str, environment: dict[str, str]) -> tuple[int, int]:
    command = [sys.executable, "-c", PICTURES, how]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    faults, returned = map(int, done.stdout.split())
    return faults, returned


def test_a_second_picture_finds_its_memory_and_unloading_gives_it_back(monkeypatch):
    for name in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_MAX_", "MALLOC_ARENA_MAX"):
        monkeypatch.delenv(name, raising=False)
    faults, returned = measure("keep", dict(os.environ))
    assert faults < 10
    assert returned > 40 * 2**20
    assert measure("as ever", dict(os.environ))[0] > faults + 10


def test_what_a_user_set_stays(monkeypatch):
    fresh = dict(os.environ) | {"MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_MMAP_THRESHOLD_": "131072"}
    assert measure("keep", fresh)[0] > 10
