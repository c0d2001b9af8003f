"""Looks at one released asset and its receipt: are they what the books say?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Final

from assets.audit_kinds import AuditKind, AuditProblem, Expected
from assets.errors import BadKey, Missing, StoreError, StoreUnavailable
from assets.release import says_no_other
from assets.store import Store

_ALWAYS: Final = frozenset(
    {
        "accepted_at",
        "approved_at",
        "approved_by",
        "asset",
        "cost",
        "job",
        "made_by",
        "order",
        "verified_by",
    }
)
"""What every receipt has said since the first."""


def look_quick(store: Store, item: Expected) -> list[AuditProblem]:
    """Compare sizes, and digests where the store keeps them; see that there is a receipt."""
    problems = []
    try:
        head = store.head(item.key)
    except BadKey as error:
        # One of its folders is a link, or a file.
        problems.append(_changed(store, item, str(error).rstrip(".")))
        return problems
    if head is None:
        problems.append(_missing(store, item))
    elif head.byte_count != item.byte_count:
        problems.append(_changed(store, item, f"it has {head.byte_count} bytes"))
    elif head.sha256 is not None and head.sha256 != item.sha256:
        problems.append(_changed(store, item, f"it has SHA-256 {head.sha256}"))
    try:
        receipt = store.head(item.receipt_key)
    except BadKey:
        receipt = None
    if receipt is None:
        problems.append(_receipt_missing(store, item))
    return problems


def look_deep(store: Store, item: Expected) -> list[AuditProblem]:
    """Read every byte of the asset, and its receipt."""
    problems = []
    digest = hashlib.sha256()
    byte_count = 0
    try:
        for chunk in store.chunks(item.key):
            digest.update(chunk)
            byte_count += len(chunk)
    except Missing:
        problems.append(_missing(store, item))
    except StoreUnavailable:
        raise
    except StoreError as error:
        problems.append(_changed(store, item, str(error).rstrip(".")))
    else:
        if byte_count != item.byte_count or digest.hexdigest() != item.sha256:
            found = f"it has {byte_count} bytes with SHA-256 {digest.hexdigest()}"
            problems.append(_changed(store, item, found))
    problems.extend(_look_at_receipt(store, item))
    return problems


def _look_at_receipt(store: Store, item: Expected) -> Iterator[AuditProblem]:
    try:
        receipt = store.get(item.receipt_key)
    except Missing:
        yield _receipt_missing(store, item)
        return
    except StoreUnavailable:
        raise
    except StoreError as error:
        detail = str(error).rstrip(".")
    else:
        if not speaks_of(receipt, item):
            detail = f"it is no receipt of the asset with SHA-256 {item.sha256}"
        elif others := said_otherwise(receipt, item.receipt):
            detail = f"the books say otherwise of {', '.join(others)}"
        else:
            return
    where = store.locate(item.receipt_key)
    yield AuditProblem(AuditKind.RECEIPT_CHANGED, item.receipt_key, where, detail)


def speaks_of(receipt: bytes, item: Expected) -> bool:
    """Whether a receipt is one of this asset with these bytes."""
    try:
        asset = json.loads(receipt)["asset"]
        return bool(asset["key"] == item.key and asset["sha256"] == item.sha256)
    except (ValueError, TypeError, KeyError, RecursionError):
        return False


def said_otherwise(receipt: bytes, expected: bytes) -> list[str]:
    """Name what a receipt of this asset says otherwise than the books, or does not say.

    What the first receipts said has to be there as it is; of what came later an earlier Mintage has
    said less.
    """
    if not expected:
        return []
    found, whole = json.loads(receipt), json.loads(expected)
    return [
        name
        for name in sorted(found.keys() | _ALWAYS)
        if name != "mintage_version" and not _agree(name, found, whole)
    ]


def _agree(name: str, found: dict[str, object], whole: dict[str, object]) -> bool:
    if name not in found or name not in whole:
        return False
    if name in _ALWAYS:
        return found[name] == whole[name]
    return says_no_other(found[name], whole[name])


def _missing(store: Store, item: Expected) -> AuditProblem:
    return AuditProblem(
        AuditKind.MISSING,
        item.key,
        store.locate(item.key),
        f"the books have it as released, with SHA-256 {item.sha256}",
    )


def _changed(store: Store, item: Expected, found: str) -> AuditProblem:
    detail = f"{found}; the books say {item.byte_count} bytes with SHA-256 {item.sha256}"
    return AuditProblem(AuditKind.CHANGED, item.key, store.locate(item.key), detail)


def _receipt_missing(store: Store, item: Expected) -> AuditProblem:
    return AuditProblem(
        AuditKind.RECEIPT_MISSING,
        item.receipt_key,
        store.locate(item.receipt_key),
        f"it is the receipt of {item.key}",
    )
