"""Whom a reader believes: the roots that issue an organisation's certificates, and the certificates."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assets.credentials.errors import BadCertificate, CredentialsMissing

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


@dataclass(frozen=True, slots=True)
class Trust:
    """What is known of who signs for this organisation.

    `anchors` are roots in PEM, None where nobody is trusted; `serials` are the serial numbers of the
    organisation's own certificates, retired ones too: empty where all that the roots issue is ours.
    """

    anchors: bytes | None = None
    serials: frozenset[int] = frozenset()

    def is_ours(self, serial: int) -> bool:
        """Say whether a certificate that a root issued is one of the organisation's."""
        return not self.serials or serial in self.serials


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
        serials=frozenset(one.serial_number for one in (*given[1], *own[1])),
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
