"""A certificate authority of the tests' own: certificates that sign Content Credentials, and wrong ones."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
C2PA_SIGNING = ObjectIdentifier("1.3.6.1.4.1.62558.2.1")


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme Example"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate with its chain, without the root, and its key: both in PEM."""

    certificate: bytes
    chain: bytes
    key: bytes

    def lay(self, folder: Path, *, mode: int = 0o600) -> tuple[Path, Path]:
        """Write both as an organisation would keep them; the key is for its owner alone."""
        folder.mkdir(parents=True, exist_ok=True)
        certificate, key = folder / "signing-chain.pem", folder / "signing-key.pem"
        certificate.write_bytes(self.certificate + self.chain)
        key.write_bytes(self.key)
        key.chmod(mode)
        return certificate, key


class Authority:
    """A root, an intermediate below it, and what they sign."""

    def __init__(
        self, name: str = "Acme Example Root", *, beside: Sequence[x509.NameAttribute[str]] = ()
    ) -> None:
        """Make both; `beside` are further parts of their names."""
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self._root_name = x509.Name([*_name(name), *beside])
        self._middle_key = ec.generate_private_key(ec.SECP256R1())
        self._middle_name = x509.Name([*_name(f"{name} Issuing"), *beside])
        root = self._authority(self._root_name, self._root_key, length=1)
        middle = self._authority(self._middle_name, self._middle_key, length=0)
        self.anchors = _pem(root)
        """What a reader trusts: the root alone."""
        self.middle = _pem(middle)

    def _authority(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, length: int
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._root_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=400))
            .not_valid_after(now + timedelta(days=400))
            .add_extension(x509.BasicConstraints(ca=True, path_length=length), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._root_key.public_key()),
                critical=False,
            )
            .sign(self._root_key, hashes.SHA256())
        )

    def certificate(
        self,
        *,
        key: PrivateKey | None = None,
        usages: Sequence[ObjectIdentifier] = (ExtendedKeyUsageOID.EMAIL_PROTECTION,),
        days: tuple[float, float] = (-1, 90),
        digital_signature: bool = True,
        common_name: str = "Acme Example Marketing",
        usage_is_critical: bool = False,
        serial: int | None = None,
        by_root: bool = False,
    ) -> Paper:
        """Sign a certificate; `days` are its first and last day, counted from now.

        `by_root` leaves the intermediate out: then its chain is nothing but the certificate.
        """
        issuer, issuer_key = self._middle_name, self._middle_key
        if by_root:
            issuer, issuer_key = self._root_name, self._root_key
        key = key or ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        usage = x509.KeyUsage(
            digital_signature=digital_signature,
            content_commitment=not digital_signature,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=False,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(common_name))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
                critical=False,
            )
        )
        if usages:
            builder = builder.add_extension(
                x509.ExtendedKeyUsage(usages), critical=usage_is_critical
            )
        leaf = builder.sign(issuer_key, hashes.SHA256())
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return Paper(_pem(leaf), b"" if by_root else self.middle, pem)


@functools.cache
def authority() -> Authority:
    """Give this process's one authority; making keys takes time."""
    return Authority()


@functools.cache
def paper() -> Paper:
    """Give a sound certificate of it."""
    return authority().certificate()
