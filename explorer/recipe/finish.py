"""What was done to a drawn picture before it was written: depth, enlarging, mark, label, compression.

The recipe draws the picture; the finish is what stands between that and the pixels of a
file. It is told in the file, so that whoever draws the recipe again can do the same to it.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal, get_args

from explorer.errors import ExportError, RecipeError

Corner = Literal["bottom-left", "bottom-right", "top-left", "top-right"]
CORNERS: tuple[Corner, ...] = get_args(Corner)
LabelSize = Literal["small", "medium", "large"]
LABEL_SIZES: tuple[LabelSize, ...] = get_args(LabelSize)
UPSCALES = (1, 2, 4)
BITS = (8, 16)
WORDS = "AI-generated"
"""What the visible label says."""

KIND = "latent-explorer-finish"
VERSION = 2
"""1 knew no invisible mark."""
MAX_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Label:
    """The visible note in a corner."""

    corner: Corner = "bottom-left"
    size: LabelSize = "medium"

    def __post_init__(self) -> None:
        if self.corner not in CORNERS:
            raise ExportError(f"a label stands in one of {', '.join(CORNERS)}, not {self.corner!r}")
        if self.size not in LABEL_SIZES:
            raise ExportError(f"a label is one of {', '.join(LABEL_SIZES)}, not {self.size!r}")


@dataclass(frozen=True, slots=True)
class Finish:
    """Depth, enlarging, mark, label and compression of one picture. The default lays the mark over it."""

    bits: int = 8
    """Of each channel: 8, or 16 (PNG alone)."""
    upscale: int = 1
    """Enlarged so many times by Lanczos' filter: 1, 2 or 4."""
    label: Label | None = None
    quality: int | None = None
    """Of JPEG and WebP, 1 to 100. None: JPEG 95, WebP without loss."""
    mark: bool = True
    """The invisible mark is laid over it."""

    def __post_init__(self) -> None:
        if self.bits not in BITS:
            raise ExportError(f"a picture has 8 or 16 bits, not {self.bits}")
        if self.upscale not in UPSCALES:
            raise ExportError(f"a picture is enlarged 1, 2 or 4 times, not {self.upscale}")
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise ExportError(f"quality goes from 1 to 100, not {self.quality}")

    @property
    def is_plain(self) -> bool:
        """Whether the file holds just what was drawn, at the usual quality."""
        return self == AS_DRAWN

    def to_json(self) -> dict[str, Any]:
        """Plain values, as files tell them."""
        label = None
        if self.label is not None:
            label = {"words": WORDS, "corner": self.label.corner, "size": self.label.size}
        return {
            "kind": KIND,
            "version": VERSION,
            "bits": self.bits,
            "upscale": self.upscale,
            "resampling": "lanczos" if self.upscale > 1 else None,
            "label": label,
            "quality": self.quality,
            "mark": self.mark,
        }

    def dumps(self) -> str:
        """One line of canonical JSON, ASCII only."""
        return json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))

    def in_words(self) -> str:
        """What was done, for people; empty where nothing was."""
        says = []
        if self.bits == 16:
            says.append("16 bits for each colour")
        if self.upscale > 1:
            says.append(f"enlarged {self.upscale} times by Lanczos' filter")
        if self.mark:
            says.append("the invisible mark laid over it")
        if self.label is not None:
            says.append(f"the label “{WORDS}” in the {self.label.corner.replace('-', ' ')} corner")
        if self.quality is not None:
            says.append(f"compressed at quality {self.quality}")
        return ", ".join(says)


AS_DRAWN = Finish(mark=False)
"""Nothing is done. Files that say nothing of it were written like this."""


def loads(text: str) -> Finish:
    """Read what `Finish.dumps` wrote.

    Raises
    ------
    RecipeError
        If it is damaged, or comes from a newer version.
    """
    try:
        if len(text) > MAX_CHARACTERS:
            raise ValueError
        values = json.loads(text)
        if values["kind"] != KIND:
            raise ValueError
        if values["version"] not in (1, VERSION):
            raise RecipeError(
                "a newer version of the program has finished this picture; update to compare it"
            )
        label = values["label"]
        return Finish(
            _whole(values["bits"]),
            _whole(values["upscale"]),
            None if label is None else Label(label["corner"], label["size"]),
            None if values["quality"] is None else _whole(values["quality"]),
            values["version"] > 1 and _truth(values["mark"]),
        )
    except RecipeError:
        raise
    except (ExportError, ValueError, LookupError, TypeError, RecursionError):
        raise RecipeError("what is said about label and size cannot be read") from None


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError
    return value
