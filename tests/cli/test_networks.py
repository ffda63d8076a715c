"""`inspect` and `models`: what a checkpoint is, and which came with the program."""

import hashlib
import json

import pytest

from explorer import load_generator, locations
from explorer.checkpoints import save_network
from explorer.cli import main as cli
from tests.models.synthetic import channels_of, description_of, random_tensors
from tests.support import golden_file


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder of bundled networks with one in it, and its file."""
    folder = tmp_path / "weights"
    folder.mkdir()
    tensors = random_tensors("skip", 16, channels_of(16, 128, 16))
    facts = {"title": "Tiny faces", "licence": "CC BY-NC 4.0", "attribution": "Photos by Somebody"}
    save_network(folder / "tiny.safetensors", description_of("skip", 16), tensors, facts)
    monkeypatch.setattr(locations, "weights_dir", lambda: folder)
    return folder / "tiny.safetensors"


def told(capsys, *words):
    assert cli.main(list(words)) == 0
    return capsys.readouterr().out


def test_inspect_tells_the_promised_facts(shelf, capsys):
    document = json.loads(told(capsys, "inspect", str(shelf), "--json"))
    promised = "format architecture resolution z_dim w_dim c_dim num_ws parameters sha256"
    assert list(document)[:9] == promised.split()
    assert document["architecture"] == "stylegan2"
    assert (document["resolution"], document["z_dim"], document["c_dim"], document["num_ws"]) == (16, 8, 0, 6)
    assert document["sha256"] == hashlib.sha256(shelf.read_bytes()).hexdigest()
    words = told(capsys, "inspect", str(shelf))
    assert "16 x 16" in words
    assert "CC BY-NC 4.0" in words


def test_a_refused_file_is_one_line_that_names_it(tmp_path, capsys):
    # A pickle that would call os.system; the reader must only say so.
    (tmp_path / "bad.pkl").write_bytes(b"cos\nsystem\n(S'touch " + str(tmp_path / "ran").encode() + b"'\ntR.")
    assert cli.main(["inspect", str(tmp_path / "bad.pkl"), "--json"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    assert "bad.pkl" in said.err
    assert "system" in said.err
    assert not (tmp_path / "ran").exists()


def test_models_lists_what_is_there(shelf, capsys):
    (model,) = [row for row in json.loads(told(capsys, "models", "--json")) if row["state"] == "bundled"]
    assert model["name"] == "tiny"
    assert model["licence"] == "CC BY-NC 4.0"
    assert model["sha256"] == hashlib.sha256(shelf.read_bytes()).hexdigest()
    assert model["size"] == shelf.stat().st_size
    words = told(capsys, "models", "list")
    assert "Tiny faces" in words
    assert "Photos by Somebody" in words


def test_no_models_is_said(shelf, capsys):
    shelf.unlink()
    assert "no network came" in told(capsys, "models")


def test_info_tells_versions_folders_devices_and_qt(capsys):
    words = told(capsys, "--info")
    for expected in ("torch", "devices", "cpu", "qt", "settings", str(locations.weights_dir())):
        assert expected in words


def test_convert_writes_a_network_that_draws_the_same(tmp_path, capsys):
    source = golden_file("ada_skip.pkl", tmp_path)
    out = tmp_path / "out.safetensors"
    document = json.loads(told(capsys, "convert", str(source), "--out", str(out), "--json"))
    assert document["architecture"] == "stylegan2"
    assert document["source_sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    pictures = []
    for path in (source, out):
        network = load_generator(path)
        pictures.append(network.synthesis(network.mapping(network.latent(1))))
    assert pictures[0].equal(pictures[1])


def test_convert_refuses_what_would_do_harm(shelf, tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["convert", str(shelf), "--out", str(tmp_path / "out.pkl")])
    assert caught.value.code == 2
    before = shelf.read_bytes()
    for out in (shelf, tmp_path / "none" / "out.safetensors"):
        capsys.readouterr()
        assert cli.main(["convert", str(shelf), "--out", str(out)]) == 1
        said = capsys.readouterr().err
        assert str(out) in said
        assert "should not happen" not in said
    assert shelf.read_bytes() == before
