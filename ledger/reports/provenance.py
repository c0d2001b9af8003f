"""Which entries a report is made of: how many, from which to which, and under which seal.

The ids are looked up around the first and the last day that have any, which the running totals know:
ids grow with time but for the clocks of different machines, which are less than a day apart, and for
adjustments, which count at the end of their period however late they are posted, and are looked up
by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from ledger.finance_tables import adjustments
from ledger.instants import DAY_US
from ledger.reports import conditions, sums
from ledger.reports.report import Provenance
from ledger.schema import entries
from ledger.schema import totals as running
from ledger.seal_table import seals
from ledger.selection import EVERYTHING, Selection
from ledger.totals import ADJUSTED

_IDS = (
    func.min(entries.c.entry_id).label("first_id"),
    func.max(entries.c.entry_id).label("last_id"),
)

# Of an id as it is, PostgreSQL walks all ids in their order until one is of those days.
_FIRST = func.min(entries.c.entry_id + 0)
_LAST = func.max(entries.c.entry_id + 0)


def provenance(connection: Connection, selection: Selection) -> Provenance:
    """Say which entries of whatever kind are selected; `connection` must see one moment."""
    if conditions.needs_entries(selection):
        found = connection.execute(
            select(func.count().label("entry_count"), *_IDS).where(
                *conditions.of_entries(selection)
            )
        ).one()
        return sealed(connection, found.entry_count, found.first_id, found.last_id)
    days = connection.execute(
        select(running.c.day, sums.total(running.c.entry_count).label("entry_count"))
        .where(*conditions.of_totals(selection))
        .group_by(running.c.day)
        .order_by(running.c.day)
    ).all()
    count = sum(row.entry_count for row in days)
    if not count:
        return Provenance(0, None, None, None, sealed=False)
    if selection == EVERYTHING:
        found = connection.execute(select(*_IDS)).one()
        return sealed(connection, count, found.first_id, found.last_id)
    starts = [row.day * DAY_US for row in days]
    adjusted = connection.execute(_adjustments(selection)).one()
    first_id = _first_found(connection, (_within(selection, _FIRST, at) for at in starts))
    last_id = _first_found(
        connection, (_within(selection, _LAST, at - DAY_US) for at in reversed(starts))
    )
    return sealed(
        connection,
        count,
        min((one for one in (first_id, adjusted.first_id) if one is not None), default=None),
        max((one for one in (last_id, adjusted.last_id) if one is not None), default=None),
    )


def sealed(
    connection: Connection, count: int, first_id: int | None, last_id: int | None
) -> Provenance:
    """Look up under which seal entries of these ids are."""
    if first_id is None or last_id is None:
        return Provenance(0, None, None, None, sealed=False)
    newest = connection.execute(
        select(seals.c.sha256, seals.c.last_entry_id)
        .where(seals.c.first_entry_id <= last_id, seals.c.last_entry_id >= first_id)
        .order_by(seals.c.block.desc())
        .limit(1)
    ).one_or_none()
    return Provenance(
        entry_count=count,
        first_entry_id=f"E{first_id}",
        last_entry_id=f"E{last_id}",
        seal_sha256=None if newest is None else newest.sha256,
        sealed=newest is not None and newest.last_entry_id >= last_id,
    )


def _first_found(connection: Connection, statements: Iterable[Select[Any]]) -> int | None:
    """Give what the first statement finds that finds any; at most a day a month has none."""
    for statement in statements:
        found: int | None = connection.execute(statement).scalar_one()
        if found is not None:
            return found
    return None


def _within(selection: Selection, wanted: ColumnElement[Any], from_us: int) -> Select[Any]:
    """Look for an id within two days; what is selected bounds them further."""
    return select(wanted).where(
        entries.c.at_us >= from_us,
        entries.c.at_us < from_us + 2 * DAY_US,
        entries.c.kind.not_in(tuple(ADJUSTED)),
        *conditions.of_entries(selection),
    )


def _adjustments(selection: Selection) -> Select[Any]:
    return (
        select(
            func.min(adjustments.c.entry_id).label("first_id"),
            func.max(adjustments.c.entry_id).label("last_id"),
        )
        .join(entries, entries.c.entry_id == adjustments.c.entry_id)
        .where(*conditions.of_entries(selection))
    )
