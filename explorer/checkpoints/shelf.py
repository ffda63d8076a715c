"""Networks that are loaded: the last few stay, so that switching back is instant."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.checkpoints import catalogue
from explorer.checkpoints.downloaded import downloaded_networks, downloaded_path, facts_beside
from explorer.checkpoints.loading import build, find_file
from explorer.checkpoints.reading import read_checkpoint
from explorer.checkpoints.register import Register
from explorer.errors import ModelNotFoundError
from explorer.recipe import ModelRef

if TYPE_CHECKING:
    import torch

    from explorer.models import Generator
    from explorer.models.generator import Precision

log = logging.getLogger(__name__)

MAX_NETWORKS = 3
BYTE_LIMIT = 2 << 30


@dataclass
class _Place:
    generator: Generator
    header: dict[str, Any]
    format: str
    notes: tuple[str, ...]


class Shelf:
    """Holds generators by the digest of their file; the one used longest ago goes first.

    Not thread-safe: the render thread owns it.

    Parameters
    ----------
    byte_limit : for all networks together, as they lie on their device. The one
        in use stays, whatever its size.
    register : remembers files between runs.
    folder : of the bundled networks.
    """

    def __init__(
        self, byte_limit: int = BYTE_LIMIT, register: Register | None = None, folder: Path | None = None
    ) -> None:
        self._byte_limit = byte_limit
        self._register = register or Register()
        self._folder = folder
        self._places: dict[str, _Place] = {}

    def register(self, path: str | Path) -> ModelRef:
        """Reference to a file, which recipes may carry; the file is found again by it, also in later runs.

        The file is hashed (once, while it stays unchanged) but not yet read.

        Raises
        ------
        OSError
        """
        path = Path(path)
        return ModelRef(path.stem[:256], self._register.sha256_of(path))

    def resolve_name(self, name: str) -> ModelRef:
        """Reference to the network that a name or path stands for at this moment.

        Bundled networks come first, then downloaded ones, then files opened before, the latest first.

        Raises
        ------
        ModelNotFoundError, OSError
        """
        named = catalogue.bundled_path(name, self._folder) or downloaded_path(name)
        if named is not None:
            return self.register(named)
        known = self._register.find_name(name)
        if known is not None:
            return ModelRef(name, known[1])
        try:
            return self.register(find_file(name))
        except ModelNotFoundError:
            raise catalogue.not_found(name, self._register.names(), self._folder) from None

    def get(
        self, ref: ModelRef, device: str | torch.device = "cpu", precision: Precision = "float32"
    ) -> Generator:
        """Generator of a reference on a device, loaded where it is not there yet.

        Raises
        ------
        ModelNotFoundError
            If this machine does not have that very network.
        CheckpointError, OSError
            If its file cannot be read.
        """
        if not ref.sha256:
            ref = self.resolve_name(ref.name)
        place = self._places.pop(ref.sha256, None) or self._load(ref)
        # Back in last place: the order of the dictionary is the order of use.
        self._places[ref.sha256] = place
        place.generator = place.generator.to(device, precision)
        self._make_room()
        return place.generator

    def header(self, ref: ModelRef) -> dict[str, Any]:
        """What the file of a loaded network says of itself: title, licence, attribution… or nothing."""
        return dict(self._places[ref.sha256].header) if ref.sha256 in self._places else {}

    def notes(self, ref: ModelRef) -> tuple[str, ...]:
        """What reading the file of a loaded network left to be said."""
        return self._places[ref.sha256].notes if ref.sha256 in self._places else ()

    def loaded(self) -> tuple[str, ...]:
        """Digests of the networks on the shelf, the one in use last."""
        return tuple(self._places)

    def drop(self, ref: ModelRef) -> None:
        """Unload a network; nothing happens where it is not loaded."""
        self._places.pop(ref.sha256, None)

    def drop_all(self) -> None:
        """Unload every network."""
        self._places.clear()

    @property
    def nbytes(self) -> int:
        """Bytes of all loaded networks on their device."""
        return sum(place.generator.nbytes for place in self._places.values())

    def _load(self, ref: ModelRef) -> _Place:
        path = self._find(ref)
        sha256 = self._register.sha256_of(path)
        if sha256 != ref.sha256:
            raise self._other_version(ref, path, sha256)
        network = read_checkpoint(path, sha256)
        header = facts_beside(path) | network.header
        return _Place(build(network, str(path)), header, network.format, network.notes)

    def _find(self, ref: ModelRef) -> Path:
        """File of a reference: the digest decides, the name is for people."""
        bundled = catalogue.bundled_path(ref.name, self._folder)
        if bundled is not None and self._register.sha256_of(bundled) == ref.sha256:
            return bundled
        known = self._register.find(ref.sha256)
        if known is not None:
            return known
        for model in catalogue.bundled_models(self._folder):
            if self._register.sha256_of(model.path) == ref.sha256:
                return model.path
        for network in downloaded_networks():
            if network.record is not None and network.record.sha256 == ref.sha256:
                return network.path
        if bundled is not None:
            raise self._other_version(ref, bundled, self._register.sha256_of(bundled))
        raise ModelNotFoundError(
            f"the network {ref.name!r} (sha256 {ref.sha256[:12]}…) is not on this machine, or its file "
            "was moved or changed. Open its file once, then try again"
        )

    @staticmethod
    def _other_version(ref: ModelRef, path: Path, sha256: str) -> ModelNotFoundError:
        return ModelNotFoundError(
            f"another version of the network {ref.name!r} is needed (sha256 {ref.sha256[:12]}…) than "
            f"{path} holds ({sha256[:12]}…), and it would draw other pictures. Open the file of the needed "
            "version once, or choose the installed one by hand"
        )

    def _make_room(self) -> None:
        while len(self._places) > 1 and (len(self._places) > MAX_NETWORKS or self.nbytes > self._byte_limit):
            oldest = next(iter(self._places))
            log.info("unloading network %s", oldest[:12])
            del self._places[oldest]
