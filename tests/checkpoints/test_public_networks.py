"""The table of public networks: whole, honest about what is unknown, HTTPS alone."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from explorer import locations
from explorer.checkpoints.public_networks import FAMILIES, SUBJECTS, public_network, public_networks
from explorer.errors import ModelNotFoundError


def test_every_entry_is_usable() -> None:
    entries = public_networks()  # refuses wrong schemes, families, resolutions, digests, repeated names
    assert len(entries) >= 50
    assert {entry.subject for entry in entries} == set(SUBJECTS)
    assert {entry.family for entry in entries} == set(FAMILIES)
    assert [SUBJECTS.index(entry.subject) for entry in entries] == sorted(
        SUBJECTS.index(entry.subject) for entry in entries
    )
    for entry in entries:
        assert entry.url.startswith("https://")
        assert entry.licence.url.startswith("https://")
    assert not [url for url, times in Counter(entry.url for entry in entries).items() if times > 1]
    assert len({entry.title for entry in entries}) == len(entries)


def test_no_entry_hides_a_bundled_network() -> None:
    bundled = {path.stem for path in locations.weights_dir().glob("*.safetensors")}
    assert bundled
    assert not bundled & {entry.name for entry in public_networks()}


def test_resolution_and_family_agree_with_the_address() -> None:
    for entry in public_networks():
        for family in ("stylegan3-t", "stylegan3-r"):
            if f"/{family}-" in entry.url:
                assert entry.family == family
        for size in (32, 256, 512, 1024):
            if any(mark in entry.url for mark in (f"{size}x{size}", f"-res{size}-", f"_{size}_pytorch")):
                assert entry.resolution == size


def test_a_name_nobody_has_names_the_nearest() -> None:
    assert public_network("metfaces").resolution == 1024
    with pytest.raises(ModelNotFoundError, match="Did you mean 'metfaces'"):
        public_network("metface")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "http://example.org/a.pkl"),
        ("url", "https://user@example.org/a.pkl"),
        ("url", "file:///etc/passwd"),
        ("name", "../up"),
        ("name", "Two Words"),
        ("resolution", 100),
        ("family", "stylegan9"),
        ("subject", "aliens"),
        ("sha256", "ABC"),
        ("size", -1),
        ("page", "http://example.org"),
        ("colour", "green"),
        ("licence", "lost"),
    ],
)
def test_a_table_that_is_wrong_is_refused(tmp_path: Path, field: str, value: object) -> None:
    document = json.loads((locations.resources_dir() / "networks.json").read_text("utf-8"))
    document["networks"][0][field] = value
    (tmp_path / "networks.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ValueError, match=f"{field}|{re.escape(str(value))}"):
        public_networks(tmp_path / "networks.json")


def test_a_repeated_name_is_refused(tmp_path: Path) -> None:
    document = json.loads((locations.resources_dir() / "networks.json").read_text("utf-8"))
    document["networks"].append(document["networks"][0])
    (tmp_path / "networks.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ValueError, match="two networks"):
        public_networks(tmp_path / "networks.json")
