"""A report as CSV: nothing but a header and the rows, exact, and safe in a spreadsheet."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Final

from console.output import usd_text
from ledger import plain
from ledger.reports.report import Cell, ColumnKind, Report
from ledger.words import without_controls

# A spreadsheet runs a cell that starts with one of these as a formula; text from an order or from
# a provider gets an apostrophe in front, which spreadsheets show as text.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def text(report: Report) -> str:
    """Write header and rows as RFC 4180 has it, money as plain decimals; totals are for adding up."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.name for column in report.columns])
    kinds = [column.kind for column in report.columns]
    for row in report.rows:
        writer.writerow([_cell(kind, cell) for kind, cell in zip(kinds, row, strict=True)])
    return out.getvalue()


def _cell(kind: ColumnKind, cell: Cell) -> str:
    if cell is None:
        return ""
    if kind is ColumnKind.MONEY and isinstance(cell, int):
        return usd_text(cell)
    if isinstance(cell, str):
        seen = without_controls(cell)
        return f"'{seen}" if seen.startswith(_FORMULA_STARTS) else seen
    return plain(cell) if isinstance(cell, Decimal) else str(cell)
