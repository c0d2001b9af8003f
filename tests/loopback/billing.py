"""The provider's bill, from its own price table and the metrics of each prediction.

The table was read from the published list prices (checked between 2026-09-03 and 2026-10-07), not
from Mintage's model cards: that the books equal this bill is a statement only because two people
priced it. Rules: failed and aborted runs are free; succeeded and canceled ones are charged.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from loopback.prediction import Prediction

_CHARGED = frozenset({"succeeded", "canceled"})
_NANO = Decimal("1e-9")

# USD per unit of a metric. A "run" has no metric: it is one for each charged prediction.
PRICES: dict[str, dict[str, Decimal]] = {
    "black-forest-labs/flux-schnell": {"image_output_count": Decimal("0.003")},
    "black-forest-labs/flux-dev": {"image_output_count": Decimal("0.025")},
    "black-forest-labs/flux-1.1-pro": {"image_output_count": Decimal("0.04")},
    "black-forest-labs/flux-2-pro": {
        "run_count": Decimal("0.015"),
        "image_input_megapixel_count": Decimal("0.015"),
        "image_output_megapixel_count": Decimal("0.015"),
    },
    # By time on an L40S: $0.000975 a second.
    "stability-ai/sdxl": {"predict_time": Decimal("0.000975")},
    "ideogram-ai/ideogram-v3-turbo": {"image_output_count": Decimal("0.03")},
}


@dataclass(frozen=True, slots=True)
class BillItem:
    """One metric of one prediction: quantity in the metric's unit, USD per unit."""

    metric: str
    quantity: Decimal
    unit_price: Decimal

    @property
    def amount(self) -> Decimal:
        """USD, exact."""
        return self.quantity * self.unit_price


@dataclass(frozen=True, slots=True)
class BillLine:
    """What one ended prediction cost. A free one has no items."""

    prediction_id: str
    model: str
    status: str
    source: str
    items: tuple[BillItem, ...] = ()

    @property
    def quantities(self) -> dict[str, Decimal]:
        """Quantity by metric."""
        return {item.metric: item.quantity for item in self.items}

    @property
    def unit_prices(self) -> dict[str, Decimal]:
        """USD per unit by metric."""
        return {item.metric: item.unit_price for item in self.items}

    @property
    def amount(self) -> Decimal:
        """USD, exact."""
        return sum((item.amount for item in self.items), Decimal(0))

    @property
    def amount_nano(self) -> int:
        """The amount in 1e-9 USD, rounded once, half to even."""
        return int((self.amount / _NANO).to_integral_value(ROUND_HALF_EVEN))


def line_for(prediction: Prediction) -> BillLine:
    """The bill line of a prediction that has ended."""
    status = prediction.ending()[1]
    items: tuple[BillItem, ...] = ()
    if status in _CHARGED:
        # str of a float is what JSON prints, so both sides of the API read the same quantity.
        measured = {name: Decimal(str(value)) for name, value in prediction.metrics().items()}
        measured["run_count"] = Decimal(1)
        items = tuple(
            BillItem(metric, measured.get(metric, Decimal(0)), price)
            for metric, price in PRICES[prediction.spec.slug].items()
        )
    slug = prediction.spec.slug
    return BillLine(prediction.id, slug, status, prediction.source, items)
