"""Audit: the store against the books."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from assets.audit_kinds import AuditKind, AuditProblem, AuditReport, Expected
from assets.audit_looks import look_deep, look_quick, speaks_of
from assets.audit_shown import receipt_unmarked, shown
from assets.errors import Missing, StoreError, StoreUnavailable
from assets.layout import (
    INDEX_CSV,
    INDEX_JSON,
    LATEST,
    MANIFEST_CSV,
    MANIFEST_JSON,
    RELEASED,
    SHEET_HTML,
    edition_of,
)
from assets.store import Store

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["AuditKind", "AuditProblem", "AuditReport", "Expected", "audit"]

_WORKERS: Final = 16
_WAITING: Final = 64
_BESIDE: Final = (MANIFEST_JSON, MANIFEST_CSV, SHEET_HTML)
"""What lies in an order's folder beside assets and receipts."""
_LATEST: Final = (INDEX_JSON, INDEX_CSV)
"""What lies in a campaign's folder below `latest/`."""


def audit(
    store: Store,
    expected: Iterable[tuple[str, str, int, str] | Expected],
    *,
    deep: bool,
    prefixes: Iterable[str] = (),
    approved: Iterable[Expected] = (),
    everything: bool = False,
) -> AuditReport:
    """Compare the released assets in a store with those in the books.

    The quick form asks for sizes, and for the SHA-256 where the store verified and keeps it (S3);
    the deep form reads every byte and every receipt. The store is listed before the books are
    asked, and they are asked for what is approved first: so nothing that a run puts there meanwhile
    is taken for unknown.

    Args:
        store: what to look at.
        expected: each released asset. Read once, after `approved`.
        deep: read and hash everything.
        prefixes: folders of orders, as `edition_prefix` names them, that the books know even if
            nothing of them is expected. Read once, before `approved`.
        approved: what may be there already, having passed every gate, though the books do not have
            it as released yet.
        everything: look through all of `released/` and `latest/`, not only the orders' own folders.

    Raises:
        StoreUnavailable: the store as a whole does not work.
    """
    lying = _Lying(store, (RELEASED, LATEST) if everything else ())
    folders = set(prefixes)
    lying.look_through(folders)
    may_be = {key: item for item in approved for key in (item.key, item.receipt_key)}
    problems: list[AuditProblem] = []
    released: set[str] = set()
    withdrawn: list[Expected] = []
    checked = 0
    for item, found in _compared(store, expected, deep=deep):
        checked += 1
        problems.extend(found)
        released.update((item.key, item.receipt_key))
        if item.withdrawn:
            withdrawn.append(item)
        if folder := edition_of(item.key):
            folders.add(folder)
    lying.look_through(folders)
    problems.extend(shown(store, withdrawn))
    problems.extend(_stranger(store, key) for key in sorted(lying.strangers))
    unfinished, ungated = _told_apart(store, lying.unknown(released, folders), may_be)
    problems.extend(ungated)
    return AuditReport(checked, deep, tuple(problems), tuple(unfinished), len(withdrawn))


class _Lying:
    """What lies in a store: everywhere below some roots, or where it is looked through later."""

    def __init__(self, store: Store, roots: Iterable[str]) -> None:
        self.strangers: set[str] = set()
        self._store = store
        self._keys: set[str] = set()
        self._walked: set[str] = set()
        self._has_all = False
        self.look_through(roots)
        self._has_all = bool(self._walked)

    def look_through(self, prefixes: Iterable[str]) -> None:
        """Find what lies below these, unless it was found already."""
        for prefix in set(prefixes) - self._walked:
            self._walked.add(prefix)
            if self._has_all:
                continue
            self._keys.update(head.key for head in self._store.walk(prefix))
            self.strangers.update(self._store.strangers(prefix))

    def unknown(self, released: set[str], folders: set[str]) -> set[str]:
        """Take out what is released, and what lists there are of orders and campaigns."""
        campaigns = {folder.removeprefix(RELEASED).partition("/")[0] for folder in folders}
        return self._keys.difference(
            released,
            (folder + name for folder in folders for name in _BESIDE),
            (f"{LATEST}{campaign}/{name}" for campaign in campaigns for name in _LATEST),
        )


def _told_apart(
    store: Store, unknown: set[str], may_be: dict[str, Expected]
) -> tuple[list[str], list[AuditProblem]]:
    """Tell what releases that were cut off have left from what has not passed every gate."""
    unfinished, ungated = [], []
    for key in sorted(unknown, key=str.encode):
        if key in may_be and _is_approved(store, key, may_be[key]):
            unfinished.append(key)
        else:
            ungated.append(_ungated(store, key, may_be.get(key)))
    return unfinished, ungated


def _is_approved(store: Store, key: str, item: Expected) -> bool:
    """Whether what a release that was cut off has left is what was approved."""
    try:
        if key == item.receipt_key:
            return speaks_of(store.get(key), item)
        head = store.head(key)
        if head is not None and head.sha256 is not None:
            return head.sha256 == item.sha256
        digest = hashlib.sha256()
        for chunk in store.chunks(key):
            digest.update(chunk)
    except StoreUnavailable:
        raise
    except Missing:
        # It was taken away meanwhile.
        return True
    except StoreError:
        return False
    return digest.hexdigest() == item.sha256


def _stranger(store: Store, key: str) -> AuditProblem:
    return AuditProblem(
        AuditKind.ONLY_IN_STORE,
        key,
        f"{store.url.removeprefix('file:')}/{key}",
        "it is no plain file, a link or a pipe say, or it has a name that no asset has: Mintage "
        "makes none, so somebody put it there",
    )


def _ungated(store: Store, key: str, item: Expected | None) -> AuditProblem:
    known = "nothing of it" if item is None else "other bytes under this name as approved"
    return AuditProblem(
        AuditKind.ONLY_IN_STORE,
        key,
        store.locate(key),
        f"the books have {known}: it has not passed every gate, and somebody put it there",
    )


def _compared(
    store: Store, expected: Iterable[tuple[str, str, int, str] | Expected], *, deep: bool
) -> Iterator[tuple[Expected, list[AuditProblem]]]:
    """Look at a few assets at a time, each answer being a round trip away; give them in order."""
    from concurrent.futures import ThreadPoolExecutor

    def look(item: Expected) -> list[AuditProblem]:
        found = look_deep(store, item) if deep else look_quick(store, item)
        return [*found, *(receipt_unmarked(store, item) if item.withdrawn else ())]

    waiting: deque[tuple[Expected, Future[list[AuditProblem]]]] = deque()
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="audit") as pool:
        try:
            for one in expected:
                item = Expected(*one)
                waiting.append((item, pool.submit(look, item)))
                if len(waiting) >= _WAITING:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
