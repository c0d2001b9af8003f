"""The month's statement, as the provider sends it to whoever pays: CSV, or JSON with an invoice's head.

A line for each metric that a prediction is charged for, one of amount 0 for a prediction that is free,
and one of a negative amount for each refund. A prediction is on the statement of the span in which it
completed, a refund on that in which it was given. Amounts of lines are exact; an invoice's total is
in cents. The real service publishes no such form, so this one is what people who bill by the piece do.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from loopback.billing import BillItem
from loopback.prediction import timestamp

if TYPE_CHECKING:
    from loopback.world import World

_FREE = BillItem("", Decimal(0), Decimal(0))


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back for one prediction; `amount` is in USD and above zero."""

    prediction_id: str
    at_us: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line. Quantity in the metric's unit, prices and amounts in USD, all as exact text."""

    id: str
    model: str
    created_at: str
    completed_at: str
    status: str
    metric: str
    quantity: str
    unit_price: str
    amount: str


def lines_between(world: World, since_us: int, until_us: int) -> Iterator[StatementLine]:
    """The lines of a span: from its first microsecond on, and before `until_us`."""
    now_us = world.now_us()
    for prediction in world.predictions:
        end_us, status = prediction.ending()
        is_billed = prediction.is_terminal(now_us) and prediction.id not in world.forgotten
        if not is_billed or not since_us <= end_us < until_us:
            continue
        for item in world.line_for(prediction).items or (_FREE,):
            yield StatementLine(
                prediction.id,
                prediction.spec.slug,
                timestamp(prediction.created_us),
                timestamp(end_us),
                status,
                item.metric,
                format(item.quantity, "f"),
                format(item.unit_price, "f"),
                format(item.amount, "f"),
            )
    for refund in world.refunds:
        prediction_of = world.find(refund.prediction_id)
        if prediction_of is not None and since_us <= refund.at_us < until_us:
            yield StatementLine(
                refund.prediction_id,
                prediction_of.spec.slug,
                timestamp(prediction_of.created_us),
                timestamp(refund.at_us),
                "refunded",
                "refund",
                "1",
                format(-refund.amount, "f"),
                format(-refund.amount, "f"),
            )


def as_csv(lines: Sequence[StatementLine]) -> str:
    """Write lines with a header."""
    written = io.StringIO()
    table = csv.DictWriter(
        written, [one.name for one in fields(StatementLine)], lineterminator="\r\n"
    )
    table.writeheader()
    table.writerows(asdict(line) for line in lines)
    return written.getvalue()


def as_json(lines: Sequence[StatementLine], invoice: str) -> str:
    """Write an invoice with its lines; `total` is their sum, rounded to cents, half up."""
    exact = sum((Decimal(line.amount) for line in lines), Decimal(0))
    total = exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    head = {"invoice": invoice, "currency": "USD", "total": format(total, "f")}
    return json.dumps(head | {"lines": [asdict(line) for line in lines]}, indent=1)
