"""Fetch a public network: asked for, licence accepted, checked before it counts as here.

Interface first; the body follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.checkpoints.public_networks import PublicNetwork


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """How far a download is."""

    stage: str
    """`"connecting"`, `"downloading"` or `"checking"`."""
    done: int
    """Bytes on the disk, those of earlier runs included."""
    total: int | None
    """Bytes of the whole file, where the server says so."""
    rate: float
    """Bytes a second over the last seconds; 0 while unknown."""

    @property
    def seconds_left(self) -> float | None:
        """At the present rate, or None where that cannot be told."""
        if self.total is None or self.rate <= 0:
            return None
        return max(self.total - self.done, 0) / self.rate


def download(
    entry: PublicNetwork,
    folder: Path | None = None,
    *,
    accept_licence: bool,
    progress: Callable[[DownloadProgress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    opener: Any = None,
) -> Path:
    """Fetch a network into the user's folder `networks`, or go on where an earlier try ended.

    Blocks; call it on a thread of its own. `progress` is called on that thread,
    some ten times a second; `should_stop` may be called on another one too.

    Parameters
    ----------
    folder : where it shall lie; by default the user's `networks`
    accept_licence : whether a person has seen `entry.licence` and accepted it
    opener : the way to the network, for tests

    Returns
    -------
    Path of the network, which from now on `load_generator(entry.name)` finds.
    One that is there already is returned at once.

    Raises
    ------
    DownloadStoppedError
        If `should_stop` said so. What has arrived is kept.
    DownloadError
        If the licence was not accepted, the server cannot be reached, sends
        something else, or the disk is full; the message says what to do.
    """
    raise NotImplementedError


def partial_bytes(entry: PublicNetwork, folder: Path | None = None) -> int:
    """Bytes of an unfinished download of this network that can be gone on with; 0 where there is none."""
    raise NotImplementedError


def discard_partial(entry: PublicNetwork, folder: Path | None = None) -> None:
    """Forget an unfinished download."""
    raise NotImplementedError
