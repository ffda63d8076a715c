"""The recipe inside a picture: how each format carries it, and how it is read back.

PNG: an iTXt chunk with the recipe, XMP, and three plain texts for other tools.
JPEG, WebP, TIFF: XMP. A JPEG block holds 64 kB; a longer recipe goes into an
XMP extension. Films carry their keyframes' recipes as one document, in the places
that `containers` knows.
"""

import hashlib
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from PIL import Image, PngImagePlugin, TiffImagePlugin, UnidentifiedImageError

from explorer.errors import RecipeError
from explorer.provenance import containers, xmp
from explorer.provenance.claims import Claims
from explorer.recipe import Film, Moment, Recipe, film_document
from explorer.recipe.document import loads

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF")
PNG_KEY = "latent-explorer-recipe"

T = TypeVar("T")

_XMP_TAG, _SOFTWARE_TAG, _DESCRIPTION_TAG = 700, 305, 270  # TIFF 6.0; XMP Specification part 3
_EXTENSION = b"http://ns.adobe.com/xmp/extension/\x00"
_JPEG_SEGMENT = 65_533  # what a marker's 16 bit length leaves
_EXTENSION_PIECE = 65_400
_BEGINS = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"II*\x00": "TIFF", b"MM\x00*": "TIFF"}


@dataclass(frozen=True, slots=True)
class Embedded:
    """What was found inside a file."""

    format: str
    """"PNG", "JPEG", "WEBP", "TIFF", "MP4", "MOV", "WEBM", "GIF" or "JSON"."""
    recipe_texts: tuple[str, ...] = ()
    """Different texts that claim to be the recipe, best place first."""
    source_type: str = ""
    """IPTC digital source type, a URI; empty where the file has none."""
    software: str = ""
    problems: tuple[str, ...] = ()
    """Places that could not be read, in words."""
    film_texts: tuple[str, ...] = ()
    """Different texts that claim to be the film."""
    frame: int | None = None
    """Number of the frame of that film, where the file is one of its frames."""
    finish_texts: tuple[str, ...] = ()
    """Different texts that say how the picture was finished; none where it was not."""


def picture_options(format: str, claims: Claims) -> dict[str, Any]:
    """Keyword arguments that make Pillow's `save` write `claims` into a file of `format`.

    Raises
    ------
    ValueError
        If `format` is none of `FORMATS`.
    """
    if format == "PNG":
        return {"pnginfo": _png_info(claims)}
    if format == "JPEG":
        return _jpeg_options(claims)
    if format == "WEBP":
        return {"xmp": xmp.build(claims)}
    if format == "TIFF":
        directory = TiffImagePlugin.ImageFileDirectory_v2()
        directory[_XMP_TAG] = xmp.build(claims)
        directory[_SOFTWARE_TAG] = claims.software
        directory[_DESCRIPTION_TAG] = claims.description.encode("ascii", "replace").decode("ascii")
        return {"tiffinfo": directory}
    raise ValueError(f"no recipe can be put into {format!r}; formats are {', '.join(FORMATS)}")


def read_recipe(path: str | Path) -> Recipe:
    """Read the recipe out of an exported picture, or out of a JSON file.

    Raises
    ------
    RecipeError
        If there is none, it is damaged, it comes from a newer version, or two
        recipes in the file contradict each other.
    OSError
        If the file cannot be opened.
    """
    found = read_embedded(path)
    if found.film_texts and not found.recipe_texts:
        return _recipe_of_frame(_agreed(path, found.film_texts, film_document.loads, "films"), found, path)
    if not found.recipe_texts:
        because = f" ({found.problems[0]})" if found.problems else ""
        raise RecipeError(
            f"{path}: no recipe inside{because}. Pictures saved by Latent Explorer carry one, "
            "unless another program or site has stripped it"
        )
    return _agreed(path, found.recipe_texts, loads, "recipes")


def read_film(path: str | Path) -> Film:
    """Read the film out of an exported film or contact sheet, or out of a `.film` file.

    Raises
    ------
    RecipeError
        If there is none, it is damaged, it comes from a newer version, or two
        films in the file contradict each other.
    OSError
        If the file cannot be opened.
    """
    found = read_embedded(path)
    if not found.film_texts:
        because = f" ({found.problems[0]})" if found.problems else ""
        raise RecipeError(f"{path}: no film inside{because}; name a .film file or an exported film")
    return _agreed(path, found.film_texts, film_document.loads, "films")


def read_moment(path: str | Path) -> Moment | None:
    """Read the film out of a file, and which frame of it that is; 0 for a whole film, None for a still.

    Raises
    ------
    RecipeError
        As `read_film`; a file that says nothing is no film.
    OSError
        If the file cannot be opened.
    """
    found = read_embedded(path)
    if not found.film_texts or found.recipe_texts:
        return None
    return Moment(_agreed(path, found.film_texts, film_document.loads, "films"), found.frame or 0)


def _agreed(path: str | Path, texts: tuple[str, ...], read: Callable[[str], T], what: str) -> T:
    """The one value that all texts spell."""
    try:
        values = [read(text) for text in texts]
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from None
    if any(value != values[0] for value in values[1:]):
        raise RecipeError(f"{path}: two {what} in this file contradict each other; somebody has edited it")
    return values[0]


def _recipe_of_frame(film: Film, found: Embedded, path: str | Path) -> Recipe:
    """First keyframe of a film; of a single frame its recipe, where it lies on a keyframe."""
    moment = Moment(film, found.frame or 0)
    if not moment.is_key:
        raise RecipeError(
            f"{path}: this is frame {moment.number} of a film, between two keyframes; no recipe alone "
            "draws it. Open the film"
        )
    return moment.recipe


def read_embedded(path: str | Path) -> Embedded:
    """Look for recipe and claims in a picture or a JSON file. Pixels are not decoded.

    Raises
    ------
    RecipeError
        If the file is neither, or is damaged beyond reading.
    OSError
        If it cannot be opened.
    """
    with open(path, "rb") as file:
        head = file.read(64)
        file.seek(0)
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            return _read_json(file.read(film_document.MAX_CHARACTERS + 1), path)
        if kind := containers.kind_of(head):
            return _read_container(file, kind)
        try:
            with warnings.catch_warnings():
                # Pixels are never decoded here, so a huge picture is no danger.
                warnings.simplefilter("ignore")
                with Image.open(file, formats=FORMATS) as image:
                    return _read_image(image)
        except UnidentifiedImageError:
            names = [name for begin, name in _BEGINS.items() if head.startswith(begin)]
            if names or (head[:4], head[8:12]) == (b"RIFF", b"WEBP"):
                kind = (*names, "WebP")[0]
                raise RecipeError(
                    f"{path}: this begins like a {kind}, and cannot be read: it is damaged or tampered with"
                ) from None
            raise RecipeError(
                f"{path}: no picture this program can read; it reads PNG, JPEG, WebP, TIFF, GIF, MP4, MOV, "
                "WebM, recipe and film files"
            ) from None
        except Exception as error:
            # Pillow answers damage with whatever its parsers stumble on.
            raise RecipeError(f"{path}: a damaged picture ({type(error).__name__})") from error


def _read_json(data: bytes, path: str | Path) -> Embedded:
    if len(data) > film_document.MAX_CHARACTERS:
        raise RecipeError(f"{path}: too long to be a recipe")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RecipeError(f"{path}: not a recipe: the text is not UTF-8") from None
    if film_document.KIND in text and _is_film(text):
        return Embedded("JSON", film_texts=(text,))
    return Embedded("JSON", (text,))


def _is_film(text: str) -> bool:
    try:
        return film_document.is_film(json.loads(text))
    except (ValueError, RecursionError):
        return False


def _read_container(file: BinaryIO, kind: str) -> Embedded:
    if kind == "WEBM":
        tags = containers.read_webm(file)
        text = tags.get(containers.WEBM_FILM, "")
        source, software = tags.get(containers.WEBM_SOURCE, ""), tags.get("SOFTWARE", "")
        return Embedded(
            kind,
            (),
            source[:500],
            software[:500],
            film_texts=(text,) if text else (),
            finish_texts=(tags[containers.WEBM_FINISH],) if containers.WEBM_FINISH in tags else (),
        )
    raw = containers.read_gif(file) if kind == "GIF" else containers.read_mp4(file)
    if not raw:
        return Embedded(kind)
    try:
        packet = xmp.parse(raw)
    except RecipeError as error:
        return Embedded(kind, problems=(str(error),))
    return Embedded(
        kind,
        packet.recipes,
        packet.source_type,
        packet.software,
        film_texts=packet.films,
        frame=packet.frame,
        finish_texts=packet.finishes,
    )


def _read_image(image: Image.Image) -> Embedded:
    texts: list[str] = []
    problems: list[str] = []
    software = str(image.info.get("Software", ""))
    if isinstance(image, PngImagePlugin.PngImageFile) and PNG_KEY in image.info:
        texts.append(str(image.info[PNG_KEY]))
    packet = xmp.Packet()
    raw = image.info.get("xmp")
    if isinstance(raw, str):
        raw = raw.encode("utf-8")
    if isinstance(raw, bytes) and raw:
        try:
            packet = xmp.parse(raw)
            texts += packet.recipes
            if packet.extension:
                texts += xmp.parse(_jpeg_extension(image, packet.extension)).recipes
        except RecipeError as error:
            problems.append(str(error))
    return Embedded(
        str(image.format),
        tuple(dict.fromkeys(texts)),
        packet.source_type,
        packet.software or software[:500],
        tuple(problems),
        packet.films,
        packet.frame,
        packet.finishes,
    )


def _png_info(claims: Claims) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add(b"sRGB", b"\x00")  # perceptual intent
    info.add_text("Software", claims.software)
    info.add_text("Description", claims.description)
    if claims.rights:
        info.add_text("Copyright", claims.rights)
    if claims.film is None:
        info.add_text("parameters", claims.parameters)
    # Not compressed: whoever opens the file in an editor can read it.
    if claims.film is None:
        info.add_itxt(PNG_KEY, claims.recipe_text)
    info.add_itxt("XML:com.adobe.xmp", xmp.build(claims).decode("utf-8"))
    return info


def _jpeg_options(claims: Claims) -> dict[str, Any]:
    packet = xmp.build(claims)
    if len(packet) <= _JPEG_SEGMENT - len("http://ns.adobe.com/xap/1.0/\x00"):
        return {"xmp": packet}
    rest = xmp.build_extension(claims)
    digest = hashlib.md5(rest, usedforsecurity=False).hexdigest().upper()
    main = xmp.build(claims, with_recipe=False, extension=digest)
    segments = b""
    for begin in range(0, len(rest), _EXTENSION_PIECE):
        # XMP Specification part 3, section 1.1.3.1: name, digest, full length, offset, piece.
        body = _EXTENSION + digest.encode() + len(rest).to_bytes(4, "big") + begin.to_bytes(4, "big")
        body += rest[begin : begin + _EXTENSION_PIECE]
        segments += b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body
    return {"xmp": main, "extra": segments}


def _jpeg_extension(image: Image.Image, digest: str) -> bytes:
    """Collect the pieces of an XMP extension; `RecipeError` where they do not fit together."""
    pieces: dict[int, bytes] = {}
    start = _EXTENSION + digest.encode("ascii", "replace")
    for marker, body in getattr(image, "applist", ()):
        if marker == "APP1" and body.startswith(start):
            place = len(start)
            pieces[int.from_bytes(body[place + 4 : place + 8], "big")] = body[place + 8 :]
    whole = b"".join(pieces[offset] for offset in sorted(pieces))
    if hashlib.md5(whole, usedforsecurity=False).hexdigest().upper() != digest:
        raise RecipeError("the second part of the XMP block is missing or damaged")
    return whole
