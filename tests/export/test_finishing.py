"""Enlarging, labelling, depth: what goes into a file is what was asked for, and the file says so."""

import io
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from explorer.errors import ExportError
from explorer.export import png16, save_picture
from explorer.export.finishing import check_finish, enlarged, finished
from explorer.export.label import labelled
from explorer.provenance import verify
from explorer.recipe import ModelRef, Recipe
from explorer.recipe.finish import CORNERS, Finish, Label
from explorer.render.frame import Frame, RenderRequest
from explorer.render.pixels import to_deep_pixels, to_pixels

RECIPE = Recipe(ModelRef("faces", "ab" * 32), psi=0.7)


def frame(side=64):
    deep = np.random.RandomState(1).randint(0, 65536, (side, side, 3)).astype(np.uint16)
    eight = np.rint(deep / 257).astype(np.uint8)
    return Frame(RenderRequest(RECIPE), eight, side, 0.0, "cpu", "float32", deep_pixels=deep)


@given(arrays(np.float32, (1, 3, 2, 3), elements=st.floats(-1.5, 1.5, width=16)))
def test_sixteen_bits_round_to_the_eight_that_are_shown(values):
    image = torch.from_numpy(values)
    deep = to_deep_pixels(image)
    assert deep.dtype == np.uint16
    assert np.array_equal(np.rint(deep / 257), to_pixels(image))


@given(
    arrays(
        np.uint16,
        st.tuples(st.integers(1, 5), st.integers(1, 5), st.just(3)),
        elements=st.integers(0, 65535),
    )
)
def test_sixteen_bits_come_back_whole_and_any_reader_sees_the_upper_eight(tmp_path_factory, pixels):
    data = png16.encode(pixels)
    path = tmp_path_factory.getbasetemp() / "deep.png"
    path.write_bytes(data)
    assert np.array_equal(png16.decode(path), pixels)
    with Image.open(io.BytesIO(data)) as image:
        assert np.array_equal(np.asarray(image.convert("RGB")), pixels >> 8)


def test_other_pngs_are_left_to_other_readers_and_damage_is_said(tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGB", (4, 4)).save(path)
    assert png16.decode(path) is None
    path.write_bytes(b"no picture")
    assert png16.decode(path) is None
    pixels = np.zeros((40, 40, 3), np.uint16)
    path.write_bytes(png16.encode(pixels)[:60])
    with pytest.raises(ExportError):
        png16.decode(path)
    # A stream that swells beyond its header is not followed.
    header = png16.encode(pixels)[:33]
    bomb = zlib.compress(b"\x01" + bytes(50_000_000))
    path.write_bytes(header + len(bomb).to_bytes(4, "big") + b"IDAT" + bomb + bytes(4))
    assert png16.decode(path) is None or png16.decode(path).shape == (40, 40, 3)


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tiff"])
@pytest.mark.parametrize("finish", [Finish(), Finish(upscale=2), Finish(upscale=4, label=Label("top-right"))])
def test_a_file_holds_what_was_finished_and_says_how(tmp_path, name, finish):
    path = tmp_path / name
    save_picture(frame(), path, finish=finish, sign=False)
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image.convert("RGB")), finished(frame(), finish))
    report = verify(path, mark=False)
    assert (report.finish, report.recipe) == (finish, RECIPE)
    assert ("enlarged" in " ".join(report.in_words())) == (finish.upscale > 1)


def test_a_deep_file_carries_recipe_credentials_and_every_level(tmp_path):
    path = tmp_path / "a.png"
    save_picture(frame(), path, finish=Finish(bits=16, mark=False))
    assert np.array_equal(png16.decode(path), frame().deep_pixels)
    report = verify(path, mark=False)
    assert report.recipe == RECIPE
    assert report.finish == Finish(bits=16, mark=False)
    if report.credentials.present is not None:
        assert report.credentials.valid


def test_the_credentials_tell_the_label_that_is_there_and_the_one_that_is_not(tmp_path):
    c2pa = pytest.importorskip("c2pa")
    for finish in (Finish(), Finish(upscale=2, label=Label())):
        save_picture(frame(), tmp_path / "a.png", finish=finish)
        with c2pa.Reader(str(tmp_path / "a.png")) as reader:
            store = reader.json()
        assert "org.latent-explorer.finish" in store
        assert ("c2pa.edited" in store) == (finish.label is not None)
        assert ("c2pa.resized" in store) == (finish.upscale > 1)


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_label_stands_in_its_corner_and_nowhere_else(corner, dtype):
    white = np.full((200, 300, 3), np.iinfo(dtype).max // 2, dtype)
    changed = (labelled(white, Label(corner)) != white).any(-1)
    rows, columns = np.nonzero(changed)
    middle = (rows.mean() < 100, columns.mean() < 150)
    assert middle == (corner.startswith("top"), corner.endswith("left"))
    assert changed.sum() < changed.size / 4


def test_sizes_of_labels_differ_and_tiny_pictures_survive():
    picture = np.zeros((256, 256, 3), np.uint8)
    areas = [(labelled(picture, Label(size=size)) != 0).sum() for size in ("small", "medium", "large")]
    assert areas == sorted(areas)
    assert len(set(areas)) == 3
    assert labelled(np.zeros((3, 2, 3), np.uint8)).shape == (3, 2, 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_enlarging_keeps_flat_colours_and_the_range(dtype):
    most = np.iinfo(dtype).max
    flat = np.full((8, 8, 3), most, dtype)
    assert np.array_equal(enlarged(flat, 2), np.full((16, 16, 3), most, dtype))
    checks = (np.indices((8, 8)).sum(0) % 2 * most).astype(dtype)[..., None].repeat(3, -1)
    assert enlarged(checks, 4).dtype == dtype  # rings beyond the range are cut, not wrapped
    assert enlarged(checks, 4).mean() == pytest.approx(most / 2, rel=0.02)


@pytest.mark.parametrize(
    ("finish", "format"),
    [(Finish(bits=16), "JPEG"), (Finish(bits=16), "TIFF"), (Finish(quality=80), "PNG")],
)
def test_what_a_format_cannot_hold_is_refused_in_words(finish, format):
    with pytest.raises(ExportError, match=format):
        check_finish(finish, format)


def test_sixteen_bits_of_a_frame_without_them_are_refused(tmp_path):
    plain = Frame(RenderRequest(RECIPE), frame().pixels, 64, 0.0, "cpu", "float32")
    with pytest.raises(ExportError, match="8 bits"):
        save_picture(plain, tmp_path / "a.png", finish=Finish(bits=16, mark=False))
    assert not (tmp_path / "a.png").exists()


@pytest.mark.parametrize(("side", "upscale", "is_marked"), [(23, 1, False), (24, 1, True), (12, 2, True)])
def test_a_file_tells_of_a_mark_only_where_there_was_room_for_it(tmp_path, side, upscale, is_marked):
    path, drawn = tmp_path / "a.png", frame(side)
    save_picture(drawn, path, finish=Finish(upscale=upscale), sign=False)
    assert verify(path).finish == Finish(upscale=upscale, mark=is_marked)
    with Image.open(path) as image:
        plain = finished(drawn, Finish(upscale=upscale, mark=False))
        assert np.array_equal(np.asarray(image), plain) is not is_marked
