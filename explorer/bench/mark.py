"""`mark`: how often the invisible mark is found after what pictures go through, and in pictures without it.

Faces come from seeds 0, 1, …, unpicked, at psi 1 and in the network's own size. Pictures
without the mark are faces of the same network, and pictures of nothing of many kinds and sizes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from time import process_time

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explorer.bench import Result
from explorer.bench.conditions import Conditions
from explorer.bench.subjects import Subject
from explorer.mark import Detection, FilmMark, detect, detect_film, embed, psnr
from explorer.mark.pictures import picture
from explorer.recipe import SeedBlend
from explorer.render import RenderRequest

Pixels = NDArray[np.uint8]

FACES = 200
UNMARKED = 1000
FRAMES = 13
"""Of the film that each face makes; the last is the one farthest from the mark's key frame."""
_SIZES = (32, 64, 128, 200, 256, 400, 640)
_WAY = 0.15
"""Towards another face, in a film's frames: a slow one of half a second."""


def run(subject: Subject, conditions: Conditions) -> Iterator[Result]:
    """One result for each change, and one for pictures without the mark."""
    engine = subject.engine(subject.shelf(), conditions.device, conditions.precision)
    info = engine.info(subject.ref)
    faces, unmarked = (1, 4) if conditions.smoke else (FACES, UNMARKED)

    def drawn(seed: int, way: float = 0.0) -> Pixels:
        base = SeedBlend.between(seed, seed + FACES, way) if way else SeedBlend.of(seed)
        return engine.render(RenderRequest(subject.recipe.with_(base=base, psi=1.0))).pixels

    if min(info.size) < 24:
        return  # the mark leaves such pictures alone
    found: dict[str, list[Detection]] = {name: [] for name in (*CHANGES, *FILMS)}
    quality, embedding = [], []
    for seed in range(faces):
        face, began = drawn(seed), process_time()
        marked = embed(face)
        embedding.append(process_time() - began)
        quality.append(psnr(marked, face))
        for name, change in CHANGES.items():
            found[name].append(detect(np.ascontiguousarray(change(marked))))
        film = [drawn(seed, _WAY * number / FRAMES) for number in range(FRAMES)]
        played = _played(film)
        for name, frames in FILMS.items():
            found[name].append(detect_film(frames(played)))
    width, height = info.size
    for name, detections in found.items():
        yield {
            "name": "mark",
            "model": subject.name,
            "picture": f"{width}x{height}",
            "change": name,
            **_counted(detections),
            "least_psnr_db": min(quality),
            "mean_psnr_db": float(np.mean(quality)),
            "embed_ms": 1000 * float(np.median(embedding)),
        }
    rng = np.random.default_rng(0)
    nothing = [
        drawn(FACES + n) if n % 5 == 0 else picture(rng, _SIZES[n % len(_SIZES)]) for n in range(unmarked)
    ]
    began = process_time()
    detections = [detect(pixels) for pixels in nothing]
    yield {
        "name": "mark",
        "model": subject.name,
        "picture": "many sizes",
        "change": "never marked",
        **_counted(detections),
        "most_score": max(d.score for d in detections),
        "detect_ms": 1000 * (process_time() - began) / unmarked,
    }


def _counted(detections: Sequence[Detection]) -> Result:
    return {
        "pictures": len(detections),
        "found": sum(d.found for d in detections),
        "least_score": min(d.score for d in detections),
    }


# What pictures go through.


def _resized(pixels: Pixels, factor: float) -> Pixels:
    height, width = pixels.shape[:2]
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def _saved(pixels: Pixels, format: str, quality: int) -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format, quality=quality)
    with Image.open(buffer) as image:
        return np.asarray(image.convert("RGB"))


def _cropped(pixels: Pixels, top: float, right: float, bottom: float, left: float) -> Pixels:
    """Without these shares of height and width."""
    height, width = pixels.shape[:2]
    rows = slice(round(height * top), height - round(height * bottom))
    return pixels[rows, round(width * left) : width - round(width * right)]


def _turned(pixels: Pixels, degrees: float) -> Pixels:
    return np.asarray(Image.fromarray(pixels).rotate(degrees, Image.Resampling.BICUBIC))


def _on_a_page(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    page = np.full((height * 5 // 2, width * 3, 3), 245, np.uint8)
    page[height * 3 // 4 :][:height, width:][:, :width] = pixels
    return page


CHANGES: dict[str, Callable[[Pixels], Pixels]] = {
    "none": lambda x: x,
    "JPEG 50": lambda x: _saved(x, "JPEG", 50),
    "half size": lambda x: _resized(x, 0.5),
    "quarter size": lambda x: _resized(x, 0.25),
    "10 % crop, to the middle": lambda x: _cropped(x, 0.05, 0.05, 0.05, 0.05),
    "10 % crop, of each side": lambda x: _cropped(x, 0.1, 0.1, 0.1, 0.1),
    "10 % crop, of one side": lambda x: _cropped(x, 0, 0.1, 0, 0),
    "5° turn": lambda x: _turned(x, 5),
    "mirror": lambda x: x[:, ::-1],
    "JPEG 30": lambda x: _saved(x, "JPEG", 30),
    "WebP 50": lambda x: _saved(x, "WEBP", 50),
    "grey, paler": lambda x: _saved(_grey(x), "JPEG", 80),
    "10 % crop, half size, JPEG 70": lambda x: _saved(
        _resized(_cropped(x, 0.05, 0.05, 0.05, 0.05), 0.5), "JPEG", 70
    ),
    "on a page, JPEG 80": lambda x: _saved(_on_a_page(x), "JPEG", 80),
}


def _grey(pixels: Pixels) -> Pixels:
    grey = np.asarray(Image.fromarray(pixels).convert("L"))[..., None].repeat(3, -1)
    return np.rint(grey * 0.8 + 40).astype(np.uint8)


def _played(frames: Sequence[Pixels]) -> list[Pixels]:
    """A film of `frames`, marked, through H.264 at a constant rate factor of 23, as a player decodes it."""
    import av

    mark, buffer = FilmMark(len(frames)), io.BytesIO()
    height, width = (side - side % 2 for side in frames[0].shape[:2])
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24, options={"crf": "23"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number, pixels in enumerate(frames):
            marked = np.ascontiguousarray(mark.marked(number, pixels)[:height, :width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(marked, format="rgb24")))
        container.mux(stream.encode())
    buffer.seek(0)
    with av.open(buffer, "r") as played:
        return [np.asarray(frame.to_image()) for frame in played.decode(video=0)]


FILMS: dict[str, Callable[[list[Pixels]], list[Pixels]]] = {
    "H.264 crf 23, last frame alone": lambda frames: frames[-1:],
    "H.264 crf 23, three frames": lambda frames: frames[:: len(frames) // 2],
}
