"""Content Credentials (C2PA): a signed statement inside the file, and what reading one tells.

Everything happens on this machine: thumbnails, remote manifests and revocation
checks are off, and no socket is opened. The recipe travels as one JSON text,
because readers damage lists of numbers (contentauth/c2pa-rs, issue 2570).

References
----------
C2PA. Content Credentials: C2PA Technical Specification 2.2, sections on
actions, data hashes and validation states.
"""

import io
import json
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, BinaryIO

import explorer
from explorer.errors import ExportError
from explorer.provenance.claims import Claims
from explorer.provenance.identity import Identity, known_identities
from explorer.recipe.finish import WORDS, Finish

MIME = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "TIFF": "image/tiff"}
FILM_MIME = {"GIF": "image/gif", "MP4": "video/mp4", "MOV": "video/quicktime", "WEBP": "image/webp"}
FILM_MIME["APNG"] = MIME["PNG"]
"""Moving pictures that can hold credentials. WebM cannot."""
_ALL_MIME = MIME | FILM_MIME
RECIPE_LABEL = "org.latent-explorer.recipe"
FILM_LABEL = "org.latent-explorer.film"
MODEL_LABEL = "org.latent-explorer.model"
FINISH_LABEL = "org.latent-explorer.finish"
_SUPPLIED = {
    "format": "application/octet-stream",
    "instance_id": "supplied-picture",
    "label": "supplied-picture",
    "relationship": "parentOf",
}
MAX_RECIPE = 200_000
"""Characters. The library refuses long manifests; a longer recipe is covered by the
signature all the same, as part of the file."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the credentials in a file say. None means "not known"."""

    present: bool | None = None
    valid: bool | None = None
    """The signature holds and the file is what was signed."""
    tampered: bool | None = None
    """The file was changed after signing."""
    signer: str | None = None
    """The name in the certificate: what the signer calls itself."""
    is_own: bool = False
    """Signed by this very installation, or with the certificate that its user has set."""
    is_self_made: bool = False
    """And that with the certificate which the installation made for itself."""
    source_types: tuple[str, ...] = ()
    """IPTC digital source types of the actions stated."""
    actions: tuple[str, ...] = ()
    """Names of the actions stated, in their order: "c2pa.created", "c2pa.opened", ..."""
    ingredients: tuple[str, ...] = ()
    """Titles of what went into it."""
    recipe_text: str = ""
    """The recipe that was signed; empty where it was too long to be told twice."""
    film_text: str = ""
    """The film that was signed."""
    problem: str = ""
    """Why they could not be checked, in words."""

    def as_json(self) -> dict[str, Any]:
        """Plain values; the promised names first."""
        return {
            "present": self.present,
            "valid": self.valid,
            "tampered": self.tampered,
            "signer": self.signer,
            "own": self.is_own,
            "problem": self.problem or None,
        }


def can_sign() -> bool:
    """Whether the packages for it are installed; pictures are written without credentials where not."""
    return find_spec("c2pa") is not None and find_spec("cryptography") is not None


def sign(data: bytes, format: str, claims: Claims, identity: Identity) -> bytes:
    """Return the picture file `data` with signed credentials in it; nothing in it may change afterwards.

    Parameters
    ----------
    format : one of `MIME` or `FILM_MIME`

    Raises
    ------
    ExportError
        If it cannot be signed with this identity.
    """
    out = io.BytesIO()
    sign_stream(io.BytesIO(data), out, format, claims, identity)
    return out.getvalue()


def sign_stream(source: BinaryIO, out: BinaryIO, format: str, claims: Claims, identity: Identity) -> None:
    """Copy a file from `source` to `out` (open for reading too) with signed credentials; see `sign`."""
    import c2pa

    try:
        signer = c2pa.Signer.from_info(
            c2pa.C2paSignerInfo(
                identity.algorithm.encode(), identity.chain.encode(), identity.key.encode(), None
            )
        )
        manifest = _manifest(claims, _ALL_MIME[format])
        with _signals_wait(), c2pa.Builder(manifest, context=_context(identity.anchor)) as builder:
            builder.sign(signer, _ALL_MIME[format], source, out)
    except c2pa.C2paError as error:
        raise ExportError(f"the picture could not be signed: {error}") from error


def read(data: bytes | BinaryIO, format: str) -> Credentials:
    """Look for credentials in a picture or film, and check them."""
    if format not in _ALL_MIME:
        return Credentials()
    if find_spec("c2pa") is None:
        return Credentials(problem="the package c2pa-python is not installed")
    import c2pa

    try:
        known = known_identities()
        with _signals_wait():
            stream = io.BytesIO(data) if isinstance(data, bytes) else data
            context = _context("".join(identity.anchor for identity in known))
            reader = c2pa.Reader.try_create(_ALL_MIME[format], stream, context=context)
        if reader is None:
            return Credentials(present=False)
        with reader:
            return _read_store(json.loads(reader.json()), known)
    except (c2pa.C2paError, ValueError, LookupError, TypeError, AttributeError) as error:
        # What the library cannot parse was not written like this by anybody.
        return Credentials(
            present=True, valid=False, tampered=True, problem=f"they are damaged ({str(error)[:120]})"
        )


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Hold back Ctrl-C and the like until native code has returned.

    That code reads and writes through Python functions; an exception raised in
    one of those is swallowed, and the Ctrl-C would be lost.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are handled on the main thread alone
        return
    came: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in handlers:
        signal.signal(number, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler or signal.SIG_DFL)
        if came:
            signal.raise_signal(came[0])


def _context(anchor: str) -> Any:
    import c2pa

    settings: dict[str, Any] = {
        "builder": {"thumbnail": {"enabled": False}},
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    }
    if anchor:
        settings["trust"] = {"trust_anchors": anchor}
    return c2pa.Context(settings=c2pa.Settings.from_dict(settings))


def _manifest(claims: Claims, mime: str) -> dict[str, Any]:
    program = {"name": "Latent Explorer", "version": explorer.__version__}
    begun: dict[str, Any] = {
        "action": "c2pa.created",
        "digitalSourceType": claims.source_type,
        "softwareAgent": program,
    }
    ingredients: list[dict[str, str]] = []
    if claims.is_composite:
        # The picture itself is not at hand when a recipe is drawn, and may be private: it is named, not held.
        ingredients = [_SUPPLIED | {"title": claims.supplied_title}]
        begun |= {"action": "c2pa.opened", "parameters": {"ingredientIds": [_SUPPLIED["instance_id"]]}}
    model = claims.recipe.model
    facts = {
        "name": model.name,
        "sha256": model.sha256,
        "title": claims.title,
        "licence": claims.licence,
        "attribution": claims.attribution,
    }
    actions = [begun, *_finishing(claims.finish, program)]
    assertions: list[dict[str, Any]] = [
        {"label": "c2pa.actions.v2", "data": {"actions": actions, "allActionsIncluded": True}},
        {"label": MODEL_LABEL, "data": facts},
    ]
    # Always told: "no label" and "no mark" are statements too.
    assertions.append({"label": FINISH_LABEL, "data": {"json": claims.finish.dumps()}})
    label, text = RECIPE_LABEL, claims.recipe_text
    if claims.film is not None:
        label, text = FILM_LABEL, claims.film_text
    if len(text) <= MAX_RECIPE:
        assertions.append({"label": label, "data": {"json": text}})
    return {
        "claim_generator_info": [program],
        "format": mime,
        "ingredients": ingredients,
        "assertions": assertions,
    }


def _finishing(finish: Finish, program: dict[str, str]) -> list[dict[str, Any]]:
    """What was done to the picture after it had been drawn, as actions."""
    actions: list[dict[str, Any]] = []
    if finish.upscale > 1:
        words = f"Enlarged {finish.upscale} times by Lanczos' filter"
        actions.append(
            {"action": "c2pa.resized", "softwareAgent": program, "parameters": {"description": words}}
        )
    if finish.mark:
        words = "An invisible mark was laid over the pixels: one constant pattern, the same in every file"
        # "Unbound": it points nowhere, and no store of manifests can be asked by it.
        did = {"action": "c2pa.watermarked.unbound", "softwareAgent": program}
        actions.append(did | {"parameters": {"description": words}})
    if finish.label is not None:
        words = f"The label {WORDS!r} was drawn into the {finish.label.corner} corner"
        actions.append(
            {"action": "c2pa.edited", "softwareAgent": program, "parameters": {"description": words}}
        )
    return actions


def _read_store(store: dict[str, Any], known: Sequence[Identity]) -> Credentials:
    manifest = store["manifests"][store["active_manifest"]]
    state = store.get("validation_state")
    failures = [f["code"] for f in store["validation_results"]["activeManifest"]["failure"]]
    # A certificate nobody vouches for, or that has expired, says nothing of the file's bytes.
    about_content = [c for c in failures if not c.startswith(("signingCredential.", "timeStamp."))]
    data: dict[str, Any] = {a["label"]: a["data"] for a in manifest.get("assertions", [])}
    actions = [x for label, d in data.items() if label.startswith("c2pa.actions") for x in d["actions"]]
    signature = manifest.get("signature_info", {})
    # An authority may issue many certificates: those of others are not ours, trusted or not.
    serial = str(signature.get("cert_serial_number", ""))
    owner = next((one for one in known if str(one.serial) == serial), None) if state == "Trusted" else None
    return Credentials(
        present=True,
        valid=state in ("Valid", "Trusted"),
        tampered=bool(about_content),
        signer=signature.get("common_name") or signature.get("issuer"),
        is_own=owner is not None,
        is_self_made=owner is not None and owner.is_self_made,
        source_types=tuple(
            dict.fromkeys(x["digitalSourceType"] for x in actions if "digitalSourceType" in x)
        ),
        actions=tuple(str(x.get("action", "")) for x in actions),
        ingredients=tuple(str(x.get("title", "")) for x in manifest.get("ingredients", [])),
        recipe_text=str(data.get(RECIPE_LABEL, {}).get("json", "")),
        film_text=str(data.get(FILM_LABEL, {}).get("json", "")),
        problem=", ".join(failures) if state not in ("Valid", "Trusted") else "",
    )
