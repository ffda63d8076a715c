"""Frames of a film as they go into a file: drawn cell by cell and resized, then marked and labelled."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explorer.export.label import labelled
from explorer.mark import FilmMark
from explorer.mark.film import EVERY
from explorer.recipe import Film, Moment
from explorer.recipe.finish import Label
from explorer.render.frame import RenderRequest

if TYPE_CHECKING:
    from explorer.render import Engine

Pixels = NDArray[np.uint8]
"""[H, W, 3] uint8 RGB"""


def frame_size(film: Film, cell: tuple[int, int]) -> tuple[int, int]:
    """Width and height in pixels of a frame whose cells a network draws with width and height `cell`."""
    width, height = cell
    if film.size:
        width, height = _width_at(width, height, film.size), film.size
    return width * film.columns, height * film.rows


class FrameMaker:
    """Draws whole frames of one film, and gathers what could not be done as wished.

    Parameters
    ----------
    engine : belongs to the calling thread.
    together : whether a GPU may draw several frames at once, a rounding away from one by one.
    """

    def __init__(self, engine: "Engine", film: Film, together: bool = False) -> None:
        self._engine, self._film, self._together = engine, film, together
        self.notices: dict[str, None] = {}

    def steps(self, numbers: Iterable[int]) -> Iterator[Pixels | None]:
        """Draw frames in the order of `numbers`: None after each cell but the last, then the whole frame."""
        film = self._film
        canvas: Pixels | None = None
        cells = range(len(film.cells))
        requests = (
            RenderRequest.of_moment(Moment(film, number, cell), serial=number)
            for number in numbers
            for cell in cells
        )
        engine = self._engine
        frames = engine.render_all(requests) if self._together else map(engine.render, requests)
        for index, frame in enumerate(frames):
            cell = index % len(cells)
            self.notices.update(dict.fromkeys(frame.notices))
            pixels = resized(frame.pixels, film.size)
            height, width = pixels.shape[:2]
            if canvas is None:
                canvas = np.empty((height * film.rows, width * film.columns, 3), np.uint8)
            canvas[_place(film, cell, height, width)] = pixels
            if cell == cells[-1]:
                whole, canvas = canvas, None
                yield whole
            else:
                yield None

    def frame(self, number: int) -> Pixels:
        """Draw frame `number` in one go."""
        *_, pixels = self.steps([number])
        assert pixels is not None, "the last step is the frame"
        return pixels


class FrameFinisher:
    """Lays the mark over each cell of whole frames, and writes the label.

    It needs no engine: an export leaves it to the thread that encodes, so that drawing
    does not wait for it.

    Parameters
    ----------
    piece : frames that are made in one go, for the mark: see `FilmMark`.
    """

    GROUP = EVERY
    """Most frames of a group."""

    def __init__(self, film: Film, label: Label | None = None, mark: bool = False, piece: int = 1) -> None:
        self._film, self._label = film, label
        self._mark = FilmMark(piece) if mark else None

    def group(self, number: int) -> tuple[int, int]:
        """Of a frame: frames of a group are finished in their order, groups do not depend on each other."""
        return (0, number // self.GROUP) if self._mark is None else self._mark.group(number)

    def finished(self, number: int, canvas: Pixels) -> Pixels:
        """Frame `number`, finished; `canvas` is left as it is."""
        return self.finished_run(number, [canvas])[0]

    def finished_run(self, first: int, canvases: Sequence[Pixels]) -> list[Pixels]:
        """Frames `first`, `first` + 1, ..., finished; frames come in order, and are left as they are."""
        if self._mark is not None:
            canvases = self._marked(self._mark, first, np.stack(canvases))
        return [canvas if self._label is None else labelled(canvas, self._label) for canvas in canvases]

    def _marked(self, mark: FilmMark, first: int, drawn: Pixels) -> list[Pixels]:
        """Frames with the mark over each of their cells. [N, H, W, 3]."""
        film = self._film
        height, width = drawn.shape[1] // film.rows, drawn.shape[2] // film.columns
        marked = np.empty_like(drawn)
        for cell in range(len(film.cells)):
            place = (slice(None), *_place(film, cell, height, width))
            marked[place] = mark.marked_run(first, drawn[place], cell)
        return list(marked)


def _place(film: Film, cell: int, height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns of pixels of a cell in the whole frame."""
    row, column = divmod(cell, film.columns)
    return slice(row * height, (row + 1) * height), slice(column * width, (column + 1) * width)


def resized(pixels: Pixels, size: int | None) -> Pixels:
    """A picture at another height, by Lanczos; the very same where it is right already."""
    if size is None or pixels.shape[0] == size:
        return pixels
    width = _width_at(pixels.shape[1], pixels.shape[0], size)
    return np.asarray(Image.fromarray(pixels).resize((width, size), Image.Resampling.LANCZOS))


def _width_at(width: int, height: int, size: int) -> int:
    """Width of a picture once it is `size` high; whole squares stay square."""
    return max(round(width * size / height), 1)
