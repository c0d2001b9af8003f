"""A report as a workbook: a sheet to sort, filter and pivot, and one that says what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from console.escaping import shown
from console.report_formats.people_cells import headline, people_rows, told_beside
from flows import BadSettings
from ledger import usd
from ledger.exports.workbook_cells import workbook_text
from ledger.reports.report import Cell, Column, ColumnKind, Report

_NUMBER_FORMATS: Final = {
    ColumnKind.TEXT: "@",
    ColumnKind.DAY: "yyyy-mm-dd",
    ColumnKind.COUNT: "#,##0",
    ColumnKind.MONEY: '"$"#,##0.00#######;-"$"#,##0.00#######',
    ColumnKind.NUMBER: "#,##0.######",
    ColumnKind.SHARE: "0.0%",
}
_WIDTH_MAX: Final = 60
_WIDTH_MIN: Final = 8
_SHEET_NAME_MAX: Final = 31
_ABOUT_WIDTH: Final = 100
_ROWS_MAX: Final = 1_048_576 - 3
"""What a sheet holds beside the header, an empty line and the totals."""
_LOOKED_AT: Final = 1_000
"""Rows whose texts decide how wide the columns are."""


def write(report: Report, path: Path) -> None:
    """Write both sheets. Spreadsheets keep numbers to fifteen digits: exact to a million dollars.

    Raises:
        BadSettings: there are more rows than a sheet holds.
    """
    from ledger.exports.workbook_file import open_workbook

    if len(report.rows) > _ROWS_MAX:
        raise BadSettings(
            f"A sheet of a workbook holds {_ROWS_MAX:,} rows, and this has {len(report.rows):,}: "
            "ask for fewer days, or for csv or parquet."
        )
    with path.open("wb") as out, open_workbook(out) as book:
        _write_data(book, report)
        _write_about(book, report)


def _write_data(book: Any, report: Report) -> None:  # noqa: ANN401  xlsxwriter has no types
    sheet = book.add_worksheet(report.name.title()[:_SHEET_NAME_MAX])
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    sheet.freeze_panes(1, 1)
    if report.rows:
        sheet.autofilter(0, 0, len(report.rows), len(report.columns) - 1)
    formats = [_NUMBER_FORMATS[column.kind] for column in report.columns]
    plain = [book.add_format({"num_format": one}) for one in formats]
    looked_at = people_rows(replace(report, rows=report.rows[:_LOOKED_AT]))
    for number, column in enumerate(report.columns):
        longest = max((len(row[number]) for row in looked_at), default=0)
        width = min(_WIDTH_MAX, max(_WIDTH_MIN, len(column.title), longest) + 2)
        sheet.set_column(number, number, width, plain[number])
        sheet.write_string(0, number, column.title, head)
    for line, row in enumerate(report.rows, start=1):
        _write_row(sheet, line, report, row, plain)
    if report.totals is not None:
        bold = [book.add_format({"num_format": one, "bold": True, "top": 1}) for one in formats]
        # An empty line keeps the totals out of what is filtered, sorted and pivoted.
        _write_row(sheet, len(report.rows) + 2, report, report.totals, bold)


def _write_row(
    sheet: Any,  # noqa: ANN401  xlsxwriter has no types
    line: int,
    report: Report,
    row: Sequence[Cell],
    formats: Sequence[Any],
) -> None:
    for number, (column, cell) in enumerate(zip(report.columns, row, strict=True)):
        _write_cell(sheet, (line, number), column, cell, formats[number])


def _write_cell(
    sheet: Any,  # noqa: ANN401  xlsxwriter has no types
    place: tuple[int, int],
    column: Column,
    cell: Cell,
    how: Any,  # noqa: ANN401  as above
) -> None:
    if cell is None:
        sheet.write_blank(*place, None, how)
    elif isinstance(cell, str):
        sheet.write_string(*place, workbook_text(shown(cell)), how)
    elif isinstance(cell, date):
        sheet.write_datetime(*place, cell, how)
    elif column.kind is ColumnKind.MONEY and isinstance(cell, int):
        sheet.write_number(*place, usd(cell), how)
    else:
        sheet.write_number(*place, cell if isinstance(cell, Decimal) else int(cell), how)


def _write_about(book: Any, report: Report) -> None:  # noqa: ANN401  xlsxwriter has no types
    sheet = book.add_worksheet("About")
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    bold = book.add_format({"bold": True, "valign": "top"})
    selection, provenance = report.selection, report.provenance
    lines = [
        ("Report", headline(report)),
        (
            "Days",
            f"{selection.first_day or 'the beginning'} to {selection.last_day or 'now'} (UTC)",
        ),
        *((f"Only {name}", " or ".join(sorted(values))) for name, values in selection.where),
        ("Entries", f"{provenance.entry_count:,}"),
        ("First entry", provenance.first_entry_id or "none"),
        ("Last entry", provenance.last_entry_id or "none"),
        ("Newest seal", provenance.seal_sha256 or "none"),
        ("All sealed", "yes" if provenance.sealed else "no"),
        *(("Note", sentence) for sentence in told_beside(report)),
    ]
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, _ABOUT_WIDTH)
    for line, (name, said) in enumerate(lines):
        sheet.write_string(line, 0, shown(name), bold)
        sheet.write_string(line, 1, workbook_text(shown(said)), wrapped)
