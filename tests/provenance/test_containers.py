"""Notes in moving pictures: read from strange files without harm."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import RecipeError
from explorer.provenance import containers, read_embedded, verify

PACKET = b"<x>" + bytes(range(1, 256)) + b"</x>"


def gif(*blocks):
    return b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + bytes(6) + b"".join(blocks) + b"\x2c"


def box(kind, data):
    return (8 + len(data)).to_bytes(4, "big") + kind + data


def test_a_packet_survives_each_container():
    film = box(b"ftyp", b"isom") + box(b"mdat", bytes(1000)) + containers.mp4_box(PACKET)
    assert containers.read_mp4(io.BytesIO(film)) == PACKET
    wide = (1).to_bytes(4, "big") + b"mdat" + (16 + 5).to_bytes(8, "big") + bytes(5)
    assert containers.read_mp4(io.BytesIO(wide + containers.mp4_box(PACKET))) == PACKET
    comment = b"!\xfe\x03abc\x00"
    data = gif(comment, containers.gif_extension(PACKET))
    assert containers.read_gif(io.BytesIO(data)) == PACKET


def test_a_reader_that_knows_no_xmp_skips_the_gif_block():
    """Whatever byte of the packet it takes for a length, it ends at the block's end."""
    block = containers.gif_extension(PACKET)
    place = 14
    while length := block[place]:
        place += length + 1
    assert place == len(block) - 1


@given(st.binary(max_size=300), st.sampled_from(["mp4", "mov", "gif", "webm", "xmp"]))
def test_damaged_films_are_an_answer_or_an_error_in_words(tmp_path, noise, kind):
    heads = {
        "mp4": b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00",
        "mov": b"\x00\x00\x00\x10ftypqt  \x00\x00\x00\x00",
        "gif": b"GIF89a\x01\x00\x01\x00\x00\x00\x00",
        "webm": b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff\x12\x54\xc3\x67\xff",
        "xmp": b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00" + containers.mp4_box(b"<a>"),
    }
    path = tmp_path / f"a.{kind}"
    path.write_bytes(heads[kind] + noise)
    found = read_embedded(path)
    assert found.film_texts == ()
    assert verify(path).film is None


@pytest.mark.parametrize("text", ["{}", '{"kind": "latent-explorer/film"}', "not json"])
def test_a_film_that_is_none_is_said(tmp_path, text):
    from explorer.provenance import read_film

    path = tmp_path / "a.film"
    path.write_text(text)
    with pytest.raises(RecipeError):
        read_film(path)
