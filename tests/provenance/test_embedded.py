"""A recipe survives every format; strange files end in words, never in a surprise."""

import io
import os
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from explorer.errors import RecipeError
from explorer.provenance import Claims, picture_options, read_embedded, read_recipe
from explorer.provenance.claims import COMPOSITE, GENERATED
from explorer.provenance.embedded import FORMATS, PNG_KEY
from explorer.recipe import ModelRef, Recipe, SeedBlend, StoredLatent
from explorer.recipe.document import dumps
from tests.recipe import strategies as some

PIXELS = np.arange(4 * 4 * 3, dtype=np.uint8).reshape(4, 4, 3)
RECIPE = Recipe(ModelRef("faces", "ab" * 32), SeedBlend.between(7, 8, 0.25), psi=0.7)


def picture(format, claims):
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, format, **picture_options(format, claims))
    return buffer.getvalue()


def put(folder, data, name="picture"):
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=40)
@given(recipe=some.recipes, title=st.text(max_size=20), licence=st.text(max_size=20))
def test_a_recipe_survives_every_format(tmp_path, format, recipe, title, licence):
    path = put(tmp_path, picture(format, Claims(recipe, title=title, licence=licence)))
    assert read_recipe(path) == recipe
    found = read_embedded(path)
    assert found.format == format
    assert found.recipe_texts == (dumps(recipe),)
    assert found.problems == ()
    assert found.software.startswith("Latent Explorer")


@pytest.mark.parametrize("format", FORMATS)
def test_a_latent_of_the_largest_size_survives(tmp_path, format):
    # 2 MB of floats: thirty times what one block of a JPEG holds.
    latent = StoredLatent(64, 8192, os.urandom(4 * 64 * 8192))
    recipe = Recipe(ModelRef("faces"), latent)
    assert read_recipe(put(tmp_path, picture(format, Claims(recipe)))) == recipe


def test_a_recipe_file_is_read_too(tmp_path):
    assert read_recipe(put(tmp_path, dumps(RECIPE).encode(), "recipe.json")) == RECIPE
    assert read_recipe(put(tmp_path, b"\xef\xbb\xbf " + dumps(RECIPE).encode(), "bom.json")) == RECIPE


@pytest.mark.parametrize("format", FORMATS)
def test_plain_tools_see_that_a_machine_made_it(tmp_path, format):
    data = picture(format, Claims(RECIPE, title="Faces", licence="CC BY-NC", attribution="Photos by X"))
    assert GENERATED.encode() in data
    assert b"AI-generated" in data
    assert b"Photos by X" in data
    assert read_embedded(put(tmp_path, data)).source_type == GENERATED


def test_a_projected_picture_is_called_composite(tmp_path):
    recipe = Recipe(ModelRef("faces"), StoredLatent(1, 2, bytes(8), origin="me.jpg"))
    claims = Claims(recipe)
    assert read_embedded(put(tmp_path, picture("PNG", claims))).source_type == COMPOSITE
    assert "supplied" in claims.description
    assert "me.jpg" in claims.description


def test_png_tells_other_generators_tools_the_seed(tmp_path):
    with Image.open(put(tmp_path, picture("PNG", Claims(RECIPE)))) as image:
        assert image.info["parameters"].startswith("Seed: 7, Psi: 0.7, Model: faces, Model hash: ababababab")
        assert image.info["Software"].startswith("Latent Explorer ")
        assert "seed 7 and 8" in image.info["Description"]


def test_a_picture_without_a_recipe_says_so(tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "PNG")
    path = put(tmp_path, buffer.getvalue(), "plain.png")
    with pytest.raises(RecipeError, match=r"plain\.png.*no recipe inside"):
        read_recipe(path)


def test_two_recipes_that_contradict_each_other_are_noticed(tmp_path):
    options = picture_options("PNG", Claims(RECIPE))
    other = picture_options("PNG", Claims(RECIPE.with_(psi=0.5)))["pnginfo"]
    forged = [c for c in options["pnginfo"].chunks if not c[1].startswith(PNG_KEY.encode())]
    options["pnginfo"].chunks = forged + [c for c in other.chunks if c[1].startswith(PNG_KEY.encode())]
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "PNG", **options)
    with pytest.raises(RecipeError, match="contradict"):
        read_recipe(put(tmp_path, buffer.getvalue()))


def test_a_jpeg_that_lost_half_its_extension_is_no_wrong_recipe(tmp_path):
    recipe = Recipe(ModelRef("faces"), StoredLatent(18, 1024, os.urandom(4 * 18 * 1024)))
    data = picture("JPEG", Claims(recipe))
    marker = b"http://ns.adobe.com/xmp/extension/\x00"
    at = data.rindex(marker) + len(marker) + 60
    with pytest.raises(RecipeError):
        read_recipe(put(tmp_path, data[:at] + b"\x00\x00\x00" + data[at + 3 :]))


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=150)
@given(data=st.data())
def test_damage_ends_in_a_recipe_or_in_words(tmp_path, format, data):
    whole = bytearray(picture(format, Claims(RECIPE)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    path = put(tmp_path, bytes(whole[:cut] if data.draw(st.booleans()) else whole))
    said = str(path)
    try:
        read_recipe(path)
    except RecipeError as error:
        said = str(error)
    assert str(path) in said


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_any_bytes_end_in_words(tmp_path, data):
    with pytest.raises(RecipeError):
        read_recipe(put(tmp_path, data))


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefg", "bcdefgh", strict=True))
    + "]><x>&h;</x>"
)
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'


@pytest.mark.parametrize(
    "packet", [BOMB, OUTSIDE, "<x>" * 100_000, "not xml", "<?xml version='1.0' encoding='hm'?><x/>"]
)
def test_hostile_xml_is_a_problem_told_not_met(tmp_path, packet):
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "WEBP", xmp=packet.encode())
    found = read_embedded(put(tmp_path, buffer.getvalue()))
    assert found.recipe_texts == ()
    assert "XMP" in found.problems[0]


def test_a_picture_that_claims_to_be_huge_is_refused_in_words(tmp_path):
    data = bytearray(picture("PNG", Claims(RECIPE)))
    data[16:24] = (2**31 - 1).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    with pytest.raises(RecipeError, match="damaged"):
        read_recipe(put(tmp_path, bytes(data)))


def test_a_file_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_recipe(tmp_path / "none.png")
