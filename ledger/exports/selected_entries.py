"""The entries of a selection that a provider bills: which they are, and what they come to."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Table,
    case,
    cast,
    func,
    select,
)

from ledger.exports.registry import Billed
from ledger.instants import DAY_US
from ledger.kinds import EntryKind
from ledger.reports.report import Provenance
from ledger.schema import entries
from ledger.schema import totals as running
from ledger.seal_table import seals
from ledger.selection import Selection
from ledger.totals import ADJUSTED, BILLED

KINDS: Final = (*BILLED, *ADJUSTED)
"""The kinds of entries that an export has."""

_COLUMNS: Final = {"order": "order_id", "job": "job_id"}
"""Dimensions that are called otherwise in the tables."""


def conditions(selection: Selection, *, by_index: bool = True) -> list[ColumnElement[bool]]:
    """Say as conditions on `entries` what is selected, of whatever kind.

    Without `by_index` neither database looks the times up in their index.
    """
    meant = _filters(entries, selection)
    at_us = entries.c.at_us if by_index else entries.c.at_us + 0
    if selection.since_us is not None:
        meant.append(at_us >= selection.since_us)
    if selection.until_us is not None:
        meant.append(at_us < selection.until_us)
    return meant


def _filters(table: Table, selection: Selection) -> list[ColumnElement[bool]]:
    return [
        table.c[_COLUMNS.get(name, name)].in_(sorted(values)) for name, values in selection.where
    ]


def signed_amount() -> ColumnElement[int]:
    """Give an entry's amount as a bill has it: below zero for what the provider gives back."""
    is_less = entries.c.kind == EntryKind.ADJUST_DOWN.value
    return case((is_less, -entries.c.amount_nano), else_=entries.c.amount_nano)


def _sum(amount: ColumnElement[int]) -> ColumnElement[int]:
    """A sum; PostgreSQL sums BIGINT as NUMERIC, so it is brought back to BIGINT."""
    return cast(func.coalesce(func.sum(amount), 0), BigInteger)


def billed(connection: Connection, selection: Selection) -> tuple[Billed, Provenance]:
    """Add up the selected entries that a provider bills, and say which they are.

    Two statements: for one answer, `connection` must see one moment throughout.
    """
    amount = signed_amount()
    is_overrun = entries.c.kind == EntryKind.OVERRUN.value
    found = connection.execute(
        select(
            func.count().label("row_count"),
            func.min(entries.c.entry_id).label("first_id"),
            func.max(entries.c.entry_id).label("last_id"),
            _sum(amount).label("charged_nano"),
            _sum(case((is_overrun, amount), else_=0)).label("overrun_nano"),
            _sum(case((entries.c.kind.in_(tuple(ADJUSTED)), amount), else_=0)).label(
                "adjusted_nano"
            ),
        ).where(entries.c.kind.in_(KINDS), *conditions(selection))
    ).one()
    sums = Billed(found.row_count, found.charged_nano, found.overrun_nano, found.adjusted_nano)
    return sums, _provenance(connection, found.row_count, found.first_id, found.last_id)


def _provenance(
    connection: Connection, count: int, first_id: int | None, last_id: int | None
) -> Provenance:
    if first_id is None or last_id is None:
        return Provenance(0, None, None, None, sealed=False)
    newest: Any = connection.execute(
        select(seals.c.sha256, seals.c.last_entry_id)
        .where(seals.c.first_entry_id <= last_id, seals.c.last_entry_id >= first_id)
        .order_by(seals.c.block.desc())
        .limit(1)
    ).one_or_none()
    if newest is None:
        return Provenance(count, f"E{first_id}", f"E{last_id}", None, sealed=False)
    sealed = newest.last_entry_id >= last_id
    return Provenance(count, f"E{first_id}", f"E{last_id}", newest.sha256, sealed=sealed)


def summary_nano(connection: Connection, selection: Selection) -> int | None:
    """Give what the running totals say was charged; None where they are not as fine.

    They are kept apart from the entries as those are written, so that the two prove each other.
    """
    if any(name in {"job", "owner"} for name, _ in selection.where):
        return None
    meant = _filters(running, selection)
    if selection.since_us is not None:
        meant.append(running.c.day >= selection.since_us // DAY_US)
    if selection.until_us is not None:
        meant.append(running.c.day < selection.until_us // DAY_US)
    told: int = connection.execute(
        select(_sum(running.c.charged_nano + running.c.adjusted_nano)).where(*meant)
    ).scalar_one()
    return told
