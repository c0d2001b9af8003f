"""The first sheet of a workbook of charges: what they come to, of what, and which entries they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from ledger.exports.charge_line import ChargeLine
from ledger.exports.registry import ExportContext
from ledger.exports.workbook_cells import A4, decimals_of, dollars, usd_format, workbook_text
from ledger.money import format_usd

NOBODY: Final = "not attributed"
"""What an adjustment is put down to that is nobody's."""

DIMENSIONS: Final = (
    ("period", "By month"),
    ("cost_center", "By cost centre"),
    ("campaign", "By campaign"),
    ("provider", "By provider"),
    ("model", "By model"),
)
"""What the summary is by: a field of a charge, and the heading."""

_WIDTHS: Final = (38, 12, 22, 10)
_SAID_WIDTH: Final = 40
"""Characters in a line of what is said beside a name."""
_LINE_HEIGHT: Final = 15


class Sums:
    """Adds charges up as they are written: in all, and by each dimension."""

    def __init__(self) -> None:
        self.count = 0
        self.amount_nano = 0
        self.largest_nano = 0
        self.by: Mapping[str, dict[str, tuple[int, int]]] = {name: {} for name, _ in DIMENSIONS}

    def add(self, line: ChargeLine) -> None:
        """Count one charge."""
        amount_nano = line.amount_nano
        self.count += 1
        self.amount_nano += amount_nano
        self.largest_nano = max(self.largest_nano, abs(amount_nano))
        for name, sums in self.by.items():
            key = getattr(line, name) or NOBODY
            count, sum_nano = sums.get(key, (0, 0))
            sums[key] = (count + 1, sum_nano + amount_nano)

    def amounts(self) -> Iterator[int]:
        """Give the sum of every key of every dimension."""
        return (sum_nano for sums in self.by.values() for _, sum_nano in sums.values())

    def rows(self, name: str) -> list[tuple[str, int, int]]:
        """Give the keys of a dimension with count and sum: months in order, the dearest first."""
        rows = [(key, count, sum_nano) for key, (count, sum_nano) in self.by[name].items()]
        if name == "period":
            return sorted(rows)
        return sorted(rows, key=lambda row: (-row[2], row[0]))


def write_summary(
    book: Any,  # noqa: ANN401  xlsxwriter has no types
    sheet: Any,  # noqa: ANN401  as above
    context: ExportContext,
    sums: Sums,
    notes: tuple[str, ...],
) -> None:
    """Fill the sheet from top to bottom."""
    parts = (context.billed.overrun_nano, context.billed.adjusted_nano)
    amounts = (*parts, sums.amount_nano, *sums.amounts())
    _Summary(book, sheet, max(map(decimals_of, amounts))).write(context, sums, notes)


class _Summary:
    """Writes lines from the top, in the few formats that the sheet has."""

    def __init__(self, book: Any, sheet: Any, decimals: int) -> None:  # noqa: ANN401  as above
        money = usd_format(decimals)
        self._sheet = sheet
        self._row = 0
        self._title = book.add_format({"bold": True, "font_size": 16})
        self._quiet = book.add_format({"font_color": "#595959"})
        self._heading = book.add_format({"bold": True, "bg_color": "#DDE6F0", "bottom": 1})
        self._right = book.add_format(
            {"bold": True, "bg_color": "#DDE6F0", "bottom": 1, "align": "right"}
        )
        self._text = book.add_format({"num_format": "@"})
        self._wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self._top = book.add_format({"valign": "top"})
        self._count = book.add_format({"num_format": "#,##0"})
        self._usd = book.add_format({"num_format": money})
        self._share = book.add_format({"num_format": "0.0%"})
        self._bold = book.add_format({"bold": True, "top": 1})
        self._bold_count = book.add_format({"bold": True, "top": 1, "num_format": "#,##0"})
        self._bold_usd = book.add_format({"bold": True, "top": 1, "num_format": money})
        self._bold_share = book.add_format({"bold": True, "top": 1, "num_format": "0.0%"})
        self._exact = book.add_format({"num_format": "@", "align": "right"})
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width)
        sheet.hide_gridlines(2)
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)

    def write(self, context: ExportContext, sums: Sums, notes: tuple[str, ...]) -> None:
        """Write totals, the sums by each dimension, and which entries they are made of."""
        self._sheet.set_row(self._row, 24)
        self._line("Cost report", how=self._title)
        self._line(context.selection.in_words, how=self._quiet)
        self._row += 1
        self._totals(context, sums)
        self._row += 1
        self._about(context, notes)
        for name, heading in DIMENSIONS:
            self._row += 1
            self._dimension(heading, sums.rows(name), sums)

    def _line(self, text: str, *, how: Any) -> None:  # noqa: ANN401  as above
        self._sheet.write_string(self._row, 0, workbook_text(text), how)
        self._row += 1

    def _head(self, *titles: str) -> None:
        for column, title in enumerate(titles):
            how = self._right if column else self._heading
            self._sheet.write_string(self._row, column, title, how)
        self._row += 1

    def _totals(self, context: ExportContext, sums: Sums) -> None:
        self._head("Totals", "charges", "USD", "")
        self._sheet.write_string(self._row, 0, "Charged", self._text)
        self._sheet.write_number(self._row, 1, sums.count, self._count)
        self._sheet.write_number(self._row, 2, dollars(sums.amount_nano), self._usd)
        self._row += 1
        for title, part_nano in (
            ("of it above what was held", context.billed.overrun_nano),
            ("of it adjustments to invoices", context.billed.adjusted_nano),
        ):
            self._sheet.write_string(self._row, 0, title, self._text)
            self._sheet.write_number(self._row, 2, dollars(part_nano), self._usd)
            self._row += 1
        self._sheet.write_string(self._row, 0, "Charged, exact, as text", self._text)
        self._sheet.write_string(self._row, 2, format_usd(sums.amount_nano), self._exact)
        self._row += 1

    def _dimension(self, heading: str, rows: list[tuple[str, int, int]], sums: Sums) -> None:
        self._head(heading, "charges", "USD", "share")
        for key, count, sum_nano in rows:
            share = _share(sum_nano, sums.amount_nano)
            self._sheet.write_string(self._row, 0, workbook_text(key), self._text)
            self._sheet.write_number(self._row, 1, count, self._count)
            self._sheet.write_number(self._row, 2, dollars(sum_nano), self._usd)
            self._sheet.write_number(self._row, 3, share, self._share)
            self._row += 1
        self._sheet.write_string(self._row, 0, "in all", self._bold)
        self._sheet.write_number(self._row, 1, sums.count, self._bold_count)
        self._sheet.write_number(self._row, 2, dollars(sums.amount_nano), self._bold_usd)
        self._sheet.write_number(
            self._row, 3, _share(sums.amount_nano, sums.amount_nano), self._bold_share
        )
        self._row += 1

    def _about(self, context: ExportContext, notes: tuple[str, ...]) -> None:
        self._head("Made of", "", "", "")
        for name, said in _said(context, notes):
            # What is wrapped in merged cells does not make its row higher by itself.
            self._sheet.set_row(self._row, _LINE_HEIGHT * -(-len(said) // _SAID_WIDTH))
            self._sheet.write_string(self._row, 0, workbook_text(name), self._top)
            self._sheet.merge_range(self._row, 1, self._row, 3, workbook_text(said), self._wrapped)
            self._row += 1


def _said(context: ExportContext, notes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    selection, entries = context.selection, context.provenance
    first, last = selection.first_day or "the beginning", selection.last_day or "now"
    yield "Days, UTC", f"{first} to {last}"
    for name, values in selection.where:
        yield f"Only {name}", " or ".join(sorted(values))
    yield "Entries", f"{entries.entry_count:,}"
    yield (
        "First and last",
        f"{entries.first_entry_id or 'none'} to {entries.last_entry_id or 'none'}",
    )
    yield "Newest seal", entries.seal_sha256 or "none"
    yield "All sealed", "yes" if entries.sealed else "no"
    yield "Made at", context.made_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    for note in notes:
        yield "Note", note


def _share(part_nano: int, whole_nano: int) -> Decimal:
    return Decimal(part_nano) / Decimal(whole_nano) if whole_nano else Decimal(0)
