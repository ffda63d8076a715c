"""Every network there is to open or to fetch, as one list of plain values. Knows no widget.

Gathered on a background thread: headers are read, and small files inspected,
so that the page can say what a file draws before it is opened.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

from explorer.checkpoints.catalogue import BundledModel, bundled_models
from explorer.checkpoints.download import partial_bytes
from explorer.checkpoints.downloaded import DownloadedNetwork, downloaded_networks
from explorer.checkpoints.public_networks import SUBJECTS, PublicNetwork, public_networks
from explorer.checkpoints.register import Register
from explorer.errors import CheckpointError
from explorer.recipe import ModelRef

log = logging.getLogger(__name__)

Place = Literal["bundled", "downloaded", "file", "missing", "public"]

FAMILIES = {
    "stylegan1": "StyleGAN",
    "stylegan2": "StyleGAN2",
    "stylegan3-t": "StyleGAN3-T",
    "stylegan3-r": "StyleGAN3-R",
}
OWN = "own"
"""Group of files of which nobody says what they draw."""
GROUPS = {
    "people": "People",
    "cats": "Cats",
    "dogs": "Dogs",
    "animals": "Wild and other animals",
    "paintings": "Paintings",
    "anime": "Anime",
    "things": "Things",
    "places": "Places",
    "science": "Science",
    OWN: "Your own files",
}
SMALL = 64 * 2**20
"""Files up to this many bytes are inspected; larger ones tell when they are opened."""
_BUNDLED_SUBJECTS = {"faces": "people", "portraits": "people"}


@dataclass(frozen=True)
class NetworkEntry:
    """One network, wherever it lies."""

    key: str
    """What tells it from all others."""
    title: str
    group: str
    """A key of `GROUPS`."""
    place: Place
    path: Path | None = None
    """Its file; None where it is not on this machine."""
    draws: str = ""
    resolution: int | None = None
    family: str = ""
    """For people; empty where it is not known."""
    size: int | None = None
    """Bytes."""
    licence: str = ""
    licence_url: str = ""
    licence_summary: str = ""
    publisher: str = ""
    source: str = ""
    """Where it comes from: an address, a path."""
    sha256: str = ""
    note: str = ""
    public: PublicNetwork | None = None
    """What may be downloaded."""
    partial: int = 0
    """Bytes of an unfinished download."""

    @property
    def is_here(self) -> bool:
        """Whether it can be opened at once."""
        return self.place in ("bundled", "downloaded", "file")

    def fits(self, text: str) -> bool:
        """Whether all words of a search stand somewhere in what is known of it."""
        size = "" if self.resolution is None else f"{self.resolution} {self.resolution}x{self.resolution}"
        known = " ".join(
            (self.key, self.title, GROUPS[self.group], self.draws, self.family, size, self.licence)
        )
        known = f"{known} {self.publisher} {self.source} {self.note}".lower()
        return all(word in known for word in text.lower().split())


def gather(recent: Sequence[str] = (), in_use: ModelRef | None = None) -> tuple[NetworkEntry, ...]:
    """All networks: bundled, downloaded, opened lately, and those one may download.

    Parameters
    ----------
    recent : files opened lately, newest first.
    in_use : the network in use, which may have been opened without becoming one of those.
    """
    entries = [_of_bundled(model) for model in bundled_models()]
    here = {network.name: network for network in downloaded_networks()}
    try:
        public = public_networks()
    except (OSError, ValueError) as error:
        log.warning("the list of public networks cannot be read: %s", error)
        public = ()
    for offered in public:
        found = here.pop(offered.name, None)
        entries.append(_of_public(offered, found))
    entries += [_of_downloaded(network) for network in here.values()]
    known = {_same(entry.path) for entry in entries if entry.path is not None}
    files = [Path(path) for path in recent]
    opened = None if in_use is None else Register().find(in_use.sha256)
    if opened is not None and _same(opened) not in {_same(path) for path in files}:
        files.insert(0, opened)
    entries += [_of_file(path) for path in files if _same(path) not in known]
    return tuple(entries)


def grouped(
    entries: Iterable[NetworkEntry], text: str = "", here_only: bool = False
) -> dict[str, list[NetworkEntry]]:
    """Entries that fit a search, by what they draw; within a group those on this machine first."""
    groups: dict[str, list[NetworkEntry]] = {group: [] for group in GROUPS}
    for entry in entries:
        if entry.fits(text) and (entry.is_here or not here_only):
            groups[entry.group].append(entry)
    return {group: sorted(found, key=_order) for group, found in groups.items() if found}


def _order(entry: NetworkEntry) -> tuple[bool, int]:
    return (not entry.is_here, -(entry.resolution or 0))


def _of_bundled(model: BundledModel) -> NetworkEntry:
    header = model.header
    subject = header.get("subject", _BUNDLED_SUBJECTS.get(model.name, model.name))
    group = subject if isinstance(subject, str) and subject in SUBJECTS else OWN
    description = header.get("description")
    return NetworkEntry(
        key=f"bundled {model.name}",
        title=model.title,
        group=group,
        place="bundled",
        path=model.path,
        draws=description if isinstance(description, str) else "",
        resolution=model.resolution,
        family=FAMILIES.get(model.architecture, model.architecture),
        size=model.size,
        licence=model.licence,
        publisher=model.attribution,
        source="Comes with the program",
        sha256=_digest(model),
    )


def _digest(model: BundledModel) -> str:
    try:
        return model.sha256()
    except OSError:
        return ""


def _of_public(offered: PublicNetwork, found: DownloadedNetwork | None) -> NetworkEntry:
    entry = NetworkEntry(
        key=f"public {offered.name}",
        title=offered.title,
        group=offered.subject,
        place="public",
        draws=offered.draws,
        resolution=offered.resolution,
        family=FAMILIES[offered.family],
        size=offered.size,
        licence=offered.licence.name,
        licence_url=offered.licence.url,
        licence_summary=offered.licence.summary,
        publisher=offered.publisher,
        source=offered.url,
        sha256=offered.sha256 or "",
        note=offered.note,
        public=offered,
    )
    if found is None:
        return replace(entry, partial=partial_bytes(offered))
    sha256 = entry.sha256 if found.record is None else found.record.sha256
    return replace(entry, place="downloaded", path=found.path, size=found.size, sha256=sha256)


def _of_downloaded(network: DownloadedNetwork) -> NetworkEntry:
    record = network.record
    entry = _of_file(network.path)
    if record is None:
        return replace(entry, place="downloaded")
    return replace(
        entry,
        place="downloaded",
        title=record.title or network.name,
        family=FAMILIES.get(record.family, entry.family),
        resolution=record.resolution or entry.resolution,
        licence=record.licence,
        licence_url=record.licence_url,
        publisher=record.publisher,
        source=record.source,
        sha256=record.sha256,
    )


def _of_file(path: Path) -> NetworkEntry:
    entry = NetworkEntry(f"file {path}", path.stem, OWN, "file", path, source=str(path))
    try:
        status = path.stat()
    except OSError:
        return replace(entry, place="missing", path=None, note="The file is not there any more.")
    entry = replace(entry, size=status.st_size)
    if status.st_size > SMALL:
        return entry
    return _inspected(entry, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _inspected(entry: NetworkEntry, _mtime_ns: int) -> NetworkEntry:
    """What a file says of itself; kept while the file stays as it is."""
    from explorer.checkpoints import inspect_checkpoint

    assert entry.path is not None
    try:
        info = inspect_checkpoint(entry.path)
    except (CheckpointError, OSError) as error:
        return replace(entry, note=str(error))
    title, licence = (info.header.get(key) for key in ("title", "licence"))
    return replace(
        entry,
        title=title if isinstance(title, str) and title else entry.title,
        licence=licence if isinstance(licence, str) else "",
        resolution=info.resolution,
        family=FAMILIES.get(info.architecture, info.architecture),
        sha256=info.sha256 or "",
    )


def _same(path: Path) -> str:
    """Spelling by which two paths of one file are told to be the same."""
    try:
        return str(path.resolve())
    except OSError:
        return str(path)


def bytes_in_words(count: int) -> str:
    """Bytes for people, in the units that download pages use."""
    if count < 10**6:
        return f"{max(count / 1e3, 1):.0f} kB"
    return f"{count / 1e6:.0f} MB" if count < 10**9 else f"{count / 1e9:.2f} GB"
