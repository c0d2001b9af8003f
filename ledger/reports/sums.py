"""What the entries and the open holds of a selection add up to, in all and by any dimensions.

Charges come from the running totals, which are kept with every entry, and from the entries
themselves only where it takes jobs, which the totals do not know.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    case,
    cast,
    func,
    literal_column,
    select,
)

from ledger.errors import BrokenPromise
from ledger.instants import DAY_US, day_of, period_of
from ledger.kinds import EntryKind
from ledger.records import AttemptState
from ledger.reports import conditions
from ledger.schema import attempts, entries, orders, releases
from ledger.schema import totals as running
from ledger.selection import EVERYTHING, Selection
from ledger.totals import BILLED
from ledger.views import SummaryRow, Totals

Key = tuple[str | None, ...]
"""A value of each dimension; None where there is none, as in what no order could be named for."""


def total(amount: ColumnElement[int]) -> ColumnElement[int]:
    """A sum; PostgreSQL sums BIGINT as NUMERIC, so it is brought back to BIGINT."""
    return cast(func.coalesce(func.sum(amount), 0), BigInteger)


def total_if(condition: ColumnElement[bool], amount: ColumnElement[int]) -> ColumnElement[int]:
    """A sum of some."""
    return total(case((condition, amount), else_=0))


def day_number(at_us: ColumnElement[int]) -> ColumnElement[int]:
    """The day of a time, counted from 1970."""
    # Integer division on both databases; times before 1970 do not occur.
    return at_us.op("/", return_type=BigInteger())(DAY_US)


@dataclass(frozen=True, slots=True)
class _Dimension:
    """Where the books keep the value that something is added up by."""

    of_totals: ColumnElement[Any]
    of_entry: ColumnElement[Any]
    of_hold: ColumnElement[Any]
    name: str
    """The column of what was added up by order before; of the orders where that has none such."""

    def column_of(self, summed: FromClause, of_orders: FromClause) -> ColumnElement[Any]:
        """Give the column of what was added up, or that of the orders."""
        return summed.c[self.name] if self.name in summed.c else of_orders.c[self.name]


def _named(name: str) -> _Dimension:
    kept = func.nullif(running.c[name], "") if name in running.c else orders.c[name]
    return _Dimension(kept, entries.c[name], orders.c[name], name)


_DAY = _Dimension(
    running.c.day, day_number(entries.c.at_us), day_number(attempts.c.held_at_us), "day"
)
DIMENSIONS: Final[Mapping[str, _Dimension]] = {
    "order": _named("order_id"),
    "job": _Dimension(entries.c.job_id, entries.c.job_id, attempts.c.job_id, "job_id"),
    "model": _named("model"),
    "provider": _named("provider"),
    "cost_center": _named("cost_center"),
    "campaign": _named("campaign"),
    "owner": _named("owner"),
    "period": _DAY,
    "day": _DAY,
}
"""What anything can be added up by."""

_OF_TOTALS = (
    total(running.c.charged_nano + running.c.adjusted_nano).label("charged_nano"),
    total(running.c.overrun_nano).label("overrun_nano"),
    total(running.c.adjusted_nano).label("adjusted_nano"),
    total(running.c.entry_count).label("entry_count"),
)
_ADJUSTED = case(
    (entries.c.kind == EntryKind.ADJUST_UP.value, entries.c.amount_nano),
    (entries.c.kind == EntryKind.ADJUST_DOWN.value, -entries.c.amount_nano),
    else_=0,
)
_OF_ENTRIES = (
    total(case((entries.c.kind.in_(BILLED), entries.c.amount_nano), else_=_ADJUSTED)).label(
        "charged_nano"
    ),
    total_if(entries.c.kind == EntryKind.OVERRUN.value, entries.c.amount_nano).label(
        "overrun_nano"
    ),
    total(_ADJUSTED).label("adjusted_nano"),
    func.count().label("entry_count"),
)


def totals(connection: Connection, selection: Selection = EVERYTHING) -> Totals:
    """What all entries and open holds of a selection add up to."""
    moved = connection.execute(_money(selection, ())).one()
    held = connection.execute(_held(selection, ())).one()
    return Totals(
        charged_nano=moved.charged_nano,
        held_nano=held.held_nano,
        unknown_nano=held.unknown_nano,
        overrun_nano=moved.overrun_nano,
        entry_count=moved.entry_count,
        adjusted_nano=moved.adjusted_nano,
    )


def summary(
    connection: Connection, by: tuple[str, ...], selection: Selection = EVERYTHING
) -> list[SummaryRow]:
    """The totals by dimensions, in the order of their values.

    Money counts on the day it was charged, holds on the day they were made, assets on the day
    they were released. A cap's entry belongs to its order and to no job.

    Raises:
        BrokenPromise: for no dimension, an unknown one, or one that is named twice.
    """
    check(by)
    statements = (_money(selection, by), _held(selection, by), _released(selection, by))
    sums = _gathered(connection, statements, by)
    return [
        SummaryRow(
            keys=key,
            charged_nano=row["charged_nano"],
            held_nano=row["held_nano"],
            unknown_nano=row["unknown_nano"],
            overrun_nano=row["overrun_nano"],
            entry_count=row["entry_count"],
            released=row["released"],
            adjusted_nano=row["adjusted_nano"],
        )
        for key, row in sorted(sums.items(), key=lambda pair: in_order(pair[0]))
        # A cost centre's cap is in the books too, and belongs to no order: no money went anywhere.
        if None not in key or row["charged_nano"] or row["adjusted_nano"]
    ]


def moved(
    connection: Connection, by: tuple[str, ...], selection: Selection = EVERYTHING
) -> dict[Key, Mapping[str, int]]:
    """What the entries of a selection add up to by dimensions, without what is held and released."""
    return _gathered(connection, [_money(selection, by)], by)


def moved_and_held(
    connection: Connection, by: tuple[str, ...], selection: Selection = EVERYTHING
) -> dict[Key, Mapping[str, int]]:
    """The same with what is held, and without what was released, which takes longest."""
    return _gathered(connection, [_money(selection, by), _held(selection, by)], by)


def _gathered(
    connection: Connection, statements: Iterable[Select[Any]], by: tuple[str, ...]
) -> dict[Key, Mapping[str, int]]:
    """Add up what statements say of the same keys; what none says of a key is nought."""
    sums: dict[Key, Mapping[str, int]] = defaultdict(lambda: defaultdict(int))
    for statement in statements:
        for key, amounts in added_up(connection, statement, by):
            of_key: Any = sums[key]
            for name, amount in amounts.items():
                of_key[name] += amount
    return sums


def check(by: tuple[str, ...]) -> None:
    """Refuse what nothing can be added up by.

    Raises:
        BrokenPromise: as `summary` says.
    """
    unknown = [name for name in by if name not in DIMENSIONS]
    if unknown:
        raise BrokenPromise(f"a summary can be by {', '.join(DIMENSIONS)}, not by {unknown[0]!r}")
    if not by or len(set(by)) < len(by):
        raise BrokenPromise("a summary is by one dimension at least, and by none twice")


def in_order(key: Key) -> tuple[tuple[bool, str], ...]:
    """Sort keys by their values, those without one last."""
    return tuple((value is None, value or "") for value in key)


def added_up(
    connection: Connection, statement: Select[Any], by: tuple[str | None, ...]
) -> Iterator[tuple[Key, dict[str, int]]]:
    """Give what a statement of `keyed` adds up, days and periods of the keys written as such.

    `by` names the dimension of each key; None stands for a key that is none.
    """
    width = len(by)
    for row in connection.execute(statement):
        found = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
        names = [str(name) for name in found][:-width] if width else [str(name) for name in found]
        key = tuple(_written(name, row[-width + at]) for at, name in enumerate(by))
        yield key, {name: int(found[name]) for name in names}


def _written(name: str | None, value: Any) -> str | None:  # noqa: ANN401 - a key is a word or a day
    if value is None:
        return None
    if name is not None and DIMENSIONS[name] is _DAY:
        at_us = int(value) * DAY_US
        return period_of(at_us) if name == "period" else day_of(at_us)
    return str(value)


def keyed(
    statement: Any,  # noqa: ANN401 - a select of whatever columns
    keys: list[ColumnElement[Any]],
) -> Select[Any]:
    """Group a statement by keys, which become its last columns."""
    grouped: Select[Any] = statement
    if keys:
        names = (key.label(f"key_{number}") for number, key in enumerate(keys))
        grouped = grouped.add_columns(*names).group_by(*keys)
    return grouped


def unanswered(connection: Connection, selection: Selection = EVERYTHING) -> tuple[int, int | None]:
    """How many attempts have no answer yet, and when the oldest of them was held, in microseconds."""
    row = connection.execute(
        select(func.count().label("attempts"), func.min(attempts.c.held_at_us).label("oldest_us"))
        .select_from(attempts)
        .join(orders, orders.c.order_id == attempts.c.order_id)
        .where(attempts.c.state == AttemptState.UNKNOWN.value, *_open(selection))
    ).one()
    return row.attempts, row.oldest_us


def _open(selection: Selection) -> Iterator[ColumnElement[bool]]:
    # The literal condition lets both databases use the partial index of open attempts.
    yield literal_column("attempts.state IN ('held', 'unknown')", Boolean)
    yield from conditions.between(selection, attempts.c.held_at_us)
    yield from conditions.of_orders(selection)
    yield from conditions.of_jobs(selection, attempts.c.job_id)


def _money(selection: Selection, by: tuple[str, ...]) -> Select[Any]:
    if conditions.needs_entries(selection, by):
        statement = select(*_OF_ENTRIES).where(*conditions.of_entries(selection))
        return keyed(statement, [DIMENSIONS[name].of_entry for name in by])
    statement = select(*_OF_TOTALS).where(*conditions.of_totals(selection))
    if "owner" in by:
        statement = statement.select_from(
            running.join(orders, orders.c.order_id == running.c.order_id, isouter=True)
        )
    return keyed(statement, [DIMENSIONS[name].of_totals for name in by])


def _held(selection: Selection, by: tuple[str, ...]) -> Select[Any]:
    is_unknown = attempts.c.state == AttemptState.UNKNOWN.value
    statement = (
        select(
            total(attempts.c.hold_nano).label("held_nano"),
            total_if(is_unknown, attempts.c.hold_nano).label("unknown_nano"),
        )
        .select_from(attempts)
        .join(orders, orders.c.order_id == attempts.c.order_id)
        .where(*_open(selection))
    )
    return keyed(statement, [DIMENSIONS[name].of_hold for name in by])


def _released(selection: Selection, by: tuple[str, ...]) -> Select[Any]:
    """Releases, counted by order before anybody asks whose the orders are: they are many."""
    finer: list[ColumnElement[Any]] = []
    if {"day", "period"} & set(by):
        finer.append(day_number(releases.c.released_at_us).label("day"))
    if "job" in by:
        finer.append(releases.c.job_id)
    counted = (
        select(releases.c.order_id, func.count().label("released"), *finer)
        .where(
            *conditions.between(selection, releases.c.released_at_us),
            *conditions.of_jobs(selection, releases.c.job_id),
        )
        .group_by(releases.c.order_id, *finer)
        .subquery()
    )
    statement = (
        select(total(counted.c.released).label("released"))
        .select_from(counted.join(orders, orders.c.order_id == counted.c.order_id))
        .where(*conditions.of_orders(selection))
    )
    return keyed(statement, [DIMENSIONS[name].column_of(counted, orders) for name in by])
