"""What providers' statements say of holds: what of them is booked already, and what is not owed.

The invoice is the truth for its month. What it bills for an attempt is booked by an adjustment; what
is held and not on it is not owed for that month. So once the statements of every month since a hold
was made are posted, nothing of it is to be accrued.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date, timedelta

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    case,
    exists,
    false,
    func,
    or_,
    select,
)

from ledger.closing_tables import closings
from ledger.closing_views import ClosingEvent
from ledger.finance_tables import adjustments, statements
from ledger.instants import DAY_US
from ledger.kinds import EntryKind
from ledger.schema import attempts, entries, holds, orders
from ledger.selection import day_number, days_of_period, period_end_us

_SIGNED = case(
    (entries.c.kind == EntryKind.ADJUST_UP.value, entries.c.amount_nano),
    else_=-entries.c.amount_nano,
)


def booked_nano(end_us: int) -> ColumnElement[int]:
    """What adjustments before a time have booked for an attempt whose charge the books do not have.

    A run that was nobody's when its statement was posted is an attempt's once that is settled.
    """
    of_attempt = or_(
        adjustments.c.attempt_id == holds.c.attempt_id,
        and_(
            adjustments.c.provider_ref == attempts.c.provider_ref,
            adjustments.c.provider == orders.c.provider,
        ),
    )
    found = (
        select(func.coalesce(func.sum(_SIGNED), 0, type_=BigInteger))
        .join_from(adjustments, entries, entries.c.entry_id == adjustments.c.entry_id)
        .where(of_attempt, entries.c.at_us < end_us)
        .correlate(holds, attempts, orders)
    )
    return found.scalar_subquery()


def is_covered(connection: Connection, last: date) -> ColumnElement[bool]:
    """Whether the statements of every month from a hold's to the one that ends on a day are posted.

    False for all where the day is not a month's last: no statement is of a part of a month.
    """
    spans = [
        and_(orders.c.provider == provider, holds.c.opened_at_us >= since_us)
        for provider, since_us in _since_us(connection, last)
    ]
    return or_(false(), *spans)


def _since_us(connection: Connection, last: date) -> Iterator[tuple[str, int]]:
    """Give providers with the first microsecond of the months that have statements without a gap."""
    if (last + timedelta(days=1)).day != 1:
        return
    for provider, periods in _posted(connection, (day_number(last) + 1) * DAY_US).items():
        first = last + timedelta(days=1)
        while _month_before(first).strftime("%Y-%m") in periods:
            first = _month_before(first)
        if first <= last:
            yield provider, day_number(first) * DAY_US


def _posted(connection: Connection, end_us: int) -> dict[str, set[str]]:
    """The months of each provider whose whole statement is in the books before a time.

    One that was posted while its month still ran is not whole. One of a closed month is in the
    books with the first month that was open then.
    """
    events = connection.execute(
        select(closings.c.at_us, closings.c.period, closings.c.event).order_by(
            closings.c.closing_id
        )
    ).all()
    found: dict[str, set[str]] = defaultdict(set)
    listed = select(statements.c.provider, statements.c.period, statements.c.posted_at_us)
    for provider, period, at_us in connection.execute(listed):
        closed = {
            name: event
            for closed_at_us, name, event in events
            if closed_at_us <= at_us and name >= period
        }
        booked = period
        while closed.get(booked) == ClosingEvent.CLOSE.value:
            booked = (days_of_period(booked)[1] + timedelta(days=1)).strftime("%Y-%m")
        if period_end_us(period) < at_us and min(at_us, period_end_us(booked)) < end_us:
            found[provider].add(period)
    return found


def _month_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def nobodys_nano(connection: Connection, providers: Collection[str], end_us: int) -> dict[str, int]:
    """What providers bill for runs that no attempt is known for, of the months with a lost attempt."""
    found: dict[str, int] = {}
    for provider in sorted(providers):
        oldest_us = connection.execute(
            select(func.min(holds.c.opened_at_us))
            .join(attempts, attempts.c.attempt_id == holds.c.attempt_id)
            .join(orders, orders.c.order_id == attempts.c.order_id)
            .where(
                orders.c.provider == provider,
                or_(holds.c.ended_at_us.is_(None), holds.c.ended_at_us >= end_us),
                attempts.c.lost_at_us < end_us,
            )
        ).scalar_one()
        if oldest_us is None:
            continue
        is_somebodys = exists().where(attempts.c.provider_ref == adjustments.c.provider_ref)
        amount_nano = connection.execute(
            select(func.coalesce(func.sum(_SIGNED), 0))
            .join_from(adjustments, entries, entries.c.entry_id == adjustments.c.entry_id)
            .where(
                adjustments.c.provider == provider,
                adjustments.c.attempt_id.is_(None),
                adjustments.c.provider_ref.is_not(None),
                entries.c.job_id.is_(None),
                entries.c.at_us >= oldest_us,
                entries.c.at_us < end_us,
                ~is_somebodys,
            )
        ).scalar_one()
        if amount_nano > 0:
            found[provider] = int(amount_nano)
    return found
