"""The papers that an organisation signs with: its certificate with its chain, and the key to it."""

from __future__ import annotations

import hashlib
import shlex
import stat
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from assets.credentials.errors import BadCertificate, CredentialsMissing
from assets.credentials.sdk import USAGES
from assets.credentials.trust import certificates_in

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate, Extensions, ExtensionType

    _Extension = TypeVar("_Extension", bound=ExtensionType)

_FILE_BYTES_MAX: Final = 1 << 20
_RSA_BITS_MIN: Final = 2048
_EXCLUSIVE: Final = {
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
    "2.5.29.37.0": "anyExtendedKeyUsage",
}
"""Usages that C2PA forbids beside those of signing."""


@dataclass(frozen=True, slots=True)
class Papers:
    """Papers that were found fit to sign: chain and key as PEM, and the algorithm's C2PA name."""

    chain: bytes
    key: bytes = field(repr=False)
    algorithm: str
    certificate_sha256: str
    """The digest of the signing certificate itself, in DER."""
    subject: str
    expires: datetime


def read_papers(
    certificate: Path, key: Path, *, now: datetime, anchors: bytes | None = None
) -> Papers:
    """Read certificate and key, and refuse what would not sign or would not be believed.

    With `anchors`, roots in PEM, the chain has to lead to one of them.

    Raises:
        BadCertificate: with one sentence that says what is wrong with which file.
        CredentialsMissing: the extra is not installed.
    """
    chain = _certificates(certificate)
    leaf = chain[0]
    _is_in_time(leaf, certificate, now)
    _may_sign(leaf, certificate)
    _is_whole(chain, certificate)
    if anchors is not None:
        _leads_to(chain, certificates_in(anchors), certificate)
    secret = _private_key(key)
    algorithm = _algorithm(secret, key)
    if secret.public_key() != leaf.public_key():
        raise BadCertificate(
            f"The key in {key} does not belong to the certificate in {certificate}; give the two "
            "files that were made together, the signing certificate first in its file."
        )
    from cryptography.hazmat.primitives import serialization

    return Papers(
        chain=b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain),
        key=secret.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        algorithm=algorithm,
        certificate_sha256=hashlib.sha256(_der(leaf)).hexdigest(),
        subject=_common_name(leaf),
        expires=leaf.not_valid_after_utc,
    )


def _certificates(path: Path) -> list[Certificate]:
    try:
        from cryptography import x509
    except ImportError as error:
        raise CredentialsMissing from error
    try:
        return x509.load_pem_x509_certificates(_read(path, "certificate"))
    except ValueError as error:
        raise BadCertificate(
            f"{path} holds no certificate in PEM; it starts with -----BEGIN CERTIFICATE-----, the "
            "signing certificate first, then its issuers."
        ) from error


def _read(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_FILE_BYTES_MAX)
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise BadCertificate(f"The {what} {path} cannot be read: {why}.") from error


def _private_key(path: Path) -> PrivateKeyTypes:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise BadCertificate(f"The key {path} cannot be read: {why}.") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadCertificate(
            f"The key {path} can be read by others than its owner; run "
            f"`chmod 600 {shlex.quote(str(path))}`."
        )
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(_read(path, "key"), password=None)
    except TypeError:
        # Nothing of what the library says is passed on: it could say what it read.
        raise BadCertificate(
            f"The key {path} is locked with a passphrase, which nobody can type in a run; write it "
            "unlocked to a file that only its owner can read."
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadCertificate(
            f"{path} holds no private key in PEM; it starts with -----BEGIN PRIVATE KEY-----."
        ) from None


def _algorithm(key: PrivateKeyTypes, path: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _RSA_BITS_MIN:
        return "ps256"
    if isinstance(key, ec.EllipticCurvePrivateKey):
        curves = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
        if key.curve.name in curves:
            return curves[key.curve.name]
    raise BadCertificate(
        f"The key {path} is of a kind that C2PA does not allow; it has to be an elliptic curve key "
        f"(P-256, P-384 or P-521), Ed25519, or RSA of {_RSA_BITS_MIN} bits or more."
    )


def _is_in_time(leaf: Certificate, path: Path, now: datetime) -> None:
    begins, ends = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if now > ends:
        raise BadCertificate(
            f"The certificate {path} expired on {ends:%Y-%m-%d}; get a new one from its issuer "
            "and name it in MINTAGE_SIGNING_CERTIFICATE."
        )
    if now < begins:
        raise BadCertificate(
            f"The certificate {path} is not valid before {begins.astimezone(UTC):%Y-%m-%d %H:%M} "
            "UTC; sign after that, or set this machine's clock right."
        )


def _may_sign(leaf: Certificate, path: Path) -> None:
    from cryptography import x509

    try:
        extensions = leaf.extensions
    except ValueError as error:
        raise BadCertificate(
            f"The certificate {path} is malformed; get another one from its issuer."
        ) from error
    basic = _extension(extensions, x509.BasicConstraints)
    if (basic is not None and basic.ca) or leaf.issuer == leaf.subject:
        raise BadCertificate(
            f"The first certificate in {path} is an authority's or its own issuer, and no reader "
            "takes files from such; put the signing certificate first and its issuers after it."
        )
    usage = _extension(extensions, x509.KeyUsage)
    extended = _extension(extensions, x509.ExtendedKeyUsage)
    usages = {one.dotted_string for one in extended} if extended is not None else set()
    if usage is None or not usage.digital_signature or not usages & USAGES.keys():
        raise BadCertificate(
            f"The certificate {path} is not made for signing files: it needs the key usage "
            "digitalSignature and the extended key usage emailProtection, documentSigning or C2PA "
            "claim signing; docs/credentials.md says how to ask for one."
        )
    if too_much := sorted(_EXCLUSIVE[one] for one in usages & _EXCLUSIVE.keys()):
        raise BadCertificate(
            f"The certificate {path} may be used for {' and '.join(too_much)} too, which C2PA "
            "forbids for one that signs files; get one without."
        )


def _extension(extensions: Extensions, kind: type[_Extension]) -> _Extension | None:
    from cryptography.x509 import ExtensionNotFound

    try:
        return extensions.get_extension_for_class(kind).value
    except ExtensionNotFound:
        return None


def _is_whole(chain: list[Certificate], path: Path) -> None:
    """Refuse a chain that a reader with the root alone cannot follow."""
    from cryptography.exceptions import InvalidSignature

    for number, one in enumerate(chain):
        if one.issuer == one.subject:
            return
        if number + 1 == len(chain):
            break
        try:
            one.verify_directly_issued_by(chain[number + 1])
        except (ValueError, TypeError, InvalidSignature) as error:
            raise BadCertificate(
                f"The chain in {path} is broken: {_common_name(chain[number + 1])} did not issue "
                f"{_common_name(one)}; put each certificate's issuer after it."
            ) from error


def _common_name(certificate: Certificate) -> str:
    from cryptography.x509.oid import NameOID

    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for one in certificate.subject.get_attributes_for_oid(oid):
            return str(one.value)
    return certificate.subject.rfc4514_string()


def _der(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


def _leads_to(chain: list[Certificate], anchors: list[Certificate], path: Path) -> None:
    from cryptography.exceptions import InvalidSignature

    last = chain[-1]
    for anchor in anchors:
        if anchor == last and len(chain) > 1:
            return
        try:
            last.verify_directly_issued_by(anchor)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return
    raise BadCertificate(
        f"The chain in {path} ends at {_common_name(last)}, which none of the trust anchors issued; "
        "put the missing issuers after it, or the right root into MINTAGE_TRUST_ANCHORS."
    )
