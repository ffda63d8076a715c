"""What a film says of itself survives its format; whatever is changed afterwards is called a change."""

import io
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from explorer.errors import RecipeError
from explorer.export.film_encoders import make_encoder
from explorer.export.film_formats import FILM_SUFFIXES, FilmSettings
from explorer.provenance import Claims, credentials, picture_options, read_film, read_recipe, verify
from explorer.provenance.identity import own_identity
from explorer.recipe import Film, Keyframe, ModelRef, Recipe, SeedBlend
from explorer.recipe.finish import Finish, Label
from tests.recipe import strategies as some

SIDE = 16
MODEL = ModelRef("faces", "ab" * 32)


def written(path, claims):
    """A film of two frames with these claims, not signed."""
    format = FILM_SUFFIXES[path.suffix]
    encoder = make_encoder(format, FilmSettings(), claims.film.fps, (SIDE, SIDE), claims)
    part = path.with_name(f"part{encoder.suffix}")
    segment = encoder.open(part, 2)
    for number in range(2):
        segment.add(number, np.full((SIDE, SIDE, 3), 90 + 40 * number, np.uint8))
    segment.close()
    encoder.join([part], path, claims)
    return path


def claims_of(film, **more):
    return Claims(film.keys[0].recipe, film=film, **more)


@st.composite
def films(draw):
    recipes = [recipe.with_(model=MODEL) for recipe in draw(st.lists(some.recipes, min_size=1, max_size=3))]
    keys = tuple(Keyframe(recipe, float(time)) for time, recipe in enumerate(recipes))
    return Film((keys,), fps=draw(st.sampled_from([1, 24, 30, 50])), loop=True, length=len(keys))


@pytest.mark.parametrize("suffix", FILM_SUFFIXES)
@settings(max_examples=6)
@given(film=films(), title=st.text(max_size=20), finish=st.sampled_from([Finish(), Finish(label=Label())]))
def test_a_film_survives_every_format(tmp_path_factory, suffix, film, title, finish):
    path = tmp_path_factory.mktemp("film") / f"film{suffix}"
    written(path, claims_of(film, title=title, licence="CC BY", finish=finish))
    assert read_film(path) == film
    assert read_recipe(path) == film.keys[0].recipe
    report = verify(path, mark=False)
    assert report.finish == finish
    assert report.ai_generated
    assert report.source_type == claims_of(film).source_type


RECIPE = Recipe(MODEL, SeedBlend.of(7), psi=0.5)
FILM = Film(((Keyframe(RECIPE), Keyframe(RECIPE.with_(psi=0.7), 1.0)),), fps=24)
SIGNED = (".png", ".jpg", ".webp", ".tif", ".mp4", ".mov", ".gif", ".apng")
KINDS = {".png": "PNG", ".jpg": "JPEG", ".webp": "WEBP", ".tif": "TIFF"}


def film_with(recipe):
    return FILM.with_(cells=((replace(FILM.keys[0], recipe=recipe), FILM.keys[1]),))


def signed(path, recipe=RECIPE, inside=None):
    """A picture, or film, signed as one of `recipe`; the file itself may tell another."""
    if path.suffix in KINDS:
        claims, format = Claims(inside or recipe), KINDS[path.suffix]
        buffer = io.BytesIO()
        Image.new("RGB", (SIDE, SIDE), (90, 80, 70)).save(buffer, format, **picture_options(format, claims))
        data = buffer.getvalue()
    else:
        claims, format = claims_of(film_with(inside or recipe)), FILM_SUFFIXES[path.suffix]
        data = written(path, claims).read_bytes()
    if inside is not None:
        claims = Claims(recipe) if path.suffix in KINDS else claims_of(film_with(recipe))
    path.write_bytes(credentials.sign(data, format, claims, own_identity()))
    return path


needs_c2pa = pytest.mark.skipif(not credentials.can_sign(), reason="c2pa-python is not installed")


@needs_c2pa
@pytest.mark.parametrize("suffix", SIGNED)
def test_an_edited_recipe_is_called_a_change(tmp_path, suffix):
    path = signed(tmp_path / f"a{suffix}")
    report = verify(path, mark=False)
    assert report.credentials.is_own
    assert not report.is_recipe_edited
    edited = path.read_bytes().replace(b'"psi":0.5', b'"psi":0.6')
    assert edited != path.read_bytes()
    if edited.startswith(b"\x89PNG"):
        # Without a care for checksums the file is plainly damaged.
        path.write_bytes(edited)
        with pytest.raises(RecipeError, match="damaged or tampered with"):
            verify(path, mark=False)
        edited = with_checksums(edited)
    path.write_bytes(edited)
    report = verify(path, mark=False)
    assert report.credentials.tampered
    assert not report.credentials.is_own
    assert any("changed after it had been signed" in line for line in report.in_words())
    assert any("the recipe may be too" in line for line in report.in_words())


@needs_c2pa
@pytest.mark.parametrize("suffix", [".png", ".mp4"])
def test_a_recipe_that_is_not_the_one_that_was_signed_is_called_edited(tmp_path, suffix):
    path = signed(tmp_path / f"a{suffix}", inside=RECIPE.with_(psi=0.6))
    report = verify(path, mark=False)
    assert report.is_recipe_edited
    assert any("not the one that was signed" in line for line in report.in_words())


def with_checksums(png):
    """The same PNG with the checksums of its chunks put right."""
    out, place = png[:8], 8
    while place < len(png):
        end = place + 8 + int.from_bytes(png[place : place + 4], "big")
        out += png[place:end] + zlib.crc32(png[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return out


def jpeg_parts(data):
    """Segments of a JPEG, credentials (APP11) apart from the rest."""
    place, rest, ours = 2, data[:2], b""
    while data[place + 1] != 0xDA:
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        if data[place + 1] == 0xEB:
            ours += data[place:end]
        else:
            rest += data[place:end]
        place = end
    return rest[:2], ours, rest[2:] + data[place:]


def mp4_parts(data):
    """Boxes before the credentials, the credentials, boxes after them."""
    place = 0
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        if data[place + 4 : place + 8] == b"uuid" and data[place + 8 : place + 12] == b"\xd8\xfe\xc3\xd6":
            return data[:place], data[place : place + size], data[place + size :]
        place += size
    raise AssertionError("no credentials in it")


@needs_c2pa
@pytest.mark.parametrize(
    ("suffix", "parts"), [(".jpg", jpeg_parts), (".mp4", mp4_parts), (".mov", mp4_parts)]
)
def test_swapped_and_stripped_credentials_are_told_for_what_they_are(tmp_path, suffix, parts):
    one = signed(tmp_path / f"one{suffix}")
    other = signed(tmp_path / f"other{suffix}", RECIPE.with_(psi=0.1))
    front, ours, back = parts(one.read_bytes())
    assert ours
    assert len(front + ours + back) == len(one.read_bytes())
    swapped = tmp_path / f"swapped{suffix}"
    swapped.write_bytes(front + parts(other.read_bytes())[1] + back)
    assert verify(swapped, mark=False).credentials.tampered
    stripped = tmp_path / f"stripped{suffix}"
    stripped.write_bytes(front + back)
    report = verify(stripped, mark=False)
    assert report.credentials.present is False
    assert any("may have been removed" in line for line in report.in_words())
