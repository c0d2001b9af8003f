"""What released assets cost, order by order: what was charged, rejects included, and what came of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import Connection, func, select

from ledger.money import NANO
from ledger.records import JobState
from ledger.reports import conditions, sums
from ledger.reports.provenance import provenance
from ledger.reports.report import Provenance
from ledger.schema import jobs, orders
from ledger.selection import Selection

GIVEN_UP = (JobState.REJECTED.value, JobState.FAILED.value)
"""Ends at which a job's asset does not exist, so that somebody has to make it by hand."""


@dataclass(frozen=True, slots=True)
class OrderCost:
    """What one order's assets cost, and how many there are."""

    order_id: str | None
    """None for what the provider adjusted and nobody could be named for."""
    charged_nano: int
    released: int
    given_up: int
    """Jobs that ended without an asset."""


@dataclass(frozen=True, slots=True)
class AssetCosts:
    """What the released assets of a selection cost."""

    selection: Selection
    orders: tuple[OrderCost, ...]
    provenance: Provenance

    @property
    def charged_nano(self) -> int:
        """All that was charged, rejects included."""
        return sum(one.charged_nano for one in self.orders)

    @property
    def released(self) -> int:
        """How many assets were released."""
        return sum(one.released for one in self.orders)

    @property
    def given_up(self) -> int:
        """How many jobs ended without an asset."""
        return sum(one.given_up for one in self.orders)

    @property
    def asset_usd(self) -> Fraction | None:
        """Exactly what a released asset cost in USD; None where there is none."""
        return Fraction(self.charged_nano, self.released * NANO) if self.released else None

    @property
    def given_up_share(self) -> Fraction:
        """What part of the jobs that came to an end have no asset."""
        ended = self.released + self.given_up
        return Fraction(self.given_up, ended) if ended else Fraction(0)


def asset_costs(connection: Connection, selection: Selection) -> AssetCosts:
    """Add up a selection; `connection` must see one moment throughout.

    Money counts on the day it was charged, an asset on the day of its release, a job without one
    on the day it ended.
    """
    given_up: dict[str | None, int] = defaultdict(int)
    ended = (
        select(orders.c.order_id, func.count().label("given_up"))
        .select_from(orders.join(jobs, jobs.c.order_id == orders.c.order_id))
        .where(
            jobs.c.state.in_(GIVEN_UP),
            *conditions.between(selection, jobs.c.updated_at_us),
            *conditions.of_orders(selection),
            *conditions.of_jobs(selection, jobs.c.job_id),
        )
        .group_by(orders.c.order_id)
    )
    for row in connection.execute(ended):
        given_up[row.order_id] = int(row.given_up)
    rows = {row.keys[0]: row for row in sums.summary(connection, ("order",), selection)}
    return AssetCosts(
        selection,
        tuple(
            OrderCost(
                order_id,
                rows[order_id].charged_nano if order_id in rows else 0,
                rows[order_id].released if order_id in rows else 0,
                given_up[order_id],
            )
            for order_id in sorted({*rows, *given_up}, key=lambda key: (key is None, key or ""))
        ),
        provenance(connection, selection),
    )
