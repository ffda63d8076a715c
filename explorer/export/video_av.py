"""MP4 (H.264), WebM (VP9 or AV1) and MOV (ProRes), by PyAV.

Colours are BT.709 in limited range, converted so and tagged so: an untagged film is
shown with another matrix by every second player. The number of encoder threads is
fixed for a size and a device, since H.264's bytes depend on it.

An export should take little longer than its frames do, and encoding takes time from the drawing even on
a core of its own. So each encoder runs in a mode that costs half of its usual one or less; what that
costs in quality and bytes is told where the mode is chosen (measured on films of faces, slow and fast,
128 px and nine side by side, at quality 50, 80 and 95).
"""

import math
import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from explorer.errors import ExportError
from explorer.export.film_formats import FilmFormat, FilmSettings
from explorer.export.film_frames import Pixels
from explorer.export.music import Soundtrack
from explorer.provenance import Claims, containers, xmp

os.environ.setdefault("SVT_LOG", "1")  # errors alone: the AV1 encoder talks a page to the terminal
SEGMENT_SECONDS = 4.0
SMALL, LARGE = 256 * 256, 800 * 800
"""Pixels up to which one thread encodes (more would take the time that they save from the drawing), and from
which many do beside a GPU, which leaves most cores idle."""
FEW, MANY = 2, 8
_SEAM_QP, _SEAM_FRAMES = 8, 6
"""Quantiser of x264 on both sides of a seam, and the frames in which quality goes there."""
_BT709 = 1
"""Number of BT.709 as primaries, transfer and matrix; ITU-T H.273, tables 2 to 4."""
_LIMITED = 1
_SCALER = (
    Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP | Interpolation.BITEXACT
)
_MUXERS = {"MP4": "mp4", "WEBM": "webm", "MOV": "mov"}
_CONTAINER_OPTIONS = {
    # The table of contents in front, so that a browser can start before it has everything.
    "MP4": {"movflags": "use_metadata_tags+faststart", "fflags": "+bitexact"},
    "MOV": {"movflags": "use_metadata_tags+faststart", "fflags": "+bitexact"},
    "WEBM": {"fflags": "+bitexact"},  # otherwise a random number makes every file another
}


class VideoEncoder:
    """One film as MP4, WebM or MOV."""

    def __init__(
        self,
        format: FilmFormat,
        settings: FilmSettings,
        fps: float,
        size: tuple[int, int],
        music: Path | None = None,
        device: str = "cpu",
    ) -> None:
        self.segment_frames = max(8, min(240, round(fps * SEGMENT_SECONDS)))
        self.suffix = f".{_MUXERS[format]}"
        self._format, self._size, self._music = format, size, music
        self._rate = Fraction(fps).limit_denominator(1001)
        self._settings = settings
        self._threads = threads_for(size, device)

    def open(self, path: Path, frames: int) -> "VideoSegment":
        """Begin a segment."""
        codec, pixel_format, options = _codec(self._format, self._settings, frames)
        muxer = _MUXERS[self._format]
        return VideoSegment(path, muxer, codec, pixel_format, options, self._rate, self._size, self._threads)

    def join(self, segments: Sequence[Path], out: Path, claims: Claims) -> None:
        """Copy the packets of all segments into one file; nothing is encoded again."""
        with open(out, "w+b") as file:
            container = _begun(file, _MUXERS[self._format], _CONTAINER_OPTIONS[self._format])
            try:
                container.metadata.update(self._tags(claims))
                self._copy(container, segments, claims)
            finally:
                container.close()
            if self._format != "WEBM":
                file.seek(0, os.SEEK_END)
                file.write(containers.mp4_box(xmp.build(claims)))

    def _copy(self, container: Any, segments: Sequence[Path], claims: Claims) -> None:
        stream: Any = None
        sound: Soundtrack | None = None
        before = 0  # frames of the segments so far
        for path in segments:
            with av.open(str(path)) as segment:
                source = segment.streams.video[0]
                if stream is None:
                    # Opaque: AV1 is decoded by another library than encodes it, and nothing is encoded here.
                    stream = container.add_stream_from_template(source, opaque=True)
                    stream.time_base = 1 / self._rate
                    if self._music is not None and claims.film is not None:
                        sound = Soundtrack(container, self._music, self._format, claims.film.seconds)
                count = 0
                packets: Iterator[Any] = segment.demux(source)
                for packet in packets:
                    if packet.pts is None:
                        continue  # the demuxer's way to say that this was all
                    # Back to whole frames: WebM has rounded the times to milliseconds.
                    rate = packet.time_base * self._rate
                    packet.pts = round(packet.pts * rate) + before
                    packet.dts = round(packet.dts * rate) + before
                    packet.duration, packet.time_base = 1, 1 / self._rate
                    packet.stream = stream
                    if sound is not None:
                        sound.write_until(float((before + count) / self._rate))
                    container.mux(packet)
                    count += 1
                before += count
        if sound is not None:
            sound.write_until(math.inf)

    def _tags(self, claims: Claims) -> dict[str, str]:
        tags = {"comment": claims.description, "software": claims.software}
        if claims.rights:
            tags["copyright"] = claims.rights
        tags[containers.WEBM_SOURCE.lower()] = claims.source_type
        if self._format == "WEBM":
            tags[containers.WEBM_FILM.lower()] = claims.film_text
            tags[containers.WEBM_FINISH.lower()] = claims.finish.dumps()
        return tags


class VideoSegment:
    """A few seconds of film in a file of their own."""

    def __init__(
        self,
        path: Path,
        muxer: str,
        codec: str,
        pixel_format: str,
        options: dict[str, str],
        rate: Fraction,
        size: tuple[int, int],
        threads: int,
    ) -> None:
        self._file = open(path, "w+b")  # noqa: SIM115 - closed in `close`
        try:
            self._container = _begun(self._file, muxer, {"fflags": "+bitexact"})
            self._stream = self._container.add_stream(codec, rate=rate, options=options)
        except (av.error.FFmpegError, ValueError) as error:
            self._file.close()
            raise ExportError(f"this build of PyAV cannot write {codec}: {error}") from error
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = self._pixel_format = pixel_format
        context = self._stream.codec_context
        context.thread_count = threads
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = _LIMITED
        self._rate = rate
        self._count = 0
        self._reformatter = VideoReformatter()  # one for all frames: it keeps its tables

    def add(self, number: int, pixels: Pixels) -> None:
        """Encode the next frame."""
        frame = self._reformatter.reformat(
            av.VideoFrame.from_ndarray(pixels, format="rgb24"),
            format=self._pixel_format,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            dst_color_trc=_BT709,
            dst_color_primaries=_BT709,
            interpolation=_SCALER,
            threads=1,
        )
        frame.pts, frame.time_base = self._count, 1 / self._rate
        self._count += 1
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Flush the encoder and close the file, forced to the disk."""
        try:
            try:
                if self._count:
                    self._container.mux(self._stream.encode(None))
            finally:
                self._container.close()
            self._file.flush()
            os.fsync(self._file.fileno())
        finally:
            self._file.close()


def threads_for(size: tuple[int, int], device: str) -> int:
    """Threads that encode frames of a width and height, drawn on `device`, on whatever machine."""
    pixels = size[0] * size[1]
    return 1 if pixels <= SMALL else FEW if pixels < LARGE or device == "cpu" else MANY


def _begun(file: BinaryIO, muxer: str, options: dict[str, str]) -> Any:
    """Container to be filled; PyAV's types do not tell a film's streams from those of sound."""
    return av.open(file, "w", format=muxer, container_options=options)


def _codec(format: FilmFormat, settings: FilmSettings, frames: int) -> tuple[str, str, dict[str, str]]:
    """Name, pixel format and options of the codec of a format, for a segment of so many frames."""
    quality = settings.quality
    if format == "MP4":
        crf = round(40 - 0.28 * quality)  # 80: 18, which is hard to tell from the original
        # "faster" takes 0.6 of the time of "medium", for the same error and 4 % fewer to 4 % more bytes.
        options = {"crf": str(crf), "preset": "faster", "x264-params": _without_seams(crf, frames)}
        return "libx264", f"yuv{settings.chroma}p", options
    if format == "WEBM" and settings.codec == "av1":
        options = {"crf": str(round(60 - 0.5 * quality)), "preset": "8", "svtav1-params": f"lp={FEW}"}
        return "libsvtav1", "yuv420p", options
    if format == "WEBM":
        # VP9 knows no frames of a quality of their own, so that all have to be good: the picture's error
        # changes by 0.9 levels at a seam, by 0.3 elsewhere.
        # "realtime" takes a quarter of the time of "good"; with a crf one lower the error is the same (0.3 dB
        # more at quality 95), in an eighth to a third more bytes. Looking ahead would put off frames, and
        # changes nothing without alternate ones.
        crf = int(51 - 0.5 * quality)
        speed = {"deadline": "realtime", "cpu-used": "6", "row-mt": "1", "lag-in-frames": "0"}
        options = {"crf": str(crf), "b": "0", **speed}
        return "libvpx-vp9", f"yuv{settings.chroma}p", options
    if settings.chroma == "444":
        return "prores_ks", "yuv444p10le", {"profile": "4", "vendor": "apl0"}
    profile = 3 if quality >= 70 else 2 if quality >= 40 else 1  # HQ, standard, LT
    return "prores_ks", "yuv422p10le", {"profile": str(profile), "vendor": "apl0"}


def _without_seams(crf: int, frames: int) -> str:
    """Options of x264 that hide where a segment ends and the next, or the loop, begins.

    The first frame of a segment is drawn from nothing, so that the small errors of compression
    change all at once there: the eye sees a faint step. Both sides of the seam are therefore made so
    good that there is little error to change, and the quality goes down to it in a few frames. Measured
    on a slow film of faces at quality 80, the error of luma changes by 0.49 levels at a seam and by at
    most 0.57 in 99 of 100 other frames; it was 1.05 before. It costs a tenth more bytes.
    """
    near_lossless = min(_SEAM_QP, crf)
    # For a first frame, x264 takes crf divided by this ratio of step sizes, which double every 6.
    ratio = max(1.4, 2 ** ((crf - near_lossless) / 6))
    usual = crf + 3
    slope = min(_SEAM_FRAMES, frames)
    zones = []
    for nth in range(1, slope + 1):
        number = frames - slope + nth - 1
        zones.append(f"{number},{number},q={round(usual - (usual - near_lossless) * nth / slope)}")
    # Without a tree of macroblocks the last frames are not worse than the first to begin with.
    return f"mbtree=0:ipratio={ratio:.3f}:zones={'/'.join(zones)}"
