"""Staging: bytes that were built and paid for, named by their SHA-256, waiting for judgement.

Stages hand a digest to each other and read the bytes back from here, checked. Nothing is removed:
the bytes of a rejected attempt were paid for and are evidence. Where space matters, a lifecycle
rule on `staging/` does it.
"""

from __future__ import annotations

import hashlib
from typing import Final

from assets.layout import staging_key
from assets.store import CACHE_NEVER, Store, check_digest

_STAGED_MEDIA_TYPE: Final = "application/octet-stream"
"""What a provider says its bytes are is a claim; until they are judged they are just bytes."""


def stage(store: Store, data: bytes) -> str:
    """Keep built bytes and give their hex SHA-256. Staging the same bytes again changes nothing.

    Raises:
        KeyTaken: what is stored under this digest was damaged.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    store.put_once(
        staging_key(sha256),
        data,
        sha256=sha256,
        media_type=_STAGED_MEDIA_TYPE,
        cache_control=CACHE_NEVER,
    )
    return sha256


def staged(store: Store, sha256: str) -> bytes:
    """Give the bytes that were staged under a hex SHA-256, checked against it.

    Raises:
        Missing: they are not there.
        DigestMismatch: they were changed or damaged.
    """
    key = staging_key(sha256)
    data = store.get(key)
    check_digest(store.locate(key), data, sha256)
    return data
