"""What a file says of itself, gathered into a report for people and for scripts.

Claims can be forged and stripped: the report never says that a picture is
real, and says of each finding what it proves.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explorer.errors import RecipeError
from explorer.provenance import credentials
from explorer.provenance.claims import COMPOSITE, GENERATED
from explorer.provenance.credentials import Credentials
from explorer.provenance.embedded import read_embedded, read_film, read_recipe
from explorer.recipe import Film, Recipe, film_document
from explorer.recipe.document import to_json

MAX_BYTES = 1 << 30
"""Files above this are not checked for credentials: the whole file has to be read for it."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. None means "not known", never "no"."""

    path: str
    format: str
    ai_generated: bool | None
    """True where the file says so; None where it says nothing."""
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

    def as_json(self) -> dict[str, Any]:
        """Plain values for `verify --json`; the promised names first."""
        return {
            "ai_generated": self.ai_generated,
            "recipe": None if self.recipe is None else to_json(self.recipe),
            "credentials": self.credentials.as_json(),
            "watermark": None,
            "film": None if self.film is None else film_document.to_json(self.film),
            "frame": self.frame,
            "file": self.path,
            "format": self.format,
            "digital_source_type": self.source_type or None,
            "software": self.software or None,
            "recipe_problem": self.recipe_problem or None,
        }

    def in_words(self) -> tuple[str, ...]:
        """Sentences a layman understands."""
        says: list[str] = []
        if self.format == "JSON":
            says.append("This is a recipe: not a picture, but all that is needed to draw one.")
        elif self.ai_generated:
            says.append("The file says of itself that it was made by AI.")
        else:
            says.append(
                "The file does not say that it was made by AI. That proves nothing: such notes are easily "
                "lost, for instance when a picture is sent through a messenger."
            )
        if self.software:
            says.append(f"Written by: {self.software}.")
        if self.film is not None:
            says.append(_film_in_words(self.film, self.frame))
        elif self.recipe is not None:
            says.append(f"Recipe: complete; drawn by the network {self.recipe.model.name!r}.")
        elif self.recipe_problem:
            says.append(f"Recipe: {self.recipe_problem}.")
        else:
            says.append("Recipe: none.")
        if self.format == "WEBM":
            says.append("Content Credentials: none; this format cannot carry them.")
        else:
            says.append(f"Content Credentials: {_credentials_in_words(self.credentials)}")
        says.append("Invisible marks are not looked for by this version.")
        return tuple(says)


def verify(path: str | Path) -> Report:
    """Look at a file and report what it says.

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
    signed = _credentials(Path(path), found.format)
    source_type = found.source_type or next(iter(signed.source_types), "")
    says_so = ((recipe is not None or film is not None) and found.format != "JSON") or source_type in (
        GENERATED,
        COMPOSITE,
    )
    return Report(
        path=str(path),
        format=found.format,
        ai_generated=says_so or None,
        recipe=recipe,
        recipe_problem=problem,
        software=found.software,
        source_type=source_type,
        credentials=signed,
        film=film,
        frame=found.frame if film is not None else None,
    )


def _credentials(path: Path, format: str) -> Credentials:
    if format not in credentials.MIME | credentials.FILM_MIME:
        return Credentials(present=False)
    if path.stat().st_size > MAX_BYTES:
        return Credentials(problem="the file is too large to be checked")
    with open(path, "rb") as file:
        return credentials.read(file, format)


def _film_in_words(film: Film, frame: int | None) -> str:
    keys = sum(len(cell) for cell in film.cells)
    if film.frames == 1:
        what = f"a sheet of {keys} pictures" if keys > 1 else "one picture"
    else:
        what = f"{film.frames} frames at {film.fps:g} a second, from {keys} keyframes"
    which = "" if frame is None else f"; this is frame {frame} of it"
    return f"Recipe: complete; {what}, drawn by the network {film.model.name!r}{which}."


def _credentials_in_words(found: Credentials) -> str:
    if found.present is None:
        return f"not checked: {found.problem}."
    if not found.present:
        return "none. They may have been removed; that alone proves nothing."
    if found.tampered:
        return "broken. The file was changed after it had been signed; do not rely on what it says."
    if not found.valid:
        return f"not usable ({found.problem}), though the file seems unchanged."
    if found.is_own:
        return (
            "valid. The file is unchanged since this installation of Latent Explorer wrote it. "
            "The certificate is self-made: it does not prove who made the picture."
        )
    return (
        f"intact. The file is unchanged since somebody who signs as {found.signer!r} wrote it. "
        "This program cannot tell who that is."
    )
