"""One way out to the network: HTTPS, through the proxy the environment names, and nothing else.

Only `download` uses it. No handler for files, FTP or data addresses exists
here, redirects are followed by hand so that each address is looked at first,
and a read that waits can be cut off from another thread.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import string
import urllib.request
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import explorer
from explorer.errors import DownloadError

MAX_REDIRECTS = 8
_REDIRECTS = (301, 302, 303, 307, 308)


class Transport:
    """Asks servers for files.

    Parameters
    ----------
    timeout : seconds without a single byte after which a server counts as gone
    plain_loopback : also allow `http` to this very machine; for tests with a server of their own
    context : certificates to trust, by default the system's
    """

    def __init__(
        self, timeout: float = 30.0, plain_loopback: bool = False, context: ssl.SSLContext | None = None
    ) -> None:
        self._timeout = timeout
        self._plain_loopback = plain_loopback
        self._sockets: list[socket.socket] = []
        self._director = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.UnknownHandler(),
            _Http(self._sockets.append),
            _Https(self._sockets.append, context),
        ):
            self._director.add_handler(handler)

    def open(self, url: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        """Ask for a file and return the answer, whatever its status, with its body unread.

        Raises
        ------
        DownloadError
            If the address, or one it leads to, is not allowed, or it leads nowhere.
        OSError, http.client.HTTPException
            If the server cannot be reached or does not speak HTTP.
        """
        self._sockets.clear()
        for _ in range(MAX_REDIRECTS + 1):
            self._check(url)
            request = urllib.request.Request(
                url, headers={"User-Agent": f"latent-explorer/{explorer.__version__}", **headers}
            )
            response: http.client.HTTPResponse = self._director.open(request, timeout=self._timeout)
            if response.status not in _REDIRECTS:
                return response
            target = response.headers.get("Location", "")
            response.close()
            if not target:
                raise DownloadError(f"{host_of(url)} redirects to nowhere (status {response.status})")
            url = _joined(url, target)
        raise DownloadError(
            f"{host_of(url)} redirects more than {MAX_REDIRECTS} times, as in a circle; try again later"
        )

    def cut(self) -> None:
        """End every connection, so that a read that waits returns; for another thread to call."""
        for connection in list(self._sockets):
            # Not `connection.shutdown`: for a secure one that would pull the rug from under the reader.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def _check(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
            parts.port  # noqa: B018 -- asking is what checks it
        except ValueError:
            raise DownloadError(f"an address that cannot be understood: {url[:200]!r}") from None
        if parts.scheme == "https" and host:
            return
        if self._plain_loopback and _is_plain_loopback(parts):
            return
        raise DownloadError(
            f"only https addresses are fetched, and this one is not: {url[:200]!r}. Nobody could tell "
            "whether what it sends was changed on the way"
        )


def _joined(url: str, target: str) -> str:
    """Absolute address of a redirect; letters that no address may hold are spelt out."""
    try:
        return quote(urljoin(url, target), encoding="iso-8859-1", errors="replace", safe=string.punctuation)
    except ValueError:
        raise DownloadError(f"{host_of(url)} redirects to an address that cannot be understood") from None


def host_of(url: str) -> str:
    """Name of the server, for messages."""
    try:
        return urlsplit(url).hostname or url[:100]
    except ValueError:
        return url[:100]


def _is_plain_loopback(parts: SplitResult) -> bool:
    try:
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


class _HttpConnection(http.client.HTTPConnection):
    """Tells of its socket as soon as it is connected."""

    note: Callable[[socket.socket], None]

    def connect(self) -> None:
        super().connect()
        self.note(self.sock)


class _HttpsConnection(http.client.HTTPSConnection):
    """Tells of its socket as soon as it is connected."""

    note: Callable[[socket.socket], None]

    def connect(self) -> None:
        super().connect()
        self.note(self.sock)


class _Http(urllib.request.HTTPHandler):
    def __init__(self, note: Callable[[socket.socket], None]) -> None:
        super().__init__()
        self._note = note

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connection, req)  # type: ignore[arg-type]

    def _connection(self, host: str, timeout: float) -> _HttpConnection:
        connection = _HttpConnection(host, timeout=timeout)
        connection.note = self._note
        return connection


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, note: Callable[[socket.socket], None], context: ssl.SSLContext | None) -> None:
        super().__init__()
        self._note = note
        self._trust = context or ssl.create_default_context()

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connection, req)  # type: ignore[arg-type]

    def _connection(self, host: str, timeout: float) -> _HttpsConnection:
        connection = _HttpsConnection(host, timeout=timeout, context=self._trust)
        connection.note = self._note
        return connection
