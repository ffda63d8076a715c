"""Signed statements: valid as written, broken by any change, silent about persons."""

import io
import os
import signal
import stat
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("c2pa", reason="Content Credentials need the package c2pa-python")

from explorer.errors import ExportError
from explorer.provenance import Claims, picture_options, verify
from explorer.provenance import credentials as c2
from explorer.provenance.claims import COMPOSITE, GENERATED
from explorer.provenance.identity import (
    ANCHOR,
    CHAIN,
    KEY,
    folder_of_identity,
    known_identities,
    own_identity,
)
from explorer.recipe import FROM_SEEDS, ModelRef, Recipe, SeedBlend, StoredLatent
from explorer.recipe.document import dumps

RECIPE = Recipe(ModelRef("faces", "ab" * 32), SeedBlend.between(7, 8, 0.25), psi=0.7)
FORMATS = tuple(c2.MIME)


def plain(format, recipe=RECIPE, seed=0):
    pixels = np.random.RandomState(seed).randint(0, 256, (16, 16, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format, **picture_options(format, Claims(recipe)))
    return buffer.getvalue()


def signed(format, recipe=RECIPE, seed=0):
    return c2.sign(plain(format, recipe, seed), format, Claims(recipe, "Faces", "MIT"), own_identity())


def check(data, format, **expected):
    found = c2.read(data, format)
    for name, value in expected.items():
        assert getattr(found, name) == value, (name, found)
    return found


@pytest.mark.parametrize("format", FORMATS)
def test_what_was_signed_here_is_known_as_such(format):
    found = check(signed(format), format, present=True, valid=True, tampered=False, is_own=True, problem="")
    assert found.recipe_text == dumps(RECIPE)
    assert found.source_types == (GENERATED,)
    assert found.signer.startswith("Latent Explorer installation")


@pytest.mark.parametrize("format", FORMATS)
def test_pixels_recipe_and_size_barely_change(format):
    before, after = plain(format), signed(format)
    assert len(after) - len(before) < 8000
    with Image.open(io.BytesIO(before)) as a, Image.open(io.BytesIO(after)) as b:
        assert np.array_equal(np.asarray(a), np.asarray(b))


@pytest.mark.parametrize("format", FORMATS)
def test_no_credentials_are_absent_not_broken(format):
    check(plain(format), format, present=False, valid=None, tampered=None)


@pytest.mark.parametrize("format", FORMATS)
def test_another_installations_signature_is_intact_but_not_ours(format, tmp_path):
    stranger = own_identity(tmp_path / "stranger")
    data = c2.sign(plain(format), format, Claims(RECIPE), stranger)
    check(data, format, present=True, valid=True, tampered=False, is_own=False)
    own_identity()
    check(data, format, present=True, valid=True, tampered=False, is_own=False)


def png_chunks(data):
    at = 8
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        at += size + 12


def png(chunks):
    out = b"\x89PNG\r\n\x1a\n"
    for name, body in chunks:
        out += len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
    return out


def without_recipe(chunks):
    return [c for c in chunks if not c[1].startswith(b"latent-explorer-recipe")]


def with_other_recipe(chunks):
    return [(n, b.replace(b'"psi":0.7', b'"psi":0.9')) for n, b in chunks]


def with_other_pixel(chunks):
    return [
        (n, zlib.compress(bytes([0, 1]) + zlib.decompress(b)[2:]) if n == b"IDAT" else b) for n, b in chunks
    ]


def with_manifest_of_another(chunks):
    (manifest,) = [c for c in png_chunks(signed("PNG", RECIPE.with_(psi=0.1), seed=1)) if c[0] == b"caBX"]
    return [manifest if c[0] == b"caBX" else c for c in chunks]


def with_a_word_more(chunks):
    return [chunks[0], (b"tEXt", b"Comment\x00hello"), *chunks[1:]]


@pytest.mark.parametrize(
    "change",
    [without_recipe, with_other_recipe, with_other_pixel, with_manifest_of_another, with_a_word_more],
)
def test_any_change_is_noticed(change, tmp_path):
    data = signed("PNG")
    changed = png(change(list(png_chunks(data))))
    assert changed != data
    assert png(png_chunks(data)) == data
    check(changed, "PNG", present=True, valid=False, tampered=True)
    path = tmp_path / "a.png"
    path.write_bytes(changed)
    assert any("changed after it had been signed" in line for line in verify(path).in_words())


@pytest.mark.parametrize("format", FORMATS)
def test_no_flipped_bit_passes_for_the_original(format):
    data = signed(format)
    random = np.random.RandomState(1)
    for _ in range(60):
        changed = bytearray(data)
        changed[random.randint(len(data))] ^= 1 << random.randint(8)
        found = c2.read(bytes(changed), format)
        if not found.valid:
            continue
        # Padding inside the manifest is not signed: then everything said must be the same.
        assert found == c2.read(data, format)


def test_a_resaved_picture_has_lost_its_credentials(tmp_path):
    with Image.open(io.BytesIO(signed("PNG"))) as image:
        image.save(tmp_path / "a.png")
    report = verify(tmp_path / "a.png")
    assert report.credentials.present is False
    assert any("none" in line and "Credentials" in line for line in report.in_words())


def test_the_report_knows_our_signature(tmp_path):
    path = tmp_path / "a.webp"
    path.write_bytes(signed("WEBP"))
    document = verify(path).as_json()
    assert document["ai_generated"] is True
    stated = document["credentials"]
    assert (stated["present"], stated["valid"], stated["tampered"], stated["own"]) == (
        True,
        True,
        False,
        True,
    )
    assert "does not prove who" in " ".join(verify(path).in_words())


@pytest.mark.parametrize("format", FORMATS)
def test_what_nothing_went_into_is_created_and_a_supplied_picture_is_opened(format):
    assert c2.read(signed(format), format).actions == ("c2pa.created",)
    projected = RECIPE.with_(base=StoredLatent(1, 2, bytes(8), "supplied picture, of 12 May"))
    found = check(signed(format, projected), format, valid=True, tampered=False, is_own=True)
    assert found.actions == ("c2pa.opened",)
    assert found.ingredients == ("supplied picture, of 12 May",)
    assert found.source_types == (COMPOSITE,)
    assert found.recipe_text == dumps(projected)
    drawn = RECIPE.with_(base=StoredLatent(1, 2, bytes(8), FROM_SEEDS))
    assert c2.read(signed(format, drawn), format).actions == ("c2pa.created",)


def test_a_huge_latent_is_signed_as_part_of_the_file():
    recipe = Recipe(ModelRef("faces"), StoredLatent(64, 2048, os.urandom(4 * 64 * 2048)))
    found = check(signed("PNG", recipe), "PNG", valid=True, tampered=False, recipe_text="")
    assert found.source_types[0].endswith("compositeWithTrainedAlgorithmicMedia")


def test_the_key_is_made_once_and_is_its_owners_alone():
    assert known_identities() == ()
    first = own_identity()
    assert own_identity() == first
    assert known_identities() == (first,)
    folder = folder_of_identity()
    assert {p.name for p in folder.iterdir()} == {CHAIN, KEY, ANCHOR}
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]
    if sys.platform != "win32":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / KEY).stat().st_mode) == 0o600


def test_the_certificate_names_no_person_and_lasts():
    from cryptography import x509

    leaf, authority = x509.load_pem_x509_certificates(own_identity().chain.encode())
    said = leaf.subject.rfc4514_string() + authority.subject.rfc4514_string()
    assert os.environ.get("USER", "no such user") not in said
    assert leaf.not_valid_after_utc.year - leaf.not_valid_before_utc.year >= 99
    leaf.verify_directly_issued_by(authority)


def test_a_damaged_key_is_said_with_its_folder():
    own_identity()
    (folder_of_identity() / KEY).write_text("nonsense")
    with pytest.raises(ExportError, match="credentials"):
        own_identity()


@pytest.mark.parametrize("format", FORMATS)
def test_damaged_files_do_not_hurt_the_reader(format):
    data = signed(format)
    random = np.random.RandomState(2)
    for _ in range(40):
        changed = bytearray(data[: random.randint(1, len(data))])
        for _ in range(8):
            changed[random.randint(len(changed))] = random.randint(256)
        assert c2.read(bytes(changed), format).valid is not True


def test_ctrl_c_during_signing_is_not_lost(monkeypatch):
    data, identity = plain("PNG"), own_identity()

    class Interrupted(io.BytesIO):
        def readinto(self, buffer):
            os.kill(os.getpid(), signal.SIGINT)
            return super().readinto(buffer)

        def read(self, size=-1):
            os.kill(os.getpid(), signal.SIGINT)
            return super().read(size)

    monkeypatch.setattr(c2.io, "BytesIO", Interrupted)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        c2.sign(data, "PNG", Claims(RECIPE), identity)
    assert signal.getsignal(signal.SIGINT) is before
