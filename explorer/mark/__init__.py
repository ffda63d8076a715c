"""The invisible mark: one constant pattern in the pixels that says "made by AI" and nothing else.

A faint picture of noise (`pattern`), the same in every file, is laid over what is exported
(`embedding`): a small network shapes it after the picture, so that it hides where there is detail.
Looking for it (`detection`), a second network guesses what was laid over a picture, and the guess is
compared with the pattern, turned, mirrored, moved and resized. Chance is known: the pattern's phases
are fixed by a digest and no network was taught with them, so agreement with an unmarked
picture is a draw of lots, whatever it shows.

It carries no data: not who, not when, not what.
Deliberately ignorant of recipes, files and the window. Runs on the CPU wherever pictures are
drawn, so that one file's pixels do not depend on the card.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explorer.mark.detection import Detection, detect, detect_film
    from explorer.mark.embedding import embed, has_room, psnr
    from explorer.mark.film import FilmMark

_HOMES = {
    "Detection": "detection",
    "FilmMark": "film",
    "detect": "detection",
    "detect_film": "detection",
    "embed": "embedding",
    "has_room": "embedding",
    "psnr": "embedding",
}

__all__ = ["Detection", "FilmMark", "detect", "detect_film", "embed", "has_room", "psnr"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
