"""The mark in files: found in every container, said in words; its absence told where it was wished."""

import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.checkpoints import Shelf
from explorer.errors import RecipeError
from explorer.export import save_picture
from explorer.mark import embed
from explorer.provenance import verify
from explorer.provenance.seen import pixels_of
from explorer.recipe import ModelRef, Recipe
from explorer.recipe.finish import Finish
from explorer.render.frame import Frame, RenderRequest
from explorer.render.pixels import to_pixels


@pytest.fixture(scope="module")
def face():
    shelf = Shelf()
    generator = shelf.get(shelf.resolve_name("faces"))
    with torch.inference_mode():
        return to_pixels(generator.synthesis(generator.mapping(generator.latent(3), psi=0.7)))


def frame(pixels):
    return Frame(
        RenderRequest(Recipe(ModelRef("faces", "ab" * 32))), pixels, len(pixels), 0.0, "cpu", "float32"
    )


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_a_saved_picture_is_marked_unless_somebody_says_otherwise(tmp_path, face, suffix):
    path = tmp_path / f"a{suffix}"
    save_picture(frame(face), path, sign=False)
    report = verify(path)
    assert report.mark.found
    assert report.finish.mark
    assert report.as_json()["watermark"] is True
    save_picture(frame(face), path, sign=False, finish=Finish(mark=False))
    report = verify(path)
    assert not report.mark.found
    assert not report.finish.mark
    assert report.as_json()["watermark"] is False


def test_the_credentials_tell_the_mark_that_is_there_and_the_one_that_is_not(tmp_path, face):
    c2pa = pytest.importorskip("c2pa")
    for mark in (True, False):
        save_picture(frame(face), tmp_path / "a.png", finish=Finish(mark=mark))
        with c2pa.Reader(str(tmp_path / "a.png")) as reader:
            manifest = json.loads(reader.json())
        text = json.dumps(manifest)
        assert ("c2pa.watermarked" in text) == mark
        assert json.dumps(f'"mark":{str(mark).lower()}')[1:-1] in text
        assert verify(tmp_path / "a.png").credentials.valid


def test_stripped_and_compressed_the_pixels_still_say_it_and_nothing_says_real(tmp_path, face):
    small = Image.fromarray(embed(face)).resize((64, 64))
    small.save(tmp_path / "a.jpg", quality=70)
    report = verify(tmp_path / "a.jpg")
    assert report.ai_generated
    assert not report.says_so
    said = " ".join(report.in_words())
    assert "pixels carry" in said
    Image.fromarray(face).save(tmp_path / "b.png")
    report = verify(tmp_path / "b.png")
    assert report.ai_generated is None
    assert "proves nothing" in " ".join(report.in_words())
    for words in (said, " ".join(report.in_words())):
        assert "is real" not in words


def test_a_gif_of_it_is_looked_through(tmp_path, face):
    frames = [Image.fromarray(embed(face)) for _ in range(9)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert len(pixels_of(tmp_path / "a.gif", "GIF")) >= 1
    assert verify(tmp_path / "a.gif").mark.found


def test_what_cannot_be_decoded_is_said(tmp_path, face):
    buffer = io.BytesIO()
    Image.fromarray(face).save(buffer, "PNG")
    (tmp_path / "cut.png").write_bytes(buffer.getvalue()[:2000])
    report = verify(tmp_path / "cut.png")
    assert report.mark is None
    assert report.as_json()["watermark"] is None
    assert "not looked for" in " ".join(report.in_words())
    # A small file may claim a huge picture: it is not decoded.
    Image.new("1", (12_000, 10_000)).save(tmp_path / "huge.png")
    with pytest.raises(RecipeError, match="too many"):
        pixels_of(tmp_path / "huge.png", "PNG")


def test_large_pictures_are_reduced_and_still_tell(tmp_path, face):
    large = np.asarray(Image.fromarray(face).resize((1700, 1700), Image.Resampling.LANCZOS))
    Image.fromarray(embed(large)).save(tmp_path / "a.jpg", quality=60)
    (pixels,) = pixels_of(tmp_path / "a.jpg", "JPEG")
    assert max(pixels.shape) <= 1700
    assert verify(tmp_path / "a.jpg").mark.found
