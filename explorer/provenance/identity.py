"""The certificate chain with which this installation signs what it writes.

Made on first use and kept in the user's data folder, the key readable by its
owner alone. The authority's key is thrown away once it has signed the one
certificate, so nobody can issue another. It names no person and no machine: a
signature proves that a file is unchanged since this installation wrote it, not
who sat before it. A certificate of one's own may take its place (`own_certificate`).
"""

import datetime
import os
import secrets
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from explorer import locations
from explorer.errors import ExportError

if TYPE_CHECKING:
    from cryptography import x509

CHAIN, KEY, ANCHOR = "chain.pem", "key.pem", "anchor.pem"
YEARS = 100
"""Without a trusted time stamp a signature turns invalid with its certificate, so that lasts."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What signing takes, as PEM text."""

    chain: str
    """The signing certificate, then its authority's."""
    key: str
    anchor: str
    """The authority's certificate: what makes a reader trust the chain."""
    algorithm: str
    """Name that C2PA has for the kind of key: "es256", "ed25519", ..."""
    serial: int = 0
    """Serial number of the signing certificate; within an authority no two are alike."""
    is_self_made: bool = True
    """Whether this installation made it for itself."""


def folder_of_identity() -> Path:
    """Where the chain is kept."""
    return locations.user_data_dir() / "credentials"


def own_identity(folder: Path | None = None) -> Identity:
    """Read the chain of this installation; make it where there is none yet.

    Raises
    ------
    ExportError
        If it can be neither read nor made.
    ImportError
        If the package `cryptography` is not installed.
    """
    folder = folder or folder_of_identity()
    try:
        if not (folder / KEY).is_file():
            _make(folder)
        return _read(folder)
    except (OSError, ValueError) as error:
        raise ExportError(f"the signing certificate in {folder} cannot be used: {error}") from error


def signing_identity() -> Identity:
    """What files are signed with: the user's own certificate where one is set, else this installation's.

    Raises
    ------
    ExportError
        If it cannot be used, in words.
    """
    from explorer.provenance import own_certificate

    chosen = own_certificate.chosen()
    return own_identity() if chosen is None else own_certificate.read(chosen)


def known_identities() -> tuple[Identity, ...]:
    """Identities whose signatures are this user's: the installation's where it was made, and a chosen one."""
    from explorer.provenance import own_certificate

    known: list[Identity] = []
    with suppress(ExportError, ImportError):
        if (folder_of_identity() / KEY).is_file():
            known.append(own_identity())
    with suppress(ExportError, ImportError):
        if (chosen := own_certificate.chosen()) is not None:
            known.append(own_certificate.read(chosen, expired=True))
    return tuple(known)


def _read(folder: Path) -> Identity:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = (folder / KEY).read_bytes()
    kind = load_pem_private_key(key, None)
    anchor = folder / ANCHOR
    chain = (folder / CHAIN).read_bytes()
    return Identity(
        chain.decode("ascii"),
        key.decode("ascii"),
        anchor.read_text("ascii") if anchor.is_file() else "",
        algorithm_of(kind),
        x509.load_pem_x509_certificates(chain)[0].serial_number,
    )


def algorithm_of(key: object) -> str:
    """Name that C2PA has for a kind of private key; `ValueError` where it has none."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ec.EllipticCurvePrivateKey):
        names = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
        if key.curve.name in names:
            return names[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    raise ValueError("its key is of a kind that Content Credentials do not know")


def _make(folder: Path) -> None:
    """Write a new chain, all files at once: two programs that start together must not mix theirs."""
    identity = _new_chain()
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}")
    fresh.mkdir(mode=stat.S_IRWXU)
    try:
        for name, text in ((CHAIN, identity.chain), (ANCHOR, identity.anchor), (KEY, identity.key)):
            # The mode is given when the file is made: there is no moment in which others may read it.
            with open(fresh / name, "x", opener=lambda p, flags: os.open(p, flags, 0o600)) as file:
                file.write(text)
        try:
            fresh.rename(folder)
        except OSError:
            # Another program was quicker, or the folder is there without a key.
            if not (folder / KEY).is_file():
                for name in (CHAIN, ANCHOR, KEY):
                    os.replace(fresh / name, folder / name)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _new_chain() -> Identity:
    """Make an authority, one certificate signed by it, and forget the authority's key.

    C2PA accepts a certificate with an authority above it, a critical key usage
    of digital signatures, and an extended key usage such as e-mail protection.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    authority_key = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    label = secrets.token_hex(4)

    def named(what: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Latent Explorer (self-signed)"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"Latent Explorer {what} {label}"),
            ]
        )

    # A day back, for clocks that differ.
    begin = datetime.datetime.now(datetime.UTC).replace(microsecond=0) - datetime.timedelta(days=1)
    end = begin + datetime.timedelta(days=round(365.25 * YEARS))

    def certificate(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder(named("authority"), subject, public, x509.random_serial_number())
        builder = builder.not_valid_before(begin).not_valid_after(end)
        return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)

    authority = (
        certificate(named("authority"), authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_files=False), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    leaf = (
        certificate(named("installation"), key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_files=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    anchor = authority.public_bytes(pem).decode("ascii")
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain = leaf.public_bytes(pem).decode("ascii") + anchor
    return Identity(chain, private.decode("ascii"), anchor, "es256", leaf.serial_number)


def _usage(*, signs_files: bool) -> "x509.KeyUsage":
    """What a key may be used for: files, or certificates."""
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=signs_files,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs_files,
        crl_sign=not signs_files,
        encipher_only=False,
        decipher_only=False,
    )
