"""Manual journals as Xero imports them: help.xero.com, "Import manual journals".

Lines of one journal share their narration and date; a positive amount is a debit, a negative one a
credit; there are at most two tracking categories.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import IO, Final

from ledger.exports.charge_line import ChargeLine
from ledger.exports.gl_mapping import GlMapping
from ledger.exports.journal import Journal, cents_text
from ledger.exports.journal_writing import JournalFile, dated, write_journals
from ledger.exports.registry import ExportContext, Written

COLUMNS: Final = (
    "*Narration",
    "*Date",
    "Description",
    "*AccountCode",
    "*TaxRate",
    "*Amount",
    "TrackingName1",
    "TrackingOption1",
    "TrackingName2",
    "TrackingOption2",
)
TRACKING_MAX: Final = 2
LINES_MAX: Final = 300
"""Xero imports no more lines of one file."""


def write(rows: Iterator[ChargeLine], out: IO[str], context: ExportContext) -> Written:
    """Write journals; Xero keeps what it imports as drafts."""
    written = write_journals(rows, out, context, FILE)
    if written.rows <= LINES_MAX:
        return written
    too_long = (
        f"Xero imports {LINES_MAX} lines of one file and this one has {written.rows:,}: "
        "export each provider or each month by itself, with --where and --period."
    )
    return replace(written, notes=(*written.notes, too_long))


def _rows(journal: Journal, mapping: GlMapping) -> Iterator[tuple[str, ...]]:
    for line in journal.lines:
        tracking: list[str] = []
        for field, name in mapping.style.xero_tracking[:TRACKING_MAX]:
            option = getattr(line.coding, field)
            tracking += [name, option] if option else ["", ""]
        yield (
            journal.memo,
            # Every region of Xero reads days first.
            dated(journal.day, "DD/MM/YYYY"),
            line.memo,
            line.coding.account or "",
            mapping.style.xero_tax_rate,
            cents_text(line.amount_cents),
            *(tracking + [""] * 2 * TRACKING_MAX)[: 2 * TRACKING_MAX],
        )


FILE: Final = JournalFile(COLUMNS, _rows, signed=frozenset({"*Amount"}))
