"""A certificate of one's own: used where it can be, refused in words where it cannot."""

import datetime
import io
import platform
import signal
import subprocess
import sys

import pytest
from PIL import Image

pytest.importorskip("c2pa", reason="Content Credentials need the package c2pa-python")

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from explorer.errors import ExportError
from explorer.provenance import Claims, credentials, own_certificate, picture_options
from explorer.provenance.findings import _credentials_in_words
from explorer.provenance.identity import own_identity, signing_identity
from explorer.provenance.own_certificate import CERTIFICATE_VARIABLE, KEY_VARIABLE, Chosen
from explorer.recipe import ModelRef, Recipe
from tests.support import REPOSITORY

PEM = serialization.Encoding.PEM
NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


def named(name):
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "A studio"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def usage(signs_files):
    false = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    authority = {"key_cert_sign": not signs_files, "crl_sign": not signs_files}
    return x509.KeyUsage(digital_signature=signs_files, **authority, **false)


class Authority:
    """Issues certificates that are right but for what a test asks for."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = named("An authority")
        builder = self._builder(name, self.key.public_key(), NOW - DAY, NOW + 900 * DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.certificate = builder.add_extension(usage(False), critical=True).sign(self.key, hashes.SHA256())

    def _builder(self, subject, public, begin, end):
        builder = x509.CertificateBuilder(
            named("An authority"), subject, public, x509.random_serial_number(), begin, end
        )
        ours = self.key.public_key()
        return builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(public), critical=False
        ).add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ours), critical=False)

    def issue(
        self,
        folder,
        name="Me Myself",
        begin=NOW - DAY,
        end=NOW + 99 * DAY,
        purpose=ExtendedKeyUsageOID.EMAIL_PROTECTION,
        signs=True,
        alone=False,
        passphrase=None,
    ):
        folder.mkdir(exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(named(name), key.public_key(), begin, end)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(usage(signs), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        server = x509.UniformResourceIdentifier("http://ocsp.example.org/")
        access = [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, server)]
        builder = builder.add_extension(x509.AuthorityInformationAccess(access), critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        chain = [certificate] if alone else [certificate, self.certificate]
        hidden = serialization.NoEncryption()
        if passphrase is not None:
            hidden = serialization.BestAvailableEncryption(passphrase)
        choice = Chosen(folder / "me.pem", folder / "me.key")
        choice.certificate.write_bytes(b"".join(c.public_bytes(PEM) for c in chain))
        choice.key.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, hidden))
        return choice


@pytest.fixture(scope="module")
def authority():
    return Authority()


def signed(identity):
    recipe = Recipe(ModelRef("faces"))
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG", **picture_options("PNG", Claims(recipe)))
    return credentials.sign(buffer.getvalue(), "PNG", Claims(recipe), identity)


def test_files_are_signed_with_it_and_known_as_ones_own(authority, tmp_path):
    own_certificate.keep(authority.issue(tmp_path / "mine"))
    found = credentials.read(signed(signing_identity()), "PNG")
    assert (found.valid, found.is_own, found.is_self_made) == (True, True, False)
    assert found.signer == "Me Myself"
    _, headline, words = _credentials_in_words(found)
    assert headline == "Valid, signed with your certificate"
    assert "self-made" not in words
    # What this installation signed before is still its own, and what a colleague signs is not.
    assert credentials.read(signed(own_identity()), "PNG").is_self_made
    colleague = own_certificate.read(authority.issue(tmp_path / "hers", "A colleague"))
    found = credentials.read(signed(colleague), "PNG")
    assert (found.valid, found.is_own) == (True, False)
    own_certificate.keep(None)
    assert signing_identity() == own_identity()


def test_the_environment_and_the_command_line_come_before_the_settings(authority, tmp_path, monkeypatch):
    own_certificate.keep(authority.issue(tmp_path / "kept"))
    other = authority.issue(tmp_path / "other", "Another")
    monkeypatch.setenv(CERTIFICATE_VARIABLE, str(other.certificate))
    monkeypatch.setenv(KEY_VARIABLE, str(other.key))
    assert own_certificate.name_of(own_certificate.chosen()) == "Another"
    third = authority.issue(tmp_path / "third", "A third")
    own_certificate.use(str(third.certificate), str(third.key))
    assert own_certificate.name_of(own_certificate.chosen()) == "A third"
    monkeypatch.delenv(CERTIFICATE_VARIABLE)
    with pytest.raises(ExportError, match="set both or none"):
        signing_identity()


def test_one_file_may_hold_both_and_the_order_is_put_right(authority, tmp_path):
    choice = authority.issue(tmp_path / "mine")
    own, above = choice.certificate.read_bytes().split(b"-----BEGIN CERTIFICATE-----")[1:]
    begin = b"-----BEGIN CERTIFICATE-----"
    one = tmp_path / "all.pem"
    one.write_bytes(choice.key.read_bytes() + begin + above + begin + own)
    identity = own_certificate.read(Chosen(one, one))
    assert identity.chain == own_certificate.read(choice).chain
    assert credentials.read(signed(identity), "PNG").valid


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"begin": NOW - 9 * DAY, "end": NOW - DAY}, "has expired on"),
        ({"begin": NOW + DAY}, "holds only from"),
        ({"purpose": ExtendedKeyUsageOID.SERVER_AUTH}, "e-mail protection"),
        ({"signs": False}, "lacks digital signatures"),
        ({"alone": True}, "stands alone"),
        ({"passphrase": b"secret"}, "protected by a passphrase"),
    ],
)
def test_what_cannot_sign_is_refused_in_words_and_changes_nothing(authority, tmp_path, wrong, words):
    with pytest.raises(ExportError, match=words):
        own_certificate.keep(authority.issue(tmp_path / "mine", **wrong))
    assert own_certificate.chosen() is None


def test_files_that_do_not_fit_are_named(authority, tmp_path):
    mine, hers = authority.issue(tmp_path / "mine"), authority.issue(tmp_path / "hers")
    (tmp_path / "text.pem").write_text("hello")
    (tmp_path / "damaged.pem").write_bytes(
        mine.certificate.read_bytes()[:90] + b"\n-----END CERTIFICATE-----\n"
    )
    for choice, words in (
        (Chosen(mine.certificate, hers.key), "does not belong to"),
        (Chosen(tmp_path / "absent.pem", mine.key), "cannot read"),
        (Chosen(tmp_path / "text.pem", mine.key), r"openssl pkcs12"),
        (Chosen(tmp_path / "damaged.pem", mine.key), "damaged"),
        (Chosen(mine.certificate, mine.certificate), "no private key"),
    ):
        with pytest.raises(ExportError, match=words):
            own_certificate.read(choice)


def test_an_expired_certificate_still_knows_what_it_signed(authority, tmp_path):
    choice = authority.issue(tmp_path / "mine", begin=NOW - 9 * DAY, end=NOW - DAY)
    assert own_certificate.read(choice, expired=True).serial


WITHOUT_SOCKETS = """
import ctypes, struct, sys
number = {"x86_64": 41, "aarch64": 198}[sys.argv[1]]
# seccomp(2): load the number of the system call; where it is socket(2), the process is killed.
rules = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x80000000), (0x06, 0, 0, 0x7FFF0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(rules), ctypes.addressof(code)))
prctl = ctypes.CDLL(None, use_errno=True).prctl
no_new_privileges, set_seccomp, mode_filter = 38, 22, 2
assert prctl(no_new_privileges, 1, 0, 0, 0) == 0
if prctl(set_seccomp, mode_filter, ctypes.byref(program)):
    sys.exit(77)
"""


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"), reason="needs seccomp"
)
def test_signing_and_verifying_open_no_socket(authority, tmp_path):
    """In a process that dies at its first socket, Python's or native code's.

    The certificate names a server that tells whether it was revoked: nobody asks there.
    """
    choice = authority.issue(tmp_path / "mine")
    (tmp_path / "a.png").write_bytes(signed(own_certificate.read(choice)))

    def run(code):
        words = [sys.executable, "-c", WITHOUT_SOCKETS + code, platform.machine(), str(tmp_path)]
        return subprocess.run(words, cwd=REPOSITORY, check=False).returncode

    proof = run("import socket; socket.socket()")
    if proof == 77:
        pytest.skip("this system lets no process give up system calls")
    assert proof == -signal.SIGSYS
    assert (
        run("""
from pathlib import Path
from tests.provenance.test_own_certificate import Chosen, own_certificate, signed
from explorer.provenance import verify
folder = Path(sys.argv[2])
own_certificate.keep(Chosen(folder / "mine" / "me.pem", folder / "mine" / "me.key"))
assert verify(folder / "a.png").credentials.is_own
(folder / "b.png").write_bytes(signed(own_certificate.read(own_certificate.chosen())))
assert verify(folder / "b.png").credentials.valid
""")
        == 0
    )
