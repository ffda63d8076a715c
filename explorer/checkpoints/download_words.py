"""What a download says when it fails: what happened, with which server or disk, what to do."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
import urllib.error
from dataclasses import dataclass
from pathlib import Path

from explorer.checkpoints.public_networks import PublicNetwork
from explorer.checkpoints.transport import host_of
from explorer.errors import DownloadError

_OFFLINE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN}
_DISK = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is used up",
    errno.EFBIG: "the file may not become that large",
    errno.EACCES: "this program may not write there",
    errno.EPERM: "this program may not write there",
    errno.EROFS: "the disk is read-only",
    errno.ENOTDIR: "part of the path is a file, not a folder",
}


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Why no connection came about, where trying again at once would not help."""

    text: str
    is_offline: bool = False


def unreachable(entry: PublicNetwork, error: Exception) -> Unreachable | None:
    """Words for a server that cannot be reached; None where the line only broke."""
    host = host_of(entry.url)
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Unreachable(
            f"the certificate of {host} cannot be trusted ({cause.verify_message}), so nothing was fetched. "
            "Where a proxy looks into secure connections, SSL_CERT_FILE must name its certificate"
        )
    if isinstance(cause, socket.gaierror) or (isinstance(cause, OSError) and cause.errno in _OFFLINE):
        return Unreachable(
            f"cannot reach {host}: this computer seems to be offline, or behind a proxy that the "
            "environment (HTTPS_PROXY) does not name",
            is_offline=True,
        )
    if isinstance(cause, ConnectionRefusedError):
        return Unreachable(f"{host}, or the proxy to it, takes no connections at the moment; try again later")
    if isinstance(cause, OSError) and str(cause).startswith("Tunnel connection failed"):
        return Unreachable(f"the proxy does not let this program reach {host}: {plain(cause)}")
    return None


def plain(error: BaseException | str) -> str:
    """A reason in few words."""
    if isinstance(error, urllib.error.URLError):
        return plain(error.reason)
    if isinstance(error, TimeoutError):
        return "no answer for a long time"
    if isinstance(error, http.client.IncompleteRead):
        return "it ended early"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, BaseException):
        return " ".join(str(error).split())[:200] or type(error).__name__
    return error


def gave_up(entry: PublicNetwork, reason: str, kept: int) -> DownloadError:
    """The server failed again and again."""
    rest = f"; {kept:,} bytes are kept, and asking again goes on from there" if kept else ""
    return DownloadError(f"{entry.name} could not be fetched: {reason}. Try again later{rest}")


def refused(entry: PublicNetwork, status: int, reason: str) -> DownloadError:
    """The server answers, but not with the file."""
    host = host_of(entry.url)
    if status in (404, 410):
        text = f"{host} no longer has {entry.name}"
    elif status in (401, 403, 451):
        text = f"{host} does not give {entry.name} away (status {status})"
    else:
        text = f"{host} answers with status {status} {reason[:60]}"
    about = f". {entry.page} may say more" if entry.page else ""
    return DownloadError(f"{text}{about}")


def web_page(entry: PublicNetwork) -> DownloadError:
    """The server sends HTML."""
    about = f", or see {entry.page}" if entry.page else ""
    return DownloadError(
        f"{host_of(entry.url)} sends a web page instead of {entry.name}, perhaps because it wants to be "
        f"asked something first or has sent the file too often today. Try again tomorrow{about}"
    )


def other_file(entry: PublicNetwork, reason: str) -> DownloadError:
    """All of it arrived, but it is not what it should be."""
    return DownloadError(
        f"what {host_of(entry.url)} sent is not the network {entry.name}, and was removed: {reason}"
    )


def disk_error(folder: Path, error: OSError) -> DownloadError:
    """The disk did not take or give the file."""
    if isinstance(error, DownloadError):
        return error
    reason = _DISK.get(error.errno or 0) or error.strerror or str(error)
    return DownloadError(f"cannot write in {folder}: {reason}; what has arrived is kept")
