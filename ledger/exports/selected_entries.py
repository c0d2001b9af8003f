"""The entries of a selection that a provider bills: which they are, and what they come to."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, Connection, case, func, select

from ledger.exports.registry import Billed
from ledger.kinds import EntryKind
from ledger.reports import conditions
from ledger.reports.provenance import sealed
from ledger.reports.report import Provenance
from ledger.reports.sums import total, total_if
from ledger.schema import entries
from ledger.selection import Selection
from ledger.totals import ADJUSTED, BILLED

KINDS: Final = (*BILLED, *ADJUSTED)
"""The kinds of entries that an export has."""


def signed_amount() -> ColumnElement[int]:
    """Give an entry's amount as a bill has it: below zero for what the provider gives back."""
    is_less = entries.c.kind == EntryKind.ADJUST_DOWN.value
    return case((is_less, -entries.c.amount_nano), else_=entries.c.amount_nano)


def billed(connection: Connection, selection: Selection) -> tuple[Billed, Provenance]:
    """Add up the selected entries that a provider bills, and say which they are.

    From the entries alone, and not from the running totals that a summary is made of: the two
    prove each other. `connection` must see one moment throughout.
    """
    amount = signed_amount()
    found = connection.execute(
        select(
            func.count().label("row_count"),
            func.min(entries.c.entry_id).label("first_id"),
            func.max(entries.c.entry_id).label("last_id"),
            total(amount).label("charged_nano"),
            total_if(entries.c.kind == EntryKind.OVERRUN.value, amount).label("overrun_nano"),
            total_if(entries.c.kind.in_(tuple(ADJUSTED)), amount).label("adjusted_nano"),
        ).where(entries.c.kind.in_(KINDS), *conditions.of_entries(selection))
    ).one()
    sums = Billed(found.row_count, found.charged_nano, found.overrun_nano, found.adjusted_nano)
    return sums, sealed(connection, found.row_count, found.first_id, found.last_id)
