"""Torch imported beside a living window: what would hold the window up is taken out of the way."""

import builtins
import gc
import inspect
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType, TracebackType
from typing import Any

_CORE = "torch.functional"
"""What torch imports next once its core is started."""


@contextmanager
def undisturbed() -> Iterator[None]:
    """Import much at once, as fast as Python can and in pieces that a window does not feel."""
    with _collector_at_rest(), _plain_imports(), _light_inspection():
        yield


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Keep the collector of cycles off, and spare it what is there afterwards, which stays.

    It goes through everything there is again and again while that grows: 0.15 s of torch's
    import, once 50 ms in one piece. And later each full collection would hold the window up
    for 70-100 ms, with all that torch brings to be gone through.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


@contextmanager
def _plain_imports() -> Iterator[None]:
    """Keep PySide from looking at what is imported.

    It reads the source of each module imported after itself, in search of its name: 1,500
    files for torch, 0.13 s. That only serves `from __feature__ import ...`.
    """
    hooked = builtins.__import__
    builtins.__import__ = getattr(builtins, "__orig_import__", hooked)
    try:
        yield
    finally:
        builtins.__import__ = hooked


@contextmanager
def _light_inspection() -> Iterator[None]:
    """Have `inspect` ask a frame for its place and module, not the system.

    Torch wants to know some 400 times where it is called from. For that `inspect` reads the
    source there, and compares the real paths of all modules: 0.1 s of questions to the
    system, at each of which Python's lock is let go and taken back too quickly for another
    thread, so that a window stood still for 40-90 ms.
    """
    whole_getmodule, whole_getframeinfo = inspect.getmodule, inspect.getframeinfo

    def getmodule(object: Any, _filename: str | None = None) -> ModuleType | None:
        if inspect.isframe(object):
            module = sys.modules.get(object.f_globals.get("__name__", ""))
            if module is not None:
                return module
        return whole_getmodule(object, _filename)

    def getframeinfo(frame: FrameType | TracebackType, context: int = 1) -> inspect.Traceback:
        if isinstance(frame, TracebackType):
            return whole_getframeinfo(frame, context)
        return inspect.Traceback(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, None, None)

    inspect.getmodule, inspect.getframeinfo = getmodule, getframeinfo
    try:
        yield
    finally:
        inspect.getmodule, inspect.getframeinfo = whole_getmodule, whole_getframeinfo


def wait_for_core(patience: float) -> bool:
    """Wait until the part of torch is in that nothing can interrupt, at most `patience` seconds.

    Its core starts in two pieces of some 17 ms. Before a window appears, nobody feels them.
    """
    end = time.monotonic() + patience
    while _CORE not in sys.modules:
        if time.monotonic() > end:
            return False
        time.sleep(0.001)
    return True
