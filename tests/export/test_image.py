"""Files are whole or absent, exact where the format is, and tagged."""

import errno
import io
import os

import numpy as np
import pytest
from PIL import Image, ImageCms

from explorer.errors import ExportError
from explorer.export import SUFFIXES, picture_name, save_picture
from explorer.provenance import credentials, read_embedded, read_recipe
from explorer.recipe import ModelRef, Recipe, SeedBlend, StoredLatent
from explorer.render import Frame, ModelInfo, RenderRequest

RECIPE = Recipe(ModelRef("faces", "ab" * 32), SeedBlend.of(7), psi=0.7)


INFO = ModelInfo(
    ref=RECIPE.model,
    architecture="stylegan2",
    resolution=16,
    num_ws=6,
    z_dim=8,
    w_dim=8,
    c_dim=0,
    img_channels=3,
    has_noise=True,
    has_transform=False,
    parameters=1,
    stops=(16,),
    steps=(),
    title="Faces",
    licence="CC BY-NC 4.0",
    attribution="Photos by Somebody",
)


def frame(size=16, full=None, recipe=RECIPE):
    pixels = np.random.RandomState(0).randint(0, 256, (size, size, 3), dtype=np.uint8)
    return Frame(RenderRequest(recipe), pixels, full or size, 0.0, "cpu", "float32")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_suffix_is_written_with_its_recipe(tmp_path, suffix):
    path = tmp_path / f"face{suffix.upper()}"
    save_picture(frame(), path, model_info=INFO)
    with Image.open(path) as image:
        assert image.format == SUFFIXES[suffix]
        assert image.mode == "RGB"
        pixels = np.asarray(image)
    if suffix in (".jpg", ".jpeg"):
        assert pixels.shape == (16, 16, 3)
    else:
        assert np.array_equal(pixels, frame().pixels)
    assert read_recipe(path) == RECIPE
    assert read_embedded(path).software.startswith("Latent Explorer")
    assert b"Photos by Somebody" in path.read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_pictures_are_tagged_as_srgb(tmp_path, suffix):
    path = tmp_path / f"face{suffix}"
    save_picture(frame(), path)
    with Image.open(path) as image:
        if suffix == ".png":
            assert image.info["srgb"] == 0
        else:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
            assert "sRGB" in ImageCms.getProfileDescription(profile)


def test_jpeg_keeps_all_colour(tmp_path):
    save_picture(frame(), tmp_path / "face.jpg")
    with Image.open(tmp_path / "face.jpg") as image:
        assert [component[1:3] for component in image.layer] == [(1, 1)] * 3


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_frame_gives_the_same_bytes_where_it_is_not_signed(tmp_path, suffix):
    save_picture(frame(), tmp_path / f"a{suffix}", sign=False)
    save_picture(frame(), tmp_path / f"b{suffix}", sign=False)
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize("name", ["face.bmp", "face", "face.png.txt"])
def test_an_unknown_suffix_is_refused_with_those_that_work(tmp_path, name):
    with pytest.raises(ExportError, match=r"\.webp"):
        save_picture(frame(), tmp_path / name)
    assert list(tmp_path.glob("face*")) == []


def test_a_draft_is_never_sold_as_the_picture(tmp_path):
    with pytest.raises(ExportError, match="draft"):
        save_picture(frame(16, full=64), tmp_path / "face.png")


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EACCES, "may not write"), (errno.EROFS, "read-only")],
)
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, number, words, call):
    path = tmp_path / "face.png"
    path.write_bytes(b"old")
    before = sorted(p.name for p in tmp_path.iterdir())

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(ExportError, match=words) as caught:
        save_picture(frame(), path, sign=False)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"old"
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_ctrl_c_while_writing_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_picture(frame(), tmp_path / "pictures.png")
    assert [p for p in tmp_path.iterdir() if p.is_file()] == []


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ExportError, match="folder does not exist"):
        save_picture(frame(), tmp_path / "none" / "face.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ExportError, match="that is a folder"):
        save_picture(frame(), tmp_path / "folder.png")


def test_names():
    assert picture_name(RECIPE) == "seed0007.png"
    assert picture_name(RECIPE.with_(base=SeedBlend.of(123456)), ".webp") == "seed123456.webp"
    assert picture_name(RECIPE.with_(base=StoredLatent(1, 1, bytes(4)))) == "latent.png"


def test_a_picture_that_cannot_be_signed_is_saved_and_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(credentials, "can_sign", lambda: False)
    (said,) = save_picture(frame(), tmp_path / "face.png")
    assert "without Content Credentials" in said
    assert read_recipe(tmp_path / "face.png") == RECIPE
    assert save_picture(frame(), tmp_path / "face.png", sign=False) == ()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_pure_noise_is_saved_too(tmp_path, suffix):
    # The largest files a size can give; a JPEG writer with too small a buffer fails here.
    save_picture(frame(512), tmp_path / f"noise{suffix}")
    with Image.open(tmp_path / f"noise{suffix}") as image:
        image.load()
        assert image.size == (512, 512)
