"""The cost report as CSV: RFC 4180, exact decimals, UTC, safe in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from functools import lru_cache
from itertools import islice, repeat
from typing import Any, Final, TextIO

from ledger.exports.charge_line import CURRENCY, ChargeLine
from ledger.exports.registry import ExportContext, Written
from ledger.instants import DAY_US, day_of
from ledger.money import NANO, plain
from ledger.views import ChargeRow
from ledger.words import without_controls

COLUMNS: Final = tuple(field.name for field in fields(ChargeRow))
"""The columns in order: those of the design's section 6."""

BATCH: Final = 1_000
"""Rows that are turned into columns at a time."""

# A spreadsheet runs a cell that starts with one of these as a formula; text from an order or from
# a provider gets an apostrophe in front, which spreadsheets show as text.
_FORMULA_STARTS: Final = frozenset("=+-@\t\r")

_QUOTED_MARKS: Final = ('"', ",", "\r", "\n")
_NUMBERS: Final = frozenset({"quantity", "unit_price_usd"})
_NUMBERS_KEPT: Final = 10_000
_SECOND_US: Final = 1_000_000


def write(rows: Iterator[ChargeLine], out: TextIO, context: ExportContext) -> Written:
    """Write charges as CSV with a header.

    Money and quantities are plain decimals with every digit and no exponent, times are ISO 8601
    in UTC to the microsecond, lines end with CR LF. Open `out` with `newline=""`.
    """
    del context
    out.write(f"{','.join(COLUMNS)}\r\n")
    count = sum_nano = 0
    while batch := list(islice(rows, BATCH)):
        columns = dict(zip(ChargeLine._fields, zip(*batch, strict=True), strict=True))
        count += len(batch)
        sum_nano += sum(columns["amount_nano"])
        out.writelines(f"{','.join(cells)}\r\n" for cells in zip(*_cells(columns), strict=True))
    return Written(count, sum_nano)


def _cells(columns: Mapping[str, Sequence[Any]]) -> Iterator[Iterable[str]]:
    """Turn the columns of some lines into the report's, as text; a column at a time is quicker."""
    for name in COLUMNS:
        if name == "entry_id":
            yield [f"E{entry_id}" for entry_id in columns[name]]
        elif name == "at":
            yield map(utc_text, columns["at_us"])
        elif name == "amount_usd":
            yield map(nano_text, columns["amount_nano"])
        elif name == "currency":
            yield repeat(CURRENCY, len(columns["at_us"]))
        elif name in _NUMBERS:
            yield map(_number_text, columns[name])
        else:
            yield _quoted([_safe(text) for text in _seen(columns[name])])


def _seen(texts: Sequence[str | None]) -> Sequence[str | None]:
    """Write out control characters, which a terminal would obey; one look at all says if any is there."""
    if "".join(filter(None, texts)).isprintable():
        return texts
    return [text and without_controls(text) for text in texts]


def _safe(text: str | None) -> str:
    if not text:
        return ""
    return f"'{text}" if text[0] in _FORMULA_STARTS else text


def _quoted(texts: list[str]) -> list[str]:
    """Put quotes around what has a comma, a quote or an end of line in it, as RFC 4180 says.

    The library's writer looks at each character by itself, which takes longer than all the rest:
    nearly every column has nothing to quote, and one look at all of it says so.
    """
    together = "".join(texts)
    if not any(mark in together for mark in _QUOTED_MARKS):
        return texts
    return [
        '"{}"'.format(text.replace('"', '""'))
        if any(mark in text for mark in _QUOTED_MARKS)
        else text
        for text in texts
    ]


def utc_text(at_us: int) -> str:
    """Write a time of the books as ISO 8601 in UTC, to the microsecond."""
    day, rest_us = divmod(at_us, DAY_US)
    rest_s, micros = divmod(rest_us, _SECOND_US)
    hours, rest_s = divmod(rest_s, 3600)
    minutes, seconds = divmod(rest_s, 60)
    return f"{_day_text(day)}T{hours:02}:{minutes:02}:{seconds:02}.{micros:06}Z"


@lru_cache(1_000)
def _day_text(day: int) -> str:
    return day_of(day * DAY_US)


def nano_text(nano: int) -> str:
    """Write nano-USD in USD: every digit, no exponent, no trailing zeros."""
    whole, rest = divmod(abs(nano), NANO)
    sign = "-" if nano < 0 else ""
    return f"{sign}{whole}.{rest:09}".rstrip("0") if rest else f"{sign}{whole}"


@lru_cache(_NUMBERS_KEPT)
def _number_text(number: Decimal) -> str:
    return plain(number)
