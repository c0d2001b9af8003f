"""What the entries add up to, in all and by a dimension."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    case,
    cast,
    func,
    select,
    text,
)

from ledger.errors import BrokenPromise
from ledger.instants import DAY_US, day_of, period_of
from ledger.kinds import EntryKind
from ledger.records import (
    AttemptState,
)
from ledger.schema import (
    attempts,
    entries,
    orders,
    releases,
)
from ledger.schema import totals as running
from ledger.totals import BILLED
from ledger.views import (
    SummaryRow,
    Totals,
)


def _sum(amount: ColumnElement[int]) -> ColumnElement[int]:
    """A sum; PostgreSQL sums BIGINT as NUMERIC, so it is brought back to BIGINT."""
    return cast(func.coalesce(func.sum(amount), 0), BigInteger)


def _sum_if(condition: ColumnElement[bool], amount: ColumnElement[int]) -> ColumnElement[int]:
    return _sum(case((condition, amount), else_=0))


_TOTALS = select(
    _sum(running.c.charged_nano).label("charged_nano"),
    _sum(running.c.overrun_nano).label("overrun_nano"),
    _sum(running.c.entry_count).label("entry_count"),
)
_ENTRIES = select(
    _sum_if(entries.c.kind.in_(BILLED), entries.c.amount_nano).label("charged_nano"),
    _sum_if(entries.c.kind == EntryKind.OVERRUN.value, entries.c.amount_nano).label("overrun_nano"),
    func.count().label("entry_count"),
)
_OPEN_HOLDS = (
    select(
        _sum(attempts.c.hold_nano).label("held_nano"),
        _sum_if(attempts.c.state == AttemptState.UNKNOWN.value, attempts.c.hold_nano).label(
            "unknown_nano"
        ),
    )
    .select_from(attempts)
    .join(orders, orders.c.order_id == attempts.c.order_id)
    # The literal condition lets both databases use the partial index of open attempts.
    .where(text("attempts.state IN ('held', 'unknown')"))
)
_RELEASES = (
    select(func.count().label("released"))
    .select_from(releases)
    .join(orders, orders.c.order_id == releases.c.order_id)
)


@dataclass(frozen=True, slots=True)
class _Dimension:
    """Where the books keep the value that a summary is by."""

    of_money: ColumnElement[Any]
    of_hold: ColumnElement[Any]
    of_release: ColumnElement[Any]
    money: Select[int, int, int] = _TOTALS
    """What was charged: the running totals, or the entries where totals are not as fine."""
    is_day: bool = False
    """The keys are days since 1970, to be written as dates (or as months, for a period)."""


def _day(at_us: ColumnElement[int]) -> ColumnElement[int]:
    # Integer division on both databases; times before 1970 do not occur.
    return at_us.op("/", return_type=BigInteger())(DAY_US)


def _of_order(name: str) -> _Dimension:
    return _Dimension(func.nullif(running.c[name], ""), orders.c[name], orders.c[name])


_BY_DAY = _Dimension(
    running.c.day, _day(attempts.c.held_at_us), _day(releases.c.released_at_us), is_day=True
)

DIMENSIONS: Mapping[str, _Dimension] = {
    "order": _of_order("order_id"),
    "job": _Dimension(entries.c.job_id, attempts.c.job_id, releases.c.job_id, money=_ENTRIES),
    "model": _of_order("model"),
    "provider": _of_order("provider"),
    "cost_center": _of_order("cost_center"),
    "campaign": _of_order("campaign"),
    "period": _BY_DAY,
    "day": _BY_DAY,
}
"""What a summary can be by."""


def totals(connection: Connection) -> Totals:
    """What all entries and open holds add up to."""
    moved = connection.execute(_TOTALS).one()
    held = connection.execute(_OPEN_HOLDS).one()
    return Totals(
        charged_nano=moved.charged_nano,
        held_nano=held.held_nano,
        unknown_nano=held.unknown_nano,
        overrun_nano=moved.overrun_nano,
        entry_count=moved.entry_count,
    )


def summary(connection: Connection, by: str) -> list[SummaryRow]:
    """The totals by a dimension, in the order of its values.

    Money counts on the day it was charged, holds on the day they were made, assets on the day
    they were released. A cap's entry belongs to its order and to no job.
    """
    dimension = DIMENSIONS.get(by)
    if dimension is None:
        raise BrokenPromise(f"a summary can be by {', '.join(DIMENSIONS)}, not by {by!r}")
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for statement, key in (
        (dimension.money, dimension.of_money),
        (_OPEN_HOLDS, dimension.of_hold),
        (_RELEASES, dimension.of_release),
    ):
        _add_up(connection, statement.add_columns(key.label("key")).group_by(key), by, sums)
    return [
        SummaryRow(
            key=key,
            charged_nano=row["charged_nano"],
            held_nano=row["held_nano"],
            unknown_nano=row["unknown_nano"],
            overrun_nano=row["overrun_nano"],
            entry_count=row["entry_count"],
            released=row["released"],
        )
        for key, row in sorted(sums.items())
    ]


def _add_up(
    connection: Connection, statement: Select[Any], by: str, sums: dict[str, dict[str, int]]
) -> None:
    for row in connection.execute(statement):
        found = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
        key = found.pop("key")
        if key is None:
            continue
        if DIMENSIONS[by].is_day:
            at_us = int(key) * DAY_US
            key = period_of(at_us) if by == "period" else day_of(at_us)
        for name, amount in found.items():
            sums[str(key)][str(name)] += int(amount)
