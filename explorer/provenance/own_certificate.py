"""A certificate of one's own to sign with, in place of the one that the installation made for itself.

Which one is said, the first that says it counting, by the command line, by the environment
(`LATENT_EXPLORER_CERTIFICATE` and `LATENT_EXPLORER_KEY`), or by the settings page, which keeps two
paths; the key itself is never copied.

References
----------
C2PA. Content Credentials: C2PA Technical Specification 2.2, section 14.5 (certificate profile).
"""

import datetime
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer import locations
from explorer.errors import ExportError
from explorer.provenance.identity import Identity, algorithm_of

if TYPE_CHECKING:
    from cryptography import x509

CERTIFICATE_VARIABLE, KEY_VARIABLE = "LATENT_EXPLORER_CERTIFICATE", "LATENT_EXPLORER_KEY"
LARGEST = 1 << 20
"""Bytes of a file of certificates or of a key; more is something else."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Where a certificate and its key lie, both PEM files."""

    certificate: Path
    """The signing certificate, then those above it."""
    key: Path
    """Private key, without a passphrase; may be the same file."""


def settings_file() -> Path:
    """Where the choice of the settings page is kept."""
    return locations.user_config_dir() / "signing.json"


def chosen() -> Chosen | None:
    """The certificate that is set; None where files are signed as this installation.

    Raises
    ------
    ExportError
        If only one half is set, or the settings cannot be read.
    """
    certificate, key = (os.environ.get(name, "") for name in (CERTIFICATE_VARIABLE, KEY_VARIABLE))
    if certificate or key:
        if not certificate:
            raise ExportError(f"{KEY_VARIABLE} is set, and {CERTIFICATE_VARIABLE} is not; set both or none")
        return Chosen(Path(certificate), Path(key or certificate))
    try:
        kept = json.loads(settings_file().read_text("utf-8"))
        return Chosen(Path(kept["certificate"]), Path(kept["key"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ExportError(
            f"{settings_file()} cannot be read ({error}); choose the certificate once more in the settings"
        ) from error


def keep(choice: Chosen | None) -> None:
    """Remember a choice for all runs from now on; None goes back to the installation's certificate.

    Raises
    ------
    ExportError
        If the certificate cannot be used; then nothing changes.
    OSError
        If it cannot be remembered.
    """
    if choice is None:
        settings_file().unlink(missing_ok=True)
        return
    read(choice)
    paths = {"certificate": str(choice.certificate.resolve()), "key": str(choice.key.resolve())}
    settings_file().write_text(json.dumps(paths), "utf-8")


def use(certificate: str | None, key: str | None) -> None:
    """Sign with this certificate until the program ends; nothing where `certificate` is None.

    Raises
    ------
    ExportError
        If it cannot be used.
    """
    if certificate is None:
        return
    read(Chosen(Path(certificate), Path(key or certificate)))
    os.environ[CERTIFICATE_VARIABLE], os.environ[KEY_VARIABLE] = certificate, key or certificate


def read(choice: Chosen, expired: bool = False) -> Identity:
    """Read a certificate and its key, and say in words what forbids to sign with them.

    Parameters
    ----------
    expired : take it although its time is over: what was signed before is still known.

    Raises
    ------
    ExportError
        With the file and what to do.
    """
    from cryptography.hazmat.primitives import serialization

    certificates = _certificates(choice.certificate)
    key = _key(choice.key)
    public = _spki(key.public_key())
    first = next((c for c in certificates if _spki(c.public_key()) == public), None)
    if first is None:
        raise ExportError(
            f"the key in {choice.key} does not belong to the certificate in {choice.certificate}"
        )
    _check(first, choice.certificate, len(certificates), expired)
    try:
        algorithm = algorithm_of(key)
    except ValueError as error:
        raise ExportError(f"{choice.key}: {error}; use a P-256, P-384, Ed25519 or RSA key") from error
    pem = serialization.Encoding.PEM
    ordered = [first, *(c for c in certificates if c is not first)]
    texts = [c.public_bytes(pem).decode("ascii") for c in ordered]
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain = "".join(texts)
    return Identity(chain, private.decode("ascii"), texts[-1], algorithm, first.serial_number, False)


def name_of(choice: Chosen) -> str:
    """What the certificate calls its owner, in a few words.

    Raises
    ------
    ExportError
        If it cannot be read.
    """
    from cryptography.x509.oid import NameOID

    subject = _certificates(choice.certificate)[0].subject
    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        if found := subject.get_attributes_for_oid(kind):
            return str(found[0].value)
    return subject.rfc4514_string()


def _read(path: Path, what: str) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise ExportError(f"cannot read the {what} {path}: {error.strerror}") from error
    if len(data) > LARGEST or b"-----BEGIN" not in data:
        raise ExportError(
            f"{path} is no {what} in PEM form; one can be made of a .p12 file with: "
            "openssl pkcs12 -in FILE.p12 -out FILE.pem -nodes"
        )
    return data


def _certificates(path: Path) -> list["x509.Certificate"]:
    from cryptography import x509

    data = _read(path, "certificate")
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise ExportError(f"there is no certificate in {path}, or a damaged one: {error}") from error


def _key(path: Path) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = _read(path, "key")
    try:
        return load_pem_private_key(data, None)
    except TypeError:
        raise ExportError(
            f"the key in {path} is protected by a passphrase, and nobody can be asked for it while files are "
            f"written; make a copy without one that only you can read: openssl pkey -in {path.name} -out ..."
        ) from None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ExportError(f"there is no private key in {path}, or a damaged one: {error}") from error


def _check(certificate: "x509.Certificate", path: Path, count: int, expired: bool) -> None:
    """Refuse what C2PA would refuse, in words."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    now = datetime.datetime.now(datetime.UTC)
    if certificate.not_valid_before_utc > now:
        raise ExportError(
            f"the certificate in {path} holds only from {certificate.not_valid_before_utc:%Y-%m-%d}"
        )
    if certificate.not_valid_after_utc < now and not expired:
        raise ExportError(
            f"the certificate in {path} has expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
        )
    if certificate.issuer == certificate.subject or count < 2:
        raise ExportError(
            f"the certificate in {path} stands alone; Content Credentials want one that an authority has "
            "issued, with the authority's certificate behind it in the same file"
        )
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    # Document signing alone is refused by the library's profile.
    if ExtendedKeyUsageOID.EMAIL_PROTECTION not in (purposes or ()):
        raise ExportError(
            f"the certificate in {path} is not meant for this: its extended key usage has to hold e-mail "
            "protection, which is what Content Credentials ask for"
        )
    usage = _extension(certificate, x509.KeyUsage)
    if usage is not None and not usage.digital_signature:
        raise ExportError(f"the certificate in {path} may not sign: its key usage lacks digital signatures")
    basic = _extension(certificate, x509.BasicConstraints)
    if basic is not None and basic.ca:
        raise ExportError(
            f"the certificate in {path} that fits the key is an authority's; sign with one that it has issued"
        )


def _extension(certificate: "x509.Certificate", kind: Any) -> Any:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _spki(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization

    form = serialization.PublicFormat.SubjectPublicKeyInfo
    data: bytes = key.public_bytes(serialization.Encoding.DER, form)
    return data
