"""Journal entries as NetSuite imports them.

Columns: docs.oracle.com, NetSuite online help, "Journal Entry and Intercompany Journal Entry", the
tables of header fields and of line-level fields; "Importing a Journal Entry".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final

from ledger.exports.charge_line import ChargeLine
from ledger.exports.gl_mapping import GlMapping
from ledger.exports.journal import Journal, cents_text
from ledger.exports.journal_writing import JournalFile, dated, write_journals
from ledger.exports.registry import ExportContext, Written
from ledger.selection import days_of_period

COLUMNS: Final = (
    "External ID",
    "Date",
    "Posting Period",
    "Subsidiary",
    "Currency",
    "Memo",
    "Account",
    "Debit",
    "Credit",
    "Line Memo",
    "Name",
    "Department",
    "Class",
    "Location",
)


def write(rows: Iterator[ChargeLine], out: IO[str], context: ExportContext) -> Written:
    """Write journals; NetSuite refuses a second import under the same External ID."""
    return write_journals(rows, out, context, FILE)


def _rows(journal: Journal, mapping: GlMapping) -> Iterator[tuple[str, ...]]:
    for line in journal.lines:
        coding, cents = line.coding, line.amount_cents
        yield (
            journal.external_id,
            dated(journal.day, mapping.style.netsuite_dates),
            # English names of months, whatever the locale: "Nov 2026".
            f"{_MONTHS[days_of_period(journal.period)[0].month - 1]} {journal.period[:4]}",
            mapping.style.netsuite_subsidiary or "",
            "USD",
            journal.memo,
            coding.account or "",
            cents_text(cents) if cents > 0 else "",
            cents_text(-cents) if cents < 0 else "",
            line.memo,
            line.vendor or "",
            coding.department or "",
            coding.class_name or "",
            coding.location or "",
        )


_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)


FILE: Final = JournalFile(COLUMNS, _rows)
