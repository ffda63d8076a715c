"""Progress: a bar on a terminal, nothing elsewhere, a clean line at the end."""

import io

import pytest

from explorer.cli.console import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_count_rate_and_time_left():
    stream, now = Terminal(), [0.0]
    with Progress(4, "pictures", stream, lambda: now[0]) as progress:
        now[0] = 2.0
        progress.step()
    drawn = stream.getvalue().split("\r")
    assert "1/4 pictures" in drawn[2]
    assert "0.5/s" in drawn[2]
    assert "0:06 left" in drawn[2]
    assert stream.getvalue().endswith("\r\x1b[K")


def test_quick_work_is_not_drawn_for_every_piece():
    stream = Terminal()
    with Progress(1000, "pictures", stream, lambda: 0.0) as progress:
        for _ in range(1000):
            progress.step()
    assert stream.getvalue().count("\r") == 3  # begin, end, wiped
    assert "1000/1000" in stream.getvalue()


def test_a_file_or_pipe_sees_nothing():
    stream = io.StringIO()
    with Progress(3, "pictures", stream) as progress:
        progress.step()
    assert stream.getvalue() == ""


def test_the_line_is_wiped_when_work_breaks_off():
    stream = Terminal()
    with pytest.raises(KeyboardInterrupt), Progress(3, "pictures", stream):
        raise KeyboardInterrupt
    assert stream.getvalue().endswith("\r\x1b[K")
