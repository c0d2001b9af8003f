"""The money half of a model card: what is charged per what, since when, and who says so.

Rows are added and never rewritten, so that an old month can always be explained. A price that ends
without a successor gets a row of "0" from that day on.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

SMALL_MEGAPIXEL = 1_000_000
"""The smaller of the two definitions in use: with it a bound does not fall short."""

BINARY_MEGAPIXEL = 1024 * 1024
"""The definition that most providers count with: a 1024 x 1024 image has been billed as one."""


def _quoted_decimal(value: object) -> object:
    if isinstance(value, str):
        return value
    shown = "a YAML number" if isinstance(value, int | float) else type(value).__name__
    message = f'has to be a quoted decimal string such as "0.003", found {shown}'
    raise ValueError(message)


QuotedDecimal = Annotated[
    Decimal, BeforeValidator(_quoted_decimal), Field(ge=0, allow_inf_nan=False)
]
"""An exact number >= 0 that the file writes in quotes, because a YAML float is not exact."""


class PriceRow(BaseModel):
    """One unit price in USD and where it comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: str = Field(min_length=1)
    """The provider's own name for what it counts."""
    unit: str = Field(min_length=1)
    """One of what is counted: image, megapixel, second, run."""
    unit_price: QuotedDecimal
    source: str = Field(min_length=8)
    """Where the price was read: a page, a document."""
    read_on: date
    effective_from: date
    """The first day (UTC) that this row prices. A model's first row starts when it came out."""


QuantityRule = QuotedDecimal | Literal["small_megapixels", "binary_megapixels", "seconds_max"]
"""A fixed number; the output's megapixels by either definition, rounded up; the bound on time."""


class Quantity(BaseModel):
    """How much of one metric an attempt uses: at the very most, and as a rule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dearest: QuantityRule
    expected: QuantityRule | None = None
    """Without it, the dearest is expected."""
    reported: bool = True
    """False: the provider charges it once per run and never writes it among the metrics."""


def quantity_of(rule: QuantityRule, *, pixels: int, seconds_max: int) -> Decimal:
    """Work a quantity rule out for an output of `pixels` pixels."""
    match rule:
        case Decimal():
            return rule
        case "small_megapixels":
            return Decimal(-(-pixels // SMALL_MEGAPIXEL))
        case "binary_megapixels":
            return Decimal(-(-pixels // BINARY_MEGAPIXEL))
        case "seconds_max":
            return Decimal(seconds_max)


def rows_in_force(rows: tuple[PriceRow, ...], on: date) -> dict[str, PriceRow]:
    """Choose, per metric, the row with the latest `effective_from` that is not after `on`."""
    chosen: dict[str, PriceRow] = {}
    for row in sorted(rows, key=lambda row: row.effective_from):
        if row.effective_from <= on:
            chosen[row.metric] = row
    return chosen
