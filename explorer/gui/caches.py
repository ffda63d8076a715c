"""What is kept to be quick, under the one limit of the settings.

The limit is shared out: half-done pictures (the engine's stage cache) have most of it, small
pictures of seeds and films an eighth, latents of seeds a few MiB.
"""

from collections import OrderedDict
from collections.abc import Hashable

from PySide6.QtGui import QImage

MIB = 2**20
AUTOMATIC_MIB = 256
"""Limit of all caches where the settings leave it open. On an NVIDIA GPU half-done pictures lie in its
memory, and the engine's share is worked out from that (`engine_maker.engine_share`)."""
LATENT_BYTES = 6 * MIB
"""What the latents of seeds take at most: 1024 for each of three networks, 2 KiB each."""


def shared_out(limit_mib: int) -> tuple[int, int]:
    """Bytes of the engine's cache and of small pictures, for a limit on all caches; 0 leaves it open."""
    limit_mib = limit_mib or AUTOMATIC_MIB
    small = limit_mib * MIB // 8
    return max(limit_mib * MIB - small - LATENT_BYTES, 0), small


class KeptPictures:
    """Images under keys; the one used longest ago goes first where there is no room.

    Parameters
    ----------
    limit_bytes : most that they take together; the newest one stays, whatever its size.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._images: OrderedDict[Hashable, QImage] = OrderedDict()
        self._bytes = 0

    def __contains__(self, key: Hashable) -> bool:
        return key in self._images

    @property
    def nbytes(self) -> int:
        """Bytes of all that is kept."""
        return self._bytes

    @property
    def limit_bytes(self) -> int:
        """Most that they take together."""
        return self._limit

    def get(self, key: Hashable) -> QImage | None:
        """Image, if it is here."""
        if key in self._images:
            self._images.move_to_end(key)
        return self._images.get(key)

    def put(self, key: Hashable, image: QImage) -> None:
        """Keep an image."""
        before = self._images.pop(key, None)
        self._bytes += image.sizeInBytes() - (0 if before is None else before.sizeInBytes())
        self._images[key] = image
        self._make_room()

    def set_limit(self, limit_bytes: int) -> None:
        """Change how much may be kept."""
        self._limit = limit_bytes
        self._make_room()

    def _make_room(self) -> None:
        while self._bytes > self._limit and len(self._images) > 1:
            self._bytes -= self._images.popitem(last=False)[1].sizeInBytes()
