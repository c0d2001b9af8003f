"""Journal entries as QuickBooks Online imports them: quickbooks.intuit.com, "Import journal entries".

Rows of one journal share its number, which is 21 characters at most. QuickBooks knows accounts by
their names; a line on Accounts Payable has to name the vendor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import IO, Final

from ledger.exports.charge_line import ChargeLine
from ledger.exports.gl_mapping import GlMapping
from ledger.exports.journal import Journal, cents_text
from ledger.exports.journal_writing import JournalFile, dated, write_journals
from ledger.exports.registry import ExportContext, Written

COLUMNS: Final = (
    "JournalNo",
    "JournalDate",
    "AccountName",
    "Debits",
    "Credits",
    "Description",
    "Name",
    "Currency",
    "Location",
    "Class",
)
NUMBER_LENGTH_MAX: Final = 21


def write(rows: Iterator[ChargeLine], out: IO[str], context: ExportContext) -> Written:
    """Write journals; a department goes to Location where no location is said."""
    return write_journals(rows, out, context, FILE)


def _rows(journal: Journal, mapping: GlMapping) -> Iterator[tuple[str, ...]]:
    for line in journal.lines:
        coding, cents = line.coding, line.amount_cents
        yield (
            journal_number(journal.external_id),
            dated(journal.day, mapping.style.quickbooks_dates),
            coding.account or "",
            cents_text(cents) if cents > 0 else "",
            cents_text(-cents) if cents < 0 else "",
            line.memo,
            line.vendor or "",
            "USD",
            coding.location or coding.department or "",
            coding.class_name or "",
        )


def journal_number(external_id: str) -> str:
    """Shorten a journal's id to what QuickBooks takes: M-2026-11-replicate."""
    short = external_id.replace("MINTAGE-", "M-", 1)
    if len(short) <= NUMBER_LENGTH_MAX:
        return short
    digest = hashlib.sha256(external_id.encode()).hexdigest()[:8]
    return f"{short[: NUMBER_LENGTH_MAX - 9]}-{digest}"


FILE: Final = JournalFile(COLUMNS, _rows)
