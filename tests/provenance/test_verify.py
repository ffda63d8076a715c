"""What `verify` may say, and what it must not."""

import io

import numpy as np
import pytest
from PIL import Image

from explorer.provenance import Claims, picture_options, verify
from explorer.recipe import ModelRef, Recipe
from explorer.recipe.document import dumps, to_json

RECIPE = Recipe(ModelRef("faces", "cd" * 32), psi=0.5)


def save(path, **options):
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(path, **options)
    return path


def test_our_picture_is_known(tmp_path):
    report = verify(save(tmp_path / "a.png", **picture_options("PNG", Claims(RECIPE))))
    document = report.as_json()
    assert document["ai_generated"] is True
    assert document["recipe"] == to_json(RECIPE)
    assert {"present", "valid", "tampered", "signer"} <= set(document["credentials"])
    assert "watermark" in document
    words = " ".join(report.in_words())
    assert "made by AI" in words
    assert "faces" in words


def test_silence_proves_nothing_and_never_means_real(tmp_path):
    report = verify(save(tmp_path / "a.jpg"))
    assert report.as_json()["ai_generated"] is None
    words = " ".join(report.in_words()).lower()
    assert "proves nothing" in words
    assert "real" not in words
    assert "authentic" not in words


def test_another_programs_mark_is_heard(tmp_path):
    claims = picture_options("WEBP", Claims(RECIPE))["xmp"].replace(
        dumps(RECIPE).replace('"', "&quot;").encode(), b""
    )
    packet = claims.replace(b"Latent Explorer", b"Other Program")
    report = verify(save(tmp_path / "a.webp", xmp=packet))
    assert report.ai_generated is True
    assert report.software.startswith("Other Program")


@pytest.mark.parametrize("psi", ["99.0", '"x"'])
def test_an_unusable_recipe_is_told_with_its_reason(tmp_path, psi):
    text = dumps(RECIPE).replace('"psi":0.5', f'"psi":{psi}')
    options = picture_options("PNG", Claims(RECIPE))["pnginfo"]
    options.chunks = [c for c in options.chunks if c[0] == b"sRGB"]
    options.add_itxt("latent-explorer-recipe", text)
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(buffer, "PNG", pnginfo=options)
    path = tmp_path / "a.png"
    path.write_bytes(buffer.getvalue())
    report = verify(path)
    assert report.recipe is None
    assert report.recipe_problem
    assert str(tmp_path) not in report.recipe_problem


def test_a_recipe_file_is_no_picture(tmp_path):
    (tmp_path / "r.json").write_text(dumps(RECIPE))
    report = verify(tmp_path / "r.json")
    assert report.recipe == RECIPE
    assert report.ai_generated is None
    assert "not a picture" in report.in_words()[0]
