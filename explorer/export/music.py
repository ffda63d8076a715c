"""Music under a film: encoded into its file, and listened to for marks on a timeline.

Sound never leaves the machine and is not told in the film's document: a path would say
more of its owner than of the film.

References
----------
Bello et al. A Tutorial on Onset Detection in Music Signals. 2005, section III-A
(spectral difference) and IV (peak-picking with an adaptive threshold).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from explorer.errors import ExportError

RATE = 48_000
BITS_PER_SECOND = 192_000
LISTENING_RATE = 22_050
LOUDNESS_RATE = 225
"""Values of loudness a second: several for each pixel of a timeline."""
MOST_SECONDS = 3600
"""Of music listened to; more is not read."""
_CODECS = {"MP4": "aac", "MOV": "aac", "WEBM": "libopus"}
_WINDOW, _HOP = 1024, 512
_SMALLEST_GAP = 0.1
"""Seconds between two marks."""
_AROUND = 0.75
"""Seconds on either side whose median a mark has to rise above."""


def check_music(path: str | Path) -> None:
    """Refuse a file without sound, before anything is drawn.

    Raises
    ------
    ExportError
        If it cannot be read, or holds no sound.
    """
    for _ in _frames(Path(path), LISTENING_RATE, "mono"):
        return
    raise ExportError(f"{path}: there is no sound in it")


class Soundtrack:
    """Packets of music for a film's container, to be taken as the film goes on.

    Parameters
    ----------
    container : PyAV container that is being written, before its first packet.
    seconds : of the film; the music ends with it at the latest.
    """

    def __init__(self, container: Any, path: Path, format: str, seconds: float) -> None:
        self._container, self._path, self._seconds = container, path, seconds
        self._stream = container.add_stream(_CODECS[format], rate=RATE)
        self._stream.codec_context.layout = "stereo"
        self._stream.codec_context.bit_rate = BITS_PER_SECOND
        self._packets: Iterator[Any] | None = None
        self._next: Any = None

    def write_until(self, seconds: float) -> None:
        """Write the packets up to a time of the film, so that sound and picture lie side by side."""
        if self._packets is None:
            self._packets = self._encoded()
            self._next = next(self._packets, None)
        while self._next is not None and float(self._next.pts * self._next.time_base) <= seconds:
            self._container.mux(self._next)
            self._next = next(self._packets, None)

    def _encoded(self) -> Iterator[Any]:
        context = self._stream.codec_context
        if not context.is_open:
            context.open()
        samples = 0
        last = round(self._seconds * RATE)
        for frame in _frames(self._path, RATE, "stereo", context.format.name, context.frame_size or None):
            if samples >= last:
                break
            frame.pts, frame.time_base = samples, Fraction(1, RATE)
            samples += frame.samples
            yield from self._stream.encode(frame)
        yield from self._stream.encode(None)


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What a timeline shows of a sound file."""

    path: Path
    seconds: float
    loudness: NDArray[np.float32]
    """Largest amplitude, 0 to 1, of each `1 / rate` of a second."""
    rate: float
    """Values of `loudness` a second."""
    onsets: tuple[float, ...]


def listen(path: str | Path) -> Heard:
    """Listen to a file once, for its waveform and its onsets.

    Raises
    ------
    ExportError
        If the file cannot be read, or holds no sound.
    """
    sound = _samples(Path(path))
    each = LISTENING_RATE // LOUDNESS_RATE
    padded = np.abs(np.pad(sound, (0, -len(sound) % each)))
    loudness = padded.reshape(-1, each).max(axis=1)
    loudness /= max(float(loudness.max()), 1e-6)
    return Heard(Path(path), len(sound) / LISTENING_RATE, loudness, LISTENING_RATE / each, _onsets(sound))


def onsets(path: str | Path) -> tuple[float, ...]:
    """Seconds at which something new begins to sound: marks to snap keyframes to.

    Raises
    ------
    ExportError
        If the file cannot be read, or holds no sound.
    """
    return _onsets(_samples(Path(path)))


def _onsets(sound: NDArray[np.float32]) -> tuple[float, ...]:
    from scipy.ndimage import median_filter
    from scipy.signal import find_peaks

    newness = _newness(sound)
    if not newness.size or newness.max() <= 0:
        return ()
    rate = LISTENING_RATE / _HOP
    floor = median_filter(newness, size=2 * round(_AROUND * rate) + 1, mode="nearest")
    threshold = 1.5 * floor + 0.05 * newness.max()
    peaks, _ = find_peaks(newness, height=threshold, distance=max(1, round(_SMALLEST_GAP * rate)))
    # A window is new as soon as the sound is anywhere in it: the mark belongs to its middle.
    return tuple(round(float((peak * _HOP + _WINDOW / 2) / LISTENING_RATE), 4) for peak in peaks)


def _newness(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much louder, over all pitches, each window is than the one before; [windows]."""
    if len(sound) < 2 * _WINDOW:
        return np.zeros(0, np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(sound, _WINDOW)[::_HOP]
    shape = np.hanning(_WINDOW).astype(np.float32)
    before = np.zeros(_WINDOW // 2 + 1, np.float32)
    rise = np.empty(len(windows), np.float32)
    for index in range(0, len(windows), 512):  # piece by piece: an hour of windows would fill the memory
        levels = np.log1p(100 * np.abs(np.fft.rfft(windows[index : index + 512] * shape))).astype(np.float32)
        shifted = np.vstack((before, levels[:-1]))
        rise[index : index + len(levels)] = np.maximum(levels - shifted, 0).mean(axis=1)
        before = levels[-1]
    return rise


def _samples(path: Path) -> NDArray[np.float32]:
    pieces: list[NDArray[np.float32]] = []
    heard = 0
    for frame in _frames(path, LISTENING_RATE, "mono", "fltp"):
        pieces.append(frame.to_ndarray()[0])
        heard += frame.samples
        if heard > MOST_SECONDS * LISTENING_RATE:
            break
    if not pieces:
        raise ExportError(f"{path}: there is no sound in it")
    return np.concatenate(pieces)


def _frames(
    path: Path, rate: int, layout: str, format: str = "fltp", frame_size: int | None = None
) -> Iterator[Any]:
    """Decoded sound in the form that is asked for."""
    try:
        with av.open(str(path)) as file:
            if not file.streams.audio:
                raise ExportError(f"{path}: there is no sound in it")
            resampler = av.AudioResampler(format, layout, rate, frame_size)
            for frame in file.decode(audio=0):
                frame.pts = None  # gaps and strange clocks of the source are not taken over
                yield from resampler.resample(frame)
            yield from resampler.resample(None)
    except av.error.FFmpegError as error:
        raise ExportError(f"cannot read the music in {path}: {error.strerror or error}") from error
