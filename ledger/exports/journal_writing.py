"""What the journal files of all accounting systems share: reading the charges, and plain CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from typing import IO, Final

from ledger.errors import ExportRefused
from ledger.exports.charge_line import ChargeLine
from ledger.exports.gl_mapping import GlMapping
from ledger.exports.journal import ChargeSums, Journal, journal_notes, make_journals
from ledger.exports.registry import FORMATS, ExportContext, Written
from ledger.exports.spreadsheet_text import safe_text
from ledger.selection import days_of_period

DATE_FORMS: Final = {
    "MM/DD/YYYY": "%m/%d/%Y",
    "DD/MM/YYYY": "%d/%m/%Y",
    "YYYY-MM-DD": "%Y-%m-%d",
}
"""How dates may be written in a journal, and how Python says so."""


@dataclass(frozen=True, slots=True)
class JournalFile:
    """How an accounting system wants journals."""

    columns: tuple[str, ...]
    line_rows: Callable[[Journal, GlMapping], Iterable[tuple[str, ...]]]
    """Makes the rows of one journal."""
    signed: frozenset[str] = frozenset()
    """Columns that hold amounts of ours with a sign; every other cell is kept from being run as a
    formula."""

    def write(self, journals: Iterable[Journal], out: IO[str], mapping: GlMapping) -> int:
        """Write journals as CSV, one row a line; give how many rows there are."""
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(self.columns)
        line_count = 0
        for journal in journals:
            for cells in self.line_rows(journal, mapping):
                line_count += 1
                writer.writerow(
                    cell if name in self.signed else safe_text(cell)
                    for name, cell in zip(self.columns, cells, strict=True)
                )
        return line_count


def write_journals(
    rows: Iterator[ChargeLine], out: IO[str], context: ExportContext, file: JournalFile
) -> Written:
    """Add the charges up and write their journals.

    Raises:
        ExportRefused: there is no mapping, or it does not say enough.
    """
    mapping = context.gl_mapping
    if mapping is None:
        raise ExportRefused(
            "a journal needs to know your accounts: `mintage ledger gl example --out gl.yaml` writes "
            "a file to fill in; then add --gl gl.yaml, or set MINTAGE_GL_MAPPING to it"
        )
    sums = ChargeSums()
    for row in rows:
        sums.add(row)
    journals = make_journals(sums, mapping, context.selection)
    line_count = file.write(journals, out, mapping)
    return Written(line_count, sums.total_nano, _notes(journals, context))


def _notes(journals: list[Journal], context: ExportContext) -> tuple[str, ...]:
    if not journals:
        return (f"Nothing was charged in {context.selection.in_words}: there is no journal.",)
    notes = list(journal_notes(journals))
    today = context.made_at.date()
    running = sorted({one.period for one in journals if days_of_period(one.period)[1] >= today})
    notes += [f"{period} is not over yet: export it again when it is." for period in running]
    return tuple(notes)


def dated(day: date, form: str) -> str:
    """Write a day as an accounting system wants it."""
    return day.strftime(DATE_FORMS[form])


def journal_file(form: str) -> JournalFile:
    """Give the file of a format, such as `journal-xero`."""
    found: JournalFile = import_module(f"ledger.exports.{FORMATS[form].module}").FILE
    return found
