"""Cost reports as files for finance: RFC 4180, exact decimals, UTC, safe in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import TextIO

from ledger.money import plain
from ledger.views import (
    ChargeRow,
)

COLUMNS = tuple(field.name for field in fields(ChargeRow))
"""The columns in order: those of the design's section 6."""

# A spreadsheet runs a cell that starts with one of these as a formula; text from an order or from
# a provider gets an apostrophe in front, which spreadsheets show as text.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_csv(rows: Iterable[ChargeRow], out: TextIO) -> int:
    """Write charges as CSV with a header, one at a time; gives back how many there were.

    Money and quantities are plain decimals with every digit and no exponent, times are ISO 8601
    in UTC to the microsecond, lines end with CR LF. Open `out` with `newline=""`.
    """
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    count = 0
    for row in rows:
        writer.writerow([_cell(getattr(row, name)) for name in COLUMNS])
        count += 1
    return count


def _cell(value: str | Decimal | datetime | None) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value
