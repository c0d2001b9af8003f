"""Everything the warehouse raises, in one tree.

AssetsError
├── StoreError              this key or this store cannot do what was asked
│   ├── BadStoreUrl         the URL names no store that Mintage knows
│   ├── StoreUnavailable    nothing will work until somebody acts: no bucket, wrong key, disk full
│   ├── BadKey              the key could escape the store, or the store cannot hold it
│   ├── Missing             there is nothing under the key
│   ├── KeyTaken            other bytes are there already; what was put once never changes
│   └── DigestMismatch      the bytes are not those that their SHA-256 promises
├── ManifestError           a manifest cannot be read, or says something that cannot be true
├── BadFilter               a condition that no asset can be asked about
└── NoLink                  no link can be made: not on S3, not for so long, not for that
"""

from __future__ import annotations


class AssetsError(Exception):
    """The warehouse could not do what was asked."""


class StoreError(AssetsError):
    """A store could not do what was asked."""


class BadStoreUrl(StoreError):
    """A store URL that names no store Mintage knows."""


class StoreUnavailable(StoreError):
    """The whole store does not work until somebody acts; the message says who and what."""


class BadKey(StoreError):
    """A key that could leave the store, or that this kind of store cannot hold."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"{key!r} cannot be a key of the store: {why}.")
        self.key = key


class Missing(StoreError):
    """Nothing is stored under the key."""

    def __init__(self, key: str, where: str) -> None:
        super().__init__(
            f"Nothing is stored at {where}; `mintage assets verify` lists what is lost."
        )
        self.key = key


class KeyTaken(StoreError):
    """Other bytes are stored under a key that is written once."""

    def __init__(self, where: str, *, stored: str, offered: str) -> None:
        super().__init__(
            f"{where} already holds other bytes (SHA-256 {stored}, offered {offered}); what is "
            "released never changes, so give the order a new edition or move the old file away."
        )
        self.stored = stored
        self.offered = offered


class DigestMismatch(StoreError):
    """Bytes that are not what their SHA-256 says."""

    def __init__(self, where: str, *, expected: str, found: str) -> None:
        super().__init__(
            f"{where} should have SHA-256 {expected} but has {found}; the bytes were changed or "
            "damaged and are not used."
        )
        self.expected = expected
        self.found = found


class ManifestError(AssetsError):
    """A manifest that cannot be read, or that says something which cannot be true."""


class BadFilter(AssetsError):
    """A condition on assets that is not written as one, or names nothing that assets have."""


class NoLink(AssetsError):
    """A link that cannot be made; the message says why and the way out."""
