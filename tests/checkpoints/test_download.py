"""Downloads from servers that are slow, lie, break off, lead astray; and the disk, the proxy, the stop."""

from __future__ import annotations

import datetime
import errno
import ipaddress
import json
import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer import load_generator
from explorer.checkpoints import Register, Shelf, download_words, part_file
from explorer.checkpoints import download as module
from explorer.checkpoints.download import DownloadProgress, discard_partial, download, partial_bytes
from explorer.checkpoints.download_pace import Pace
from explorer.checkpoints.downloaded import downloaded_networks, networks_dir, read_record, record_path
from explorer.checkpoints.public_networks import PublicNetwork
from explorer.checkpoints.transport import Transport
from explorer.errors import DownloadError, DownloadStoppedError, ExplorerError, ModelNotFoundError
from tests.checkpoints.assembler import snapshot
from tests.checkpoints.web import Handler, Web, entry_for, network_bytes, serving


@pytest.fixture(scope="module")
def payload(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return network_bytes(tmp_path_factory.mktemp("payload"))


@pytest.fixture
def web(payload: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setattr(module, "PAUSES", (0.0,))
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving(payload) as web:
        yield web


def fetch(entry: PublicNetwork, folder: Path | None = None, **options: object) -> Path:
    opener = options.pop("opener", None) or Transport(timeout=5, plain_loopback=True)
    return download(entry, folder, accept_licence=True, opener=opener, **options)  # type: ignore[arg-type]


def break_at(*counts: int) -> Callable[[Handler], None]:
    """Answer well, but leave after so many bytes of the n-th answer."""
    left = list(counts)

    def answer(handler: Handler) -> None:
        data = handler.begin()
        handler.pour(data[: left.pop(0)] if left else data)

    return answer


# all goes well


def test_what_was_fetched_is_found_by_name(web: Web) -> None:
    seen: list[DownloadProgress] = []
    entry = entry_for(web.url, web.sha256)
    path = fetch(entry, progress=seen.append)
    assert path == networks_dir() / "tiny.safetensors"
    assert path.read_bytes() == web.body
    assert {now.stage for now in seen} >= {"connecting", "checking"}
    assert seen[-1].done == seen[-1].total == len(web.body)
    assert not [other for other in path.parent.iterdir() if other.name.startswith(".")]

    record = read_record(path)
    assert record is not None
    assert (record.source, record.sha256) == (web.url, web.sha256)
    assert (record.licence, record.licence_url) == ("Test Licence 1.0", "https://example.org/licence")
    accepted = datetime.datetime.fromisoformat(record.accepted)
    assert abs(datetime.datetime.now(datetime.UTC) - accepted) < datetime.timedelta(minutes=5)

    assert load_generator("tiny").resolution == 16
    shelf = Shelf(register=Register(networks_dir() / "empty.json"))
    ref = shelf.resolve_name("tiny")
    assert (ref.name, ref.sha256) == ("tiny", web.sha256)
    shelf.get(ref)
    assert shelf.header(ref)["licence"] == "Test Licence 1.0"
    assert shelf.header(ref)["title"] == "Tiny"  # what the file itself says comes first

    asked = len(web.requests)
    assert download(entry, accept_licence=False) == path  # here already: nothing to accept, nobody asked
    assert len(web.requests) == asked


def test_a_recipe_finds_it_by_its_digest_alone(web: Web) -> None:
    fetch(entry_for(web.url))
    forgetful = Shelf(register=Register(networks_dir() / "empty.json"))
    from explorer.recipe import ModelRef

    assert forgetful.get(ModelRef("another name", web.sha256)).resolution == 16


def test_nothing_is_asked_before_the_licence_is_accepted(web: Web) -> None:
    with pytest.raises(DownloadError, match=r"Test Licence 1\.0, https://example\.org/licence"):
        download(entry_for(web.url), accept_licence=False, opener=Transport(plain_loopback=True))
    assert not web.requests
    assert downloaded_networks() == ()


def test_errors_are_of_both_families() -> None:
    assert issubclass(DownloadError, ExplorerError)
    assert issubclass(DownloadError, OSError)


# the line


def test_a_broken_line_is_taken_up_where_it_broke(web: Web) -> None:
    web.answer = break_at(20_000, 0, 30_000)
    assert fetch(entry_for(web.url, web.sha256)).read_bytes() == web.body
    assert web.ranges() == ["", "bytes=20000-", "bytes=20000-", "bytes=50000-"]
    assert web.requests[-1][2]["if-range"] == '"one"'


def test_a_server_that_never_gets_on_is_given_up_and_its_bytes_kept(web: Web) -> None:
    web.answer = break_at(1000, 0, 0, 0, 0, 0, 0, 0)
    entry = entry_for(web.url)
    with pytest.raises(DownloadError, match=r"1,000 of .* bytes.*1,000 bytes are kept"):
        fetch(entry)
    assert partial_bytes(entry) == 1000
    web.answer = None
    assert fetch(entry).read_bytes() == web.body
    assert web.ranges()[-1] == "bytes=1000-"


def test_a_stop_keeps_what_came_and_asking_again_goes_on(web: Web) -> None:
    entry = entry_for(web.url, web.sha256)

    def drip(handler: Handler) -> None:
        data = handler.begin()
        handler.pour(data[:30_000])
        handler.wfile.flush()
        web.closing.wait(10)  # slower than anybody waits

    web.answer = drip
    with pytest.raises(DownloadStoppedError, match="goes on from there"):
        fetch(entry, should_stop=lambda: partial_bytes(entry) > 0)
    kept = partial_bytes(entry)
    assert 0 < kept <= 30_000
    assert not [thread for thread in threading.enumerate() if thread.name == "download-watch"]
    assert downloaded_networks() == ()
    with pytest.raises(ModelNotFoundError):
        load_generator("tiny")
    web.answer = None
    assert fetch(entry).read_bytes() == web.body
    assert web.ranges()[-1] == f"bytes={kept}-"


def test_a_stop_is_heard_while_the_server_is_silent(web: Web) -> None:
    asked = threading.Event()

    def silence(handler: Handler) -> None:
        asked.set()
        web.closing.wait(10)

    web.answer = silence
    with pytest.raises(DownloadStoppedError):
        fetch(entry_for(web.url), should_stop=asked.is_set, opener=Transport(60, plain_loopback=True))
    assert not web.closing.is_set()


def test_silence_ends_in_words(web: Web) -> None:
    def stall(handler: Handler) -> None:
        data = handler.begin()
        handler.pour(data[:5000] if len(web.requests) == 1 else b"")
        web.closing.wait(10)

    web.answer = stall
    with pytest.raises(DownloadError, match="no answer for a long time"):
        fetch(entry_for(web.url), opener=Transport(0.2, plain_loopback=True))
    assert partial_bytes(entry_for(web.url)) == 5000


def test_a_finished_part_needs_no_server(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = entry_for(web.url)

    def interrupted(self: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module._Job, "check", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fetch(entry)
    asked = len(web.requests)
    assert fetch(entry).read_bytes() == web.body
    assert len(web.requests) == asked


def test_busy_servers_are_asked_again(web: Web) -> None:
    left = [503, 429]

    def answer(handler: Handler) -> None:
        if left:
            handler.say(left.pop(), {"Content-Length": "0"})
        else:
            handler.well()

    web.answer = answer
    assert fetch(entry_for(web.url)).is_file()


def test_two_downloads_of_one_network_do_not_mix(web: Web) -> None:
    with (
        part_file.PartFile(networks_dir(), "tiny.safetensors").locked(),
        pytest.raises(DownloadError, match=r"tiny\.safetensors is being downloaded already"),
    ):
        fetch(entry_for(web.url))
    assert fetch(entry_for(web.url)).is_file()


# another version, or none that can be told


def test_a_changed_file_is_fetched_anew(web: Web, tmp_path: Path) -> None:
    web.answer = break_at(20_000, *[0] * 8)
    with pytest.raises(DownloadError):
        fetch(entry_for(web.url))
    web.answer, web.etag, web.body = None, '"two"', network_bytes(tmp_path, seed=1)
    assert fetch(entry_for(web.url)).read_bytes() == web.body


def test_a_changed_file_from_a_server_deaf_to_if_range_is_fetched_anew(web: Web, tmp_path: Path) -> None:
    old, new = web.body, network_bytes(tmp_path, seed=1)

    def answer(handler: Handler) -> None:
        if web.body is old:
            handler.pour(handler.begin()[:20_000])
            web.body, web.etag = new, '"two"'
            return
        del handler.headers["If-Range"]
        handler.well()

    web.answer = answer
    assert fetch(entry_for(web.url)).read_bytes() == new


def test_ranges_that_are_ignored_mean_beginning_anew(web: Web) -> None:
    left = [20_000]

    def answer(handler: Handler) -> None:
        del handler.headers["Range"]
        data = handler.begin()
        handler.pour(data[: left.pop()] if left else data)

    web.answer = answer
    assert fetch(entry_for(web.url)).read_bytes() == web.body
    assert web.ranges() == ["", "bytes=20000-"]


def test_without_a_version_nothing_is_pieced_together(web: Web) -> None:
    web.etag = ""
    web.answer = break_at(20_000)
    assert fetch(entry_for(web.url)).read_bytes() == web.body
    assert web.ranges() == ["", ""]


def test_a_known_digest_stands_in_for_a_version(web: Web) -> None:
    web.etag = ""
    web.answer = break_at(20_000)
    assert fetch(entry_for(web.url, web.sha256)).read_bytes() == web.body
    assert web.ranges() == ["", "bytes=20000-"]


def test_a_server_that_gives_a_little_at_a_time_is_borne_with(web: Web) -> None:
    def answer(handler: Handler) -> None:
        span = handler.headers.get("Range", "")
        start = int(span.removeprefix("bytes=").removesuffix("-") or 0)
        data = web.body[start : start + 50_000]
        if not span:
            handler.say(200, {"ETag": web.etag, "Content-Length": str(len(web.body))})
        else:
            stated = f"bytes {start}-{start + len(data) - 1}/{len(web.body)}"
            handler.say(206, {"ETag": web.etag, "Content-Range": stated, "Content-Length": str(len(data))})
        handler.pour(data)

    web.answer = answer
    assert fetch(entry_for(web.url)).read_bytes() == web.body


@pytest.mark.parametrize(
    "stated", ["bytes 0-9/{total}", "bytes {start}-9/10", "bytes {start}-{total}/*", "lines 1-2/3", ""]
)
def test_a_part_that_is_not_the_one_asked_for_is_not_appended(web: Web, stated: str) -> None:
    def answer(handler: Handler) -> None:
        span = handler.headers.get("Range")
        if len(web.requests) == 1:
            handler.pour(handler.begin()[:20_000])
        elif span is None:
            handler.well()
        else:
            words = stated.format(start=20_000, total=len(web.body))
            handler.say(206, {"Content-Range": words, "Content-Length": str(len(web.body) - 20_000)})
            handler.pour(web.body[20_000:])

    web.answer = answer
    assert fetch(entry_for(web.url)).read_bytes() == web.body


def test_a_part_longer_than_the_file_is_thrown_away(web: Web) -> None:
    networks_dir().mkdir()
    part = networks_dir() / ".tiny.safetensors.part"
    part.write_bytes(b"x" * (len(web.body) + 5))
    part.with_name(part.name + ".json").write_text('{"version": "\\"one\\"", "total": null}')
    assert fetch(entry_for(web.url)).read_bytes() == web.body


def test_a_note_full_of_nonsense_is_no_hindrance(web: Web) -> None:
    networks_dir().mkdir()
    part = networks_dir() / ".tiny.safetensors.part"
    for note in ("[", "[]", '{"version": 5, "total": "x"}', '{"version": "a\\r\\nHost: b", "total": 3}'):
        part.write_bytes(b"x" * 100)
        part.with_name(part.name + ".json").write_text(note)
        path = fetch(entry_for(web.url))
        assert path.read_bytes() == web.body
        assert web.ranges()[-1] == ""
        path.unlink()


def test_a_part_can_be_forgotten(web: Web) -> None:
    entry = entry_for(web.url)
    web.answer = break_at(1000, 0, 0, 0, 0)
    with pytest.raises(DownloadError):
        fetch(entry)
    discard_partial(entry)
    assert partial_bytes(entry) == 0
    assert list(networks_dir().iterdir()) == []


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


# nobody there


def test_offline_is_said_with_what_is_here(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch(entry_for(web.url))

    def no_name(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", no_name)
    with pytest.raises(DownloadError, match=r"offline.*On this disk there are: .*faces.*tiny"):
        fetch(entry_for("https://example.org/other.pkl", name="other"))


def test_a_closed_door_is_said_at_once() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(DownloadError, match="takes no connections"):
        fetch(entry_for(f"http://127.0.0.1:{port}/tiny.pkl"))


# proxies and certificates


def test_the_proxy_of_the_environment_is_used(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://name:word@127.0.0.1:{web.port}")
    assert fetch(entry_for("http://127.0.0.2:9/behind.safetensors")).read_bytes() == web.body
    _, path, headers = web.requests[0]
    assert path == "http://127.0.0.2:9/behind.safetensors"
    assert headers["proxy-authorization"].startswith("Basic ")


def test_secure_connections_go_through_the_proxy_too(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{web.port}")
    with pytest.raises(DownloadError, match=r"the proxy does not let this program reach example\.org"):
        fetch(entry_for("https://example.org/tiny.pkl"), opener=Transport(timeout=5))
    assert [(method, path) for method, path, _ in web.requests] == [("CONNECT", "example.org:443")]


def test_a_secure_server_is_trusted_by_its_certificate_alone(payload: bytes, tmp_path: Path) -> None:
    certificate = _self_signed(tmp_path)
    with serving(payload) as web:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        front = threading.Thread(target=_tls_front, args=(listener, context, web.port), daemon=True)
        front.start()
        entry = entry_for(f"https://127.0.0.1:{port}/tiny.safetensors")
        with pytest.raises(DownloadError, match=r"certificate of 127\.0\.0\.1 cannot be trusted"):
            fetch(entry, opener=Transport(timeout=5))
        trusted = ssl.create_default_context(cafile=str(certificate))
        assert fetch(entry, opener=Transport(timeout=5, context=trusted)).read_bytes() == payload
        listener.close()
        front.join(5)


def _self_signed(folder: Path) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


def _tls_front(listener: socket.socket, context: ssl.SSLContext, port: int) -> None:
    """Unwrap one connection after another and pass them to the plain server."""
    listener.settimeout(0.1)
    while True:
        try:
            raw, _ = listener.accept()
        except TimeoutError:
            continue
        except OSError:
            return  # closed
        try:
            raw.settimeout(5)
            with context.wrap_socket(raw, server_side=True) as outer:
                request = b""
                while b"\r\n\r\n" not in request:
                    request += outer.recv(4096)
                with socket.create_connection(("127.0.0.1", port), 5) as inner:
                    inner.sendall(request)
                    while data := inner.recv(1 << 16):
                        outer.sendall(data)
        except OSError:
            continue  # a client that did not trust us


# the disk


def test_a_disk_too_small_is_told_before_the_first_byte(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(networks_dir().parent)._replace(free=part_file.RESERVE + 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(DownloadError, match="make room"):
        fetch(entry_for(web.url))
    assert partial_bytes(entry_for(web.url)) == 0


def test_a_disk_that_fills_up_keeps_what_came(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [10**12, 1000]
    usage = shutil.disk_usage(networks_dir().parent)
    entry = entry_for(web.url)
    with monkeypatch.context() as patch:
        patch.setattr(part_file, "_LOOK_EVERY", 40_000)
        patch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=left.pop(0)))
        with pytest.raises(DownloadError, match="make room"):
            fetch(entry)
    kept = partial_bytes(entry)
    assert kept >= 40_000
    assert fetch(entry).read_bytes() == web.body
    assert web.ranges()[-1] == f"bytes={kept}-"


def test_a_full_disk_is_said(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, data: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        def flush(self) -> None: ...

        def close(self) -> None: ...

    monkeypatch.setattr(part_file, "open", lambda path, mode: Full(), raising=False)
    with part_file.PartFile(tmp := networks_dir().parent, "full.pkl").writing() as write:
        with pytest.raises(DownloadError, match=r"the disk is full; what has arrived is kept") as caught:
            write(b"x")
        assert str(tmp) in str(caught.value)


def test_a_folder_that_may_not_be_made_is_said(web: Web, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DownloadError, match="not a folder"):
        fetch(entry_for(web.url), tmp_path / "file" / "networks")


# what lies in the folder


def test_strange_records_and_files_do_no_harm(web: Web) -> None:
    path = fetch(entry_for(web.url))
    for record in ("{", "[]", '{"name": 1}', json.dumps({"more": 1}), "\xff"):
        record_path(path).write_text(record, encoding="latin-1")
        (network,) = downloaded_networks()
        assert (network.name, network.record) == ("tiny", None)
    record_path(path).unlink()
    (path.parent / "notes.txt").write_text("mine")
    (path.parent / "by-hand.pkl").write_bytes(b"x")
    assert [network.name for network in downloaded_networks()] == ["by-hand", "tiny"]
    with pytest.raises(ModelNotFoundError, match="by-hand"):
        load_generator("by-hend")


def test_a_public_name_that_is_not_here_says_how_to_get_it() -> None:
    with pytest.raises(ModelNotFoundError, match="latent-explorer models get metfaces"):
        load_generator("metfaces")


def test_words_for_plain_reasons() -> None:
    assert download_words.plain(TimeoutError("timed out")) == "no answer for a long time"
    assert (
        download_words.plain(OSError(errno.ECONNRESET, "Connection reset by peer"))
        == "Connection reset by peer"
    )


# pace


def test_the_pace_is_that_of_the_last_seconds() -> None:
    now = [100.0]
    pace = Pace(lambda: now[0])
    assert pace.rate(5000) == 0.0  # bytes of earlier runs are no speed
    for _ in range(100):
        now[0] += 0.1
        rate = pace.rate(5000 + round((now[0] - 100) * 1000))
    assert rate == pytest.approx(1000, rel=0.01)
    for _ in range(40):
        now[0] += 0.1
        rate = pace.rate(15_000)
    assert rate == 0.0
    assert pace.rate(0) == 0.0  # begun anew
    assert [pace.is_due(), pace.is_due()] == [True, False]
    now[0] += 0.2
    assert pace.is_due()


def test_the_time_left_is_told_where_it_can_be() -> None:
    assert DownloadProgress("downloading", 10, 110, 50.0).seconds_left == 2.0
    assert DownloadProgress("downloading", 10, None, 50.0).seconds_left is None
    assert DownloadProgress("connecting", 10, 110, 0.0).seconds_left is None
