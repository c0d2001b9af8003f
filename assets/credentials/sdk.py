"""The one door to the C2PA library: it is imported when it is first used, never before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from assets.credentials.errors import CredentialsMissing

MEDIA_TYPES: Final = frozenset({"image/avif", "image/jpeg", "image/png", "image/webp"})
"""The formats that are signed and read."""


MANIFEST_MB_MAX: Final = 32
"""The largest that a compressed manifest may become."""

USAGES: Final[Mapping[str, str]] = {
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.36": "documentSigning",
    "1.3.6.1.4.1.62558.2.1": "C2PA claim signing",
    "1.3.6.1.4.1.311.76.59.1.9": "Microsoft's C2PA signing",
}
"""The extended key usages of certificates that may sign Content Credentials, by their numbers.

Those of c2pa-rs, `valid_eku_oids.cfg`; without being told, c2pa-python 0.38.1 takes the first alone.
"""


def sdk() -> Any:  # noqa: ANN401  the library has no types
    """Import the library. Raises CredentialsMissing."""
    try:
        import c2pa
    except ImportError as error:
        raise CredentialsMissing from error
    return c2pa


def context(anchors: str | None = None) -> Any:  # noqa: ANN401  as above
    """Make the settings of one reading or signing.

    Each call makes its own: they belong to no thread and nothing is shared. Nothing is ever
    fetched from the network for what a file names.
    """
    settings: dict[str, object] = {
        "version": 1,
        "builder": {"thumbnail": {"enabled": False}},
        "core": {
            "max_decompressed_manifest_size_in_mb": MANIFEST_MB_MAX,
        },
        "verify": {
            "verify_after_sign": False,
            "verify_trust": True,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
    }
    trust = {"trust_config": "".join(f"{one}\n" for one in USAGES)}
    if anchors:
        trust["user_anchors"] = anchors
    return sdk().Context.from_dict(settings | {"trust": trust})
