"""A hand for the real window: opens it offscreen, drags its sliders, and tells what was seen when.

Run as a process of its own (`python -m explorer.cli.window_driver FILE`), one
JSON document on standard output. The events are mouse events sent to the slider
widgets, at their times whether or not the window keeps up; the answers are read
off the viewer's paint events. So a figure covers all of it: widget, store,
request, render thread, signal, paint.
"""

import argparse
import json
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PySide6.QtCore import QPointF

    from explorer.gui.main_window import MainWindow
    from explorer.gui.widgets.track import Track

RATE = 60
"""Mouse events a second."""
PATIENCE = 120
"""Seconds to wait for a picture."""
PULSE_MS = 2
"""Between two beats of `Pulse`."""


@dataclass
class Log:
    """What happened during a drag, in seconds of one clock."""

    asked: dict[int, float] = field(default_factory=dict)
    """Number of the request an edit led to, and when the mouse event was sent."""
    seen: list[tuple[float, int, bool]] = field(default_factory=list)
    """When a picture was painted, the number of its request, and whether it was a draft."""
    handling: list[float] = field(default_factory=list)
    """How long the window took to handle each mouse event."""
    late: list[float] = field(default_factory=list)
    """How late each event could be sent, as the GUI thread was busy."""

    def figures(self) -> dict[str, Any]:
        """Latency of every edit: from its mouse event to the first paint of that edit or a newer one."""
        from explorer.bench.clocks import percentile

        latencies = []
        for serial, asked in self.asked.items():
            shown = [when for when, number, _ in self.seen if number >= serial and when >= asked]
            if shown:
                latencies.append(min(shown) - asked)
        began = min(self.asked.values())
        last = max(self.asked.values())
        during = [when for when, _, _ in self.seen if began <= when <= last]
        return {
            "edits": len(self.asked),
            "p50_ms": 1000 * percentile(latencies, 0.5),
            "p95_ms": 1000 * percentile(latencies, 0.95),
            "shown_fps": len(during) / (last - began),
            "shown": len(self.seen),
            "drafts": sum(is_draft for _, _, is_draft in self.seen),
            "event_max_ms": 1000 * max(self.handling),
            "late_p95_ms": 1000 * percentile(self.late, 0.95),
            "late_max_ms": 1000 * max(self.late),
        }


class Pulse:
    """A heartbeat of the GUI thread; what holds the thread up shows as a longer pause between two beats."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._last: float | None = None
        self.longest = 0.0
        """Longest pause so far, in seconds."""
        self._timer.start(PULSE_MS)

    def _beat(self) -> None:
        now = time.perf_counter()
        if self._last is not None:
            self.longest = max(self.longest, now - self._last)
        self._last = now

    def stop(self) -> float:
        """End it; returns the longest pause in seconds."""
        self._timer.stop()
        return self.longest


class Driver:
    """Opens a window on a network and drags what it is told to."""

    def __init__(self, model: Path | None, device: str) -> None:
        from PySide6.QtCore import QEventLoop
        from PySide6.QtWidgets import QApplication

        from explorer.gui import app as application
        from explorer.gui.settings import Settings

        self.app: QApplication = QApplication(sys.argv[:1])
        kept = Settings()
        application.dress(self.app, kept)
        self.window, maker = application.make_window(kept, device, keep=False)
        self._log = Log()
        self._loop = QEventLoop()
        self.first_face: float | None = None
        self.window.viewer.painted.connect(self._painted)
        self.window.begin(None if model is None else str(model))
        maker.wait_for_core()
        self.window.show()
        # Painted once, the window is there; from now on it has to answer.
        self.app.processEvents()
        self.window_seen = time.time()
        self.pulse = Pulse()

    def _painted(self, serial: int) -> None:
        now = time.perf_counter()
        if self.first_face is None:
            self.first_face = time.time()
        frame = self.window.viewer.frame
        assert frame is not None
        self._log.seen.append((now, serial, frame.is_draft))
        if not frame.is_draft and serial == self.window.bridge.serial:
            self._loop.quit()

    def wait_for_picture(self) -> None:
        """Go on when what is wanted is seen in full."""
        from PySide6.QtCore import QTimer

        guard = QTimer()
        guard.setSingleShot(True)
        guard.timeout.connect(self._loop.quit)
        guard.start(PATIENCE * 1000)
        frame = self.window.viewer.frame
        shown = frame is not None and not frame.is_draft and frame.request.serial == self.window.bridge.serial
        if not shown:
            self._loop.exec()
        if self.window.viewer.frame is None:
            notices = "; ".join(f"{n.title}: {n.text}" for n in self.window.notices.notices)
            raise SystemExit(f"no picture came: {notices or 'no reason was given'}")

    def settle(self) -> None:
        """Wait until thumbnails, lists and all other queued work are done too."""
        from PySide6.QtCore import QCoreApplication, QDeadlineTimer, QEventLoop

        end = QDeadlineTimer(PATIENCE * 1000)
        window = self.window
        while window.thumbnails.is_busy or window.bridge.is_busy or not window.column.is_complete:
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)
            if end.hasExpired():
                return

    def drag(self, track: "Track", amounts: list[float]) -> dict[str, Any]:
        """Take the knob at the first amount, move it through the others, let go, wait for the picture."""
        from PySide6.QtCore import QEvent

        self.wait_for_picture()
        self.settle()
        self._log = Log()
        self._send(track, QEvent.Type.MouseButtonPress, amounts[0])
        self.wait_for_picture()
        self._log = Log()
        began = time.perf_counter()
        for number, amount in enumerate(amounts[1:], start=1):
            self._sleep_until(began + number / RATE)
            before = self.window.bridge.serial
            sent = time.perf_counter()
            self._log.late.append(sent - (began + number / RATE))
            self._send(track, QEvent.Type.MouseMove, amount)
            self._log.handling.append(time.perf_counter() - sent)
            if self.window.bridge.serial != before:
                self._log.asked[self.window.bridge.serial] = sent
        self._send(track, QEvent.Type.MouseButtonRelease, amounts[-1])
        self.wait_for_picture()
        return self._log.figures()

    def _sleep_until(self, moment: float) -> None:
        """Let the window live until a moment comes."""
        from PySide6.QtCore import QEventLoop, Qt, QTimer

        left = moment - time.perf_counter()
        if left > 0:
            loop, alarm = QEventLoop(), QTimer()
            alarm.setTimerType(Qt.TimerType.PreciseTimer)
            alarm.setSingleShot(True)
            alarm.timeout.connect(loop.quit)
            alarm.start(max(round(1000 * left), 1))
            loop.exec()

    def _send(self, track: "Track", kind: Any, amount: float) -> None:
        """Send a mouse event at an amount's place, as a hand would make it."""
        from PySide6.QtCore import QEvent, Qt
        from PySide6.QtGui import QMouseEvent
        from PySide6.QtWidgets import QApplication

        place = _place(track, amount)
        button, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        moving = kind == QEvent.Type.MouseMove
        held = none if kind == QEvent.Type.MouseButtonRelease else button
        event = QMouseEvent(
            kind,
            place,
            track.mapToGlobal(place),
            none if moving else button,
            held,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(track, event)

    def close(self) -> None:
        """End the window and its threads."""
        self.window.close()


def _place(track: "Track", amount: float) -> "QPointF":
    """Where an amount lies on a slider, between pixels where need be."""
    from PySide6.QtCore import QPointF

    low, high = QPointF(track.point_of(track.low)), QPointF(track.point_of(track.high))
    return low + (high - low) * ((amount - track.low) / (track.high - track.low))


def there_and_back(low: float, high: float, steps: int) -> list[float]:
    """Amounts of a drag from `low` to `high` and back, `steps` moves long."""
    half = steps / 2
    return [low + (high - low) * (1 - abs(1 - i / half)) for i in range(steps + 1)]


def controls(window: "MainWindow") -> dict[str, "Track"]:
    """Sliders worth dragging: one that reaches every row, one that reaches the last block only."""
    from explorer.gui.panels.mixing import MixingPanel
    from explorer.gui.panels.truncation import TruncationPanel

    tracks: dict[str, Track] = {}
    info = window.desk.info
    for panel in window.column.panels:
        if isinstance(panel, TruncationPanel):
            tracks["psi"] = panel.psi.track
        if isinstance(panel, MixingPanel) and info is not None and panel.rows.tracks:
            first = info.rows_at(info.resolution)[0]
            tracks[f"mixing row {first}"] = panel.rows.tracks[first]
    return tracks


def main(words: list[str]) -> None:
    """Open, drag, print what was seen."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--steps", type=int, default=100, help="0 measures the start alone")
    args = parser.parse_args(words)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    driver = Driver(Path(args.model), args.device)
    try:
        driver.wait_for_picture()
        driver.settle()
        results: dict[str, Any] = {
            "window": driver.window_seen,
            "first_face": driver.first_face,
            "longest_gap": driver.pulse.stop(),
            "drags": {},
        }
        if args.steps:
            for name, track in controls(driver.window).items():
                results["drags"][name] = driver.drag(track, there_and_back(0.0, 1.0, args.steps))
    finally:
        driver.close()
    print(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1:])
