"""`models`: bundled, downloaded and public networks in one list; `get` asks before it fetches."""

import io
import json
from collections.abc import Iterator

import pytest

from explorer import load_generator
from explorer.checkpoints import download, public_networks
from explorer.checkpoints.downloaded import networks_dir
from explorer.checkpoints.transport import Transport
from explorer.cli import main as cli
from explorer.cli.console import ByteBar
from tests.checkpoints.web import Web, entry_for, network_bytes, serving


@pytest.fixture
def web(tmp_path, monkeypatch) -> Iterator[Web]:
    """A server with the one network that may be fetched."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving(network_bytes(tmp_path)) as web:
        entry = entry_for(web.url, web.sha256)
        monkeypatch.setattr(public_networks, "public_networks", lambda: (entry,))
        monkeypatch.setattr(public_networks, "public_network", lambda name: entry)
        monkeypatch.setattr(download, "make_transport", lambda: Transport(5, plain_loopback=True))
        yield web


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(capsys, *words):
    assert cli.main(list(words)) == 0
    return capsys.readouterr().out


def listed(capsys):
    return {row["name"]: row for row in json.loads(told(capsys, "models", "--json"))}


def test_every_public_network_is_listed_with_its_licence(capsys):
    rows = listed(capsys)
    for entry in public_networks.public_networks():
        row = rows[entry.name]
        assert (row["state"], row["licence"], row["licence_url"]) == (
            "public",
            entry.licence.name,
            entry.licence.url,
        )
        assert (row["size"], row["sha256"], row["source"]) == (entry.size, entry.sha256, entry.url)
    assert rows["faces"]["state"] == "bundled"
    words = told(capsys, "models")
    assert "latent-explorer models get NAME" in words
    assert "metfaces: Faces out of paintings" in words


def test_get_fetches_and_list_then_knows_it(web, capsys):
    path = told(capsys, "models", "get", "tiny", "--accept-licence").strip()
    assert path == str(networks_dir() / "tiny.safetensors")
    assert load_generator("tiny").resolution == 16
    row = listed(capsys)["tiny"]
    assert (row["state"], row["sha256"], row["file"]) == ("downloaded", web.sha256, path)
    assert row["licence"] == "Test Licence 1.0"
    assert row["size"] == len(web.body)
    words = told(capsys, "models")
    assert "may be fetched" not in words
    assert "Test Licence 1.0 https://example.org/licence" in words

    asked = len(web.requests)
    document = json.loads(told(capsys, "models", "get", "tiny", "--json"))
    assert (document["file"], document["sha256"]) == (path, web.sha256)
    assert len(web.requests) == asked


def test_the_licence_is_shown_and_asked_for(web, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", Terminal("no\n"))
    assert cli.main(["models", "get", "tiny"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    for words in ("Test Licence 1.0", "For tests only.", "https://example.org/licence", "was not accepted"):
        assert words in said.err
    assert not web.requests
    monkeypatch.setattr("sys.stdin", Terminal("yes\n"))
    assert told(capsys, "models", "get", "tiny").strip().endswith("tiny.safetensors")


def test_nobody_there_accepts_nothing(web, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    assert cli.main(["models", "get", "tiny", "--json"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "--accept-licence" in said.err
    assert not web.requests


def test_ctrl_c_keeps_what_came(web, capsys, monkeypatch):
    def interrupt(self, stage, done, total, rate, left):
        if stage == "checking":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ByteBar, "show", interrupt)
        assert cli.main(["models", "get", "tiny", "--accept-licence"]) == cli.STOPPED
    assert f"{len(web.body):,} bytes are kept" in capsys.readouterr().err
    assert not (networks_dir() / "tiny.safetensors").exists()
    assert told(capsys, "models", "get", "tiny", "--accept-licence").strip().endswith("tiny.safetensors")


def test_a_failed_download_is_one_line(web, capsys):
    web.answer = lambda handler: handler.say(404, {"Content-Length": "0"})
    assert cli.main(["models", "get", "tiny", "--accept-licence"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: 127.0.0.1 no longer has tiny")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "words", [["get"], ["list", "metfaces"], ["list", "--accept-licence"], ["fetch", "metfaces"]]
)
def test_wrong_usage_is_told(words, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["models", *words])
    assert caught.value.code == 2


def test_an_unknown_name_names_the_nearest(capsys):
    assert cli.main(["models", "get", "metface"]) == 1
    assert "Did you mean 'metfaces'" in capsys.readouterr().err


def test_the_bar_tells_bytes_rate_and_time_on_a_terminal_alone():
    stream = Terminal()
    with ByteBar(stream) as bar:
        bar.show("downloading", 10 << 20, 40 << 20, 2.0 * (1 << 20), 15.0)
        bar.show("downloading", 10 << 20, None, 0.0, None)
    text = stream.getvalue()
    assert "downloading 10.0/40.0 MiB  2 MiB/s  0:15 left" in text
    assert text.endswith("\r\x1b[K")
    silent = io.StringIO()
    with ByteBar(silent) as bar:
        bar.show("downloading", 1, 2, 3.0, 4.0)
    assert silent.getvalue() == ""
