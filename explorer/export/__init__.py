"""Frames and films to files.

Promises: every file carries the recipe or the film that made it; a file is there whole or
not at all; what cannot be written is an `ExportError` in words. Takes frames,
not widgets, and deliberately knows no window.
"""

from explorer.export.film_formats import FILM_SUFFIXES, FilmSettings, film_format_of
from explorer.export.image import SUFFIXES, format_of, save_picture
from explorer.export.naming import picture_name
from explorer.export.video import FilmProgress, FilmReport, discard, save_film, write_film

__all__ = [
    "FILM_SUFFIXES",
    "SUFFIXES",
    "FilmProgress",
    "FilmReport",
    "FilmSettings",
    "discard",
    "film_format_of",
    "format_of",
    "picture_name",
    "save_film",
    "save_picture",
    "write_film",
]
