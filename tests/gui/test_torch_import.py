"""What is kept off while torch is imported, and that all is as before afterwards."""

import builtins
import gc
import inspect
import sys

import pytest

from explorer.gui.torch_import import undisturbed, wait_for_core


def state():
    return gc.isenabled(), builtins.__import__, inspect.getmodule, inspect.getframeinfo


@pytest.fixture(autouse=True)
def thawed():
    yield
    gc.unfreeze()


def test_the_collector_rests_and_spares_what_came_in():
    before = state()
    with undisturbed():
        assert not gc.isenabled()
        brought = [[] for _ in range(1000)]
    assert state() == before
    assert gc.get_freeze_count() > len(brought)


def test_modules_imported_meanwhile_are_not_read_by_pyside():
    import PySide6.QtCore  # noqa: F401, brings the hook

    hook = builtins.__import__
    assert hook is not builtins.__orig_import__
    with undisturbed():
        assert builtins.__import__ is builtins.__orig_import__
        import colorsys

        assert colorsys.rgb_to_hsv(0, 0, 1)[2] == 1
    assert builtins.__import__ is hook


def test_a_frame_still_tells_where_it_is():
    def place():
        frame = sys._getframe(1)
        told = inspect.getframeinfo(frame)
        return told.filename, told.lineno, told.function, inspect.getmodule(frame)

    there = [place() for _ in range(1)]
    with undisturbed():
        here = [place() for _ in range(1)]
        assert inspect.getmodule(gc.collect) is gc
    (file, line, function, module), (file2, line2, function2, module2) = there[0], here[0]
    assert (file, function, module) == (file2, function2, module2)
    assert module is sys.modules[__name__]
    assert line2 > line


def test_an_error_leaves_all_as_it_was():
    before = state()
    with pytest.raises(ImportError), undisturbed():
        raise ImportError
    assert state() == before


def test_waiting_ends_with_the_core_or_with_patience(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch.functional", raising=False)
    assert not wait_for_core(0.0)
    monkeypatch.setitem(sys.modules, "torch.functional", sys)
    assert wait_for_core(0.0)
