"""What lies around a download: no connection, proxies, certificates, the disk, the folder."""

from __future__ import annotations

import datetime
import errno
import ipaddress
import json
import shutil
import socket
import ssl
import threading
from pathlib import Path

import pytest

from explorer import load_generator
from explorer.checkpoints import download_words, part_file
from explorer.checkpoints.download import partial_bytes
from explorer.checkpoints.downloaded import downloaded_networks, networks_dir, record_path
from explorer.checkpoints.transport import Transport
from explorer.errors import DownloadError, ModelNotFoundError
from tests.checkpoints.web import Web, entry_for, fetch, serving

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
