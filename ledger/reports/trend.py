"""The trend: what was charged by day or by month, and what that came to so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from ledger.errors import SelectionRefused
from ledger.reports import sums
from ledger.reports.asked import Asked, in_all, key_cells, key_columns, titled, unnamed_note
from ledger.reports.report import Cell, Column, ColumnKind, Report
from ledger.selection import Selection
from ledger.views import SummaryRow

TIMES: Final = ("day", "period")
"""What a trend runs along."""

_STEPS_MAX: Final = 4_000
"""More days than these are not filled up with those on which nothing was charged."""


def make(asked: Asked) -> Report:
    """Make the report: time comes first, whatever was said first.

    Raises:
        SelectionRefused: both by day and by period.
    """
    times = [name for name in asked.by if name in TIMES]
    if len(times) > 1:
        raise SelectionRefused("a trend is by day or by period, not by both")
    others = tuple(name for name in asked.by if name not in TIMES)
    by = (times[0] if times else "day", *others)
    rows = sums.summary(asked.connection, by, asked.selection)
    if not others:
        rows = _filled(rows, by[0], asked)
    cells, charged_nano, released = _running(by, rows)
    return Report(
        name="trend",
        title=f"Charged by {titled(by)}",
        selection=asked.selection,
        columns=(
            *key_columns(by),
            Column("released", "released", ColumnKind.COUNT),
            Column("charged_usd", "charged", ColumnKind.MONEY),
            Column("cumulative_usd", "so far", ColumnKind.MONEY),
        ),
        rows=cells,
        totals=(*in_all(by), released, charged_nano, charged_nano),
        notes=unnamed_note(row.keys for row in rows),
        provenance=asked.provenance(),
    )


def _running(
    by: tuple[str, ...], rows: list[SummaryRow]
) -> tuple[list[tuple[Cell, ...]], int, int]:
    """Add up along the time, each value of the other dimensions by itself."""
    so_far: dict[sums.Key, int] = defaultdict(int)
    cells: list[tuple[Cell, ...]] = []
    for row in rows:
        so_far[row.keys[1:]] += row.charged_nano
        cells.append(
            (
                *key_cells(by, row.keys),
                row.released,
                row.charged_nano,
                so_far[row.keys[1:]],
            )
        )
    return cells, sum(so_far.values()), sum(row.released for row in rows)


def _filled(rows: list[SummaryRow], time: str, asked: Asked) -> list[SummaryRow]:
    """Put in what lies between and had nothing, up to today at most."""
    if not rows:
        return rows
    known = {str(row.keys[0]): row for row in rows}
    step = _days if time == "day" else _periods
    first, last = _ends(list(known), asked.selection, asked.today)
    if (last - first).days > _STEPS_MAX:
        return rows
    return [known.get(key) or SummaryRow((key,), 0, 0, 0, 0, 0, 0) for key in step(first, last)]


def _ends(keys: list[str], selection: Selection, today: date) -> tuple[date, date]:
    first, last = (date.fromisoformat(f"{key}-01"[:10]) for key in (min(keys), max(keys)))
    if selection.first_day is not None:
        first = min(first, selection.first_day)
    if selection.last_day is not None:
        last = max(last, min(selection.last_day, today))
    return first, last


def _days(first: date, last: date) -> Iterator[str]:
    for number in range((last - first).days + 1):
        yield (first + timedelta(days=number)).isoformat()


def _periods(first: date, last: date) -> Iterator[str]:
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        yield f"{year:04}-{month:02}"
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)  # noqa: PLR2004  months
