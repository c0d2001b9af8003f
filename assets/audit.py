"""Audit: the store against the books."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from assets.errors import Missing, StoreError, StoreUnavailable
from assets.layout import MANIFEST_CSV, MANIFEST_JSON, RELEASED
from assets.store import Head, Store

if TYPE_CHECKING:
    from concurrent.futures import Future

_WORKERS: Final = 16
_WAITING: Final = 64
_EDITION_DEPTH: Final = 4
"""released, campaign, slug, edition: an order's folder has four parts."""


class Expected(NamedTuple):
    """What the books say of one released asset."""

    key: str
    sha256: str
    byte_count: int
    receipt_key: str


class AuditKind(StrEnum):
    """In what way the store differs from the books."""

    MISSING = "missing"
    """The asset is not in the store."""
    CHANGED = "changed"
    """The asset's size or SHA-256 is not what the books say."""
    RECEIPT_MISSING = "receipt_missing"
    """The asset's receipt is not in the store."""
    RECEIPT_CHANGED = "receipt_changed"
    """The receipt cannot be read or speaks of other bytes. Seen by a deep audit only."""
    ONLY_IN_STORE = "only_in_store"
    """The store holds a file beside an order's assets that the books do not know."""


@dataclass(frozen=True, slots=True)
class AuditProblem:
    """One difference. `where` is a path or URL for people, `detail` a sentence."""

    kind: AuditKind
    key: str
    where: str
    detail: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """How many assets were checked, whether their bytes were read, and every difference found."""

    checked: int
    deep: bool
    problems: tuple[AuditProblem, ...]


def audit(
    store: Store,
    expected: Iterable[tuple[str, str, int, str]],
    *,
    deep: bool,
    prefixes: Iterable[str] = (),
) -> AuditReport:
    """Compare the released assets in a store with those in the books.

    The quick form asks for sizes, and for the SHA-256 where the store verified and keeps it (S3);
    the deep form reads every byte and every receipt.

    Args:
        store: what to look at.
        expected: key, hex SHA-256, size in bytes and receipt key of each released asset.
        deep: read and hash everything.
        prefixes: folders of orders, as `edition_prefix` names them, that the books know even if
            nothing of them is expected.

    Raises:
        StoreUnavailable: the store as a whole does not work.
    """
    problems: list[AuditProblem] = []
    known: set[str] = set()
    folders = set(prefixes)
    checked = 0
    for item, found in _compared(store, expected, deep=deep):
        checked += 1
        problems.extend(found)
        known.update((item.key, item.receipt_key))
        if item.key.startswith(RELEASED):
            folders.add("/".join(item.key.split("/")[:_EDITION_DEPTH]) + "/")
    for folder in sorted(folders):
        known.update((folder + MANIFEST_JSON, folder + MANIFEST_CSV))
        problems.extend(
            AuditProblem(
                AuditKind.ONLY_IN_STORE,
                head.key,
                store.locate(head.key),
                "the books know nothing of it: a release that was cut off, which the order's next "
                "run completes, or a file that somebody else put there",
            )
            for head in sorted(_unknown(store, folder, known), key=lambda head: head.key)
        )
    return AuditReport(checked, deep, tuple(problems))


def _unknown(store: Store, folder: str, known: set[str]) -> Iterator[Head]:
    return (head for head in store.walk(folder) if head.key not in known)


def _compared(
    store: Store, expected: Iterable[tuple[str, str, int, str]], *, deep: bool
) -> Iterator[tuple[Expected, list[AuditProblem]]]:
    """Look at a few assets at a time, each answer being a round trip away; give them in order."""
    from concurrent.futures import ThreadPoolExecutor

    waiting: deque[tuple[Expected, Future[list[AuditProblem]]]] = deque()
    look = _look_deep if deep else _look_quick
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="audit") as pool:
        try:
            for item in map(Expected._make, expected):
                waiting.append((item, pool.submit(look, store, item)))
                if len(waiting) >= _WAITING:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _look_quick(store: Store, item: Expected) -> list[AuditProblem]:
    problems = []
    head = store.head(item.key)
    if head is None:
        problems.append(_missing(store, item))
    elif head.byte_count != item.byte_count:
        problems.append(_changed(store, item, f"it has {head.byte_count} bytes"))
    elif head.sha256 is not None and head.sha256 != item.sha256:
        problems.append(_changed(store, item, f"it has SHA-256 {head.sha256}"))
    if store.head(item.receipt_key) is None:
        problems.append(_receipt_missing(store, item))
    return problems


def _look_deep(store: Store, item: Expected) -> list[AuditProblem]:
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
        problems.append(_changed(store, item, str(error)))
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
        detail = str(error)
    else:
        if _speaks_of(receipt, item):
            return
        detail = f"it is no receipt of the asset with SHA-256 {item.sha256}"
    where = store.locate(item.receipt_key)
    yield AuditProblem(AuditKind.RECEIPT_CHANGED, item.receipt_key, where, detail)


def _speaks_of(receipt: bytes, item: Expected) -> bool:
    try:
        asset = json.loads(receipt)["asset"]
        return bool(asset["key"] == item.key and asset["sha256"] == item.sha256)
    except (ValueError, TypeError, KeyError):
        return False


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
