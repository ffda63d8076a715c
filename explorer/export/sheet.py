"""Contact sheets: many pictures on one, with their names in the margins.

A `Sheet` says what stands where. Its recipes travel in the file as a film of a single
frame, one cell each, so `video --film SHEET` and the window can take them out again.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from explorer.errors import ExportError
from explorer.export.film_frames import Pixels, resized
from explorer.export.finishing import done_to
from explorer.export.image import encode_pixels, format_of, save_bytes
from explorer.export.label import WORDS, font, text_size
from explorer.export.video import claims_of_film
from explorer.mark import embed
from explorer.recipe import Film, Keyframe, Mix, Push, Recipe, SeedBlend, source_name
from explorer.recipe.film import MAX_CELLS
from explorer.recipe.finish import Finish
from explorer.recipe.notation import format_layers
from explorer.render.frame import RenderRequest

if TYPE_CHECKING:
    from explorer.render import Engine

_LETTERS = 14
"""Height of names in pixels, at least; a fourteenth of a cell where that is more."""
_PAPER, _INK, _FAINT = (24, 24, 27), (235, 235, 235), (150, 150, 155)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Recipes in rows and columns."""

    rows: tuple[tuple[Recipe, ...], ...]
    """Rows of equal length."""
    row_names: tuple[str, ...] = ()
    column_names: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    """Under each picture, row by row; instead of names of rows and columns."""
    heads: tuple[Recipe | None, ...] = ()
    """Pictures above the columns, which the columns are mixed with; not part of the sheet's recipes."""

    def __post_init__(self) -> None:
        count = sum(map(len, self.rows))
        if not count or len({len(row) for row in self.rows}) != 1:
            raise ExportError("a sheet needs rows of equal length")
        if count > MAX_CELLS:
            raise ExportError(f"a sheet holds up to {MAX_CELLS} pictures, not {count}; ask for fewer")

    @property
    def film(self) -> Film:
        """The recipes as a film of one frame."""
        cells = tuple((Keyframe(recipe),) for row in self.rows for recipe in row)
        return Film(cells, columns=len(self.rows[0]))

    @property
    def pictures(self) -> int:
        """Number of pictures to draw."""
        return sum(map(len, self.rows)) + sum(head is not None for head in self.heads)


def contact_sheet(start: Recipe, seeds: Sequence[int], columns: int | None = None) -> Sheet:
    """Seeds side by side, each with its number; rows of `columns`, or as square as it gets.

    The last row is filled up by what the number of seeds allows: `columns` shrinks until it divides it,
    where nobody asked for a certain one.
    """
    wanted = columns or max(n for n in range(1, round(len(seeds) ** 0.5) + 1) if len(seeds) % n == 0)
    if columns is None:
        wanted = len(seeds) // wanted  # wider than high
    if len(seeds) % wanted:
        raise ExportError(f"{len(seeds)} pictures do not fill rows of {wanted}")
    recipes = [start.with_(base=SeedBlend.of(seed)) for seed in seeds]
    rows = tuple(tuple(recipes[i : i + wanted]) for i in range(0, len(recipes), wanted))
    return Sheet(rows, captions=tuple(f"seed {seed}" for seed in seeds))


def psi_sheet(start: Recipe, seeds: Sequence[int], psis: Sequence[float]) -> Sheet:
    """Seeds down, truncation across; with one seed a truncation sweep."""
    rows = tuple(tuple(start.with_(base=SeedBlend.of(seed), psi=psi) for psi in psis) for seed in seeds)
    return Sheet(rows, tuple(f"seed {seed}" for seed in seeds), tuple(f"psi {psi:g}" for psi in psis))


def mixing_sheet(start: Recipe, seeds: Sequence[int], mixes: Sequence[Mix]) -> Sheet:
    """Style-mixing table: seeds down, what they are mixed with across; the first column is not mixed.

    References
    ----------
    Karras, Laine, Aila. A Style-Based Generator Architecture for GANs. 2019, figure 3.
    """
    rows = []
    for seed in seeds:
        plain = start.with_(base=SeedBlend.of(seed))
        rows.append((plain, *(plain.with_(mixes=(*start.mixes, mix)) for mix in mixes)))
    names = tuple(
        f"{source_name(mix.seed).removeprefix('seed ')} {format_layers(mix.layers)}"
        + (f" x{mix.strength:g}" if mix.strength != 1 else "")
        for mix in mixes
    )
    heads = (None, *(start.with_(base=SeedBlend.of(mix.seed)) for mix in mixes))
    return Sheet(tuple(rows), tuple(f"seed {seed}" for seed in seeds), ("as it is", *names), heads=heads)


def direction_sheet(start: Recipe, seeds: Sequence[int], pushes: Sequence[Push]) -> Sheet:
    """Direction strips: seeds down, steps along a direction across."""
    rows = tuple(
        tuple(start.with_(base=SeedBlend.of(seed), directions=(*start.directions, push)) for push in pushes)
        for seed in seeds
    )
    return Sheet(
        rows,
        tuple(f"seed {seed}" for seed in seeds),
        tuple(f"{push.name} {push.amount:+g}" for push in pushes),
    )


def strips_sheet(
    start: Recipe, seeds: Sequence[int], pushes: Sequence[Push], amounts: Sequence[float]
) -> Sheet:
    """Strips of several directions under each other: directions and seeds down, amounts across."""
    rows, names = [], []
    for push in pushes:
        for seed in seeds:
            plain = start.with_(base=SeedBlend.of(seed))
            rows.append(
                tuple(
                    plain.with_(directions=(*start.directions, replace(push, amount=amount)))
                    for amount in amounts
                )
            )
            names.append(push.name if len(seeds) == 1 else f"{push.name}, seed {seed}")
    return Sheet(tuple(rows), tuple(names), tuple(f"{amount:+g}" if amount else "0" for amount in amounts))


def write_sheet(
    engine: "Engine",
    sheet: Sheet,
    path: str | Path,
    *,
    size: int | None = None,
    label: bool = True,
    mark: bool = True,
    sign: bool = True,
) -> Generator[int, None, tuple[str, ...]]:
    """Draw a sheet and write it to `path`, recipes inside; `format_of` tells by which suffixes.

    Parameters
    ----------
    size : height of each picture in pixels; None leaves it as drawn.
    label : write "AI-generated" on the lower margin.
    mark : lay the invisible mark over each picture, so that each still has it when it is cut out.

    Yields
    ------
    The number of pictures drawn so far.

    Returns
    -------
    What could not be done as wished, in words.

    Raises
    ------
    ExportError
        If it cannot be written.
    """
    format = format_of(path)
    notices: dict[str, None] = {}
    wanted = [recipe for row in (sheet.heads, *sheet.rows) for recipe in row]
    pictures: list[Pixels | None] = [None] * len(wanted)
    places = [place for place, recipe in enumerate(wanted) if recipe is not None]
    recipes = [recipe for recipe in wanted if recipe is not None]
    frames = engine.render_all(RenderRequest(recipe, serial) for serial, recipe in enumerate(recipes))
    for drawn, (place, frame) in enumerate(zip(places, frames, strict=True), start=1):
        notices.update(dict.fromkeys(frame.notices))
        pixels = resized(frame.pixels, size)
        pictures[place] = embed(pixels) if mark else pixels
        yield drawn
    claims = claims_of_film(sheet.film, engine.info(sheet.film.model))
    cell = next(picture.shape[:2] for picture in pictures if picture is not None)
    claims = replace(claims, finish=done_to(Finish(mark=mark), *cell))
    pixels = laid_out(sheet, pictures, WORDS if label else "")
    said = save_bytes(encode_pixels(pixels, format, claims), path, claims, sign=sign)
    return (*notices, *said)


def laid_out(sheet: Sheet, pictures: Sequence[Pixels | None], words: str = WORDS) -> Pixels:
    """Put pictures and names on one sheet.

    Parameters
    ----------
    pictures : those of `heads`, then those of `rows`, all of one size.
    words : on the lower margin; none where empty.
    """
    cell, across = next(picture.shape[:2] for picture in pictures if picture is not None)
    letters = max(_LETTERS, cell // 14)
    gap = max(2, letters // 4)
    line = text_size("Ag", letters)[1] + 2 * gap
    left = max((text_size(name, letters)[0] for name in sheet.row_names), default=0) + 2 * gap
    names = [_wrapped(name, across, letters) for name in sheet.column_names]
    top = gap + (line - gap) * max(map(len, names)) if names else gap
    below = line if sheet.captions else gap
    columns, rows = len(sheet.rows[0]), len(sheet.rows) + bool(sheet.heads)
    width = left + columns * (across + gap)
    height = top + rows * (cell + below) + (line if words else 0)
    image = Image.new("RGB", (width, height), _PAPER)
    draw, ink = ImageDraw.Draw(image), font(letters)

    def place(row: int, column: int) -> tuple[int, int]:
        return left + column * (across + gap), top + row * (cell + below)

    for index, picture in enumerate(pictures):
        if picture is not None:
            image.paste(Image.fromarray(picture), place(*divmod(index, columns)))
    for column, lines in enumerate(names):
        x, _ = place(0, column)
        for nth, text in enumerate(lines):
            y = top / 2 + (nth - (len(lines) - 1) / 2) * (line - gap)
            draw.text((x + across / 2, y), text, _INK, ink, anchor="mm")
    for row, name in enumerate(sheet.row_names, start=int(bool(sheet.heads))):
        _, y = place(row, 0)
        draw.text((left - 2 * gap, y + cell / 2), name, _INK, ink, anchor="rm")
    for index, name in enumerate(sheet.captions):
        x, y = place(*divmod(index, columns))
        text = _shortened(name, across, letters)
        draw.text((x + across / 2, y + cell + below / 2), text, _INK, ink, anchor="mm")
    if words:
        draw.text((gap, height - line / 2), words, _FAINT, ink, anchor="lm")
    return np.asarray(image)


def _wrapped(text: str, width: int, letters: int) -> list[str]:
    """Text on one line, or on two where it is too long and has a gap."""
    if text_size(text, letters)[0] <= width or " " not in text:
        return [_shortened(text, width, letters)]
    return [_shortened(part, width, letters) for part in text.split(" ", 1)]


def _shortened(text: str, width: int, letters: int) -> str:
    """Text that fits, with an ellipsis where something had to go."""
    if text_size(text, letters)[0] <= width:
        return text
    while text and text_size(f"{text}…", letters)[0] > width:
        text = text[:-1]
    return f"{text}…"
