"""The audit, on every store there is."""

from __future__ import annotations

import pytest
from warehouse_parts import ACCEPTED_AT, CAMPAIGN, ORDER_ID, Kept, released_order

from assets import (
    AuditKind,
    ManifestHeader,
    ManifestRow,
    Store,
    audit,
    edition_prefix,
    write_manifest,
)
from assets.audit_kinds import Expected
from assets.latest import write_latest
from assets.sheet import edition_sheet
from assets.withdrawal import WithdrawalMark, mark_receipt

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


def test_all_that_is_released_is_looked_through_when_everything_is_asked_for(store: Store) -> None:
    rows = released_order(store)
    store.replace("released/planted/here/it/is.webp", b"x", media_type="image/webp")
    assert audit(store, books(rows), deep=False).problems == ()
    report = audit(store, books(rows), deep=False, everything=True)
    assert [(problem.kind, problem.key) for problem in report.problems] == [
        (AuditKind.ONLY_IN_STORE, "released/planted/here/it/is.webp")
    ]
    assert "has not passed every gate" in report.problems[0].detail


@pytest.mark.parametrize("deep", [False, True])
def test_what_is_approved_with_these_very_bytes_is_unfinished(kept: Kept, deep: bool) -> None:
    rows = released_order(kept.store)
    kept.overwrite(rows[1].key, b"other")
    approved = [Expected(*one) for one in books(rows[1:])]
    report = audit(kept.store, books(rows[:1]), deep=deep, approved=approved)
    assert set(report.unfinished) == {rows[1].receipt, rows[2].receipt, rows[2].key}
    assert [problem.key for problem in report.problems] == [rows[1].key]


def test_what_is_withdrawn_is_found_wherever_it_is_shown(store: Store) -> None:
    rows = released_order(store)
    write_latest(store, CAMPAIGN, ManifestHeader(campaign=CAMPAIGN), rows)
    edition_sheet(store, FOLDER)
    gone = Expected(*books(rows)[1], withdrawn=True)
    others = [one for one in books(rows) if one[0] != gone.key]
    report = audit(store, [*others, gone], deep=False)
    assert {(one.kind, one.key, one.where) for one in report.problems} == {
        (AuditKind.WITHDRAWN_SHOWN, gone.key, store.locate(where))
        for where in (
            gone.receipt_key,
            f"{FOLDER}manifest.json",
            f"{FOLDER}index.html",
            f"latest/{CAMPAIGN}/index.json",
        )
    }
    assert (report.checked, report.withdrawn) == (3, 1)
    mark = WithdrawalMark("maria@acme.example", "the maker objects", ACCEPTED_AT)
    assert mark_receipt(store, gone.receipt_key, mark)
    assert not mark_receipt(store, gone.receipt_key, mark)
    left = [row for row in rows if row.key != gone.key]
    write_manifest(store, FOLDER, ManifestHeader(), left)
    write_latest(store, CAMPAIGN, ManifestHeader(campaign=CAMPAIGN), left)
    edition_sheet(store, FOLDER)
    assert audit(store, [*others, gone], deep=True).problems == ()
