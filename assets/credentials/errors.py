"""What can be wrong with a certificate, its key, and signing with them.

CredentialsError
├── CredentialsMissing   the extra `credentials` is not installed
├── BadCertificate       the certificate or its key cannot sign Content Credentials
└── SigningFailed        nothing can be signed now: the certificate, or who gives the time
    └── Unsignable       these bytes can never be signed; others can
"""

from __future__ import annotations

from assets.errors import AssetsError


class CredentialsError(AssetsError):
    """Content Credentials could not be dealt with."""


class CredentialsMissing(CredentialsError):
    """The library that signs and reads Content Credentials is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "Content Credentials need an extra that is not installed; run "
            '`pip install "mintage[credentials]"`.'
        )


class BadCertificate(CredentialsError):
    """A certificate or a key that cannot sign; the message never holds any of the key."""


class SigningFailed(CredentialsError):
    """Bytes could not be signed, and it is not their fault: later they may be."""


class Unsignable(SigningFailed):
    """These very bytes cannot be signed, now or later; the same signer signs others."""
