"""What a file says of itself: the recipe inside, that a machine made it, and by what.

Promises: a recipe written into a picture comes out equal, whatever the format;
reading a strange file ends in an answer or a `RecipeError` in words, whatever
its bytes are, and runs nothing from it. Deliberately ignorant of networks and
rendering: it knows recipes and files, not what the recipe would draw.
"""

from explorer.provenance.claims import Claims, is_composite, source_type_of
from explorer.provenance.credentials import Credentials
from explorer.provenance.embedded import picture_options, read_embedded, read_film, read_moment, read_recipe
from explorer.provenance.verify import Report, verify

__all__ = [
    "Claims",
    "Credentials",
    "Report",
    "is_composite",
    "picture_options",
    "read_embedded",
    "read_film",
    "read_moment",
    "read_recipe",
    "source_type_of",
    "verify",
]
