"""A report as a table: as wide as the terminal is, in a file as wide as it needs.

A number is never cut. Where the exact amounts are too wide for the terminal they are rounded, which
the table says; where that is not enough, the columns are printed in parts, one below the other.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.escaping import shown
from console.report_formats.long_table import LONG, print_long
from console.report_formats.people_cells import RIGHT, headline, people_rows, told_beside
from console.screen import WIDE
from ledger.reports.report import Column, Report

_BETWEEN: Final = 2
"""Blanks between columns."""
_NAME_MIN: Final = 16
"""What is left for a name of many; longer ones go on in the next line."""
_PLACES: Final = (None, 6, 4, 2)
"""Decimals of amounts, tried in this order until the table fits."""


def show(out: Console, report: Report) -> None:
    """Print the headline, the table, the notes and which entries it is made of."""
    _print(out, headline(report))
    _print(out, "")
    told = told_beside(report)
    if not report.rows:
        _print(out, "There is nothing in it.")
    elif places := _that_fit(report, out.width):
        _show_table(out, report.columns, people_rows(report, places[0]))
        if places[0] is not None:
            told.insert(
                0,
                f"Amounts are rounded to {places[0]} decimals to fit this terminal; every other "
                "format has them whole.",
            )
    else:
        for number, part in enumerate(_parts(report, out.width)):
            if number:
                _print(out, "")
            _show_table(out, part.columns, people_rows(part))
    _print(out, "")
    for sentence in told:
        _print(out, sentence)


def text(report: Report) -> str:
    """Write the same for a file."""
    written = io.StringIO()
    show(Console(file=written, width=WIDE, highlight=False, markup=False, emoji=False), report)
    # Rich fills lines up to the width of the table; nobody needs the blanks.
    return "".join(f"{line.rstrip()}\n" for line in written.getvalue().splitlines())


def _print(out: Console, sentence: str) -> None:
    out.print(Text(shown(sentence)))


def _show_table(out: Console, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    if len(rows) <= LONG:
        out.print(_table(columns, rows))
        return
    right = frozenset(at for at, column in enumerate(columns) if column.kind in RIGHT)
    print_long(out, [column.title for column in columns], rows, right)


def _table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Table:
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _BETWEEN, 0, 0))
    for column in columns:
        number = column.kind in RIGHT
        made.add_column(
            column.title,
            justify="right" if number else "left",
            overflow="fold",
            no_wrap=number,
        )
    for row in rows:
        made.add_row(*map(shown, row))
    return made


def _that_fit(report: Report, width: int) -> tuple[int | None] | None:
    """Find how many decimals the table fits with, None for all of them; none where it never does."""
    for places in _PLACES:
        if sum(_widths(report, places)) <= width:
            return (places,)
    return None


def _widths(report: Report, places: int | None = None) -> list[int]:
    """How wide the columns are, with what is between them; names can be folded."""
    rows = [[column.title for column in report.columns], *people_rows(report, places)]
    names = sum(column.kind not in RIGHT for column in report.columns)
    widths = []
    for column, cells in zip(report.columns, zip(*rows, strict=True), strict=True):
        longest = max(map(len, cells))
        if column.kind not in RIGHT and names > 0:
            longest = min(longest, max(_NAME_MIN, len(column.title)))
        widths.append(longest + _BETWEEN)
    widths[-1] -= _BETWEEN
    return widths


def _parts(report: Report, width: int) -> Iterator[Report]:
    """Split the columns: each part has the names again, and as many of the others as fit."""
    widths = _widths(report)
    names = [at for at, column in enumerate(report.columns) if column.kind not in RIGHT]
    taken = sum(widths[at] for at in names)
    chosen: list[int] = []
    room = width - taken
    for at, column in enumerate(report.columns):
        if column.kind not in RIGHT:
            continue
        if chosen and widths[at] > room:
            yield _part(report, [*names, *chosen])
            chosen, room = [], width - taken
        chosen.append(at)
        room -= widths[at]
    yield _part(report, [*names, *chosen])


def _part(report: Report, chosen: Sequence[int]) -> Report:
    at = sorted(chosen)
    totals = report.totals
    return replace(
        report,
        columns=tuple(report.columns[one] for one in at),
        rows=[tuple(row[one] for one in at) for row in report.rows],
        totals=None if totals is None else tuple(totals[one] for one in at),
    )
