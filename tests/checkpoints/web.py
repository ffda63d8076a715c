"""A server of our own on loopback, as good or as bad as a test wants it."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from explorer.checkpoints.download import download
from explorer.checkpoints.public_networks import Licence, PublicNetwork
from explorer.checkpoints.safetensors_form import save_network
from explorer.checkpoints.transport import Transport
from tests.models.synthetic import channels_of, description_of, random_tensors

LICENCE = Licence("Test Licence 1.0", "https://example.org/licence", "For tests only.")


def network_bytes(folder: Path, seed: int = 0) -> bytes:
    """A real network of 16 pixels, some hundred kilobytes."""
    path = folder / f"payload-{seed}.safetensors"
    tensors = random_tensors("skip", 16, channels_of(16, 256, 32), seed)
    save_network(path, description_of("skip", 16), tensors, {"title": "Tiny"})
    return path.read_bytes()


def entry_for(url: str, sha256: str | None = None, **changes: object) -> PublicNetwork:
    fields: dict[str, object] = {
        "name": "tiny",
        "title": "Tiny faces",
        "draws": "Noise.",
        "subject": "people",
        "resolution": 16,
        "family": "stylegan2",
        "publisher": "Nobody",
        "licence": LICENCE,
        "url": url,
        "sha256": sha256,
        "page": "https://example.org/tiny",
    }
    return PublicNetwork(**(fields | changes))  # type: ignore[arg-type]


@dataclass
class Web:
    """What the server does; tests change it between, and during, requests.

    `answer` is called with the handler of each request, on the server's thread.
    """

    body: bytes
    etag: str = '"one"'
    answer: Callable[[Handler], None] | None = None
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Method, path and headers (small letters) of each request."""
    port: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/tiny.safetensors"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    def ranges(self) -> list[str]:
        return [headers.get("range", "") for _, _, headers in self.requests]


class Handler(BaseHTTPRequestHandler):
    """Serves `web.body` with ranges, unless `web.answer` does something else."""

    web: Web
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_GET(self) -> None:
        self.note()
        (self.web.answer or Handler.well)(self)

    def do_CONNECT(self) -> None:
        self.note()
        self.say(502, {"Content-Length": "0"})

    def note(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.web.requests.append((self.command, self.path, headers))

    def log_message(self, format: str, *args: object) -> None:
        """Be quiet."""

    def say(self, status: int, headers: dict[str, str]) -> None:
        self.close_connection = True
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def begin(self, **more: str) -> bytes:
        """Status and headers of an honest answer; returns the body that belongs to it."""
        web, span = self.web, self.headers.get("Range", "")
        headers = {"ETag": web.etag} if web.etag else {}
        headers["Content-Type"] = "application/octet-stream"
        total, start = len(web.body), 0
        fits = self.headers.get("If-Range", web.etag) == web.etag
        status = 200
        if span and fits:
            start, status = int(span.removeprefix("bytes=").removesuffix("-")), 206
            if start >= total:
                self.say(416, {"Content-Range": f"bytes */{total}", "Content-Length": "0"})
                return b""
            headers["Content-Range"] = f"bytes {start}-{total - 1}/{total}"
        headers["Content-Length"] = str(total - start)
        self.say(status, headers | {name.replace("_", "-"): value for name, value in more.items()})
        return web.body[start:]

    def well(self) -> None:
        """Answer as a server should."""
        self.pour(self.begin())

    def pour(self, data: bytes) -> None:
        stream = io.BytesIO(data)
        while chunk := stream.read(1 << 14):
            try:
                self.wfile.write(chunk)
            except OSError:
                return  # the other side has left


@contextmanager
def serving(body: bytes) -> Iterator[Web]:
    """Run a server in a thread for as long as the block lasts."""
    web = Web(body)
    handler = type("OwnHandler", (Handler,), {"web": web})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    web.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        web.closing.set()  # answers that wait go home
        server.shutdown()
        server.server_close()
        thread.join(5)


def fetch(entry: PublicNetwork, folder: Path | None = None, **options: object) -> Path:
    """Download with the licence accepted, allowing for the server on loopback."""
    opener = options.pop("opener", None) or Transport(timeout=5, plain_loopback=True)
    return download(entry, folder, accept_licence=True, opener=opener, **options)  # type: ignore[arg-type]


def break_at(*counts: int) -> Callable[[Handler], None]:
    """Answer well, but leave after so many bytes of the n-th answer."""
    left = list(counts)

    def answer(handler: Handler) -> None:
        data = handler.begin()
        handler.pour(data[: left.pop(0)] if left else data)

    return answer
