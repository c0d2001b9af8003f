"""What the sheets of a workbook share: money as numbers, and texts from outside made safe."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ledger.money import DECIMALS_MAX, NANO

USD_FORMAT: Final = '"$"#,##0.00???????;-"$"#,##0.00???????'
"""As many decimals as an amount has, with the points in line."""

EXACT_BELOW_NANO: Final = 1_000_000 * NANO
"""Spreadsheets keep 15 digits of a number: below a million dollars that is every nano-dollar."""

A4: Final = 9
"""Excel's number for the size of the paper."""

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


def dollars(nano: int) -> Decimal:
    """Give the number that a cell is to show; the file has its nearest double."""
    return Decimal(nano).scaleb(-DECIMALS_MAX)
