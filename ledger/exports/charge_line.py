"""One charge as the writers of exports get it: a tuple, because there are millions of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

CURRENCY: Final = "USD"
"""What all money of the books is in."""


class ChargeLine(NamedTuple):
    """One charge, overrun or adjustment, with money in nano-USD and time in microseconds.

    The first fields are the columns of the cost report (the design's section 6) in their order;
    those after `release_key` are for formats that say more.
    """

    entry_id: int
    """The number alone; every export writes it with an E in front."""
    at_us: int
    """Since 1970, UTC."""
    period: str
    order_id: str | None
    """None, as are job, attempt, cost centre, campaign and owner, where an adjustment is nobody's;
    the model is None too where it is not known."""
    job_id: str | None
    attempt_id: str | None
    cost_center: str | None
    campaign: str | None
    owner: str | None
    provider: str
    model: str | None
    provider_ref: str | None
    kind: str
    """charge, overrun, adjust_up or adjust_down."""
    quantity: Decimal
    """Below zero for an adjust_down."""
    unit: str
    unit_price_usd: Decimal
    amount_nano: int
    """Below zero for an adjust_down."""
    asset_sha256: str | None
    release_key: str | None
    held_at_us: int | None
    """When the attempt was held for, which was just before it was sent; None for an adjustment."""
    because: str | None
    """Why a person decided so, or why the books were adjusted."""
