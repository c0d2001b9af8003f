"""Whom a reader believes: the roots that issue an organisation's certificates, and the certificates."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from assets.credentials.errors import BadCertificate, CredentialsMissing

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


_NAMED: Final = frozenset({"C", "ST", "L", "O", "OU", "CN"})
"""The parts of an issuer's name that readers of credentials tell of, as RFC 4514 calls them."""
_ALWAYS_NAMED: Final = frozenset({"O", "CN"})


@dataclass(frozen=True, slots=True)
class CertificateMarks:
    """What one certificate is known by: its serial number, who issued it, and for which time.

    A serial number alone is one issuer's own count: two authorities give the same to two people.
    `issuer` are the parts of the issuer's name, each as its short name and its text.
    """

    serial: int
    issuer: frozenset[tuple[str, str]]
    begins: datetime
    ends: datetime

    def is_told_by(self, told: CertificateMarks) -> bool:
        """Say whether a reader told of this certificate; of parts that are there twice it tells one."""
        kinds = {kind for kind, _ in told.issuer}
        return (
            self.serial == told.serial
            and bool(told.issuer)
            and told.issuer <= self.issuer
            and {kind for kind, _ in self.issuer} & _ALWAYS_NAMED <= kinds
            and self.begins == told.begins
            and self.ends == told.ends
        )


@dataclass(frozen=True, slots=True)
class Trust:
    """What is known of who signs for this organisation.

    `anchors` are roots in PEM, None where nobody is trusted; `own` are the organisation's own
    certificates, retired ones too. What a root issued is no more than trusted: a root may be there
    for its time stamps, or issue to everybody.
    """

    anchors: bytes | None = None
    own: tuple[CertificateMarks, ...] = ()

    def is_ours(self, told: CertificateMarks | None) -> bool:
        """Say whether a certificate that a root issued is one of the organisation's."""
        return told is not None and any(one.is_told_by(told) for one in self.own)


def trust_in(anchors: bytes | None, certificate: bytes | None) -> Trust:
    """Make out whom to believe.

    Args:
        anchors: roots in PEM, and with them any certificate of the organisation that signs or signed.
        certificate: the organisation's signing certificate with its issuers, in PEM. Where there are
            no anchors, its own issuers are believed, and of what they issued it alone.

    Raises:
        BadCertificate: they are not in PEM.
        CredentialsMissing: the extra is not installed.
    """
    own = _split(certificate, "signing certificate and its issuers") if certificate else ((), ())
    given = _split(anchors) if anchors else ((), ())
    roots = given[0] or own[0]
    return Trust(
        anchors=_pem(roots) if roots else None,
        own=tuple(dict.fromkeys(map(marks_of, (*given[1], *own[1])))),
    )


def marks_of(certificate: Certificate) -> CertificateMarks:
    """Say what a certificate is known by."""
    return CertificateMarks(
        serial=certificate.serial_number,
        issuer=frozenset(
            (part.rfc4514_attribute_name, str(part.value))
            for part in certificate.issuer
            if part.rfc4514_attribute_name in _NAMED
        ),
        begins=certificate.not_valid_before_utc,
        ends=certificate.not_valid_after_utc,
    )


@functools.lru_cache(maxsize=4)
def roots_in(anchors: bytes) -> str:
    """Give the roots among the anchors as one text in PEM. Raises as `trust_in` does."""
    return _pem(_split(anchors)[0]).decode()


def certificates_in(pem: bytes, what: str = "trust anchors") -> list[Certificate]:
    """Read certificates in PEM.

    Raises:
        BadCertificate: there is none, or one of them cannot be read.
        CredentialsMissing: the extra is not installed.
    """
    try:
        from cryptography import x509
    except ImportError as error:
        raise CredentialsMissing from error
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise BadCertificate(
            f"The {what} are no certificates in PEM; each starts with -----BEGIN CERTIFICATE-----."
        ) from error


def _split(
    pem: bytes, what: str = "trust anchors"
) -> tuple[tuple[Certificate, ...], tuple[Certificate, ...]]:
    """Part authorities from those that sign files."""
    found = certificates_in(pem, what)
    authorities = tuple(one for one in found if _is_authority(one))
    return authorities, tuple(one for one in found if one not in authorities)


def _is_authority(certificate: Certificate) -> bool:
    from cryptography import x509

    try:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, ValueError):
        # Old roots have no extensions: they are their own issuers.
        return certificate.issuer == certificate.subject
    return basic.value.ca


def _pem(certificates: tuple[Certificate, ...]) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)
