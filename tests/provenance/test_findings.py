"""The verdict of the Verify page: what it calls ours, changed, silent, and never real."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from explorer.provenance import Claims, picture_options, verify
from explorer.provenance.credentials import Credentials
from explorer.provenance.findings import findings, summary
from explorer.recipe import ModelRef, Recipe
from explorer.recipe.document import dumps
from explorer.recipe.finish import Finish, Label

RECIPE = Recipe(ModelRef("faces", "cd" * 32), psi=0.5)
OWN = Credentials(present=True, valid=True, tampered=False, signer="Me", is_own=True, is_self_made=True)


@pytest.fixture
def report(tmp_path):
    path = tmp_path / "a.png"
    options = picture_options("PNG", Claims(RECIPE, finish=Finish(label=Label())))
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(path, **options)
    return verify(path)


@pytest.mark.parametrize(
    ("credentials", "tone", "headline"),
    [
        (OWN, "good", "Made here, and unchanged"),
        (replace(OWN, is_own=False), "plain", "Says it was made with Latent Explorer"),
        (replace(OWN, valid=False, tampered=True), "warning", "Changed after it was signed"),
        (Credentials(present=False), "plain", "Says it was made with Latent Explorer"),
        (Credentials(problem="the package is missing"), "plain", "Says it was made with Latent Explorer"),
    ],
)
def test_the_verdict_follows_the_signature(report, credentials, tone, headline):
    found = summary(replace(report, credentials=credentials))
    assert (found.tone, found.headline) == (tone, headline)


def test_silence_is_plain_and_never_good(report, tmp_path):
    path = tmp_path / "b.jpg"
    Image.new("RGB", (4, 4)).save(path)
    silent = verify(path)
    assert summary(silent).tone == "plain"
    assert "no answer" in summary(silent).words
    for one in (silent, report, replace(report, credentials=OWN)):
        words = " ".join(f"{f.headline} {f.words}" for f in (summary(one), *findings(one))).lower()
        assert "authentic" not in words
        assert " is real" not in words


def test_a_recipe_alone_is_not_called_a_picture(tmp_path):
    (tmp_path / "a.json").write_text(dumps(RECIPE))
    assert summary(verify(tmp_path / "a.json")).headline == "A recipe, not a picture"


def test_the_finish_is_told_and_what_cannot_be_read_is_a_warning(report):
    told = {finding.topic: finding for finding in findings(report)}
    assert "bottom left" in told["finish"].headline
    broken = replace(report, finish=None, finish_problem="it cannot be read")
    assert {f.topic: f.tone for f in findings(broken)}["finish"] == "warning"


def test_two_finishes_in_one_file_are_not_believed(tmp_path):
    packet = picture_options("WEBP", Claims(RECIPE, finish=Finish(upscale=2)))["xmp"]
    begin, end = b"<latentexplorer:finish>", b"</latentexplorer:finish>"
    first = packet[packet.index(begin) : packet.index(end) + len(end)]
    packet = packet.replace(first, first + first.replace(b":2,", b":4,"))
    path = tmp_path / "a.webp"
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(path, xmp=packet)
    assert verify(path).finish is None
