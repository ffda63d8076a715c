"""The picture a user supplies: opened with care, turned upright, a frame cut out of it."""

import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from explorer.errors import ProjectionError

Pixels = NDArray[np.uint8]

MOST_BYTES = 256 << 20
"""Largest file that is read."""
MOST_PIXELS = 100_000_000
"""Largest picture that is decoded: 300 MB as RGB."""
SMALLEST = 16
"""Shortest side, in pixels, of a picture and of a frame in it."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A frame in a picture, in its own pixels, in the shape of a network's pictures."""

    x: int
    """Left edge."""
    y: int
    """Top edge."""
    size: int
    """Longer side; both where the network's pictures are square."""

    def box(self, aspect: float) -> tuple[int, int, int, int]:
        """Left, top, right, bottom, for pictures `aspect` times as wide as high."""
        width, height = sides(self.size, aspect)
        return self.x, self.y, self.x + width, self.y + height


def sides(size: int, aspect: float) -> tuple[int, int]:
    """Width and height of a frame of that longer side."""
    return (size, max(round(size / aspect), 1)) if aspect >= 1 else (max(round(size * aspect), 1), size)


@dataclass(frozen=True, eq=False, slots=True)
class SuppliedPicture:
    """A picture as it was decoded: upright, RGB, 8 bits."""

    image: Image.Image
    sha256: str
    """Digest of the file."""

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.image.width

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.image.height

    def largest(self, aspect: float = 1.0) -> int:
        """Longer side of the largest frame that fits."""
        wide = min(float(self.width), self.height * aspect)
        return int(wide if aspect >= 1 else wide / aspect)

    def centred(self, aspect: float = 1.0) -> Crop:
        """Largest frame, in the middle."""
        size = self.largest(aspect)
        width, height = sides(size, aspect)
        return Crop((self.width - width) // 2, (self.height - height) // 2, size)

    def check(self, crop: Crop, aspect: float = 1.0) -> None:
        """Raise `ProjectionError` unless a frame lies within the picture and is large enough."""
        left, top, right, bottom = crop.box(aspect)
        if min(right - left, bottom - top) < SMALLEST:
            raise ProjectionError(f"a frame is at least {SMALLEST} pixels wide and high, not {crop.size}")
        if left < 0 or top < 0 or right > self.width or bottom > self.height:
            raise ProjectionError(
                f"the frame {crop.x},{crop.y},{crop.size} reaches out of the picture, which has "
                f"{self.width} x {self.height} pixels"
            )

    def cut(self, crop: Crop, width: int, height: int) -> Pixels:
        """What a network of `width` x `height` pixels shall draw: [height, width, 3], by Lanczos.

        Raises
        ------
        ProjectionError
            If the frame does not lie within the picture.
        """
        self.check(crop, width / height)
        box = crop.box(width / height)
        return np.asarray(self.image.resize((width, height), Image.Resampling.LANCZOS, box=box))


def open_picture(path: str | Path) -> SuppliedPicture:
    """Read a picture of any kind that Pillow knows; of an animation the first frame.

    The orientation that cameras write (EXIF) is followed, a colour profile is carried over
    to sRGB, transparent parts lie on white.

    Raises
    ------
    ProjectionError
        If it is no picture, is damaged, too large or too small.
    OSError
        If the file cannot be read.
    """
    path = Path(path)
    if path.stat().st_size > MOST_BYTES:
        raise ProjectionError(f"{path} is larger than {MOST_BYTES >> 20} MB; save it smaller first")
    data = path.read_bytes()
    try:
        with warnings.catch_warnings():
            # Pillow's own warning comes below our limit and tells no one anything.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(io.BytesIO(data))
            if image.width * image.height > MOST_PIXELS:
                raise ProjectionError(_too_many(path, image.width, image.height))
            image.load()
            image = _eight_bits(_in_srgb(ImageOps.exif_transpose(image)))
    except ProjectionError:
        raise
    except UnidentifiedImageError:
        raise ProjectionError(f"{path} is not a picture, or of a kind that is not known here") from None
    except Image.DecompressionBombError:
        raise ProjectionError(_too_many(path)) from None
    except MemoryError:
        raise ProjectionError(f"{path} does not fit into memory; save it smaller first") from None
    except (OSError, ValueError, SyntaxError, IndexError, TypeError, OverflowError, EOFError) as error:
        # What Pillow's many readers raise where a file is damaged.
        raise ProjectionError(f"{path} is damaged and cannot be opened as a picture: {error}") from None
    if min(image.size) < SMALLEST:
        raise ProjectionError(
            f"{path} has {image.width} x {image.height} pixels; at least {SMALLEST} each way are needed"
        )
    return SuppliedPicture(image, hashlib.sha256(data).hexdigest())


def _too_many(path: Path, *size: int) -> str:
    what = f"has {size[0]} x {size[1]} pixels" if size else "says that it has many times more pixels"
    return f"{path} {what}, and {MOST_PIXELS // 1_000_000} million are the most that is opened"


def _in_srgb(image: Image.Image) -> Image.Image:
    """The same colours in sRGB, where a profile says what they are."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK", "L"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        changed = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image  # a profile that says nothing
    return image if changed is None else changed


def _eight_bits(image: Image.Image) -> Image.Image:
    """RGB of 8 bits, on white."""
    if image.mode[0] in "IF":  # one channel of 16 or 32 bits
        values = np.asarray(image, dtype=np.float64)
        top = 65535.0 if values.max(initial=0) > 255 else 255.0 if image.mode[0] == "I" else 1.0
        return Image.fromarray(np.uint8(np.clip(values / top, 0, 1) * 255 + 0.5)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")
