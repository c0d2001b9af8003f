"""The cost report as a workbook: a summary to read, and every charge to filter and to pivot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import chain, islice
from typing import Any, BinaryIO, Final

from ledger.exports.charge_csv import COLUMNS
from ledger.exports.charge_line import CURRENCY, ChargeLine
from ledger.exports.registry import ExportContext, Written
from ledger.exports.workbook_cells import (
    A4,
    EXACT_BELOW_NANO,
    dollars,
    usd_format,
    workbook_text,
)
from ledger.exports.workbook_file import open_workbook
from ledger.exports.workbook_summary import Sums, write_summary
from ledger.instants import from_us
from ledger.money import DECIMALS_MAX

ROWS_IN_SHEET: Final = 1_048_575
"""What a sheet of Excel holds below its header."""

LOOKED_AT: Final = 1_000
"""Rows whose texts decide how wide the columns are."""

# Set in a little, so that a text does not touch the number before it.
_TEXT: Final = {"num_format": "@", "indent": 1}
_FORMATS: Final[Mapping[str, Mapping[str, object]]] = {
    "at": {"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left", "indent": 1},
    "quantity": {"num_format": "General"},
    "unit_price_usd": {"num_format": '"$"#,##0.000000000###'},
    "amount_usd": {"num_format": usd_format(DECIMALS_MAX)},
}
_WIDTHS: Final = {"at": 20, "quantity": 14, "unit_price_usd": 18, "amount_usd": 18}
_WIDTH_MIN: Final = 8
_WIDTH_MAX: Final = 68
_BESIDE: Final = 3
"""What is in a cell beside its text: the filter's button, the space at its left."""


def write(rows: Iterator[ChargeLine], out: BinaryIO, context: ExportContext) -> Written:
    """Write a summary sheet and as many sheets of charges as they fill.

    Amounts are numbers: exact to the nano-dollar below a million dollars, and the total stands as
    a text beside them. Ids are texts. Nothing is a formula.

    Raises:
        ExportRefused: there is more than a workbook may hold.
        OSError: the stream does not take it.
    """
    with open_workbook(out) as book:
        properties = {"title": "Cost report", "created": context.made_at.replace(tzinfo=None)}
        book.set_properties(properties)
        summary = book.add_worksheet("Summary")
        sums = Sums()
        sheets = _Sheets(book)
        head = list(islice(rows, LOOKED_AT))
        sheets.begin(head)
        for line in chain(head, rows):
            sheets.write(line)
            sums.add(line)
        sheets.end()
        notes = _notes(sums)
        write_summary(book, summary, context, sums, notes)
    return Written(sums.count, sums.amount_nano, notes)


def _notes(sums: Sums) -> tuple[str, ...]:
    if sums.largest_nano < EXACT_BELOW_NANO:
        return ()
    digits = "Spreadsheets keep 15 digits of a number: amounts of a million dollars and more are"
    return (f"{digits} not exact to the nano-dollar here; they are in csv and parquet.",)


class _Sheets:
    """The sheets of charges, one after the other as they fill."""

    def __init__(self, book: Any) -> None:  # noqa: ANN401  xlsxwriter has no types
        self._book = book
        self._header = book.add_format(
            {"bold": True, "bg_color": "#DDE6F0", "bottom": 1, "indent": 1}
        )
        self._formats = [book.add_format(dict(_FORMATS.get(name, _TEXT))) for name in COLUMNS]
        self._widths: list[int] = []
        self._made = 0
        self._row = 0
        self._sheet: Any = None

    def begin(self, looked_at: list[ChargeLine]) -> None:
        """Open the first sheet, with columns as wide as the first charges are."""
        for number, name in enumerate(COLUMNS):
            cells = (len(str(_values(line)[number] or "")) for line in looked_at)
            widest = _WIDTHS.get(name) or max(cells, default=0)
            fitting = max(_WIDTH_MIN, len(name) + _BESIDE, widest + _BESIDE)
            self._widths.append(min(_WIDTH_MAX, fitting))
        self._open()

    def _open(self) -> None:
        self._made += 1
        name = "Charges" if self._made == 1 else f"Charges {self._made}"
        self._sheet = self._book.add_worksheet(name)
        for number, width in enumerate(self._widths):
            self._sheet.set_column(number, number, width, self._formats[number])
        for number, title in enumerate(COLUMNS):
            self._sheet.write_string(0, number, title, self._header)
        self._sheet.freeze_panes(1, 1)
        self._sheet.set_landscape()
        self._sheet.set_paper(A4)
        self._sheet.repeat_rows(0)
        self._row = 0

    def write(self, line: ChargeLine) -> None:
        """Write one charge, on a further sheet where this one is full."""
        if self._row == ROWS_IN_SHEET:
            self.end()
            self._open()
        self._row += 1
        sheet, row = self._sheet, self._row
        for number, value in enumerate(_values(line)):
            if value is None:
                continue
            if isinstance(value, str):
                sheet.write_string(row, number, workbook_text(value))
            elif isinstance(value, datetime):
                sheet.write_datetime(row, number, value)
            else:
                sheet.write_number(row, number, value)

    def end(self) -> None:
        """Let the rows of this sheet be filtered."""
        if self._row:
            self._sheet.autofilter(0, 0, self._row, len(COLUMNS) - 1)


def _values(line: ChargeLine) -> tuple[str | Decimal | datetime | None, ...]:
    """The cells of one charge in the order of the columns."""
    return (
        f"E{line.entry_id}",
        from_us(line.at_us).replace(tzinfo=None),
        *line[2:13],
        line.quantity,
        line.unit,
        line.unit_price_usd,
        dollars(line.amount_nano),
        CURRENCY,
        line.asset_sha256,
        line.release_key,
    )
