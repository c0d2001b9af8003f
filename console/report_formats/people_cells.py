"""Cells as people read them: amounts of a column with their points in line, shares in percent."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from console.output import amounts, rounded_amounts
from ledger import plain
from ledger.reports.report import Cell, Column, ColumnKind, Report

RIGHT: Final = frozenset({ColumnKind.COUNT, ColumnKind.MONEY, ColumnKind.NUMBER, ColumnKind.SHARE})
"""Kinds of columns that are written to the right, so that digits of one worth are below another."""

_TENTH: Final = Decimal("0.1")


def headline(report: Report) -> str:
    """What the report is, and of what."""
    return f"{report.title}: {report.selection.in_words}"


def told_beside(report: Report) -> list[str]:
    """The sentences that belong to a report: its notes, and which entries it is made of."""
    return [*report.notes, report.provenance.in_words]


def people_rows(report: Report, places: int | None = None) -> list[tuple[str, ...]]:
    """Every row as texts, the totals last where there are any.

    Amounts are exact, or rounded half-even to `places` decimals.
    """
    lines = [*report.rows, *([report.totals] if report.totals is not None else [])]
    columns = [
        _column(column, [line[number] for line in lines], places)
        for number, column in enumerate(report.columns)
    ]
    return list(zip(*columns, strict=True)) if columns else []


def _column(column: Column, cells: Sequence[Cell], places: int | None) -> list[str]:
    if column.kind is ColumnKind.MONEY:
        nanos = [cell for cell in cells if isinstance(cell, int)]
        exact = amounts(nanos)
        finest = len(exact[0].partition(".")[2]) if exact else 0
        is_fine = places is None or finest <= places
        written = iter(exact if places is None or is_fine else rounded_amounts(nanos, places))
        return ["" if cell is None else next(written) for cell in cells]
    return [_text(column.kind, cell) for cell in cells]


def _text(kind: ColumnKind, cell: Cell) -> str:
    if cell is None:
        return ""
    if kind is ColumnKind.SHARE and isinstance(cell, Decimal):
        percent = (cell * 100).quantize(_TENTH, rounding=ROUND_HALF_EVEN)
        return f"{percent:,f} %"
    if kind is ColumnKind.COUNT and isinstance(cell, int):
        return f"{cell:,}"
    return plain(cell) if isinstance(cell, Decimal) else str(cell)
