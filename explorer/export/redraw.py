"""Drawing what a file says it shows once more, and comparing pixel by pixel."""

from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explorer.errors import RecipeError
from explorer.export import png16, redraw_film
from explorer.export.finishing import LOSSY, Pixels, finished
from explorer.export.image import encode_pixels
from explorer.provenance import Claims, Report
from explorer.provenance.embedded import FORMATS
from explorer.recipe import Recipe
from explorer.recipe.finish import AS_DRAWN, Finish
from explorer.render.frame import Frame, RenderRequest

if TYPE_CHECKING:
    from explorer.render import Engine


@dataclass(frozen=True, slots=True)
class Redrawn:
    """What the comparison found."""

    equal: bool
    """Every pixel of the file is what was drawn."""
    max_difference: int | None
    """Largest difference of a value, of 255 (of 65535 in 16 bits); None where sizes differ."""
    device: str
    """It was drawn on."""
    bits: int = 8
    same_after_compression: bool = False
    """Pixels differ, and are the same once what was drawn is compressed as the file was. Of a film: they
    differ no more than its compression changes them."""
    frames: tuple[int, ...] = ()
    """Numbers of the frames of a film that were compared; empty for a picture."""
    psnr_db: float | None = None
    """Of a film: peak signal to error of those frames, in decibels; None where they are equal."""

    def as_json(self) -> dict[str, Any]:
        """Plain values for `verify --redraw --json`."""
        return {
            "equal": self.equal,
            "max_difference": self.max_difference,
            "device": self.device,
            "bits": self.bits,
            "same_after_compression": self.same_after_compression,
            "frames": list(self.frames) or None,
            "psnr_db": self.psnr_db and round(self.psnr_db, 2),
        }

    def in_words(self) -> str:
        """One or two sentences a layman understands."""
        if self.frames:
            return self._film_in_words()
        if self.equal:
            return "Drawn again: every pixel is the same."
        if self.same_after_compression:
            return (
                "Drawn again and compressed as the file was: all of it is the same. "
                "(Compressing alone changes pixels a little.)"
            )
        if self.max_difference is None:
            return "Drawn again: a picture of another size."
        most = 2**self.bits - 1
        return (
            f"Drawn again: pixels differ by up to {self.max_difference} of {most}. JPEG changes pixels a "
            "little, and another kind of device may round otherwise; large differences mean another picture."
        )

    def _film_in_words(self) -> str:
        count = len(self.frames)
        which = "The one frame that was" if count == 1 else f"{count} frames from beginning to end that were"
        if self.max_difference is None:
            return f"Drawn again: {which[0].lower()}{which[1:]} compared have another size."
        if self.equal:
            return f"Drawn again: {which[0].lower()}{which[1:]} compared are the same in every pixel."
        if self.same_after_compression:
            return (
                f"Drawn again: {which[0].lower()}{which[1:]} compared look the same, as far as compression "
                f"lets one tell ({self.psnr_db:.1f} dB)."
            )
        return (
            f"Drawn again: {which[0].lower()}{which[1:]} compared differ by more than compression changes "
            "pictures; this is another film, a changed one, or one that was compressed very hard."
        )


def check_can_redraw(report: Report) -> None:
    """Refuse what cannot be drawn again and compared, saying why.

    Raises
    ------
    RecipeError
        With what to do instead.
    """
    film_file = redraw_film.is_film(report) and redraw_film.format_of(report) is not None
    if report.film is not None and report.frame is None and not film_file:
        raise RecipeError(
            f"{report.path}: this holds more than one picture on a sheet; draw them again with render "
            "--recipe or video --film, and compare"
        )
    if report.format not in FORMATS and not film_file:
        raise RecipeError(f"{report.path}: this is not a picture, so there is nothing to compare with")
    if report.film is None and report.recipe is None:
        raise RecipeError(f"{report.path}: there is no usable recipe inside to draw again")
    if report.finish is None:
        raise RecipeError(f"{report.path}: {report.finish_problem}; so it cannot be drawn again and compared")


def redraw(report: Report, engine: "Engine") -> Redrawn:
    """Draw what `report` found, finish it alike, and compare with the pixels of its file.

    Raises
    ------
    RecipeError
        If there is nothing that can be compared.
    ExplorerError, OSError
        If it cannot be drawn, or the file cannot be opened.
    """
    check_can_redraw(report)
    if redraw_film.is_film(report):
        return _redraw_film(report, engine)
    finish = report.finish or AS_DRAWN
    drawn = _draw(report, engine, finish)
    height, width = drawn.shape[:2]
    # The size is looked at before anything is decoded: a small file may claim a huge picture.
    with Image.open(report.path, formats=FORMATS) as image:
        if (image.height, image.width) != (height, width):
            return Redrawn(False, None, engine.device, finish.bits)
        found: Pixels = np.asarray(image.convert("RGB"))
    if finish.bits == 16:
        deep = png16.decode(report.path)
        if deep is None:
            raise RecipeError(f"{report.path}: another program has written these 16 bit pixels anew")
        found = deep
    difference = _difference(found, drawn)
    same = difference > 0 and report.format in LOSSY and _compressed_alike(report, drawn, found, finish)
    return Redrawn(difference == 0, difference, engine.device, finish.bits, same)


def _redraw_film(report: Report, engine: "Engine") -> Redrawn:
    numbers, found, drawn = redraw_film.compare(report, engine)
    if not found:
        return Redrawn(False, None, engine.device, frames=numbers)
    difference = max(_difference(a, b) for a, b in zip(found, drawn, strict=True))
    format = redraw_film.format_of(report)
    assert format is not None, "`check_can_redraw` looked"
    alike = difference > 0 and redraw_film.looks_alike(found, drawn, format)
    noise = redraw_film.psnr(found, drawn) if difference else None
    return Redrawn(
        difference == 0,
        difference,
        engine.device,
        same_after_compression=alike,
        frames=numbers,
        psnr_db=noise,
    )


def _draw(report: Report, engine: "Engine", finish: Finish) -> Pixels:
    if report.film is not None and report.frame is not None:
        from explorer.export.film_frames import FrameFinisher, FrameMaker

        # On a wall of films each has the mark for itself.
        is_wall = len(report.film.cells) > 1
        pixels = FrameMaker(engine, report.film).frame(report.frame)
        pixels = FrameFinisher(report.film, mark=finish.mark and is_wall).finished(report.frame, pixels)
        finish = replace(finish, mark=finish.mark and not is_wall)
        request = RenderRequest(report.film.keys[0].recipe)
        return finished(Frame(request, pixels, pixels.shape[0], 0.0, engine.device, engine.precision), finish)
    return finished(engine.render(RenderRequest(_recipe(report), deep=finish.bits == 16)), finish)


def _recipe(report: Report) -> Recipe:
    assert report.recipe is not None, "`check_can_redraw` looked"
    return report.recipe


def _difference(one: Pixels, other: Pixels) -> int:
    return int(np.abs(one.astype(np.int32) - other).max())


def _compressed_alike(report: Report, drawn: Pixels, found: Pixels, finish: Finish) -> bool:
    """Whether compressing what was drawn gives the pixels of the file."""
    if report.recipe is None:
        return False
    data = encode_pixels(drawn, report.format, Claims(report.recipe, finish=finish))
    with Image.open(BytesIO(data), formats=FORMATS) as image:
        again: NDArray[np.uint8] = np.asarray(image.convert("RGB"))
    return not _difference(found, again)
