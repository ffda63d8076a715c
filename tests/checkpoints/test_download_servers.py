"""Servers that lie about length and content, send web pages, lead astray, and have moods."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.checkpoints import part_file
from explorer.checkpoints.download import discard_partial, partial_bytes
from explorer.checkpoints.downloaded import downloaded_networks, networks_dir
from explorer.checkpoints.transport import Transport
from explorer.errors import DownloadError
from tests.checkpoints.assembler import snapshot
from tests.checkpoints.web import Handler, Web, entry_for, fetch, network_bytes

# lies


def test_a_length_too_large_is_no_network(web: Web) -> None:
    def answer(handler: Handler) -> None:
        handler.say(200, {"ETag": '"one"', "Content-Length": str(len(web.body) + 777)})
        handler.pour(web.body)

    web.answer = answer
    with pytest.raises(DownloadError, match="the connection ended after"):
        fetch(entry_for(web.url))
    assert downloaded_networks() == ()


def test_a_length_too_small_is_no_network(web: Web) -> None:
    def answer(handler: Handler) -> None:
        handler.say(200, {"ETag": '"one"', "Content-Length": "50000"})
        handler.pour(web.body)

    web.answer = answer
    with pytest.raises(DownloadError, match="was removed"):
        fetch(entry_for(web.url))
    assert list(networks_dir().iterdir()) == []


@pytest.mark.parametrize("length", ["nonsense", "-5", None])
def test_without_a_length_the_end_is_the_end(web: Web, length: str | None) -> None:
    def answer(handler: Handler) -> None:
        handler.say(200, {} if length is None else {"Content-Length": length})
        handler.pour(web.body)

    web.answer = answer
    assert fetch(entry_for(web.url)).read_bytes() == web.body


def test_a_length_beyond_all_networks_is_refused_before_the_first_byte(web: Web) -> None:
    web.answer = lambda handler: handler.say(200, {"Content-Length": str(10**15)})
    with pytest.raises(DownloadError, match="more than any network has"):
        fetch(entry_for(web.url))
    assert partial_bytes(entry_for(web.url)) == 0


def test_a_server_that_never_ends_is_stopped(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_file, "MAX_BYTES", 100_000)

    def answer(handler: Handler) -> None:
        handler.say(200, {})
        for _ in range(100):
            handler.pour(b"\x80" * 10_000)

    web.answer = answer
    with pytest.raises(DownloadError, match="sends more than 100,000 bytes"):
        fetch(entry_for(web.url))


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/octet-stream"])
def test_a_web_page_is_told_from_a_network(web: Web, kind: str) -> None:
    def answer(handler: Handler) -> None:
        page = b"\n<!DOCTYPE html><title>Quota exceeded</title>"
        handler.say(200, {"Content-Type": kind, "Content-Length": str(len(page))})
        handler.pour(page)

    web.answer = answer
    with pytest.raises(DownloadError, match=r"web page instead of tiny.*https://example\.org/tiny"):
        fetch(entry_for(web.url))
    assert partial_bytes(entry_for(web.url)) == 0


def test_packed_answers_are_refused(web: Web) -> None:
    web.answer = lambda handler: handler.pour(handler.begin(Content_Encoding="gzip"))
    with pytest.raises(DownloadError, match="packed"):
        fetch(entry_for(web.url))


@pytest.mark.parametrize(
    ("status", "words"), [(404, "no longer has tiny"), (403, "does not give"), (418, "status 418")]
)
def test_refusals_are_told_at_once(web: Web, status: int, words: str) -> None:
    web.answer = lambda handler: handler.say(status, {"Content-Length": "0"})
    with pytest.raises(DownloadError, match=words):
        fetch(entry_for(web.url))
    assert len(web.requests) == 1


def test_another_file_than_its_digest_is_removed(web: Web) -> None:
    with pytest.raises(DownloadError, match=r"was removed: its sha256 is .* its publisher's 0000"):
        fetch(entry_for(web.url, "0" * 64))
    assert list(networks_dir().iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [b"no network at all", b"\x80\x04cos\nsystem\n(S'touch ran'\ntR.", snapshot()[:-40]],
    ids=["text", "hostile", "cut"],
)
def test_what_the_reader_refuses_is_removed(web: Web, content: bytes, tmp_path: Path) -> None:
    web.body = content
    with pytest.raises(DownloadError, match="is not the network tiny, and was removed"):
        fetch(entry_for(web.url))
    assert list(networks_dir().iterdir()) == []


@pytest.mark.parametrize(("field", "value"), [("resolution", 32), ("family", "stylegan3-t")])
def test_another_network_than_promised_is_removed(web: Web, field: str, value: object) -> None:
    with pytest.raises(DownloadError, match=r"it is a stylegan2 of 16 pixels, not the"):
        fetch(entry_for(web.url, **{field: value}))
    assert list(networks_dir().iterdir()) == []


def _misbehave(web: Web, other: bytes, moods: list[tuple[str, int]]) -> Callable[[Handler], None]:
    """Answers in one mood after the other, then well."""

    def answer(handler: Handler) -> None:
        mood, count = moods.pop(0) if moods else ("well", 0)
        if mood == "busy":
            handler.say(503, {"Content-Length": "0"})
        elif mood == "gone":
            handler.close_connection = True  # without a word
        elif mood == "deaf":
            del handler.headers["Range"]
            handler.pour(handler.begin()[:count])
        elif mood == "careless":
            del handler.headers["If-Range"]
            handler.pour(handler.begin()[:count])
        elif mood == "new":
            web.body, web.etag = other, '"two"'
            handler.pour(handler.begin()[:count])
        elif mood == "liar":
            handler.say(200, {"ETag": web.etag, "Content-Length": str(len(web.body) + count)})
            handler.pour(web.body)
        else:
            handler.pour(handler.begin()[: count or None])

    return answer


_MOODS = st.tuples(
    st.sampled_from(["busy", "gone", "deaf", "careless", "new", "liar", "breaks"]),
    st.integers(1, 120_000),
)


@settings(max_examples=25)
@given(moods=st.lists(_MOODS, max_size=6))
def test_whatever_the_server_does_the_file_is_right_or_absent(
    moods: list[tuple[str, int]], payload: bytes, web: Web, tmp_path: Path
) -> None:
    other = network_bytes(tmp_path, seed=1)
    web.body, web.etag = payload, '"one"'
    web.answer = _misbehave(web, other, list(moods))
    entry = entry_for(web.url)
    try:
        path = fetch(entry)
    except DownloadError:
        assert downloaded_networks() == ()
    else:
        assert path.read_bytes() in (payload, other)
        path.unlink()
    discard_partial(entry)


# redirects and addresses


def test_redirects_are_followed(web: Web) -> None:
    def answer(handler: Handler) -> None:
        if handler.path == "/elsewhere":
            handler.well()
        else:
            handler.say(302, {"Location": "/elsewhere", "Content-Length": "0"})

    web.answer = answer
    assert fetch(entry_for(web.url)).is_file()


@pytest.mark.parametrize(
    "target",
    [
        "http://example.org/tiny.pkl",
        "http://10.0.0.1/tiny.pkl",
        "http://localhost.example.org/",
        "file:///etc/passwd",
        "ftp://example.org/tiny.pkl",
        "data:,x",
        "https://",
        "http://[",
        "http://127.0.0.1:99999999/",
    ],
)
def test_redirects_lead_to_https_alone(web: Web, target: str) -> None:
    web.answer = lambda handler: handler.say(302, {"Location": target, "Content-Length": "0"})
    with pytest.raises(DownloadError, match=r"only https|understood|nowhere"):
        fetch(entry_for(web.url))
    assert len(web.requests) == 1


def test_redirects_in_a_circle_end(web: Web) -> None:
    web.answer = lambda handler: handler.say(307, {"Location": web.url, "Content-Length": "0"})
    with pytest.raises(DownloadError, match="as in a circle"):
        fetch(entry_for(web.url))
    assert len(web.requests) < 20


@pytest.mark.parametrize("url", ["{web}", "ftp://example.org/a", "file:///etc/passwd", "tiny.pkl"])
def test_only_https_is_asked(web: Web, url: str) -> None:
    with pytest.raises(DownloadError, match=r"only https|understood"):
        fetch(entry_for(url.replace("{web}", web.url)), opener=Transport())
    assert not web.requests
