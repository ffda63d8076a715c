"""XMP packets: the one block of metadata that all formats but WebM share.

Written with `xml.etree`, read with `defusedxml`, which refuses the entity and
document type tricks of hostile XML.

References
----------
Adobe. XMP Specification Part 1 (data model, serialization) and Part 3
(storage in files), 2016. IPTC Photo Metadata Standard, "Digital Source Type".
"""

from dataclasses import dataclass
from xml.etree import ElementTree

from explorer.errors import RecipeError
from explorer.provenance.claims import Claims

X = "adobe:ns:meta/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/elements/1.1/"
BASIC = "http://ns.adobe.com/xap/1.0/"
NOTE = "http://ns.adobe.com/xmp/note/"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
OURS = "urn:latent-explorer:provenance:1.0/"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"

_PREFIXES = {
    "x": X,
    "rdf": RDF,
    "dc": DC,
    "xmp": BASIC,
    "xmpNote": NOTE,
    "Iptc4xmpExt": IPTC,
    "latentexplorer": OURS,
}
MAX_BYTES = 32 << 20
"""A packet with the largest latent a recipe may hold takes some 3 MB."""

_BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_END = '\n<?xpacket end="r"?>'


@dataclass(frozen=True, slots=True)
class Packet:
    """What a packet says that matters here."""

    recipes: tuple[str, ...] = ()
    """Different recipe texts found; more than one means that somebody edited the file."""
    source_type: str = ""
    software: str = ""
    extension: str = ""
    """Identifier of the rest of the packet, where a JPEG needed two."""
    films: tuple[str, ...] = ()
    """Different film texts found."""
    frame: int | None = None
    """Number of the frame of the film."""
    finishes: tuple[str, ...] = ()
    """Different texts that say how the picture was finished."""


def build(claims: Claims, *, with_recipe: bool = True, extension: str = "") -> bytes:
    """Spell `claims` as a packet.

    Parameters
    ----------
    with_recipe : False leaves the recipe to an extension, where the packet would be too long.
    extension : identifier of that extension.
    """
    fields: list[ElementTree.Element] = [
        _leaf(IPTC, "DigitalSourceType", claims.source_type),
        _leaf(BASIC, "CreatorTool", claims.software),
        _localised("description", claims.description),
    ]
    if claims.rights:
        fields.append(_localised("rights", claims.rights))
    if not claims.finish.is_plain:
        fields.append(_leaf(OURS, "finish", claims.finish.dumps()))
    if extension:
        fields.append(_leaf(NOTE, "HasExtendedXMP", extension))
    if with_recipe:
        fields += _document(claims)
    return (_BEGIN + _serialize(fields) + _END).encode("utf-8")


def build_extension(claims: Claims) -> bytes:
    """Spell the recipe alone, as the extension of a packet (no `xpacket` frame, by the standard)."""
    return _serialize(_document(claims)).encode("utf-8")


def _document(claims: Claims) -> list[ElementTree.Element]:
    """What draws it again: the recipe, or the film and the number of the frame."""
    if claims.film is None:
        return [_leaf(OURS, "recipe", claims.recipe_text)]
    fields = [_leaf(OURS, "film", claims.film_text)]
    if claims.frame is not None:
        fields.append(_leaf(OURS, "frame", str(claims.frame)))
    return fields


def parse(data: bytes) -> Packet:
    """Read a packet, ours or another program's.

    Raises
    ------
    RecipeError
        If it is too long, is not XML, or uses the tricks of hostile XML.
    """
    # Only reading needs it: what merely writes starts sooner, and on machines that lack it.
    import defusedxml
    from defusedxml.ElementTree import fromstring

    if len(data) > MAX_BYTES:
        raise RecipeError(f"the XMP block is {len(data)} bytes long; no recipe needs that")
    try:
        root = fromstring(data.strip(b"\x00 \t\r\n"), forbid_dtd=True)
    except (ElementTree.ParseError, defusedxml.DefusedXmlException, ValueError, LookupError) as error:
        raise RecipeError(f"the XMP block cannot be read: {type(error).__name__}") from None

    def values(space: str, name: str) -> list[str]:
        # Other programs may rewrite an element as an attribute of its parent.
        key = f"{{{space}}}{name}"
        found = [e.text or "" for e in root.iter(key)] + [e.get(key, "") for e in root.iter()]
        return list(dict.fromkeys(text.strip() for text in found if text.strip()))

    def first(space: str, name: str) -> str:
        return next(iter(values(space, name)), "")[:500]

    return Packet(
        tuple(values(OURS, "recipe")),
        first(IPTC, "DigitalSourceType"),
        first(BASIC, "CreatorTool"),
        first(NOTE, "HasExtendedXMP"),
        tuple(values(OURS, "film")),
        _number(first(OURS, "frame")),
        tuple(values(OURS, "finish")),
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _leaf(space: str, name: str, text: str) -> ElementTree.Element:
    element = ElementTree.Element(f"{{{space}}}{name}")
    element.text = text
    return element


def _localised(name: str, text: str) -> ElementTree.Element:
    """Dublin Core texts are lists of languages; ours has the default alone."""
    element = ElementTree.Element(f"{{{DC}}}{name}")
    item = ElementTree.SubElement(
        ElementTree.SubElement(element, f"{{{RDF}}}Alt"), f"{{{RDF}}}li", {LANG: "x-default"}
    )
    item.text = text
    return element


def _serialize(fields: list[ElementTree.Element]) -> str:
    for prefix, space in _PREFIXES.items():
        ElementTree.register_namespace(prefix, space)
    root = ElementTree.Element(f"{{{X}}}xmpmeta")
    rdf = ElementTree.SubElement(root, f"{{{RDF}}}RDF")
    ElementTree.SubElement(rdf, f"{{{RDF}}}Description", {f"{{{RDF}}}about": ""}).extend(fields)
    return ElementTree.tostring(root, encoding="unicode")
