"""Pictures come in as they are: any size, any of the formats, some of them broken."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.errors import TrainingError
from explorer.training.images import ImageSet, load_images
from tests.training.small import pictures


def paint(path: Path, size: tuple[int, int], colour: tuple[int, ...] = (200, 40, 90)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = {3: "RGB", 4: "RGBA", 1: "L"}[len(colour)]
    Image.new(mode, size, colour if len(colour) > 1 else colour[0]).save(path)


def folder_of(tmp_path: Path, count: int = 8) -> Path:
    folder = tmp_path / "pictures"
    for number in range(count):
        suffix = ("png", "jpg", "webp", "JPEG")[number % 4]
        paint(folder / ("sub" if number % 2 else "") / f"{number}.{suffix}", (20 + number, 31))
    return folder


def test_a_folder_of_any_sizes_becomes_squares(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "labels.csv").write_text("file,kind\n")
    images = load_images(folder, 16)
    assert len(images) == 8
    assert images.skipped == []
    assert images.level(16).shape == (8, 3, 16, 16)
    assert images.level(16).dtype == torch.uint8
    middle = images.level(8)[:, :, 4, 4].float()
    assert (middle - torch.tensor([200.0, 40.0, 90.0])).abs().max() < 6


def test_a_zip_gives_the_same_as_its_folder(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for path in folder.rglob("*.*"):
            archive.write(path, path.relative_to(folder).as_posix())
        archive.writestr("labels.csv", "nothing")
    one, other = load_images(folder, 16), load_images(tmp_path / "p.zip", 16)
    assert one.names == other.names
    assert torch.equal(one.level(16), other.level(16))


def test_the_central_square_is_kept(tmp_path: Path) -> None:
    wide = np.zeros((16, 48, 3), np.uint8)
    wide[:, 16:32] = 255
    folder = folder_of(tmp_path)
    Image.fromarray(wide).save(folder / "wide.png")
    images = load_images(folder, 16)
    assert images.level(16)[images.names.index("wide.png")].min() == 255


def test_odd_modes_and_transparency(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    paint(folder / "grey.png", (16, 16), (120,))
    paint(folder / "clear.png", (16, 16), (10, 10, 10, 0))
    images = load_images(folder, 16)
    assert images.level(16)[images.names.index("grey.png")].unique().tolist() == [120]
    assert images.level(16)[images.names.index("clear.png")].min() == 255


def test_broken_and_tiny_pictures_are_left_out_by_name(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    (folder / "text.jpg").write_text("hello")
    paint(folder / "tiny.png", (7, 40))
    cut = (folder / "0.png").read_bytes()
    (folder / "cut.png").write_bytes(cut[: len(cut) // 2])
    images = load_images(folder, 16)
    assert len(images) == 8
    assert [reason.split(":")[0] for reason in images.skipped] == [
        "broken.png",
        "cut.png",
        "text.jpg",
        "tiny.png",
    ]


@pytest.mark.parametrize("what", ["missing", "empty", "few", "text", "all broken"])
def test_what_cannot_be_trained_on_is_refused_plainly(what: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    if what in ("empty", "few", "all broken"):
        source.mkdir()
    if what == "few":
        folder_of(source, 3)
    if what == "all broken":
        for number in range(9):
            (source / f"{number}.png").write_text("no")
    if what == "text":
        source.write_text("not a zip")
    with pytest.raises(TrainingError, match=str(source)):
        load_images(source, 16)


def test_the_cache_answers_until_the_pictures_change(tmp_path: Path) -> None:
    folder, cache = folder_of(tmp_path), tmp_path / "cache"
    first = load_images(folder, 16, cache)
    again = load_images(folder, 16, cache)
    assert again.names == first.names
    assert torch.equal(again.level(16), first.level(16))
    (next(cache.glob("*.npz"))).write_bytes(b"damaged")
    assert torch.equal(load_images(folder, 16, cache).level(16), first.level(16))
    paint(folder / "new.png", (16, 16))
    assert len(load_images(folder, 16, cache)) == 9


def test_smaller_levels_are_area_means() -> None:
    images = pictures(3, 16)
    mean = torch.nn.functional.avg_pool2d(images.level(16).float(), 4)
    assert (images.level(4).float() - mean).abs().max() <= 1
    with pytest.raises(TrainingError, match="read at 16"):
        images.level(32)


def test_batches_are_mirrored_half_of_the_time() -> None:
    ramp = torch.arange(16, dtype=torch.uint8).mul(10).expand(1, 3, 16, 16)
    images = ImageSet(ramp, ["ramp"])
    rng = torch.Generator().manual_seed(0)
    batch = images.batch(16, 64, True, rng)
    plain = ramp.float() / 127.5 - 1
    flipped = sum(torch.allclose(image, plain[0].flip(2)) for image in batch)
    kept = sum(torch.allclose(image, plain[0]) for image in batch)
    assert flipped + kept == 64
    assert 16 < flipped < 48
    assert all(torch.allclose(image, plain[0]) for image in images.batch(16, 8, False, rng))
