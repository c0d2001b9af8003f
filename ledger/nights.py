"""Nightly orders as the books have them, and on which nights of a month they will run again.

A night is an order whose edition is a date. An order runs on the weekdays on which it ran in the
last four weeks; one whose last night is more than eight days ago has ended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

from sqlalchemy import Connection, bindparam, select

from ledger.records import OrderState
from ledger.reports import conditions, sums
from ledger.schema import AnyRow, orders
from ledger.schema import totals as running
from ledger.selection import Selection

NIGHTS_MAX: Final = 7
"""Nights that a mean is made of, the last ones."""
PATTERN_DAYS: Final = 28
"""How far back it is looked on which weekdays an order runs."""
ENDED_DAYS: Final = 8
"""Without a night for longer than this an order has ended; a weekly one may be a day late."""

_ONE_DAY: Final = timedelta(days=1)
_CHUNK: Final = 5_000

_NIGHTS = select(
    orders.c.order_id,
    orders.c.slug,
    orders.c.edition,
    orders.c.state,
    orders.c.cost_center,
    orders.c.campaign,
    orders.c.owner,
    orders.c.provider,
    orders.c.model,
).where(orders.c.edition.like("____-__-__"))

_COSTS = (
    select(
        running.c.order_id,
        sums.total(running.c.charged_nano + running.c.adjusted_nano).label("charged_nano"),
    )
    .where(running.c.order_id.in_(bindparam("ids", expanding=True)))
    .group_by(running.c.order_id)
)


@dataclass(frozen=True, slots=True)
class Night:
    """One run of a nightly order."""

    order_id: str
    slug: str
    day: date
    ended: bool
    """Whether every job of it came to an end: only then is what it cost the cost of a night."""
    names: Mapping[str, str]
    """Its cost centre, campaign, owner, provider and model."""


def nights(connection: Connection, selection: Selection) -> dict[str, list[Night]]:
    """Every night of the orders that are selected, by slug, oldest first."""
    found: dict[str, list[Night]] = defaultdict(list)
    for row in connection.execute(_NIGHTS.where(*conditions.of_orders(selection))):
        day = _date(row.edition)
        if day is not None:
            found[row.slug].append(_night(row, day))
    for of_slug in found.values():
        of_slug.sort(key=lambda night: night.day)
    return dict(found)


def _date(edition: str) -> date | None:
    try:
        return date.fromisoformat(edition)
    except ValueError:
        return None


def _night(row: AnyRow, day: date) -> Night:
    return Night(
        order_id=row.order_id,
        slug=row.slug,
        day=day,
        ended=row.state == OrderState.DONE.value,
        names={
            "cost_center": row.cost_center,
            "campaign": row.campaign,
            "owner": row.owner,
            "provider": row.provider,
            "model": row.model,
        },
    )


def counted(of_slug: Sequence[Night]) -> list[Night]:
    """The last nights that ended, oldest first: those that a mean is made of."""
    return [night for night in of_slug if night.ended][-NIGHTS_MAX:]


def costs(connection: Connection, order_ids: Collection[str]) -> dict[str, int]:
    """What orders were charged, adjustments included, in nano-USD; those without any are left out."""
    asked = sorted(order_ids)
    found: dict[str, int] = {}
    for start in range(0, len(asked), _CHUNK):
        ids = asked[start : start + _CHUNK]
        for row in connection.execute(_COSTS, {"ids": ids}):
            found[row.order_id] = int(row.charged_nano)
    return found


def mean_nano(counted_nights: Sequence[Night], costs_nano: Mapping[str, int]) -> Fraction:
    """What a night cost, exactly; there is at least one."""
    whole = sum(costs_nano.get(night.order_id, 0) for night in counted_nights)
    return Fraction(whole, len(counted_nights))


def has_ended(of_slug: Sequence[Night], today: date) -> bool:
    """Whether the last night is so long ago that none will follow."""
    return (today - of_slug[-1].day).days > ENDED_DAYS


def nights_left(
    of_slug: Sequence[Night], first: date, last: date, today: date, *, every_day: bool = False
) -> list[date]:
    """The days of a span on which the order will run: none of the past, none that it ran already.

    `every_day` is for an order without a pattern: a new one, or one that was put back.
    """
    ran = {night.day for night in of_slug}
    weekdays = set(range(7)) if every_day else _weekdays(ran, today)
    day = max(first, today)
    found = []
    while day <= last:
        if day.weekday() in weekdays and day not in ran:
            found.append(day)
        day += _ONE_DAY
    return found


def _weekdays(ran: Collection[date], today: date) -> set[int]:
    """The weekdays on at least half of which an order ran lately; a new order may run on any."""
    since = max(min(ran), today - PATTERN_DAYS * _ONE_DAY)
    seen = [since + number * _ONE_DAY for number in range((today - since).days)]
    return {
        weekday
        for weekday in range(7)
        if 2 * sum(day in ran for day in seen if day.weekday() == weekday)
        >= sum(day.weekday() == weekday for day in seen)
    }
