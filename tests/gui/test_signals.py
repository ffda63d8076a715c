"""Ctrl-C closes the window, although an idle event loop runs no Python."""

import os
import signal

import pytest
from PySide6.QtWidgets import QWidget

from explorer.gui.signals import closing_on_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_the_window(qtbot, number):
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    before = signal.getsignal(number)
    with closing_on_signals(window) as received:
        os.kill(os.getpid(), number)
        qtbot.waitUntil(lambda: not window.isVisible())
    assert received == [number]
    assert signal.getsignal(number) is before
