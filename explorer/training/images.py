"""A folder or zip of pictures as square uint8 tensors in memory, one per resolution."""

from __future__ import annotations

import hashlib
import io
import warnings
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from explorer.errors import TrainingError

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}
FEWEST = 8
"""Fewer pictures than this are refused: there is nothing to learn but copies."""
MOST_BYTES = 64 << 20
"""A single picture file above this is refused unread."""


class ImageSet:
    """All training pictures, at every resolution that is asked for.

    Parameters
    ----------
    pixels : [M, 3, R, R] uint8 at the largest resolution
    names : M file names, sorted
    skipped : why files were left out, one sentence each
    """

    def __init__(self, pixels: Tensor, names: list[str], skipped: list[str] | None = None) -> None:
        self.names = names
        self.skipped = skipped or []
        self._levels = {pixels.shape[-1]: pixels}

    def __len__(self) -> int:
        """Count of pictures, without mirrored ones."""
        return len(self.names)

    @property
    def resolution(self) -> int:
        """Largest resolution held."""
        return max(self._levels)

    def level(self, resolution: int) -> Tensor:
        """[M, 3, resolution, resolution] uint8, made by area averaging and kept."""
        while resolution not in self._levels:
            smallest = min(self._levels)
            if resolution > smallest:
                raise TrainingError(f"The pictures were read at {self.resolution} px, not {resolution}.")
            source = self._levels[smallest]
            half = torch.empty(
                (*source.shape[:2], smallest // 2, smallest // 2), dtype=torch.uint8, device=source.device
            )
            for start in range(0, len(source), 256):
                part = torch.nn.functional.avg_pool2d(source[start : start + 256].float(), 2)
                half[start : start + 256] = part.add_(0.5).to(torch.uint8)
            self._levels[smallest // 2] = half
        return self._levels[resolution]

    def to(self, device: torch.device) -> ImageSet:
        """The same pictures on a device."""
        return ImageSet(self._levels[self.resolution].to(device), self.names, self.skipped)

    def split(self, held_out: int) -> tuple[ImageSet, ImageSet | None]:
        """Take a fixed random choice of pictures out: (the rest, those), or (all, None) where 0."""
        if held_out <= 0:
            return self, None
        if len(self) - held_out < FEWEST:
            raise TrainingError(f"Of {len(self)} pictures, {held_out} cannot be kept out of training.")
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(0))
        pixels = self._levels[self.resolution]
        parts = []
        for index in (order[held_out:], order[:held_out]):
            names = [self.names[i] for i in index.tolist()]
            parts.append(ImageSet(pixels[index.to(pixels.device)], names, self.skipped))
        return parts[0], parts[1]

    def batch(self, resolution: int, count: int, mirror: bool, rng: torch.Generator) -> Tensor:
        """Random pictures.

        Returns
        -------
        [count, 3, resolution, resolution] float32 in −1..1, on the pictures' device; each flipped
        left to right with probability ½ where `mirror`
        """
        pixels = self.level(resolution)
        index = torch.randint(len(pixels), (count,), generator=rng, device=pixels.device)
        images = pixels[index].float().mul_(1 / 127.5).sub_(1)
        if mirror:
            flip = torch.rand((count, 1, 1, 1), generator=rng, device=pixels.device) < 0.5
            images = torch.where(flip, images.flip(3), images)
        return images.contiguous(memory_format=torch.channels_last)


def load_images(source: Path, resolution: int, cache: Path | None = None, threads: int = 2) -> ImageSet:
    """Read every picture of a folder (with its sub-folders) or zip.

    Pictures are cropped to their central square and resized (Lanczos) to
    `resolution`. Other files, such as labels, are passed over.

    Parameters
    ----------
    cache : folder in which the decoded pictures are kept for the next start, or None
    threads : decoders at work at once

    Raises
    ------
    TrainingError
        If the source is missing, or holds too few pictures that can be read.
    """
    if not source.exists():
        raise TrainingError(f"{source}: no such folder or zip file.")
    entries = list(_entries(source))
    if not entries:
        raise TrainingError(f"{source}: no pictures found (looked for {', '.join(sorted(SUFFIXES))}).")
    key = _fingerprint(source, entries, resolution)
    cached = None if cache is None else _read_cache(cache, key)
    if cached is not None:
        return cached
    pixels, names, skipped = _decode_all(source, [name for name, _ in entries], resolution, threads)
    if len(names) < FEWEST:
        reason = f" First fault: {skipped[0]}" if skipped else ""
        raise TrainingError(
            f"{source}: {len(names)} usable pictures; at least {FEWEST} are needed, "
            f"and a good model wants a thousand or more.{reason}"
        )
    images = ImageSet(torch.from_numpy(pixels), names, skipped)
    if cache is not None:
        _write_cache(cache, key, images)
    return images


def _entries(source: Path) -> Iterator[tuple[str, int]]:
    """Names and sizes of picture files, sorted by name."""
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.suffix.lower() in SUFFIXES and path.is_file():
                yield path.relative_to(source).as_posix(), path.stat().st_size
        return
    try:
        with zipfile.ZipFile(source) as archive:
            infos = sorted(archive.infolist(), key=lambda info: info.filename)
    except (zipfile.BadZipFile, OSError) as error:
        raise TrainingError(f"{source}: neither a folder nor a readable zip file ({error}).") from None
    for info in infos:
        if Path(info.filename).suffix.lower() in SUFFIXES and not info.is_dir():
            yield info.filename, info.file_size


def _decode_all(
    source: Path, names: list[str], resolution: int, threads: int
) -> tuple[np.ndarray, list[str], list[str]]:
    """Pixels [M, 3, R, R] of what could be read, its names, and why the others could not."""
    pixels = np.empty((len(names), 3, resolution, resolution), dtype=np.uint8)

    def decode(index: int) -> str | None:
        name = names[index]
        try:
            square = square_pixels(_read_bytes(source, archive, name), resolution)
        except (OSError, ValueError, SyntaxError, zipfile.BadZipFile, Image.DecompressionBombError) as error:
            reason = "not a picture" if isinstance(error, UnidentifiedImageError) else str(error)
            return f"{name}: {reason}"
        pixels[index] = square.transpose(2, 0, 1)
        return None

    archive = None if source.is_dir() else zipfile.ZipFile(source)
    try:
        with ThreadPoolExecutor(threads) as pool:
            faults = list(pool.map(decode, range(len(names))))
    finally:
        if archive is not None:
            archive.close()
    good = [index for index, fault in enumerate(faults) if fault is None]
    if len(good) < len(names):
        pixels = pixels[good]
    return pixels, [names[index] for index in good], [fault for fault in faults if fault is not None]


def _read_bytes(source: Path, archive: zipfile.ZipFile | None, name: str) -> bytes:
    if archive is None:
        path = source / name
        if path.stat().st_size > MOST_BYTES:
            raise ValueError("larger than 64 MiB")
        return path.read_bytes()
    if archive.getinfo(name).file_size > MOST_BYTES:
        raise ValueError("larger than 64 MiB")
    return archive.read(name)


def square_pixels(data: bytes, resolution: int) -> np.ndarray:
    """Decode one picture, crop its central square, resize.

    Returns
    -------
    [resolution, resolution, 3] uint8, RGB; transparency is laid on white

    Raises
    ------
    OSError, ValueError
        If it is not a picture, or smaller than half the resolution.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image: Image.Image = Image.open(io.BytesIO(data))
            image.load()
        except Image.DecompressionBombWarning:
            raise ValueError("has far too many pixels") from None
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(ground, image)
    image = image.convert("RGB")
    side = min(image.size)
    if side * 2 < resolution:
        raise ValueError(f"{image.width}×{image.height} pixels are too few for {resolution}")
    left, top = (image.width - side) // 2, (image.height - side) // 2
    box = (left, top, left + side, top + side)
    return np.asarray(image.resize((resolution, resolution), Image.Resampling.LANCZOS, box=box))


def _fingerprint(source: Path, entries: list[tuple[str, int]], resolution: int) -> str:
    digest = hashlib.sha256(f"1 {resolution} {source.stat().st_mtime_ns}".encode())
    for name, size in entries:
        digest.update(f"{name}\0{size}\0".encode())
    return digest.hexdigest()[:16]


def _read_cache(folder: Path, key: str) -> ImageSet | None:
    path = folder / f"images-{key}.npz"
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            names = [str(name) for name in stored["names"]]
            skipped = [str(reason) for reason in stored["skipped"]]
            return ImageSet(torch.from_numpy(stored["pixels"]), names, skipped)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def _write_cache(folder: Path, key: str, images: ImageSet) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".images-{key}.part.npz"
    np.savez(
        temporary,
        pixels=images.level(images.resolution).numpy(),
        names=np.array(images.names),
        skipped=np.array(images.skipped, dtype=str),
    )
    temporary.replace(folder / f"images-{key}.npz")
