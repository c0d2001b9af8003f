"""The one door to the C2PA library: it is imported when it is first used, never before."""

from __future__ import annotations

from typing import Any, Final

from assets.credentials.errors import CredentialsMissing

MEDIA_TYPES: Final = frozenset({"image/avif", "image/jpeg", "image/png", "image/webp"})
"""The formats that are signed and read."""


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
        "verify": {
            "verify_after_sign": False,
            "verify_trust": True,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
    }
    if anchors:
        settings["trust"] = {"user_anchors": anchors}
    library = sdk()
    return library.Context.from_dict(settings)
