"""Frames to files.

Promises: every file carries the recipe that made it; a file is there whole or
not at all; what cannot be written is an `ExportError` in words. Takes frames,
not widgets, and deliberately knows no window.
"""

from explorer.export.image import SUFFIXES, format_of, save_picture
from explorer.export.naming import picture_name

__all__ = ["SUFFIXES", "format_of", "picture_name", "save_picture"]
