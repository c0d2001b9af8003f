"""What the sheets of a workbook share: money as numbers, and texts from outside made safe."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ledger.money import DECIMALS_MAX, NANO, plain, usd

EXACT_BELOW_NANO: Final = 1_000_000 * NANO
"""Spreadsheets keep 15 digits of a number: below a million dollars that is every nano-dollar."""

A4: Final = 9
"""Excel's number for the size of the paper."""

DECIMALS_MIN: Final = 2

CHARACTERS_MAX: Final = 32_767
"""What a cell of Excel holds."""


def workbook_text(text: str) -> str:
    """Give the text as a cell can have it.

    xlsxwriter takes a text between `<r>` and `</r>` for XML of its own making and puts it into the
    sheet as it is: an order's name could bring a formula in that way. An apostrophe in front keeps
    it a text. What is longer than a cell is cut.
    """
    if text.startswith("<r>"):
        text = f"'{text}"
    return text if len(text) <= CHARACTERS_MAX else text[: CHARACTERS_MAX - 1] + "…"


def usd_format(decimals: int) -> str:
    """Give the number format of amounts that all have so many decimals: their points are in line."""
    digits = f'"$"#,##0.{"0" * max(DECIMALS_MIN, decimals)}'
    return f"{digits};-{digits}"


def decimals_of(nano: int) -> int:
    """How many decimals an amount has when it is written in USD without trailing zeros."""
    return len(plain(usd(nano)).partition(".")[2])


def dollars(nano: int) -> Decimal:
    """Give the number that a cell is to show; the file has its nearest double."""
    return Decimal(nano).scaleb(-DECIMALS_MAX)
