"""What a user may supply, and what is refused with words."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from explorer.errors import ProjectionError
from explorer.projection import Crop, open_picture


def ramp(width: int, height: int) -> Image.Image:
    """Red rises to the right, green downwards."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width).round()
    pixels[..., 1] = np.linspace(0, 255, height).round()[:, None]
    return Image.fromarray(pixels)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tiff", "bmp", "gif", "ppm"])
def test_kinds_that_are_opened(tmp_path, suffix):
    ramp(40, 30).save(tmp_path / f"a.{suffix}")
    picture = open_picture(tmp_path / f"a.{suffix}")
    assert (picture.width, picture.height, picture.image.mode) == (40, 30, "RGB")
    assert len(picture.sha256) == 64


def test_the_camera_was_turned(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    ramp(40, 30).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    picture = open_picture(tmp_path / "turned.jpg")
    assert (picture.width, picture.height) == (30, 40)
    left, right = (picture.image.getpixel((x, 20)) for x in (2, 27))
    assert left[1] > right[1] + 150  # what was below is now on the left


@pytest.mark.parametrize(
    ("mode", "colour", "seen"),
    [
        ("RGBA", (200, 0, 0, 0), (255, 255, 255)),
        ("LA", (0, 0), (255, 255, 255)),
        ("L", 90, (90, 90, 90)),
        ("CMYK", (0, 255, 255, 0), (255, 0, 0)),
        ("I;16", 0x8000, (128, 128, 128)),
        ("1", 1, (255, 255, 255)),
    ],
)
def test_all_become_rgb_on_white(tmp_path, mode, colour, seen):
    Image.new(mode, (20, 20), colour).save(tmp_path / "a.tiff")
    found = open_picture(tmp_path / "a.tiff").image.getpixel((5, 5))
    assert np.abs(np.subtract(found, seen)).max() <= 1


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


def half_a_jpeg() -> bytes:
    data = io.BytesIO()
    ramp(64, 64).save(data, "JPEG")
    return data.getvalue()[:400]


def small_png() -> bytes:
    data = io.BytesIO()
    ramp(15, 40).save(data, "PNG")
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a picture"),
        (b"no picture at all", "not a picture"),
        (png_that_claims(30_000, 30_000), "million"),
        (png_that_claims(11_000, 11_000), "million"),
        (half_a_jpeg(), "damaged"),
        (png_that_claims(64, 64), "damaged"),
        (small_png(), "at least 16"),
    ],
)
def test_what_is_refused_is_told_why(tmp_path, data, words):
    path = tmp_path / "holiday.png"
    path.write_bytes(data)
    with pytest.raises(ProjectionError, match=words) as told:
        open_picture(path)
    assert "holiday.png" in str(told.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_picture(tmp_path / "none.png")


def test_frames(tmp_path):
    ramp(100, 60).save(tmp_path / "a.png")
    picture = open_picture(tmp_path / "a.png")
    assert picture.centred() == Crop(20, 0, 60)
    assert picture.centred(2.0) == Crop(0, 5, 100)
    assert picture.centred(0.5) == Crop(35, 0, 60)
    whole = picture.cut(picture.centred(2.0), 32, 16)
    assert whole.shape == (16, 32, 3)
    left, right = (picture.cut(Crop(x, 10, 30), 16, 16)[..., 0].mean() for x in (0, 70))
    assert left < 60 < 190 < right
    for crop in (Crop(-1, 0, 30), Crop(80, 0, 30), Crop(0, 40, 30), Crop(0, 0, 61), Crop(0, 0, 8)):
        with pytest.raises(ProjectionError):
            picture.cut(crop, 16, 16)
