"""The audit, on every store there is."""

from __future__ import annotations

import pytest
from warehouse_parts import CAMPAIGN, ORDER_ID, Kept, released_order

from assets import AuditKind, ManifestRow, Store, audit, edition_prefix

FOLDER = edition_prefix(CAMPAIGN, ORDER_ID)


def books(rows: list[ManifestRow]) -> list[tuple[str, str, int, str]]:
    return [(row.key, row.sha256, row.bytes, row.receipt) for row in rows]


@pytest.mark.parametrize("deep", [False, True])
def test_a_store_that_is_as_the_books_say_has_no_problems(store: Store, deep: bool) -> None:
    rows = released_order(store, count=100)
    report = audit(store, books(rows), deep=deep)
    assert (report.checked, report.deep, report.problems) == (100, deep, ())


@pytest.mark.parametrize("deep", [False, True])
def test_lost_files_and_other_sizes_are_found_quickly(kept: Kept, deep: bool) -> None:
    rows = released_order(kept.store, count=5)
    kept.delete(rows[0].key)
    kept.delete(rows[1].receipt)
    kept.overwrite(rows[2].key, b"short")
    report = audit(kept.store, books(rows), deep=deep)
    assert [(problem.kind, problem.key) for problem in report.problems] == [
        (AuditKind.MISSING, rows[0].key),
        (AuditKind.RECEIPT_MISSING, rows[1].receipt),
        (AuditKind.CHANGED, rows[2].key),
    ]
    assert report.problems[0].where == kept.store.locate(rows[0].key)
    assert report.checked == 5


def test_bytes_changed_in_place_and_a_foreign_receipt_are_found_deeply(kept: Kept) -> None:
    rows = released_order(kept.store)
    kept.overwrite(rows[0].key, b"x" * rows[0].bytes)
    kept.overwrite(rows[1].receipt, kept.store.get(rows[2].receipt))
    kept.overwrite(rows[2].receipt, b"[]")
    report = audit(kept.store, books(rows), deep=True)
    assert [(problem.kind, problem.key) for problem in report.problems] == [
        (AuditKind.CHANGED, rows[0].key),
        (AuditKind.RECEIPT_CHANGED, rows[1].receipt),
        (AuditKind.RECEIPT_CHANGED, rows[2].receipt),
    ]


def test_files_that_only_the_store_knows_are_found_beside_the_orders_own(kept: Kept) -> None:
    rows = released_order(kept.store)
    released_order(kept.store, "other@0123abcdef")
    kept.overwrite(FOLDER + "mug/smuggled.webp", b"x")
    report = audit(kept.store, books(rows[:2]), deep=False)
    assert [(problem.kind, problem.key) for problem in report.problems] == [
        (AuditKind.ONLY_IN_STORE, rows[2].key),
        (AuditKind.ONLY_IN_STORE, FOLDER + "mug/smuggled.webp"),
        (AuditKind.ONLY_IN_STORE, rows[2].receipt),
    ]


def test_an_order_that_released_nothing_is_looked_at_when_it_is_named(store: Store) -> None:
    rows = released_order(store, count=1)
    report = audit(store, [], deep=False, prefixes=[FOLDER])
    assert {problem.key for problem in report.problems} == {rows[0].key, rows[0].receipt}
    assert audit(store, [], deep=True).problems == ()
