"""What a file says of itself, gathered into a report for people and for scripts.

Claims can be forged and stripped: the report never says that a picture is
real, and says of each finding what it proves.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.errors import RecipeError
from explorer.provenance import credentials
from explorer.provenance.claims import COMPOSITE, GENERATED
from explorer.provenance.credentials import Credentials
from explorer.provenance.embedded import read_embedded, read_film, read_recipe
from explorer.recipe import Film, Recipe, film_document
from explorer.recipe.document import dumps, to_json
from explorer.recipe.finish import AS_DRAWN, Finish
from explorer.recipe.finish import loads as read_finish

if TYPE_CHECKING:
    from explorer.mark import Detection

MAX_BYTES = 1 << 30
"""Files above this are not checked for credentials: the whole file has to be read for it."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. None means "not known", never "no"."""

    path: str
    format: str
    ai_generated: bool | None
    """True where the file says so, or its pixels do; None where nothing does."""
    recipe: Recipe | None
    recipe_problem: str
    """Why a recipe that is there cannot be used; empty where none is or all is well."""
    software: str
    source_type: str
    """IPTC digital source type, a URI; empty where the file has none."""
    credentials: Credentials = field(default=Credentials())
    film: Film | None = None
    """The film inside; `recipe` is then its first keyframe, or the frame's where that is one."""
    frame: int | None = None
    """Number of the frame of the film, where the file is a single one."""
    finish: Finish | None = AS_DRAWN
    """What was done to the picture after it had been drawn; None where that cannot be told."""
    finish_problem: str = ""
    """Why not."""
    says_so: bool = False
    """The file says so, whatever its pixels do."""
    mark: "Detection | None" = None
    """What looking for the invisible mark gave; None where it was not looked for."""
    mark_problem: str = ""
    """Why it could not be looked for."""

    @property
    def is_recipe_edited(self) -> bool:
        """Whether the file holds another recipe, or film, than the credentials say was signed."""
        signed = self.credentials
        if self.film is not None:
            return bool(signed.film_text) and film_document.dumps(self.film) != signed.film_text
        return (
            self.recipe is not None and bool(signed.recipe_text) and dumps(self.recipe) != signed.recipe_text
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values for `verify --json`; the promised names first."""
        return {
            "ai_generated": self.ai_generated,
            "recipe": None if self.recipe is None else to_json(self.recipe),
            "credentials": self.credentials.as_json(),
            "watermark": None if self.mark is None else self.mark.found,
            "film": None if self.film is None else film_document.to_json(self.film),
            "frame": self.frame,
            "file": self.path,
            "format": self.format,
            "digital_source_type": self.source_type or None,
            "software": self.software or None,
            "recipe_problem": self.recipe_problem or None,
            "recipe_edited": self.is_recipe_edited,
            "finish": None if self.finish is None else self.finish.to_json(),
            "watermark_details": None if self.mark is None else self.mark.as_json(),
            "watermark_problem": self.mark_problem or None,
        }

    def in_words(self) -> tuple[str, ...]:
        """Sentences a layman understands."""
        from explorer.provenance.findings import findings

        return tuple(finding.words for finding in findings(self))


def verify(path: str | Path, *, mark: bool = True) -> Report:
    """Look at a file and report what it says.

    Parameters
    ----------
    mark : look for the invisible mark too, which takes a second where there is none.

    Raises
    ------
    RecipeError
        If it is no file this program can look into.
    OSError
        If it cannot be opened.
    """
    found = read_embedded(path)
    recipe, film, problem = None, None, ""
    if found.recipe_texts or found.film_texts:
        try:
            film = read_film(path) if found.film_texts else None
            recipe = read_recipe(path)
        except RecipeError as error:
            problem = str(error).removeprefix(f"{path}: ")
    elif found.problems:
        problem = found.problems[0]
    finish, finish_problem = _finish(found.finish_texts)
    signed = _credentials(Path(path), found.format)
    source_type = found.source_type or next(iter(signed.source_types), "")
    says_so = ((recipe is not None or film is not None) and found.format != "JSON") or source_type in (
        GENERATED,
        COMPOSITE,
    )
    seen, mark_problem = _mark(Path(path), found.format) if mark else (None, "")
    return Report(
        path=str(path),
        format=found.format,
        ai_generated=says_so or (seen is not None and seen.found) or None,
        says_so=says_so,
        recipe=recipe,
        recipe_problem=problem,
        software=found.software,
        source_type=source_type,
        credentials=signed,
        film=film,
        frame=found.frame if film is not None else None,
        finish=finish,
        finish_problem=finish_problem,
        mark=seen,
        mark_problem=mark_problem,
    )


def _finish(texts: tuple[str, ...]) -> tuple[Finish | None, str]:
    """What the file says was done to the picture, or why that cannot be told."""
    if len(texts) > 1:
        return None, "two statements about label and size in it contradict each other"
    try:
        return (read_finish(texts[0]) if texts else AS_DRAWN), ""
    except RecipeError as error:
        return None, str(error)


def _mark(path: Path, format: str) -> "tuple[Detection | None, str]":
    """What is in the pixels, or why that cannot be told."""
    if format == "JSON":
        return None, ""
    from explorer.provenance.seen import pixels_of

    try:
        frames = pixels_of(path, format)
    except RecipeError as error:
        return None, str(error)
    from explorer.mark import detect_film

    return detect_film(frames), ""


def _credentials(path: Path, format: str) -> Credentials:
    if format not in credentials.MIME | credentials.FILM_MIME:
        return Credentials(present=False)
    if path.stat().st_size > MAX_BYTES:
        return Credentials(problem="the file is too large to be checked")
    with open(path, "rb") as file:
        return credentials.read(file, format)
