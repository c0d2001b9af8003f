"""Content Credentials (C2PA): signed into a file, and read from one that was found anywhere.

They say what made a file, that a machine did, which gates it passed, and for which order and job. They
need the extra `credentials`; without it everything here imports, and using it says what to install.
"""

from __future__ import annotations

from assets.credentials.claim import Claim
from assets.credentials.errors import (
    BadCertificate,
    CredentialsError,
    CredentialsMissing,
    SigningFailed,
    Unsignable,
)
from assets.credentials.reading import (
    Credentials,
    CredentialsState,
    ParentCredentials,
    read_credentials,
)
from assets.credentials.signing import Signer, open_signer
from assets.credentials.trust import Trust, trust_in

__all__ = [
    "BadCertificate",
    "Claim",
    "Credentials",
    "CredentialsError",
    "CredentialsMissing",
    "CredentialsState",
    "ParentCredentials",
    "Signer",
    "SigningFailed",
    "Trust",
    "Unsignable",
    "open_signer",
    "read_credentials",
    "trust_in",
]
