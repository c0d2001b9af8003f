"""The provider's bill, from its own price table and the metrics of each prediction.

The table was read from the published list prices (checked between 2026-09-03 and 2026-10-07), not
from Mintage's model cards: that the books equal this bill is a statement only because two people
priced it. Rules: failed and aborted runs are free; succeeded and canceled ones are charged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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


@dataclass(slots=True)
class PriceList:
    """The table above, with what was changed since: from a moment on, by when a run was created."""

    changes: list[tuple[int, str, str, Decimal]] = field(default_factory=list)
    """(microseconds since 1970, model, metric, USD per unit), in the order in which they were made."""

    def change(self, from_us: int, model: str, metric: str, price: Decimal) -> None:
        """Charge another price for every run that is created from then on.

        Raises:
            KeyError: the model has no such price.
        """
        if metric not in PRICES[model]:
            raise KeyError(metric)
        self.changes.append((from_us, model, metric, price))

    def at(self, model: str, at_us: int) -> dict[str, Decimal]:
        """USD per unit by metric, for a run that was created then."""
        changed = {
            metric: price
            for from_us, of, metric, price in self.changes
            if of == model and from_us <= at_us
        }
        return PRICES[model] | changed


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


def line_for(prediction: Prediction, prices: PriceList | None = None) -> BillLine:
    """The bill line of a prediction that has ended."""
    status, slug = prediction.ending()[1], prediction.spec.slug
    items: tuple[BillItem, ...] = ()
    if status in _CHARGED:
        # str of a float is what JSON prints, so both sides of the API read the same quantity.
        measured = {name: Decimal(str(value)) for name, value in prediction.metrics().items()}
        measured["run_count"] = Decimal(1)
        in_force = (prices or PriceList()).at(slug, prediction.created_us)
        items = tuple(
            BillItem(metric, measured.get(metric, Decimal(0)), price)
            for metric, price in in_force.items()
        )
    return BillLine(prediction.id, slug, status, prediction.source, items)
